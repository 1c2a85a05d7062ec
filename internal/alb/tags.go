package alb

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// tags are those of the home that are this program's, by key. A token is a key
// of its own, so that no writer overwrites another's: the greatest counts.
type tags map[string]string

// The keys.
const (
	ours      = "bluegreen:"
	seenKey   = ours + "token:"  // + a token that was seen
	closedKey = ours + "closed:" // + the newest token that a rollback has refused; the value is its slot, and what tells it from other rollbacks
	plainKey  = ours + "plain"   // the last move found rules with a forward only; the value says which
	lockKey   = ours + "lock"
	pageKey   = ours + "page"
)

func seenTag(t traffic.Token) string   { return seenKey + strconv.FormatUint(uint64(t), 10) }
func closedTag(t traffic.Token) string { return closedKey + strconv.FormatUint(uint64(t), 10) }

// fence is what the tags know of tokens.
type fence struct {
	seen, closed traffic.Token
	good         release.Slot // of the rollback that closed
	rollback     string       // tells it from others
}

func (t tags) fence() (fence, error) {
	var f fence
	for key, value := range t {
		if text, ok := strings.CutPrefix(key, seenKey); ok {
			token, err := parseToken(text)
			if err != nil {
				return f, err
			}
			f.seen = max(f.seen, token)
		}
		if text, ok := strings.CutPrefix(key, closedKey); ok {
			token, err := parseToken(text)
			name, id, _ := strings.Cut(value, " ")
			var slot release.Slot
			if err == nil {
				err = slot.UnmarshalText([]byte(name))
			}
			if err != nil {
				return f, fmt.Errorf("tag %s: %w", key, err)
			}
			if token >= f.closed {
				f.closed, f.good, f.rollback = token, slot, id
			}
		}
	}
	return f, nil
}

func parseToken(text string) (traffic.Token, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, release.CannotTell("remove the tag", "token %q in the tags of the load balancer: want a whole number", text)
	}
	return traffic.Token(n), nil
}

// mustToken reads what fence has read before.
func mustToken(text string) traffic.Token {
	token, _ := parseToken(text)
	return token
}

// older lists the tags of tokens that do not count any more beside a newer one.
func (t tags) older(than traffic.Token) []string {
	var all []string
	f, err := t.fence()
	if err != nil {
		return nil
	}
	for key := range t {
		seen, isSeen := strings.CutPrefix(key, seenKey)
		if isSeen && mustToken(seen) < than {
			all = append(all, key)
		}
		closed, isClosed := strings.CutPrefix(key, closedKey)
		if isClosed && mustToken(closed) < f.closed {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return all
}

// tags reads the tags of all routes. A ledger beside another than the first is
// refused: the settings have changed under it.
func (b *Balancer) tags(ctx context.Context) (tags, error) {
	input := &elb.DescribeTagsInput{}
	for _, r := range b.routes[:min(len(b.routes), maxDescribed)] {
		input.ResourceArns = append(input.ResourceArns, string(r.arn))
	}
	output, err := b.api.DescribeTags(ctx, input)
	if err != nil {
		return nil, explain(ctx, "read the tags", err)
	}
	all := map[ARN]tags{}
	for _, one := range output.TagDescriptions {
		found := tags{}
		for _, tag := range one.Tags {
			if key := aws.ToString(tag.Key); strings.HasPrefix(key, ours) {
				found[key] = aws.ToString(tag.Value)
			}
		}
		all[ARN(aws.ToString(one.ResourceArn))] = found
	}
	for arn, found := range all {
		if arn != b.home && found[pageKey] != "" && all[b.home][pageKey] == "" {
			return nil, release.CannotTell("name the services and rules so that this one is the first, or remove its tags",
				"the ledger is in the tags of %s, and the first rule of router.alb is %s", arn.name(), b.home.name())
		}
	}
	return all[b.home], nil
}

// maxDescribed is how many resources one call may ask the tags of.
const maxDescribed = 20

// put writes tags, all in one call.
func (b *Balancer) put(ctx context.Context, t tags) error {
	if err := b.step("tag", string(b.home)); err != nil {
		return err
	}
	input := &elb.AddTagsInput{ResourceArns: []string{string(b.home)}}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		input.Tags = append(input.Tags, types.Tag{Key: aws.String(key), Value: aws.String(t[key])})
	}
	_, err := b.api.AddTags(ctx, input)
	return explain(ctx, "write the tags of "+b.home.name(), err)
}

func (b *Balancer) drop(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	if err := b.step("untag", string(b.home)); err != nil {
		return err
	}
	_, err := b.api.RemoveTags(ctx, &elb.RemoveTagsInput{ResourceArns: []string{string(b.home)}, TagKeys: keys})
	return explain(ctx, "remove tags of "+b.home.name(), err)
}

// plainness names the routes that have a forward only, all of them or none.
func (b *Balancer) plainness(faces map[ARN]face) string {
	hash := sha256.New()
	for _, r := range b.routes {
		if len(faces[r.arn].before) > 0 {
			return "no"
		}
		fmt.Fprintln(hash, r.arn)
	}
	return fmt.Sprintf("%x", hash.Sum(nil)[:8])
}

// plain says whether the last move found a forward only in every rule.
func (b *Balancer) plain(ctx context.Context) bool {
	now, err := b.tags(ctx)
	return err == nil && now[plainKey] == b.plainness(nil)
}
