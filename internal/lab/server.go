package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// Server is an nginx, a HAProxy, a PgBouncer, a Prometheus or a PostgreSQL of the caller's own, which ends with it.
type Server struct {
	URL string // http://127.0.0.1:port; of PostgreSQL its postgres:// URL
	Dir string // its folder: configuration, log and data

	command process.Command
	ready   func(context.Context, *Server) error
	reload  func(*Server) error
	process *process.Running
}

// Pid is the id of its process, for nginx the master's.
func (s *Server) Pid() int { return s.process.Pid() }

// Reload makes the server read its configuration again: nginx is sent SIGHUP
// and says in its log what it thinks of it; HAProxy, where it has a stats socket,
// has another worker then; Prometheus is asked, and answers.
func (s *Server) Reload() error { return s.reload(s) }

// Stop ends the server, within seconds, with the workers that a killed master
// has left behind. The error is that of a server that had ended by itself.
func (s *Server) Stop() error {
	ctx := context.Background()
	err := s.process.Stop(ctx)
	if startOf(s.Pid()) == "" {
		process.End(ctx, s.Pid())
	}
	return err
}

// Restart starts the server again, in the same folder on the same port, however
// the one before it has ended.
func (s *Server) Restart(ctx context.Context) error {
	_ = s.Stop() // what ended it is the caller's to know
	return s.start(ctx)
}

func (s *Server) start(ctx context.Context) error {
	running, err := process.Start(s.command)
	if err != nil {
		return err
	}
	s.process = running
	if err := s.await(ctx); err != nil {
		_ = s.Stop() // why it is not ready is what matters
		return err
	}
	return s.own()
}

func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, fmt.Errorf("no answer within %v", startPatience))
	defer cancel()
	for {
		err := s.ready(ctx, s)
		if err == nil {
			return nil
		}
		select {
		case <-s.process.Done():
			return cmp.Or(s.process.Wait(), errors.New("it ended at once"))
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// owned says whose server runs in a folder, so that one whose owner was killed
// can be found and ended.
type owned struct {
	Owner  identity `json:"owner"`
	Server identity `json:"server"`
}

func (s *Server) own() error {
	text, err := json.Marshal(owned{identify(os.Getpid()), identify(s.Pid())})
	if err != nil {
		return err
	}
	return replace(filepath.Join(s.Dir, "owner.json"), text, 0o644)
}

// sweep ends the servers below dir that have lost their owner, and removes
// their folders.
func sweep(ctx context.Context, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*", "owner.json"))
	for _, file := range files {
		var one owned
		text, readErr := os.ReadFile(file)
		if readErr != nil || json.Unmarshal(text, &one) != nil || one.Owner.alive() {
			continue // its owner removes it, or has just done so
		}
		one.Server.end(ctx)
		err = errors.Join(err, os.RemoveAll(filepath.Dir(file)))
	}
	return err
}
