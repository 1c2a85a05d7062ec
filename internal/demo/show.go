package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/act"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// release is one act of the demo.
type release struct {
	version string
	fault   string            // what its images carry
	schema  migration.Version // the last one that its commit has
	first   bool
	bad     bool // is meant to be taken back

	fills            int // rows at least, in batches
	holds, contracts int // contract files that wait in it, and that it runs
}

// programme is the plot: one arrives, one replaces it and fills a new column on the
// way, one is bad and goes back, one replaces the good one on the other slot. What
// requires the new column comes with the second and waits, since the first does not
// write it. It runs with the third: only the second serves then, which it goes back to.
var programme = []release{
	{version: "v1.0.0", fault: "none", schema: 1, first: true},
	{version: "v2.0.0", fault: "none", schema: 4, fills: old, holds: 3},
	{version: "v3.0.0", fault: "errors", schema: 4, bad: true, contracts: 3},
	{version: "v4.0.0", fault: "none", schema: 4},
}

// firstRun is the run id of the first release; GitHub counts up as well.
const firstRun = 7001

// scene is how a release went.
type scene struct {
	release
	run    int
	took   time.Duration
	phases []act.Phase
	log    *traffic.Log // nil when there was no shift
	change change
	err    error // what made it not go as planned
}

// Run shows the whole programme and returns an error when anything was lost or
// went another way than planned.
func (s *Stage) Run(ctx context.Context, rate float64) error {
	var scenes []scene
	var load *Traffic
	for i, r := range programme {
		played, err := s.play(ctx, r, firstRun+i)
		scenes = append(scenes, played)
		if err != nil {
			return errors.Join(err, stopped(load))
		}
		if load == nil {
			if err := s.Age(ctx); err != nil {
				return err
			}
			if load, err = s.open(ctx, rate); err != nil {
				return err
			}
		}
	}
	return s.curtain(ctx, scenes, load)
}

func stopped(load *Traffic) error {
	if load == nil {
		return nil
	}
	_, err := load.Stop()
	return err
}

// play releases one version, and compares how it ended with the plot.
func (s *Stage) play(ctx context.Context, r release, run int) (scene, error) {
	fmt.Fprintf(s.Out, "\n━━ %s %s\n", r.version, map[bool]string{true: "(its images carry the fault: " + r.fault + ")"}[r.bad])
	began := time.Now()
	if r.first {
		defer s.firstUsers(ctx)()
	}
	phases, failed, err := s.release(ctx, r, run)
	if err != nil {
		return scene{release: r, run: run}, err
	}
	played := scene{release: r, run: run, took: time.Since(began), phases: phases}
	artifacts := filepath.Join(s.path("artifacts"), fmt.Sprint(run))
	played.log, err = readLog(artifacts)
	if err != nil {
		return played, err
	}
	if played.err = verdict(played, failed); played.err == nil {
		played.change, played.err = readChange(artifacts, r.bad)
	}
	if played.err == nil {
		played.err = played.change.judge(r)
	}
	fmt.Fprintf(s.Out, "  %s in %.0f s: %s\n", r.version, played.took.Seconds(), played.ending())
	return played, played.err
}

func verdict(played scene, failed error) error {
	switch {
	case played.log == nil:
		return fmt.Errorf("%s never reached the shift: %w", played.version, failed)
	case played.bad && (failed == nil || played.log.Outcome != traffic.RolledBack):
		return fmt.Errorf("%s is bad and was not taken back: %s", played.version, played.log.Outcome)
	case !played.bad && failed != nil:
		return fmt.Errorf("%s is good and did not arrive: %w", played.version, failed)
	case !played.bad && played.log.Outcome != traffic.Shifted:
		return fmt.Errorf("%s is good and was %s", played.version, played.log.Outcome)
	}
	return nil
}

func (p scene) ending() string {
	switch {
	case p.log == nil:
		return "stopped before the shift"
	case p.log.Back != nil:
		return fmt.Sprintf("rolled back, %.1f ms after the decision: %s", float64(p.log.Back.Effect.Microseconds())/1000, p.log.Reason)
	}
	return fmt.Sprintf("%s, %s is live", p.log.Outcome, p.log.Candidate)
}

