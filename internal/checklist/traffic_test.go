package checklist_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/course"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func TestTheTrafficInMarkdown(t *testing.T) {
	t.Parallel()
	f := form()
	f.Release.Candidate = release.Green
	log := traffic.Log{
		Release: f.Release.ID, Candidate: release.Green, Outcome: traffic.Shifted, Weight: 100, Started: noon, Ended: noon.Add(time.Hour),
		Steps:      []traffic.Baking{{Step: traffic.Step{Weight: 100, Bake: 15 * time.Minute}, Set: noon, Good: 15 * time.Minute, Share: traffic.Share{Green: 1000}}},
		Before:     &gate.Flow{Window: time.Minute, Requests: 600, P95: 42 * time.Millisecond},
		Samples:    []traffic.Sample{{At: noon, Weight: 100, Flow: gate.Flow{Window: time.Minute, Requests: 660, Failed: 6.6, P95: 40 * time.Millisecond}}},
		Gates:      []traffic.Account{{Rule: "5xx | all", Looks: map[gate.Verdict]int{gate.Pass: 9}, Last: gate.Reading{Reason: "none"}}},
		Validation: []traffic.Proof{{What: "the queue mail", Status: release.Passed, Saw: "12 waiting at 100% and 9 at the end"}},
		Events:     []traffic.Event{{At: noon, Kind: traffic.Entered, Text: "step 1 of 1 <b>"}},
	}
	var err error
	if f.Course, err = course.Of(f.Release, []traffic.Log{log}); err != nil {
		t.Fatal(err)
	}
	d := checklist.New(complete(), f)
	_, part, _ := strings.Cut(d.Markdown(), "\n## Traffic\n")
	golden(t, "traffic.md", beforeFold(part))
}
