package release_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	var (
		refused = release.Refuse("wait", "green is unhealthy: %w", io.EOF)
		invalid = release.Reject("write it", "router.state is missing")
		unknown = release.CannotTell("look", "no data")
		silent  = release.Refuse("", "no")
	)
	tests := map[string]struct {
		err    error
		status int
		hint   string
	}{
		"success":                                          {nil, 0, ""},
		"any other error is a refusal":                     {io.EOF, 1, ""},
		"a refusal":                                        {refused, 1, "wait"},
		"a rejection":                                      {invalid, 2, "write it"},
		"no answer":                                        {unknown, 3, "look"},
		"a wrapped problem":                                {fmt.Errorf("shift: bake: %w", unknown), 3, "look"},
		"a problem twice wrapped":                          {fmt.Errorf("a: %w", fmt.Errorf("b: %w", invalid)), 2, "write it"},
		"a problem among several":                          {fmt.Errorf("%w and %w", io.EOF, unknown), 3, "look"},
		"joined with an error that is none":                {errors.Join(io.EOF, invalid), 2, "write it"},
		"of joined problems the first counts":              {errors.Join(refused, unknown), 1, "wait"},
		"the first hint of joined problems":                {errors.Join(silent, unknown), 1, "look"},
		"the outermost of nested problems counts":          {release.Reject("outer", "a: %w", unknown), 2, "outer"},
		"the hint of an inner one where there is no other": {release.Reject("", "a: %w", unknown), 2, "look"},
		"a hint within joined errors within a problem":     {release.Refuse("", "a: %w", errors.Join(io.EOF, unknown)), 1, "look"},
		"no hint anywhere":                                 {errors.Join(silent, io.EOF), 1, ""},
		"a problem without a kind is no success":           {&release.Problem{Err: io.EOF}, 1, ""},
		"a problem without a cause":                        {fmt.Errorf("a: %w", &release.Problem{Kind: release.Unknown, Err: errors.New("b")}), 3, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := release.ExitStatus(tt.err); got != tt.status {
				t.Errorf("exit status %d, want %d", got, tt.status)
			}
			if got := release.HintOf(tt.err); got != tt.hint {
				t.Errorf("hint %q, want %q", got, tt.hint)
			}
		})
	}
	if refused.Error() != "green is unhealthy: EOF" || !errors.Is(refused, io.EOF) {
		t.Errorf("the text or the cause is lost: %v", refused)
	}
}
