package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// need is what the tests and the demo need of a machine, and where it comes from.
type need struct {
	name     string   // what Install is asked for
	programs []string // what must be there
	apt      string   // package of Debian and Ubuntu
	brew     string   // formula of Homebrew; "" when there is none
	tool     string   // built from source where there is no package
	met      func(context.Context) bool
}

var needs = []need{
	{name: "postgres", programs: []string{"initdb", "postgres"}, apt: "postgresql", brew: "postgresql"},
	{name: "pgbackrest", programs: []string{"pgbackrest"}, apt: "pgbackrest", brew: "pgbackrest"},
	{name: "pgbouncer", programs: []string{"pgbouncer"}, apt: "pgbouncer", brew: "pgbouncer"},
	{name: "redis", programs: []string{"redis-server"}, apt: "redis-server", brew: "redis"},
	{name: "registry", programs: []string{"docker-registry"}, apt: "docker-registry", tool: "docker-registry"},
	{name: "nginx", programs: []string{"nginx"}, apt: "nginx", brew: "nginx"},
	{name: "haproxy", programs: []string{"haproxy"}, apt: "haproxy", brew: "haproxy"},
	{name: "socat", programs: []string{"socat"}, apt: "socat", brew: "socat"},
	{name: "caddy", programs: []string{"caddy"}, apt: "caddy", brew: "caddy"},
	{name: "curl", programs: []string{"curl"}, apt: "curl", brew: "curl"},
	{name: "prometheus", programs: []string{"prometheus", "promtool"}, apt: "prometheus", brew: "prometheus"},
	{name: "ssh", programs: []string{"sshd"}, apt: "openssh-server", brew: "openssh"},
	{name: "docker", programs: []string{"dockerd"}, apt: "docker.io", brew: "docker", met: engineAnswers},
	{name: "compose", programs: []string{"docker-compose"}, apt: "docker-compose", brew: "docker-compose", met: composePlugin},
	{name: "git", programs: []string{"git"}, apt: "git", brew: "git"},
	{name: "node", programs: []string{"node"}, apt: "nodejs", brew: "node"},
	{name: "shellcheck", programs: []string{"shellcheck"}, apt: "shellcheck", brew: "shellcheck"},
}

// Install makes sure that the programs for the named services are there: any of
// postgres, pgbouncer, redis, registry, nginx, haproxy, socat, caddy, prometheus, ssh,
// docker, compose, git, node and shellcheck, or all of them when none is named. It installs packages as root
// on Debian and Ubuntu, and returns an error with the command elsewhere. No
// service is started by that. Progress goes to log, a line for what takes long.
func Install(ctx context.Context, log io.Writer, names ...string) error {
	missing, err := unmet(ctx, names)
	if err != nil || len(missing) == 0 {
		return err
	}
	if os.Geteuid() == 0 && present("apt-get") {
		return aptInstall(ctx, log, missing)
	}
	var rest []need
	for _, n := range missing {
		if n.tool == "" {
			rest = append(rest, n)
		} else if _, err := Tool(ctx, n.tool, log); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return tellHow(rest)
	}
	return nil
}

func unmet(ctx context.Context, names []string) (missing []need, err error) {
	for _, name := range names {
		if !slices.ContainsFunc(needs, func(n need) bool { return n.name == name }) {
			return nil, fmt.Errorf("service %q: want one of %s", name, join(needs, func(n need) string { return n.name }))
		}
	}
	for _, n := range needs {
		asked := len(names) == 0 || slices.Contains(names, n.name)
		if asked && !slices.ContainsFunc(n.programs, absent) || asked && n.met != nil && n.met(ctx) {
			continue
		}
		if asked {
			missing = append(missing, n)
		}
	}
	return missing, nil
}

func tellHow(missing []need) error {
	programs := join(missing, func(n need) string { return strings.Join(n.programs, ", ") })
	apt := words(missing, func(n need) string { return n.apt })
	brew := words(missing, func(n need) string { return n.brew })
	return fmt.Errorf("missing programs: %s: install them: on Debian and Ubuntu `sudo apt-get install -y --no-install-recommends %s`, on macOS `brew install %s`",
		programs, apt, brew)
}

func join(list []need, field func(need) string) string {
	return strings.Join(collect(list, field), ", ")
}

func words(list []need, field func(need) string) string {
	return strings.Join(collect(list, field), " ")
}

func collect(list []need, field func(need) string) (texts []string) {
	for _, n := range list {
		if text := field(n); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

func composePlugin(ctx context.Context) bool {
	return present("docker") && process.Run(ctx, process.Command{Path: find("docker"), Args: []string{"compose", "version"}}) == nil
}

// Folders that have our programs and are often not in PATH, newest last.
var folders = []string{"/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/postgresql/*/bin",
	"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin"}

// find returns the path of a program, or its bare name when it is nowhere, so
// that running it says so.
func find(program string) string {
	places := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range folders {
		matches, _ := filepath.Glob(pattern) // the patterns are ours and well formed
		slices.Reverse(matches)
		places = append(places, matches...)
	}
	if tool, err := toolPath(program); err == nil {
		places = append(places, filepath.Dir(tool))
	}
	for _, place := range places {
		path := filepath.Join(place, program)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 && filepath.IsAbs(path) {
			return path
		}
	}
	return program
}

func present(program string) bool { return filepath.IsAbs(find(program)) }
func absent(program string) bool  { return !present(program) }
