package lab

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// identity is a process for good: its id, which is given to another one some
// day, and when it started.
type identity struct {
	Pid     int    `json:"pid"`
	Started string `json:"started"`
}

func identify(pid int) identity { return identity{pid, startOf(pid)} }

// alive tells whether the process runs and is still the same one.
func (i identity) alive() bool { return i.Pid > 0 && i.Started != "" && startOf(i.Pid) == i.Started }

// end stops the process group of i, and touches nothing when i is gone. What its
// leader leaves behind is killed: a leader that ended may wait long to be reaped,
// and keeps its group in being until then.
func (i identity) end(ctx context.Context) {
	if !i.alive() {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for ctx.Err() == nil && i.alive() {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	process.End(ctx, i.Pid)
}

// startOf is when a process started, "" when it is gone or only waits to be reaped.
func startOf(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil {
		return startIn(string(stat))
	}
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		return ""
	}
	return startByPS(pid)
}

// startIn reads /proc/<pid>/stat: the state is field 3, the start in ticks since
// boot field 22, and field 2 is the name, which may have spaces and brackets.
func startIn(stat string) string {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const state, start = 0, 22 - 3 // counted from field 3
	if len(fields) <= start || fields[state] == "Z" || fields[state] == "X" {
		return ""
	}
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // ticks count anew after a boot
	return strings.TrimSpace(string(boot)) + ":" + fields[start]
}

// startByPS serves systems without /proc, such as macOS.
func startByPS(pid int) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := process.Output(ctx, process.Command{Path: "ps", Args: []string{"-o", "stat=,lstart=", "-p", strconv.Itoa(pid)}})
	fields := strings.Fields(string(out))
	if err != nil || len(fields) < 2 || strings.HasPrefix(fields[0], "Z") {
		return ""
	}
	return strings.Join(fields[1:], " ")
}
