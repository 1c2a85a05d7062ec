package worker

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/queue"
)

// Activity counts what this process does and uses.
type Activity struct {
	version string

	mu       sync.Mutex
	done     int64
	bad      int64
	seconds  [60]int64 // messages settled, by second of the clock
	newest   int64     // the second that was written last
	usedCPU  time.Duration
	measured time.Time
	percent  float64
}

// NewActivity returns the activity of a process that has done nothing yet.
func NewActivity(version string) *Activity {
	return &Activity{version: version, usedCPU: cpu(), measured: time.Now()}
}

func (a *Activity) settled() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done++
	a.seconds[a.turn(time.Now())]++
}

func (a *Activity) failed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bad++
}

// turn moves the window on to now, clearing the seconds that were skipped, and
// returns the place of the current second.
func (a *Activity) turn(now time.Time) int64 {
	second, size := now.Unix(), int64(len(a.seconds))
	for s := max(a.newest+1, second-size+1); s <= second; s++ {
		a.seconds[s%size] = 0
	}
	a.newest = max(a.newest, second)
	return second % size
}

// member describes the process for its heartbeat.
func (a *Activity) member() queue.Member {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.turn(now)
	a.measure(now)
	m := queue.Member{Version: a.version, Processed: a.done, Failed: a.bad, CPUPercent: a.percent, MemoryMB: memory()}
	for _, n := range a.seconds {
		m.PerMinute += n
	}
	return m
}

// measure updates the share of one CPU used since the last measurement.
func (a *Activity) measure(now time.Time) {
	elapsed := now.Sub(a.measured)
	if elapsed < 100*time.Millisecond {
		return
	}
	used := cpu()
	a.percent = 100 * float64(used-a.usedCPU) / float64(elapsed)
	a.usedCPU, a.measured = used, now
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory is the resident set in MiB, from the second field of statm, in pages.
func memory() float64 {
	b, err := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(b))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return 0
	}
	return pages * float64(os.Getpagesize()) / (1 << 20)
}
