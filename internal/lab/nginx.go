package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// NginxRoom is what a configuration begins with whose requests are counted. A stall
// of the machine piles connections up, and where they run out, nginx closes some
// that have a request on the way, without a word in its error log at its default
// level.
const NginxRoom = "worker_rlimit_nofile 20000;\nevents { worker_connections 8192; }\n"

// NewNginx starts nginx in dir with conf as its main configuration, in which
// {{.Dir}} and {{.Port}} stand for dir and port. What conf leaves out is added:
// daemon off, pid, error_log, access_log and temporary folders below dir, and for
// root the user www-data. The file is dir/nginx.conf, so that `nginx -t -c` works with it.
//
// Workers read what is below dir, since it is made readable for all. They cannot
// read a testing.T's TempDir, whose mode is 0700.
func NewNginx(ctx context.Context, dir, conf string, port int) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = folder(dir); err != nil {
		return nil, err
	}
	if _, err := folder(dir, "tmp"); err != nil {
		return nil, err
	}
	if err := reachable(dir); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	text := nginxConf(fill(conf, dir, port), dir)
	if err := replace(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	s := &Server{
		URL: "http://" + loopback(port), Dir: dir, ready: nginxReady, reload: hangUp,
		command: process.Command{Path: find("nginx"), Args: []string{"-p", dir, "-c", file}, Dir: dir},
	}
	if err := s.start(ctx); err != nil {
		return nil, fmt.Errorf("start nginx in %s: %w", dir, err)
	}
	return s, nil
}

func fill(conf, dir string, port int) string {
	return strings.NewReplacer("{{.Dir}}", dir, "{{.Port}}", strconv.Itoa(port)).Replace(conf)
}

var httpBlock = regexp.MustCompile(`(?m)^[ \t]*http[ \t]*\{`)

func nginxConf(conf, dir string) string {
	var head strings.Builder
	add := func(directive, value string) {
		if !regexp.MustCompile(`(?m)^[ \t]*` + directive + `[ \t]`).MatchString(conf) {
			fmt.Fprintf(&head, "%s %s;\n", directive, value)
		}
	}
	add("daemon", "off")
	add("pid", filepath.Join(dir, "nginx.pid"))
	add("error_log", filepath.Join(dir, "error.log"))
	if os.Geteuid() == 0 {
		add("user", "www-data")
	}
	return head.String() + httpBlock.ReplaceAllStringFunc(conf, func(http string) string {
		return http + below(dir, conf)
	})
}

// below keeps nginx from its compiled-in folders, which are the machine's and
// which only root may use.
func below(dir, conf string) (text string) {
	if !strings.Contains(conf, "access_log") {
		text += " access_log " + filepath.Join(dir, "access.log") + ";"
	}
	if strings.Contains(conf, "client_body_temp_path") {
		return text
	}
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		text += " " + kind + "_temp_path " + filepath.Join(dir, "tmp", kind) + ";"
	}
	return text
}

// nginxReady waits for the pid file, which nginx writes when it listens, and for the
// first worker: a signal in between is noted by the master and then slept over until
// the next one.
func nginxReady(_ context.Context, s *Server) error {
	pid := strconv.Itoa(s.Pid())
	text, err := os.ReadFile(filepath.Join(s.Dir, "nginx.pid"))
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(text)) != pid {
		return errors.New("nginx.pid is of an earlier nginx")
	}
	children, err := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	if err == nil && len(children) == 0 { // a kernel may lack the file
		return errors.New("nginx has no worker yet")
	}
	return nil
}

func hangUp(s *Server) error { return syscall.Kill(s.Pid(), syscall.SIGHUP) }
