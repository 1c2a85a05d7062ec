package nginx_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/openloop"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The bench of the way back: 40 flips at 600 requests a second, GET and POST on
// kept and on new connections, by a client that never retries.
const (
	flips    = 40
	pace     = 600
	between  = 300 * time.Millisecond
	slotName = "X-Slot"
)

// flipper moves all the traffic to a slot.
type flipper func(ctx context.Context, to release.Slot) error

// BenchmarkRollback compares the switch with what the plan has: write the
// configuration, test it, reload. It reports milliseconds from the decision to
// the last request started that the slot which was left still answered, the lost
// requests, and how many times longer the plan's way takes at the 99th percentile.
func BenchmarkRollback(b *testing.B) {
	for b.Loop() {
		ours := measure(b, "switch", newSwitch)
		plan := measure(b, "plan", newReload)
		b.ReportMetric(plan/max(ours, 0.1), "plan/switch-p99")
	}
}

func measure(b *testing.B, name string, open func(*testing.B, [2]string) (string, flipper)) (p99 float64) {
	b.Helper()
	url, flip := open(b, [2]string{slotServer(b, "blue"), slotServer(b, "green")})
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan openloop.Report, 1)
	go func() {
		report, err := openloop.Run(ctx, openloop.Load{URL: url, Rate: pace, Mix: openloop.Even("/"), Keep: []string{slotName}})
		if err != nil {
			b.Error(err)
		}
		done <- report
	}()
	var decided []time.Time
	for i := range flips {
		time.Sleep(between)
		decided = append(decided, time.Now())
		if err := flip(ctx, release.Slots[(i+1)%2]); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(between)
	stop()
	report := <-done
	late := lateness(report, decided)
	b.ReportMetric(late[len(late)/2], name+"-p50-ms")
	b.ReportMetric(late[len(late)*99/100], name+"-p99-ms")
	b.ReportMetric(float64(report.Lost()), name+"-lost")
	b.ReportMetric(float64(report.Sent()), name+"-sent")
	return late[len(late)*99/100]
}

// lateness is, for each flip, how long after the decision the last request was
// started that the slot which was left answered; sorted. An answer that came
// after the next decision may be that one's and says nothing.
func lateness(report openloop.Report, decided []time.Time) []float64 {
	late := make([]float64, len(decided))
	for _, s := range report.Samples {
		i, _ := slices.BinarySearchFunc(decided, s.Started, time.Time.Compare)
		left := string(release.Slots[i%2].Other())
		overlaps := i < len(decided) && s.Ended.After(decided[i])
		if i > 0 && !overlaps && s.Header[slotName] == left {
			late[i-1] = max(late[i-1], float64(s.Started.Sub(decided[i-1]).Microseconds())/1000)
		}
	}
	slices.Sort(late)
	return late
}

func slotServer(b *testing.B, name string) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(slotName, name)
	})}
	go func() { _ = server.Serve(l) }()
	b.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

func newSwitch(b *testing.B, slots [2]string) (string, flipper) {
	b.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	s, err := nginx.New(nginx.Settings{
		State: filepath.Join(dir, "state"), URL: "http://127.0.0.1:1", Config: filepath.Join(dir, "bluegreen.conf"), Split: nginx.Random,
		Services: map[string]nginx.Service{"web": {Blue: []nginx.Address{nginx.Address(slots[0])}, Green: []nginx.Address{nginx.Address(slots[1])}}},
	}, []release.Weight{100})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Install(b.Context(), release.Blue); err != nil {
		b.Fatal(err)
	}
	server := lab.Nginx(b, fmt.Sprintf("events {} http { include %[1]s/bluegreen.conf; server { listen 127.0.0.1:{{.Port}}; include %[1]s/bluegreen.server; location / { proxy_pass http://$bluegreen_web; } } }", dir))
	return server.URL, func(ctx context.Context, to release.Slot) error { return s.Restore(ctx, to) }
}

// newReload is section 4.1 of the plan, with the side without weight left out,
// since nginx refuses weight=0.
func newReload(b *testing.B, slots [2]string) (string, flipper) {
	b.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	include := filepath.Join(dir, "upstream.conf")
	write := func(to release.Slot) error {
		address := slots[slices.Index(release.Slots[:], to)]
		return os.WriteFile(include, []byte("upstream mailblast_backend { zone app 64k; server "+address+" weight=100; keepalive 32; }\n"), 0o644)
	}
	if err := write(release.Blue); err != nil {
		b.Fatal(err)
	}
	server := lab.Nginx(b, "events {} http { include "+include+"; server { listen 127.0.0.1:{{.Port}}; location / { proxy_pass http://mailblast_backend; proxy_http_version 1.1; proxy_set_header Connection \"\"; } } }")
	run := func(ctx context.Context, args ...string) error {
		return process.Run(ctx, process.Command{Path: "nginx", Args: append([]string{"-p", server.Dir, "-c", filepath.Join(server.Dir, "nginx.conf")}, args...)})
	}
	return server.URL, func(ctx context.Context, to release.Slot) error {
		if err := write(to); err != nil {
			return err
		}
		if err := run(ctx, "-t"); err != nil {
			return err
		}
		return run(ctx, "-s", "reload")
	}
}
