package acceptance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/openloop"
)

// The response header that says who answered.
const versionHeader = "X-MailBlast-Version"

// rate is the requests a second of the load beside a test.
const rate = 100

// load is what users do while a test goes on.
type load struct {
	*house
	name   string
	stop   context.CancelFunc
	result chan openloop.Report
}

// users begin to use the application.
func (h *house) users(t *testing.T) *load {
	t.Helper()
	if h.campaign == "" {
		h.campaign = h.begin(t)
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &load{house: h, name: fmt.Sprintf("%x", time.Now().UnixNano()), stop: stop, result: make(chan openloop.Report, 1)}
	go func() {
		report, err := openloop.Run(ctx, openloop.Load{
			URL: h.Proxy.URL, Rate: rate, Mix: l.mix(), Timeout: 20 * time.Second, Keep: []string{versionHeader},
			Header: http.Header{"Authorization": {"Bearer " + h.APIToken()}, "Content-Type": {"application/json"}},
		})
		if err != nil {
			panic(err) // the load is the test's own
		}
		l.result <- report
	}()
	t.Cleanup(stop)
	return l
}

// begin creates the campaign that everything is about.
func (h *house) begin(t *testing.T) (path string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.Proxy.URL+"/api/campaigns",
		bytes.NewReader([]byte(`{"name":"load","subject":"hello","body":"hello"}`)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{"Authorization": {"Bearer " + h.APIToken()}, "Content-Type": {"application/json"}}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var campaign struct{ ID string }
	if err := json.NewDecoder(answer.Body).Decode(&campaign); err != nil || campaign.ID == "" {
		t.Fatalf("create a campaign: status %d: %v", answer.StatusCode, err)
	}
	return "/api/campaigns/" + campaign.ID
}

func (l *load) recipient(number int) string {
	return fmt.Sprintf("u%s-%d@example.test", l.name, number)
}

// mix reads, clicks and sends, on kept and on new connections.
func (l *load) mix() []openloop.Request {
	send := func(number int) string { return fmt.Sprintf(`{"recipients":[%q]}`, l.recipient(number)) }
	return []openloop.Request{
		{Path: "/"}, {Path: l.campaign}, {Path: "/track/open/health-check"}, {Path: l.campaign, Fresh: true},
		{Path: l.campaign + "/send", Method: http.MethodPost, Body: send}, {Path: "/", Fresh: true},
		{Path: "/track/open/health-check", Fresh: true}, {Path: l.campaign},
		{Path: l.campaign + "/send", Method: http.MethodPost, Body: send, Fresh: true}, {Path: l.campaign},
	}
}

// leave ends the load and fails for every request that was lost. What a version
// that is meant to be bad answered with an error is its fault, and no loss.
func (l *load) leave(t *testing.T, bad ...string) openloop.Report {
	t.Helper()
	l.stop()
	report := <-l.result
	lost, errors, versions := map[openloop.Outcome]int{}, 0, map[string]int{}
	for _, s := range report.Samples {
		versions[s.Header[versionHeader]]++
		switch {
		case s.Outcome == openloop.ServerError && slices.Contains(bad, s.Header[versionHeader]):
			errors++
		case s.Outcome != openloop.Answered || s.Status >= 400:
			lost[s.Outcome]++
			t.Logf("request %d %s %s at %s: %s, status %d: %v", s.Number, s.Method, s.Path, s.Started.Format("15:04:05.000"), s.Outcome, s.Status, s.Err)
		}
	}
	if len(lost) > 0 || len(report.Samples) == 0 {
		t.Errorf("of %d requests were lost: %v", len(report.Samples), lost)
	}
	accepted := l.delivered(t, report)
	t.Logf("%d requests, lost %v, errors of the bad version %d, answered by %v; %d jobs done once; p50 %v, p99 %v",
		len(report.Samples), lost, errors, versions, accepted, report.Latency(0.5).Round(100*time.Microsecond), report.Latency(0.99).Round(100*time.Microsecond))
	return report
}

// delivered waits until every accepted message has come, and fails when one came
// twice.
func (l *load) delivered(t *testing.T, report openloop.Report) (accepted int) {
	t.Helper()
	var sent []string
	for _, s := range report.Samples {
		if s.Method == http.MethodPost && s.Status/100 == 2 {
			sent = append(sent, l.recipient(s.Number))
		}
	}
	eventually(t, "every accepted message is delivered", func() bool {
		received := l.Mailbox.Received()
		return !slices.ContainsFunc(sent, func(to string) bool { return received[to] == 0 })
	})
	received := l.Mailbox.Received()
	for _, to := range sent {
		if received[to] != 1 {
			t.Errorf("%s got %d messages", to, received[to])
		}
	}
	return len(sent)
}
