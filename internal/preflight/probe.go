package preflight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Look looks at one thing and says what it saw. An error is a failure, unless
// it is Absent (there is nothing to look at) or a release.CannotTell.
type Look func(ctx context.Context) (observed string, err error)

// Probe is one thing that a release needs.
type Probe struct {
	Name     string
	Evidence []string // the plan's items that it shows, where it shows any
	Remedy   string   // what to do when it fails; the error's own hint comes first
	Timeout  time.Duration
	Look     Look
}

// Result is what came of a probe.
type Result struct {
	Name     string
	Evidence []string
	Status   release.Status // passed, failed or not shown
	Observed string
	Remedy   string // empty for what passed
	Stops    bool   // the release must not go on: it failed, or nobody can tell
	Took     time.Duration
}

// absent says that there is nothing to look at.
type absent struct {
	reason string
	cause  error
}

func (a absent) Error() string { return a.reason }
func (a absent) Unwrap() error { return a.cause }

// Absent is the error of a look that has nothing to look at, such as a mail
// server that is not configured. Its item is not shown, and the release goes on.
func Absent(format string, args ...any) error { return absent{reason: fmt.Sprintf(format, args...)} }

// Run runs all probes at once and returns their results in the order of the
// probes. A probe without a Timeout of its own has the given one.
func Run(ctx context.Context, timeout time.Duration, probes []Probe) Report {
	results := make([]Result, len(probes))
	var all sync.WaitGroup
	for i, p := range probes {
		if p.Timeout == 0 {
			p.Timeout = timeout
		}
		all.Go(func() { results[i] = p.run(ctx) })
	}
	all.Wait()
	return Report{results}
}

type answer struct {
	observed string
	err      error
}

// grace is how long a look may take to say why it was not done in time.
const grace = time.Second

func (p Probe) run(ctx context.Context) Result {
	ctx, cancel := context.WithTimeoutCause(ctx, p.Timeout, fmt.Errorf("no answer within %v", p.Timeout))
	defer cancel()
	started := time.Now()
	a := p.look(ctx)
	if a.err != nil && errors.Is(a.err, ctx.Err()) {
		a.err = context.Cause(ctx)
	}
	result := p.judge(a)
	result.Took = time.Since(started)
	return result
}

// look does not wait for a look that ignores its context.
func (p Probe) look(ctx context.Context) answer {
	answers := make(chan answer, 1)
	go func() {
		observed, err := p.Look(ctx)
		answers <- answer{observed, err}
	}()
	select {
	case a := <-answers:
		return a
	case <-ctx.Done():
	}
	select {
	case a := <-answers:
		return a
	case <-time.After(grace):
		return answer{err: context.Cause(ctx)}
	}
}

func (p Probe) judge(a answer) Result {
	r := Result{Name: p.Name, Evidence: slices.Clone(p.Evidence), Status: release.Passed, Observed: a.observed}
	if a.err == nil {
		return r
	}
	r.Status, r.Observed, r.Remedy, r.Stops = release.Failed, a.err.Error(), p.Remedy, true
	if hint := release.HintOf(a.err); hint != "" {
		r.Remedy = hint
	}
	if _, ok := errors.AsType[absent](a.err); ok {
		r.Status, r.Stops = release.NotShown, false
	}
	if release.ExitStatus(a.err) == int(release.Unknown) {
		r.Status = release.NotShown
	}
	return r
}