// readLog finds what the shift wrote; nil when there was none.
func readLog(artifacts string) (*traffic.Log, error) {
	var log traffic.Log
	paths, err := filepath.Glob(filepath.Join(artifacts, "*", "shift.json"))
	if err != nil || len(paths) == 0 {
		return nil, err
	}
	text, err := os.ReadFile(paths[0])
	if err != nil {
		return nil, err
	}
	return &log, json.Unmarshal(text, &log)
}

// curtain ends the load, waits until every job is done, and counts.
func (s *Stage) curtain(ctx context.Context, scenes []scene, load *Traffic) error {
	report, err := load.Stop()
	if err != nil {
		return err
	}
	fmt.Fprintln(s.Out, "\n• the load has ended; waiting for the last jobs")
	if err := s.drain(ctx); err != nil {
		return err
	}
	bad, decided := "", time.Time{}
	for _, p := range scenes {
		if p.bad {
			bad, decided = p.version, p.log.Back.Decided
		}
	}
	tally := count(report, s.Mailbox.Received(), s.campaign, bad)
	last, _ := lastAnswer(report, bad, decided)
	s.table(s.Out, scenes, tally, last)
	return tally.judge(last, s.limit())
}

// rollbackLimit is what the product promises behind nginx.
const rollbackLimit = time.Second

// limit is how long the bad version may answer after the decision: behind a load
// balancer that takes its time, that is added.
func (s *Stage) limit() time.Duration {
	return rollbackLimit + fronts[s.Router].slow
}

func (t Tally) judge(last, limit time.Duration) error {
	var problems []error
	if t.Lost > 0 {
		problems = append(problems, fmt.Errorf("%d requests were lost: %v", t.Lost, t.ByOutcome))
	}
	if t.JobsLost+t.Repeated > 0 {
		problems = append(problems, fmt.Errorf("%d jobs were lost and %d repeated", t.JobsLost, t.Repeated))
	}
	if t.Jobs == 0 || t.Sent == 0 {
		problems = append(problems, errors.New("there was no load"))
	}
	if last >= limit {
		problems = append(problems, fmt.Errorf("the bad version still answered %v after the decision", last))
	}
	return errors.Join(problems...)
}

func (s *Stage) table(out io.Writer, scenes []scene, t Tally, last time.Duration) {
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	row("requests\tsent %d\tanswered %d\tlost %d", t.Sent, t.Answered, t.Lost)
	row("\terrors of the bad version, before it was taken back\t%d", t.BadAnswers)
	row("\tlatency p50 %v\tp99 %v\tworst %v", t.P50.Round(100*time.Microsecond), t.P99.Round(100*time.Microsecond), t.Worst.Round(time.Millisecond))
	row("jobs\tin %d\tdone %d\tlost %d\trepeated %d", t.Jobs, t.JobsDone, t.JobsLost, t.Repeated)
	for _, p := range scenes {
		if p.bad {
			row("rollback\tdecision until the load balancer had taken it %v\tuntil requests showed it %v", p.log.Back.Write.Round(10*time.Microsecond), p.log.Back.Effect.Round(10*time.Microsecond))
			row("\tlast request started that %s answered\t%+.1f ms from the decision", p.version, float64(last.Microseconds())/1000)
		}
	}
	for _, p := range scenes {
		for _, line := range p.change.lines() {
			row("database\t%s: %s", p.version, line)
		}
	}
	for _, p := range scenes {
		row("%s\t%s\t%.0f s\t", p.version, p.log.Outcome, p.took.Seconds())
	}
	_ = w.Flush()
	for _, p := range scenes {
		fmt.Fprintf(out, "%s: %s\n", p.version, words(p.phases))
	}
	fmt.Fprintf(out, "\nSummaries, checklists and diagnostics of each release: %s\nLogs of the runs: %s\n", s.path("artifacts"), s.path("logs"))
}
