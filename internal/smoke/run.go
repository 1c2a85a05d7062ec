package smoke

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// maxBody is how much of an answer is read, in bytes.
const maxBody = 1 << 20

// Result is what came of one check.
type Result struct {
	Check   Check
	Status  int           // of the last answer; 0 without one
	Latency time.Duration // the slowest answer; of a repeated check the 95th percentile
	Asked   int
	Err     error // what differed, nil when it passed
}

// Report is the results of all checks, in their order.
type Report struct {
	Results []Result
	Took    time.Duration
}

// Failed is the number of checks that did not pass.
func (r Report) Failed() int {
	return len(slices.Collect(func(yield func(Result) bool) {
		for _, one := range r.Results {
			if one.Err != nil && !yield(one) {
				return
			}
		}
	}))
}

// Err is nil when every check passed.
func (r Report) Err() error {
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

// Run asks the services of one slot, by their addresses, and shows the evidence.
// A configuration without checks is refused: nothing asked is never a pass.
func (s Settings) Run(ctx context.Context, services map[string]string, found *release.Findings) (Report, error) {
	if err := s.ready(services); err != nil {
		return Report{}, err
	}
	began := time.Now()
	client := s.client()
	defer client.CloseIdleConnections()
	report := Report{Results: make([]Result, len(s.Checks))}
	var group errgroup.Group
	group.SetLimit(s.Parallel)
	for i, c := range s.Checks {
		group.Go(func() error {
			report.Results[i] = ask(ctx, client, c, services[c.Service])
			return nil
		})
	}
	_ = group.Wait() // the results have the errors
	report.Took = time.Since(began)
	report.show(found)
	return report, report.Err()
}

func (s Settings) ready(services map[string]string) error {
	if len(s.Checks) == 0 {
		return release.Reject("write the checks under smoke.checks in the configuration", "smoke.checks is empty: there is nothing to ask")
	}
	var problems []error
	for _, c := range s.Checks {
		if services[c.Service] == "" {
			problems = append(problems, fmt.Errorf("check %q: service %s has no address in this slot", c.Name, c.Service))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return release.Reject("add the addresses under slots.blue.services and slots.green.services", "%w", err)
	}
	return nil
}

// client follows no redirect, which could lead to the other slot.
func (s Settings) client() *http.Client {
	return &http.Client{
		Timeout:       s.Timeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: s.Parallel, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func ask(ctx context.Context, client *http.Client, c Check, base string) Result {
	r := Result{Check: c}
	var times []time.Duration
	for range max(c.Repeat, 1) {
		r.Asked++
		began := time.Now()
		status, err := once(ctx, client, c, base)
		times = append(times, time.Since(began))
		if r.Status = status; err != nil {
			r.Err = err
			break
		}
	}
	r.Latency = percentile(times)
	if limit := c.Expect.MaxLatency; r.Err == nil && limit > 0 && r.Latency > limit {
		r.Err = fmt.Errorf("answered in %v: want at most %v", r.Latency.Round(time.Millisecond), limit)
	}
	return r
}

// percentile is the 95th, and the slowest of fewer than 20.
func percentile(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[(len(times)*95+99)/100-1]
}

func once(ctx context.Context, client *http.Client, c Check, base string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, cmp.Or(c.Method, http.MethodGet), strings.TrimSuffix(base, "/")+c.Path, strings.NewReader(c.Body))
	if err != nil {
		return 0, err
	}
	for name, value := range c.Headers {
		request.Header.Set(name, value.Reveal())
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("no answer: %w", errors.Unwrap(err))
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return answer.StatusCode, fmt.Errorf("answer cut off: %w", err)
	}
	return answer.StatusCode, c.Expect.differs(answer, body)
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
	if r.Err != nil {
		return r.Check.Name + ": " + r.Err.Error()
	}
	return fmt.Sprintf("%s: %d in %v", r.Check.Name, r.Status, r.Latency.Round(100*time.Microsecond))
}
