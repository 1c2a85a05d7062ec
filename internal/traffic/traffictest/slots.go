package traffictest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// SlotHeader is the header in which the slots say who answered.
const SlotHeader = "X-Slot"

// Slots are two real slots of any number of services, which say who they are
// and count. They end with their test.
type Slots struct {
	tb     testing.TB
	served map[release.Slot]*atomic.Int64
}

// NewSlots are slots without a service.
func NewSlots(tb testing.TB) *Slots {
	return &Slots{tb, map[release.Slot]*atomic.Int64{release.Blue: {}, release.Green: {}}}
}

// Serve starts one service in one slot and returns its address. It answers
// "SERVICE SLOT", after it has read the whole request.
func (s *Slots) Serve(service string, slot release.Slot) (address string) {
	s.tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.tb.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // one that was cut is answered in vain
		s.served[slot].Add(1)
		w.Header().Set(SlotHeader, string(slot))
		fmt.Fprintf(w, "%s %s", service, slot)
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	s.tb.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// Served is how many requests reached the slot.
func (s *Slots) Served(slot release.Slot) int { return int(s.served[slot].Load()) }

// Get sends one request on a connection of its own, with header as pairs of
// name and value, and returns the answer and its header.
func Get(t *testing.T, url string, header ...string) (body string, answer http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	req.Close = true
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	return strings.TrimSpace(string(text)), res.Header
}
