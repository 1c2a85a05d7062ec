package gate

import (
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// scope is what the placeholders of a query stand for.
type scope struct {
	slot, live release.Slot
	window     time.Duration
	service    string
}

// fill replaces {{slot}}, {{live}}, {{window}} and {{service}} in query, and
// refuses every other placeholder, one that is not closed, {{live}} without a live
// slot and {{service}} without a service.
func (s scope) fill(query string) (string, error) {
	var out strings.Builder
	out.Grow(len(query))
	for rest := query; ; {
		before, after, found := strings.Cut(rest, "{{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, tail, closed := strings.Cut(after, "}}")
		if !closed {
			return "", fmt.Errorf("query %q: a placeholder is not closed with }}", query)
		}
		text, err := s.text(strings.TrimSpace(name))
		if err != nil {
			return "", fmt.Errorf("query %q: %w", query, err)
		}
		out.WriteString(text)
		rest = tail
	}
}

func (s scope) text(name string) (string, error) {
	switch name {
	case "slot":
		return string(s.slot), nil
	case "live":
		if s.live == "" {
			return "", fmt.Errorf("{{live}}: there is no live slot to compare with")
		}
		return string(s.live), nil
	case "window":
		return promDuration(s.window), nil
	case "service":
		if s.service == "" {
			return "", fmt.Errorf("{{service}}: the rule lists no services")
		}
		return s.service, nil
	}
	return "", fmt.Errorf("placeholder {{%s}}: want {{slot}}, {{live}}, {{window}} or {{service}}", name)
}

// promDuration writes d in whole seconds, which every version of PromQL reads.
func promDuration(d time.Duration) string {
	return fmt.Sprintf("%ds", max(1, int64(d/time.Second)))
}

// mentions says whether query has the placeholder.
func mentions(query, placeholder string) bool {
	for rest := query; ; {
		_, after, found := strings.Cut(rest, "{{")
		if !found {
			return false
		}
		name, tail, _ := strings.Cut(after, "}}")
		if strings.TrimSpace(name) == placeholder {
			return true
		}
		rest = tail
	}
}
