package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// NewPrometheus starts Prometheus in dir with conf as its configuration, in
// which {{.Dir}} and {{.Port}} stand for dir and port. It takes samples at
// /api/v1/write too.
func NewPrometheus(ctx context.Context, dir, conf string, port int) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = folder(dir); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "prometheus.yml")
	if err := replace(file, []byte(fill(conf, dir, port)), 0o644); err != nil {
		return nil, err
	}
	s := &Server{
		URL: "http://" + loopback(port), Dir: dir, ready: prometheusReady, reload: askToReload,
		command: process.Command{Path: find("prometheus"), Dir: dir, Args: []string{
			"--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(dir, "data"),
			"--web.listen-address=" + loopback(port), "--web.enable-lifecycle",
			"--web.enable-remote-write-receiver", "--log.level=warn",
		}},
	}
	if err := s.start(ctx); err != nil {
		return nil, fmt.Errorf("start Prometheus in %s: %w", dir, err)
	}
	return s, nil
}

func prometheusReady(ctx context.Context, s *Server) error {
	return respond(ctx, http.DefaultClient, s.URL+"/-/ready")
}

func askToReload(s *Server) error {
	client := http.Client{Timeout: 30 * time.Second}
	response, err := client.Post(s.URL+"/-/reload", "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 2<<10))
		return fmt.Errorf("reload Prometheus: %s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	return nil
}
