package slot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// showFailure puts an error where the plan looks for it.
func (d *deployment) showFailure(err error) {
	for _, id := range []string{"B.3.v1", "8.1.s7"} {
		d.found.Show(id, false, "%v", err)
	}
	if _, crashed := errors.AsType[*Failure](err); crashed {
		d.found.Show("B.3.v2", false, "%v", err)
	}
}

// finish shows what holds at the end. Only then is the deployment complete.
func (d *deployment) finish(ctx context.Context, done Deployed) error {
	all := done.Containers
	running := len(all) - done.Quiet
	text := fmt.Sprintf("%d containers run with the digests of the release: %s", running, d.digests())
	if done.Quiet > 0 {
		text += fmt.Sprintf("; %d workers are created and quiet until the first step", done.Quiet)
	}
	for _, id := range []string{"B.3.s2", "B.3.s3", "B.3.v1", "8.1.s6"} {
		d.found.Show(id, true, "%s", text)
	}
	d.found.Show("B.3.v2", true, "no restart, no kill for memory and no exit over %v", d.settings.Settle)
	d.found.Show("8.1.s7", true, "healthy over %v, looked at every %v", d.settings.Settle, lookEvery)
	d.showService("frontend", "B.3.s4", all)
	d.showWorkers(all, done.Quiet, text)
	d.showFrontend(ctx)
	return d.showTraffic(ctx, text)
}

func (d *deployment) showService(service, id string, all []Container) {
	want, have := d.plan.counts[service], 0
	for _, c := range all {
		if c.Service == service && c.State == Running && d.ours(c) {
			have++
		}
	}
	if want > 0 {
		d.found.Show(id, have == want, "%d of %d containers of %s run with %s", have, want, service, d.plan.pins[service].Digest.Short())
	}
}

func (d *deployment) showWorkers(all []Container, quiet int, text string) {
	service := d.settings.Workers.Service
	want, have := d.plan.counts[service], 0
	for _, c := range all {
		if c.Service == service && d.ours(c) {
			have++
		}
	}
	if want > 0 {
		d.found.Show("B.3.s7", have == want, "%d of %d containers of %s", have, want, service)
	}
	if quiet > 0 {
		d.found.Miss("B.3.s6", "%d workers are created and start with the first step", quiet)
		d.found.Miss("1.2.p2", "%s", text)
		return
	}
	d.showService(service, "B.3.s6", all)
	d.found.Show("1.2.p2", true, "%s", text)
}

// showFrontend asks the slot itself, past the load balancer.
func (d *deployment) showFrontend(ctx context.Context) {
	address, ok := d.place.Services["frontend"]
	if !ok {
		d.found.Miss("B.3.s5", "no address of the slot's frontend is configured")
		return
	}
	status, err := head(ctx, address)
	if err != nil {
		d.found.Show("B.3.s5", false, "HEAD on the slot's frontend: no answer")
		d.sayf("HEAD %s: %v", address, err)
		return
	}
	d.found.Show("B.3.s5", status == http.StatusOK, "HEAD on the slot's frontend: %d", status)
}

func head(ctx context.Context, address string) (int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("no answer within 10s"))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return 0, err
	}
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := stay.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// showTraffic reads the load balancer again: a deployment that moved traffic, or
// during which somebody did, is no preparation.
func (d *deployment) showTraffic(ctx context.Context, text string) error {
	after, err := d.order.Weights(ctx)
	if err != nil {
		return release.CannotTell("make the load balancer readable", "read the weight of %s after the deployment: %w", d.slot, err)
	}
	still := after == d.before
	for _, id := range []string{"1.1.p3", "1.3.s1", "8.1.s9"} {
		d.found.Show(id, still, "%s; traffic before %v, after %v", text, d.before, after)
	}
	if !still {
		return release.Refuse("see who moved the traffic, then run again", "traffic moved during the deployment of %s: %v before, %v after", d.slot, d.before, after)
	}
	return nil
}

// logItems are the plan's items about the log of one service.
var logItems = map[string]string{"backend": "B.5.s1", "worker": "B.5.s2", "frontend": "B.5.s3"}

func (d *deployment) showLogs(all []Container, fresh []LogError) {
	base := "none: this is the first release"
	if d.order.Live != nil {
		base = fmt.Sprintf("%s over %v", d.order.Live.slot, d.settings.Logs.Window)
	}
	kinds := map[string][]string{}
	for _, e := range fresh {
		kinds[e.Service] = append(kinds[e.Service], fmt.Sprintf("%dx %s", e.Count, e.Kind))
	}
	d.found.Show("B.3.v3", len(fresh) == 0, "%d kinds of errors that the live slot (%s) does not have: %v", len(fresh), base, kinds)
	for _, service := range sorted(logItems) {
		read := 0
		for _, c := range all {
			if c.Service == service && c.State != Created {
				read++
			}
		}
		if read == 0 {
			d.found.Miss(logItems[service], "no container of %s has been started", service)
			continue
		}
		d.found.Show(logItems[service], len(kinds[service]) == 0, "%d logs read since their start: %s", read, strings.Join(kinds[service], "; "))
	}
}
