package smoke

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Probe is a check that is no HTTP request, such as the depth of the queue. Ask
// returns what it saw.
type Probe struct {
	Name     string
	Evidence []string
	Ask      func(ctx context.Context) (saw string, err error)
}

// Result is what came of one check.
type Result struct {
	Check   Check
	Status  int           // of the last answer; 0 without one
	Latency time.Duration // the slowest answer; of 20 or more the 95th percentile
	Asked   int
	Saw     string // by a probe
	Err     error  // what differed, nil when it passed
}

// Report is the results of all checks, in their order, and then of the probes.
type Report struct {
	Results []Result
	Took    time.Duration
}

// Run asks the services of one slot, by their addresses, and the probes, and
// shows the evidence. A configuration without checks is refused: nothing asked
// is never a pass. The error says which checks failed.
func (s Settings) Run(ctx context.Context, services map[string]string, found *release.Findings, probes ...Probe) (Report, error) {
	if err := s.Ready(services); err != nil {
		return Report{}, err
	}
	began := time.Now()
	a := s.asker()
	defer a.client.CloseIdleConnections()
	report := Report{Results: make([]Result, len(s.Checks)+len(probes))}
	var group errgroup.Group
	group.SetLimit(s.Parallel)
	each := func(i int, ask func() Result) {
		group.Go(func() error {
			report.Results[i] = ask()
			return nil
		})
	}
	for i, c := range s.Checks {
		each(i, func() Result { return a.ask(ctx, c, cmp.Or(c.URL, services[c.Service])) })
	}
	for i, p := range probes {
		each(len(s.Checks)+i, func() Result { return p.ask(ctx, s.Timeout) })
	}
	_ = group.Wait() // the results have the errors
	report.Took = time.Since(began)
	report.show(found)
	return report, report.Err()
}

// ask runs the probe within the time of a request.
func (p Probe) ask(ctx context.Context, timeout time.Duration) Result {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v", timeout))
	defer cancel()
	began := time.Now()
	saw, err := p.Ask(ctx)
	return Result{Check: Check{Name: p.Name, Evidence: p.Evidence}, Asked: 1, Latency: time.Since(began), Saw: saw, Err: err}
}

// Failed is the number of checks that did not pass.
func (r Report) Failed() (n int) {
	for _, one := range r.Results {
		if one.Err != nil {
			n++
		}
	}
	return n
}

// Err is nil when every check passed, and there was one.
func (r Report) Err() error {
	if len(r.Results) == 0 {
		return release.Reject("write the checks under smoke.checks in the configuration", "nothing was asked")
	}
	var problems []error
	for _, one := range r.Results {
		if one.Err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", one.Check.Name, one.Err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return release.Refuse("read the log of the service that failed, mend the release, and start a new run; no traffic was moved",
			"%d of %d smoke checks failed: %w", r.Failed(), len(r.Results), err)
	}
	return nil
}

// show adds the evidence of each check to the items that it names.
func (r Report) show(found *release.Findings) {
	for _, one := range r.Results {
		for _, id := range one.Check.Evidence {
			found.Show(id, one.Err == nil, "%s", one)
		}
	}
	found.Show("6.2.10", r.Failed() == 0, "%d checks, %d failed, 0 skipped", len(r.Results), r.Failed())
}

// String prints the result, such as "ready: 200 in 4ms".
func (r Result) String() string {
	switch {
	case r.Err != nil:
		return r.Check.Name + ": " + r.Err.Error()
	case r.Saw != "":
		return r.Check.Name + ": " + r.Saw
	case r.Asked > 1:
		return fmt.Sprintf("%s: %d, %d times in %v", r.Check.Name, r.Status, r.Asked, r.Latency.Round(100*time.Microsecond))
	}
	return fmt.Sprintf("%s: %d in %v", r.Check.Name, r.Status, r.Latency.Round(100*time.Microsecond))
}
