package reload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// local is an nginx of this host.
type local struct{ settings Settings }

// testTime is how long nginx may take to read its configuration.
const testTime = 10 * time.Second

func (l local) test(ctx context.Context) error {
	return refused(l.run(ctx, l.settings.Test))
}

func (local) run(ctx context.Context, argv []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, testTime, fmt.Errorf("it took longer than %v", testTime))
	defer cancel()
	return process.Run(ctx, process.Command{Path: argv[0], Args: argv[1:]})
}

// refused keeps nginx's own words of a failed test.
func refused(err error) error {
	failed, ok := errors.AsType[*process.Error](err)
	if !ok {
		return err
	}
	if lines := refusals(failed.Stderr); len(lines) > 0 {
		return errors.New(strings.Join(lines, "; "))
	}
	return err
}

func (l local) signal(ctx context.Context) error {
	if len(l.settings.Reload) > 0 {
		return refused(l.run(ctx, l.settings.Reload))
	}
	pid, err := l.master()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		return release.Refuse("set reload to a command that this user may run, such as [sudo, -n, /usr/sbin/nginx, -s, reload]",
			"send process %d, nginx, the signal to reload: %w", pid, err)
	}
	return nil
}

// master reads the process id, and refuses one that has been given to another
// program since, where that can be seen.
func (l local) master() (int, error) {
	text, err := os.ReadFile(l.settings.Pid)
	if err != nil {
		return 0, release.CannotTell("start nginx, or set pid to its file", "read the process id of nginx: %w", err)
	}
	line := strings.TrimSpace(string(text))
	pid, err := strconv.Atoi(line)
	if err != nil || pid <= 1 {
		return 0, release.CannotTell("start nginx, or set pid to its file", "%s: %.20q is no process id", l.settings.Pid, line)
	}
	switch title, err := titleOf(pid); {
	case errors.Is(err, errNoProc):
	case err != nil:
		return 0, release.CannotTell("start nginx, or set pid to its file", "%s: process %d is not there", l.settings.Pid, pid)
	case !strings.HasPrefix(title, "nginx: master process"):
		return 0, release.CannotTell("start nginx, or set pid to its file", "%s: process %d is %.40q: want nginx's master", l.settings.Pid, pid, title)
	}
	return pid, nil
}

// may tells whether the signal would be allowed, without sending it.
func (l local) may(context.Context) error {
	if len(l.settings.Reload) > 0 {
		return nil
	}
	pid, err := l.master()
	if err == nil {
		err = syscall.Kill(pid, 0)
	}
	if err != nil {
		return release.Refuse("set reload to a command that this user may run, such as [sudo, -n, /usr/sbin/nginx, -s, reload]",
			"this user cannot reload nginx: %w", err)
	}
	return nil
}

// errNoProc is a system without /proc, such as macOS.
var errNoProc = errors.New("processes cannot be seen here")

func titleOf(pid int) (string, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		if _, err := os.Stat("/proc/self/cmdline"); err != nil {
			return "", errNoProc
		}
		return "", err
	}
	return strings.TrimRight(strings.ReplaceAll(string(text), "\x00", " "), " "), nil
}

func (l local) workers(context.Context) ([]string, error) {
	master, err := l.master()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, errNoProc
	}
	var all []string
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || parentOf(pid) != master {
			continue
		}
		if title, err := titleOf(pid); err == nil && serves(title) {
			all = append(all, entry.Name())
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no worker of nginx can be seen")
	}
	return all, nil
}

// parentOf reads field 4 of /proc/PID/stat; field 2 is a name that may have
// spaces and brackets. It is 0 for a process that is gone.
func parentOf(pid int) int {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}

// mark is the size of the error log.
func (l local) mark(context.Context) mark {
	info, err := os.Stat(l.settings.ErrorLog)
	if err != nil {
		return int64(0)
	}
	return info.Size()
}

// most is how much of an error log is read.
const most = 256 << 10

func (l local) complaints(_ context.Context, since mark) []string {
	text, err := l.tail(since.(int64))
	switch {
	case errors.Is(err, fs.ErrPermission):
		return []string{fmt.Sprintf("the error log %s says why, and this user cannot read it", l.settings.ErrorLog)}
	case err != nil:
		return []string{fmt.Sprintf("the error log cannot be read: %v", err)}
	}
	return refusals(text)
}

func (l local) tail(from int64) (string, error) {
	file, err := os.Open(l.settings.ErrorLog)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if info.Size() < from {
		from = 0 // it was rotated
	}
	text, err := io.ReadAll(io.NewSectionReader(file, max(from, info.Size()-most), most))
	return string(text), err
}

func (l local) breakGlass() string {
	if len(l.settings.Reload) > 0 {
		return strings.Join(l.settings.Reload, " ")
	}
	return fmt.Sprintf("kill -HUP $(cat %s)", l.settings.Pid)
}
