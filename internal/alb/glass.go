package alb

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// BreakGlass is the commands that give all traffic to the slot without this
// program, one a line, for the AWS command line. What comes before the forward
// is in them as it was read last; a rule that could not be read has a comment.
func (b *Balancer) BreakGlass(slot release.Slot) string {
	ctx, cancel := context.WithTimeout(context.Background(), attemptTime)
	defer cancel()
	known, problems := b.known(ctx)
	var lines []string
	for _, r := range b.routes {
		f, ok := known[r.arn]
		line := b.command(r, f.actions(r, release.Split(slot, 100)))
		if !ok {
			line = fmt.Sprintf("# its actions could not be read (%v): add what comes before the forward\n%s", oneLine(problems[r.arn]), line)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func oneLine(err error) string { return strings.ReplaceAll(fmt.Sprint(err), "\n", " ") }

// command is one call of the AWS command line, for a shell.
func (b *Balancer) command(r route, actions []types.Action) string {
	what, list := "modify-rule --rule-arn", "--actions"
	if r.arn.kind() == listenerKind {
		what, list = "modify-listener --listener-arn", "--default-actions"
	}
	line := fmt.Sprintf("aws elbv2 %s %s %s %s --region %s", what, r.arn, list, quoted(marshal(actions)), b.settings.Region)
	if b.settings.Endpoint != "" {
		line += " --endpoint-url " + quoted(b.settings.Endpoint)
	}
	return line
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// marshal is actions as the AWS command line reads them: without what is empty.
func marshal(actions []types.Action) string {
	text, err := json.Marshal(actions)
	if err != nil {
		return err.Error()
	}
	var loose any
	if err := json.Unmarshal(text, &loose); err != nil {
		return err.Error()
	}
	text, err = json.Marshal(lean(loose))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// lean leaves out what was not set.
func lean(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if value == nil || value == "" {
				delete(v, key)
				continue
			}
			v[key] = lean(value)
		}
	case []any:
		for i := range v {
			v[i] = lean(v[i])
		}
	}
	return v
}
