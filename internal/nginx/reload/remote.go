package reload

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/ssh"
)

// remote is an nginx of another host, which is reached through SSH.
type remote struct {
	settings Settings
	ssh      *ssh.Host
}

// What is run on the host, by a POSIX shell. The first argument is a file with a
// process id, or a log.
const (
	killScript = `pid=$(cat "$1") && case $(tr '\000' ' ' <"/proc/$pid/cmdline") in
"nginx: master process"*) kill "$2" "$pid" ;;
*) echo "process $pid is not nginx's master" >&2; exit 1 ;;
esac`
	workersScript = `pid=$(cat "$1") && ps -o pid=,args= --ppid "$pid"`
	sizeScript    = `stat -c %s "$1" 2>/dev/null || echo 0`
	tailScript    = `size=$(stat -c %s "$1") && [ -r "$1" ] || { echo "this user cannot read it" >&2; exit 1; }
[ "$size" -ge "$2" ] && from=$2 || from=0
tail -c "+$((from + 1))" "$1" | tail -c 262144`
)

func (r remote) shell(ctx context.Context, script string, args ...string) (string, error) {
	return r.ssh.Run(ctx, append([]string{"sh", "-c", script, "sh"}, args...)...)
}

func (r remote) test(ctx context.Context) error {
	_, err := r.ssh.Run(ctx, r.settings.Test...)
	return refused(err)
}

func (r remote) signal(ctx context.Context) error {
	if len(r.settings.Reload) > 0 {
		_, err := r.ssh.Run(ctx, r.settings.Reload...)
		return refused(err)
	}
	return r.kill(ctx, "-HUP")
}

func (r remote) may(ctx context.Context) error {
	if len(r.settings.Reload) > 0 {
		return nil
	}
	return r.kill(ctx, "-0")
}

func (r remote) kill(ctx context.Context, signal string) error {
	if _, err := r.shell(ctx, killScript, r.settings.Pid, signal); err != nil {
		return release.Refuse("start nginx, or set pid to its file, or reload to a command that this user may run there, such as [sudo, -n, /usr/sbin/nginx, -s, reload]",
			"this user cannot reload nginx: %w", err)
	}
	return nil
}

func (r remote) workers(ctx context.Context) ([]string, error) {
	out, err := r.shell(ctx, workersScript, r.settings.Pid)
	if err != nil {
		return nil, err
	}
	return serving(titles(out))
}

// titles reads lines of a process id and a title.
func titles(out string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(out) {
		if pid, title, found := strings.Cut(strings.TrimSpace(line), " "); found {
			all[pid] = strings.TrimSpace(title)
		}
	}
	return all
}

// mark is the size of the error log, as text.
func (r remote) mark(ctx context.Context) mark {
	out, err := r.shell(ctx, sizeScript, r.settings.ErrorLog)
	if err != nil {
		return "0"
	}
	if _, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64); err != nil {
		return "0"
	}
	return strings.TrimSpace(out)
}

func (r remote) complaints(ctx context.Context, since mark) []string {
	out, err := r.shell(ctx, tailScript, r.settings.ErrorLog, since.(string))
	if err != nil {
		return []string{fmt.Sprintf("the error log %s cannot be read: %v", r.settings.ErrorLog, err)}
	}
	return refusals(out)
}

func (r remote) breakGlass() string { return local{r.settings}.breakGlass() }
