package smoke_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/smoke"
)

// report is one of these checks, of which some fail.
func report(failing ...string) smoke.Report {
	var r smoke.Report
	for _, name := range []string{"front", "orders"} {
		one := smoke.Result{Check: smoke.Check{Name: name}}
		for _, bad := range failing {
			if bad == name {
				one.Err = errors.New("500")
			}
		}
		r.Results = append(r.Results, one)
	}
	return r
}

func TestOnlyWhatPassedBeforeCountsAsBroken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after smoke.Report
		want          string
	}{
		"all passes":          {report(), report(), ""},
		"it failed before":    {report("front"), report("front"), ""},
		"it is better now":    {report("front"), report(), ""},
		"one is broken":       {report(), report("orders"), "the live version fails 1 checks that it passed before the migrations: orders: 500"},
		"one of two is new":   {report("front"), report("front", "orders"), "fails 1 checks"},
		"nothing was asked":   {smoke.Report{}, report("front"), ""},
		"nothing was asked b": {report(), smoke.Report{}, ""},
	} {
		err := c.after.Since(c.before.Failing(), "the migrations")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || release.ExitStatus(err) != 1 || release.HintOf(err) == "") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestACheckThatPassesOnceOfTwiceHasNotFailed(t *testing.T) {
	t.Parallel()
	if r := report("front").Better(report("orders")); r.Failed() != 0 || r.String() != "2 checks passed" {
		t.Errorf("%v", r)
	}
	if r := report("front").Better(report("front")); r.String() != "1 of 2 checks failed; front: 500" {
		t.Errorf("%v", r)
	}
}
