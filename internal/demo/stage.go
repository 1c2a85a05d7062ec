package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// Stage is everything that a release needs, started and empty.
type Stage struct {
	Root    string // of this project
	Dir     string // of the demo
	Project string // begins the names of the two compose projects
	Out     io.Writer

	Program  string // bluegreen, built from this checkout
	Act      string
	Services *lab.Services
	Mailbox  *Mailbox
	GitHub   *githubtest.Server
	Router   string      // the kind of load balancer, a key of fronts
	Front    string      // where it answers
	Proxy    *lab.Server // of nginx; nil behind another
	Metrics  *lab.Server
	Repo     Repository

	variables map[string]string
	secrets   map[string]string
	stopFront func() error // nil before it runs
	freePorts func()       // nil before they are claimed
	token     string       // for the stand-in of GitHub
	apiToken  string       // for the application
	campaign  string       // that the load sends
}

// Open builds the program and starts every service. It may be called again on
// a folder that an interrupted demo has left: what still runs is stopped first.
func Open(ctx context.Context, root, dir, project string, out io.Writer) (*Stage, error) {
	return OpenBehind(ctx, "nginx", root, dir, project, out)
}

// OpenBehind is Open with a load balancer of another kind in front: see Routers.
func OpenBehind(ctx context.Context, router, root, dir, project string, out io.Writer) (*Stage, error) {
	if _, ok := fronts[router]; !ok {
		return nil, fmt.Errorf("router %q: want one of %s", router, strings.Join(Routers(), ", "))
	}
	if err := Close(ctx, dir, project, io.Discard); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	s := &Stage{Router: router, Root: root, Project: project, Dir: dir, Out: out, token: "demo-token-of-nobody", apiToken: "demo-api-token-0123456789"}
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"PostgreSQL, Redis, a registry and the Docker engine", s.services},
		{"the bluegreen program and act", s.programs},
		{"the application's repository", s.repository},
		{"mail, GitHub, " + router + " and Prometheus", s.servers},
	}
	for _, step := range steps {
		fmt.Fprintf(out, "• %s\n", step.what)
		if err := step.do(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("start %s: %w", step.what, err), s.Stop(context.WithoutCancel(ctx)))
		}
	}
	return s, nil
}

func (s *Stage) services(ctx context.Context) (err error) {
	s.Services, err = lab.Start(ctx, s.path("services"), s.Out, "postgres", "redis", "registry", "docker", "nginx", "prometheus", "compose", "git")
	if err != nil {
		return err
	}
	return os.WriteFile(registryFile(s.Dir), []byte(s.Services.Registry), 0o644)
}

// registryFile says which registry the demo's images are named after, for who
// has to remove them later.
func registryFile(dir string) string { return filepath.Join(dir, "registry") }

func (s *Stage) programs(ctx context.Context) (err error) {
	if s.Act, err = lab.Tool(ctx, "act", s.Out); err != nil {
		return err
	}
	s.Program = s.path("bin", "bluegreen")
	return process.Run(ctx, process.Command{
		Path: "go", Dir: s.Root, Env: []string{"CGO_ENABLED=0"},
		Args: []string{"build", "-trimpath", "-ldflags", "-s -w", "-o", s.Program, "./cmd/bluegreen"},
	})
}

// caches keeps Go's caches where they are while act has a cache of its own.
func (s *Stage) caches(ctx context.Context) error {
	out, err := process.Output(ctx, process.Command{Path: "go", Args: []string{"env", "GOCACHE", "GOMODCACHE"}, Dir: s.Root})
	if err != nil {
		return err
	}
	lines := strings.Fields(string(out))
	if len(lines) != 2 {
		return fmt.Errorf("go env: %q: want two folders", out)
	}
	s.variables["GOCACHE"], s.variables["GOMODCACHE"] = lines[0], lines[1]
	return nil
}

func (s *Stage) repository(ctx context.Context) (err error) {
	s.Repo, err = NewRepository(ctx, s.Root, s.path("repository"))
	if section := fronts[s.Router].section; err == nil && section != "" {
		err = s.Repo.Behind(section)
	}
	return err
}

func (s *Stage) path(parts ...string) string {
	return filepath.Join(append([]string{s.Dir}, parts...)...)
}

// Stop ends what this process started, and the services.
func (s *Stage) Stop(ctx context.Context) error {
	var problems []error
	if s.stopFront != nil {
		problems = append(problems, s.stopFront())
	}
	if s.Metrics != nil {
		problems = append(problems, s.Metrics.Stop())
	}
	if s.Services != nil {
		problems = append(problems, clear(ctx, s.Dir, s.Project), s.Services.Stop(ctx))
	}
	if s.freePorts != nil {
		s.freePorts()
	}
	return errors.Join(problems...)
}

// Close stops whatever a demo in dir has left running, and removes the folder.
func Close(ctx context.Context, dir, project string, out io.Writer) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(out, "nothing is left of a demo in %s\n", dir)
		return nil
	}
	if err := made(dir); err != nil {
		return err
	}
	if err := clear(ctx, dir, project); err != nil {
		return err
	}
	if err := lab.StopAt(ctx, filepath.Join(dir, "services")); err != nil {
		return err
	}
	fmt.Fprintf(out, "stopped everything and removed %s\n", dir)
	return os.RemoveAll(dir)
}

// made refuses a folder that no demo has made, since everything in it goes.
func made(dir string) error {
	all, err := os.ReadDir(dir)
	if err != nil || len(all) == 0 {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "services", "lab.lock")); err != nil {
		return fmt.Errorf("%s is not empty and no folder of a demo: remove it yourself, or choose another", dir)
	}
	return nil
}
