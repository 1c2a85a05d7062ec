package demo

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/openloop"
)

// The response headers that say who answered.
const (
	versionHeader = "X-MailBlast-Version"
	slotHeader    = "X-MailBlast-Slot"
)

// Traffic is the constant load on the front door.
type Traffic struct {
	Sent, Errors atomic.Int64

	stop   context.CancelFunc
	result chan outcome
}

type outcome struct {
	report openloop.Report
	err    error
}

// recipient is the address of the one message that a request asks for.
func recipient(number int) string { return fmt.Sprintf("r%d@example.test", number) }

// sendPath queues messages for a campaign.
func sendPath(campaign string) string { return "/api/campaigns/" + campaign + "/send" }

// mix is what the users of MailBlast do: they read, they click, they send, on
// kept-alive and on new connections.
func mix(campaign string) []openloop.Request {
	report, sendPath := "/api/campaigns/"+campaign, sendPath(campaign)
	send := func(number int) string { return fmt.Sprintf(`{"recipients":[%q]}`, recipient(number)) }
	create := func(number int) string {
		return fmt.Sprintf(`{"name":"load %d","subject":"s","body":"b"}`, number)
	}
	return []openloop.Request{
		{Path: "/"},
		{Path: report},
		{Path: "/track/open/health-check"},
		{Path: sendPath, Method: http.MethodPost, Body: send},
		{Path: report, Fresh: true},
		{Path: "/track/open/health-check", Fresh: true},
		{Path: report},
		{Path: "/", Fresh: true},
		{Path: "/api/campaigns", Method: http.MethodPost, Body: create},
		{Path: report},
		{Path: "/track/open/health-check"},
		{Path: sendPath, Method: http.MethodPost, Body: send, Fresh: true},
	}
}

// StartTraffic loads the front door until it is stopped.
func StartTraffic(ctx context.Context, url, token, campaign string, rate float64) *Traffic {
	ctx, stop := context.WithCancel(ctx)
	t := &Traffic{stop: stop, result: make(chan outcome, 1)}
	load := openloop.Load{
		URL: url, Rate: rate, Mix: mix(campaign), Timeout: 10 * time.Second,
		Header: http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}},
		Keep:   []string{versionHeader, slotHeader},
		Each: func(s openloop.Sample) {
			t.Sent.Add(1)
			if s.Lost() {
				t.Errors.Add(1)
			}
		},
	}
	go func() {
		report, err := openloop.Run(ctx, load)
		t.result <- outcome{report, err}
	}()
	return t
}

// Stop ends the load and returns every request of it.
func (t *Traffic) Stop() (openloop.Report, error) {
	t.stop()
	r := <-t.result
	return r.report, r.err
}
