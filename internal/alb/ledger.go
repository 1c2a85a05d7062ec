package alb

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The page is packed into the values of tags, which have at most 256 characters
// of a small alphabet, and at most 50 per resource. It is written into a set of
// tags of its own, and then pointed to: a writer that is killed, or too late,
// leaves the page that was there. The next one removes what it has left.
const (
	valueSize = 256
	maxValues = 15 // of one set
)

// pointer is the tag that says which set counts: its name, the number of values
// and a checksum.
type pointer struct {
	set    string // a name that no other has
	values int
	sum    string
}

func (p pointer) String() string { return fmt.Sprintf("1 %s %d %s", p.set, p.values, p.sum) }

var pointerForm = regexp.MustCompile(`^1 ([A-Z2-7]{8}) ([0-9]{1,2}) ([0-9a-f]{32})$`)

func parsePointer(text string) (pointer, error) {
	m := pointerForm.FindStringSubmatch(text)
	if m == nil {
		return pointer{}, fmt.Errorf("tag %s: %q is not what this program writes", pageKey, text)
	}
	n, err := strconv.Atoi(m[2])
	if err != nil || n < 1 || n > maxValues {
		return pointer{}, fmt.Errorf("tag %s: %q: want 1 to %d values", pageKey, text, maxValues)
	}
	return pointer{m[1], n, m[3]}, nil
}

func (p pointer) key(i int) string { return fmt.Sprintf("%s:%s:%02d", pageKey, p.set, i) }

// leftover lists the values of other sets.
func (t tags) leftover(p pointer) []string {
	var all []string
	for key := range t {
		if strings.HasPrefix(key, pageKey+":") && (p.set == "" || !strings.HasPrefix(key, pageKey+":"+p.set+":")) {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return all
}

// pack is the page as values of a new set, and the pointer to it.
func pack(p traffic.Page) (pointer, tags, error) {
	text, err := p.Encode()
	if err != nil {
		return pointer{}, nil, err
	}
	var small bytes.Buffer
	w, err := flate.NewWriter(&small, flate.BestCompression)
	if err != nil {
		return pointer{}, nil, err
	}
	if _, err := w.Write(text); err != nil {
		return pointer{}, nil, err
	}
	if err := w.Close(); err != nil {
		return pointer{}, nil, err
	}
	packed := base64.StdEncoding.EncodeToString(small.Bytes())
	n := (len(packed) + valueSize - 1) / valueSize
	if n > maxValues {
		return pointer{}, nil, release.Reject("release fewer images at once", "the ledger has %d characters: the tags of a rule take %d", len(packed), maxValues*valueSize)
	}
	to, values := pointer{rand.Text()[:8], n, checksum(packed)}, tags{}
	for i := range n {
		values[to.key(i)] = packed[i*valueSize : min((i+1)*valueSize, len(packed))]
	}
	return to, values, nil
}

func checksum(packed string) string {
	sum := sha256.Sum256([]byte(packed))
	return fmt.Sprintf("%x", sum[:16])
}

// unpack reads the page. None is an empty one; one that was only half seen, or
// that somebody has touched, is an error.
func (t tags) unpack() (traffic.Page, pointer, error) {
	text, ok := t[pageKey]
	if !ok {
		return traffic.Page{}, pointer{}, nil
	}
	at, err := parsePointer(text)
	if err != nil {
		return traffic.Page{}, at, err
	}
	var packed strings.Builder
	for i := range at.values {
		packed.WriteString(t[at.key(i)])
	}
	if checksum(packed.String()) != at.sum {
		return traffic.Page{}, at, errors.New("the tags of the ledger do not belong together")
	}
	small, err := base64.StdEncoding.DecodeString(packed.String())
	if err != nil {
		return traffic.Page{}, at, err
	}
	const most = 1 << 20 // what a page is by far not
	json, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(small)), most))
	if err != nil {
		return traffic.Page{}, at, err
	}
	page, err := traffic.DecodePage(json)
	return page, at, err
}

// Read implements traffic.Ledger. What does not belong together is read again,
// since somebody may just be writing.
func (b *Balancer) Read(ctx context.Context) (traffic.Page, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	page, _, _, err := b.page(ctx)
	return page, err
}

func (b *Balancer) page(ctx context.Context) (traffic.Page, pointer, tags, error) {
	const tries = 5
	for try := 1; ; try++ {
		now, err := b.tags(ctx)
		if err != nil {
			return traffic.Page{}, pointer{}, nil, err
		}
		page, at, err := now.unpack()
		if err == nil {
			return page, at, now, nil
		}
		if try == tries || !sleep(ctx, 100*time.Millisecond) {
			return traffic.Page{}, at, nil, release.CannotTell("restore the tags that begin with "+ours+", or remove all of them and name the slot to go to",
				"%s: read the ledger: %w", b.home.name(), err)
		}
	}
}

// Update implements traffic.Ledger.
func (b *Balancer) Update(ctx context.Context, change func(*traffic.Page) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, updateTime, fmt.Errorf("the ledger was not written within %v", updateTime))
	defer cancel()
	for {
		err := b.update(ctx, change)
		if !errors.Is(err, errOvertaken) {
			return err
		}
		if !sleep(ctx, lockDelay) {
			return release.CannotTell("run it again", "write the ledger: %w", context.Cause(ctx))
		}
	}
}

const updateTime = 30 * time.Second

func (b *Balancer) update(ctx context.Context, change func(*traffic.Page) error) error {
	l, err := b.lock(ctx)
	if err != nil {
		return err
	}
	defer l.unlock(ctx)
	page, at, now, err := b.page(ctx)
	if err != nil {
		return err
	}
	if err := change(&page); err != nil {
		return err
	}
	to, values, err := pack(page)
	if err != nil {
		return err
	}
	if err := b.drop(ctx, now.leftover(at)); err != nil {
		return err
	}
	if err := b.put(ctx, values); err != nil {
		return err
	}
	if err := l.commit(ctx, tags{pageKey: to.String()}); err != nil {
		return err
	}
	return b.written(ctx, to)
}

// written reads back what was written.
func (b *Balancer) written(ctx context.Context, to pointer) error {
	for {
		_, at, _, err := b.page(ctx)
		if err == nil && at == to {
			return nil
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return release.CannotTell("look at the tags of the rule", "the ledger was written and does not read so: %w", errors.Join(err, context.Cause(ctx)))
		}
	}
}
