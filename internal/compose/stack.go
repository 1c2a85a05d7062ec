package compose

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// Stack is a project and the program that runs it.
type Stack struct {
	tool    Tool
	project Project
	say     func(line string)

	mu     sync.Mutex
	format *string // the version that the files name, once it was read
}

// Open finds the compose program for a project. Say gets what it prints, one
// line at a time with the project's name in front, and may be nil.
func Open(ctx context.Context, p Project, say func(line string)) (*Stack, error) {
	if len(p.Files) == 0 {
		return nil, release.Reject("list the compose files of each slot in the configuration", "compose files of project %s are missing", p.Name)
	}
	tool, err := Find(ctx)
	if err != nil {
		return nil, err
	}
	return &Stack{tool: tool, project: p, say: say}, nil
}

// Tool is the program in use.
func (s *Stack) Tool() Tool { return s.tool }

// Services reads the merged files, with the override, as they would be used.
func (s *Stack) Services(ctx context.Context, o slot.Override) (map[string]slot.Service, error) {
	m, err := s.read(ctx, o)
	return m.services(), err
}

func (s *Stack) read(ctx context.Context, o slot.Override) (merged, error) {
	version, err := s.version(ctx, o)
	if err != nil {
		return merged{}, err
	}
	ctx, cancel := limited(ctx, asking)
	defer cancel()
	var m merged
	err = with(o, version, func(path string) error {
		out, err := process.Output(ctx, s.command(s.tool.config(s.project, path)))
		if err != nil {
			return err
		}
		m, err = parse(out)
		return err
	})
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.format = &m.Version
	}
	return m, err
}

// version is what the project's files name as their version, which an override
// has to repeat for version 1. Later programs ignore it, and warn.
func (s *Stack) version(ctx context.Context, o slot.Override) (string, error) {
	if s.tool.Major > 1 || len(o) == 0 {
		return "", nil
	}
	s.mu.Lock()
	known := s.format
	s.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	m, err := s.read(ctx, nil)
	return m.Version, err
}

// Up creates and starts containers, and changes only those that differ.
func (s *Stack) Up(ctx context.Context, o slot.Override, u slot.Up) error {
	version, err := s.version(ctx, o)
	if err != nil {
		return err
	}
	return with(o, version, func(path string) error { return s.run(ctx, s.tool.up(s.project, path, u)) })
}

// Down stops and removes the project's containers and its own networks. Volumes
// stay.
func (s *Stack) Down(ctx context.Context) error { return s.run(ctx, s.tool.down(s.project)) }

func (s *Stack) run(ctx context.Context, argv []string) error {
	ctx, cancel := limited(ctx, working)
	defer cancel()
	out, done := s.prefixed()
	defer done()
	c := s.command(argv)
	c.Stdout, c.Stderr = out, out
	return process.Run(ctx, c)
}

func (s *Stack) command(argv []string) process.Command {
	env := s.project.Env
	if s.project.Host != "" {
		env = append(env[:len(env):len(env)], "DOCKER_HOST="+s.project.Host)
	}
	return process.Command{Path: argv[0], Args: argv[1:], Dir: s.project.Dir, Env: env}
}

// prefixed says what is written to it line by line; done waits for the last.
func (s *Stack) prefixed() (out io.Writer, done func()) {
	from, to := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(from); lines.Scan(); {
			if s.say != nil {
				s.say(fmt.Sprintf("[%s] %s", s.project.Name, lines.Text()))
			}
		}
		_, _ = io.Copy(io.Discard, from) // a line that is too long must not stop the program
	}()
	return to, func() {
		_ = to.Close()
		<-ended
	}
}
