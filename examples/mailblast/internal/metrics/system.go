package metrics

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// System registers how much of its memory and of its processors the process
// uses, as shares of what it may use.
func System(r prometheus.Registerer) {
	processors := new(processors)
	r.MustRegister(
		gauge("memory_usage", "Resident memory as a share of the container's limit, or of the machine's memory; NaN when unknown.", resident),
		gauge("cpu_usage", "Processor time of about the last minute as a share of what the process may use, 0 to 1; NaN at first.",
			func() float64 { return processors.usage(time.Now(), spent()) }),
	)
}

// resident is the share that is in use.
func resident() float64 {
	fields := read("/proc/self/statm")
	limit := memoryLimit()
	if len(fields) < 2 || limit <= 0 {
		return unknown
	}
	pages, err := strconv.ParseFloat(string(fields[1]), 64)
	if err != nil {
		return unknown
	}
	return pages * float64(os.Getpagesize()) / limit
}

// memoryLimit is the container's in bytes, else the machine's memory, else 0.
func memoryLimit() float64 {
	machine := 0.0
	if fields := read("/proc/meminfo"); len(fields) > 1 { // MemTotal: n kB
		kib, _ := strconv.ParseFloat(string(fields[1]), 64)
		machine = kib * 1024
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		fields := read(file)
		if len(fields) == 0 {
			continue
		}
		if limit, err := strconv.ParseFloat(string(fields[0]), 64); err == nil && limit > 0 && (machine == 0 || limit < machine) {
			return limit
		}
	}
	return machine
}

func read(file string) [][]byte {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return bytes.Fields(text)
}

// spent is the processor time of the process so far.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processors remembers what was spent over the last minute, whenever it is asked.
type processors struct {
	mu   sync.Mutex
	seen []reading
}

type reading struct {
	at    time.Time
	spent time.Duration
}

func (p *processors) usage(now time.Time, spent time.Duration) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.seen) > 1 && now.Sub(p.seen[1].at) >= span {
		p.seen = p.seen[1:]
	}
	p.seen = append(p.seen, reading{now, spent})
	passed := now.Sub(p.seen[0].at)
	if passed < time.Second {
		return unknown
	}
	return float64(spent-p.seen[0].spent) / float64(passed) / float64(runtime.GOMAXPROCS(0))
}
