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

// sendPath queues one message for a campaign.
const sendPath = "/api/campaigns/1/send"

// mix is what the users of MailBlast do: they read, they click, they send, on
// kept-alive and on new connections.
func mix() []openloop.Request {
	send := func(number int) string { return fmt.Sprintf(`{"recipients":[%q]}`, recipient(number)) }
	create := func(number int) string {
		return fmt.Sprintf(`{"name":"load %d","subject":"s","body":"b"}`, number)
	}
	return []openloop.Request{
		{Path: "/"},
		{Path: "/api/campaigns/1"},
		{Path: "/track/open/health-check"},
		{Path: sendPath, Method: http.MethodPost, Body: send},
		{Path: "/api/campaigns/1", Fresh: true},
		{Path: "/track/open/health-check", Fresh: true},
		{Path: "/api/campaigns/1"},
		{Path: "/", Fresh: true},
		{Path: "/api/campaigns", Method: http.MethodPost, Body: create},
		{Path: "/api/campaigns/1"},
		{Path: "/track/open/health-check"},
		{Path: sendPath, Method: http.MethodPost, Body: send, Fresh: true},
	}
}

// StartTraffic loads the front door until it is stopped.
func StartTraffic(ctx context.Context, url, token string, rate float64) *Traffic {
	ctx, stop := context.WithCancel(ctx)
	t := &Traffic{stop: stop, result: make(chan outcome, 1)}
	load := openloop.Load{
		URL: url, Rate: rate, Mix: mix(), Timeout: 10 * time.Second,
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
