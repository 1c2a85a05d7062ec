package reload

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/ssh"
)

// Settings is one nginx that is reloaded.
type Settings struct {
	SSH              ssh.Settings       `yaml:"ssh" help:"The host that nginx is on, when it is another one. All paths and programs are there, and listen is reached from there."`
	Include          string             `yaml:"include" help:"Path of the generated file, such as /etc/nginx/bluegreen/upstreams.conf. nginx includes it at the http level, in place of the upstreams that it defines. Its folder is its own, and the user of this program writes there."`
	State            string             `yaml:"state" help:"Folder of what is written down beside nginx, such as /var/lib/bluegreen. It is on a disk."`
	Listen           nginx.Address      `yaml:"listen" help:"Address and port at which the generated file answers this program, such as 127.0.0.1:18099. Nobody else needs to reach it."`
	URL              string             `yaml:"url" help:"Where this program reaches that address, such as http://10.0.0.5:18099; empty for the address itself."`
	Host             string             `yaml:"host" help:"Host name to send to the services when requests are counted; empty for the service's own name."`
	Services         map[string]Service `yaml:"services" help:"The upstreams, by the name that nginx's configuration passes requests to: proxy_pass http://NAME."`
	Keepalive        int                `yaml:"keepalive" help:"Idle connections to a service that each worker of nginx keeps; 0 for none." default:"0"`
	CloseConnections bool               `yaml:"close-connections" help:"Close each client's connection after its answer while a release has traffic, so that the reloads after the first one cut no request. nginx's own configuration must not set keepalive_timeout then." default:"false"`
	Config           string             `yaml:"config" help:"nginx's main configuration, for the test." default:"/etc/nginx/nginx.conf"`
	Pid              string             `yaml:"pid" help:"File with the process id of nginx, for the signal." default:"/run/nginx.pid"`
	ErrorLog         string             `yaml:"error-log" help:"nginx's error log, which says why a reload was refused." default:"/var/log/nginx/error.log"`
	Test             []string           `yaml:"test" help:"Program and arguments that test nginx's configuration, such as [sudo, -n, /usr/sbin/nginx, -t]; empty for nginx -t -c CONFIG."`
	Reload           []string           `yaml:"reload" help:"Program and arguments that reload nginx, such as [sudo, -n, /usr/sbin/nginx, -s, reload]; empty for a signal to the process."`
	Container        string             `yaml:"container" help:"Name of the container that nginx runs in; empty for none. The folder of the include is mounted there at the same path."`
	Docker           string             `yaml:"docker" help:"The docker engine of that container, such as unix:///var/run/docker.sock; empty for this machine's."`
	Timeout          time.Duration      `yaml:"timeout" help:"How long a reload may take until it has an effect." default:"2s"`
}

// Service is one upstream: where it listens in each slot.
type Service struct {
	Blue  []nginx.Address `yaml:"blue" help:"Address and port in the blue slot, such as 127.0.0.1:18081; several for several hosts."`
	Green []nginx.Address `yaml:"green" help:"Address and port in the green slot."`
	Path  string          `yaml:"path" help:"What is asked of the service to count who answers. Any answer will do." default:"/"`
}

// Used says whether the settings say anything.
func (s Settings) Used() bool {
	return s.Include != "" || s.State != "" || s.Listen != "" || len(s.Services) > 0
}

func (s Service) of(slot release.Slot) []nginx.Address {
	if slot == release.Blue {
		return s.Blue
	}
	return s.Green
}

// What is safe to write into a configuration of nginx without quoting.
var (
	fileForm    = regexp.MustCompile(`^/[A-Za-z0-9._/+-]+$`)
	hostForm    = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
	pathForm    = regexp.MustCompile(`^/[A-Za-z0-9._~/?=&%-]*$`)
	serviceForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,62}$`)
)

// The bounds of Timeout: a move tests, reloads, and may have to do it again, in
// less than the 10 s that a shift gives it.
const (
	shortest = 200 * time.Millisecond
	longest  = 4 * time.Second
)

// Check refuses values that cannot be written into a configuration, and those
// that would not mean what they seem to. Empty ones are refused where they are
// needed.
func (s Settings) Check() error {
	problems := []error{s.checkFiles(), s.checkURL(), s.checkContainer()}
	if err := s.SSH.Check(); err != nil {
		problems = append(problems, fmt.Errorf("ssh.%w", err))
	}
	if s.Host != "" && !hostForm.MatchString(s.Host) {
		problems = append(problems, fmt.Errorf("host %q: want a name such as shop.example.com", s.Host))
	}
	if s.Keepalive < 0 || s.Keepalive > 10_000 {
		problems = append(problems, fmt.Errorf("keepalive %d: want 0 to 10000 connections", s.Keepalive))
	}
	if s.Timeout != 0 && (s.Timeout < shortest || s.Timeout > longest) {
		problems = append(problems, fmt.Errorf("timeout %v: want %v to %v", s.Timeout, shortest, longest))
	}
	for name, service := range s.Services {
		problems = append(problems, checkService(name, service))
	}
	return errors.Join(problems...)
}

func (s Settings) checkFiles() error {
	var problems []error
	for _, f := range []struct{ key, path string }{
		{"include", s.Include}, {"state", s.State}, {"config", s.Config}, {"pid", s.Pid}, {"error-log", s.ErrorLog},
	} {
		if f.path != "" && (!fileForm.MatchString(f.path) || filepath.Clean(f.path) != f.path) {
			problems = append(problems, fmt.Errorf("%s %q: want an absolute path of letters, digits, dots, dashes and underscores", f.key, f.path))
		}
	}
	if s.Include != "" && strings.HasPrefix(s.Include, s.State+"/") {
		problems = append(problems, fmt.Errorf("include %q: want a file outside the state folder", s.Include))
	}
	if s.Include != "" && filepath.Ext(s.Include) != ".conf" {
		problems = append(problems, fmt.Errorf("include %q: want a name that ends with .conf", s.Include))
	}
	return errors.Join(problems...)
}

func (s Settings) checkURL() error {
	if s.URL == "" {
		return nil
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("url %q: want http:// and a host, such as http://127.0.0.1:18099", s.URL)
	}
	return nil
}

func (s Settings) checkContainer() error {
	var problems []error
	if s.Container == "" && s.Docker != "" {
		problems = append(problems, fmt.Errorf("docker %q: want the name of a container too", s.Docker))
	}
	if s.Container != "" && s.SSH.Used() {
		problems = append(problems, errors.New("container: want no ssh beside it; forward the engine's socket, and name that in docker"))
	}
	if s.Container != "" && len(s.Reload) > 0 {
		problems = append(problems, errors.New("reload: a container is sent a signal; want no reload beside it"))
	}
	for key, argv := range map[string][]string{"test": s.Test, "reload": s.Reload} {
		if len(argv) > 0 && (argv[0] == "" || strings.ContainsAny(argv[0], " \t")) {
			problems = append(problems, fmt.Errorf("%s %q: want a program and its arguments, each one by itself", key, argv))
		}
	}
	return errors.Join(problems...)
}

func checkService(name string, s Service) error {
	switch {
	case !serviceForm.MatchString(name):
		return fmt.Errorf("services.%s: want the name of an upstream: letters, digits, dots, dashes and underscores, at most 63", name)
	case len(s.Blue) == 0 || len(s.Green) == 0:
		return fmt.Errorf("services.%s: want an address in each slot", name)
	case s.Path != "" && !pathForm.MatchString(s.Path):
		return fmt.Errorf("services.%s: path %q: want one such as /health", name, s.Path)
	}
	for _, address := range s.Blue {
		if slices.Contains(s.Green, address) {
			return fmt.Errorf("services.%s: %s is in both slots", name, address)
		}
	}
	return nil
}

// complete fills in what follows from the rest, and refuses settings that lack
// what a reload needs.
func (s Settings) complete() (Settings, error) {
	if len(s.Test) == 0 {
		s.Test = []string{"nginx", "-t", "-q", "-c", s.Config}
	}
	if s.URL == "" {
		s.URL = "http://" + string(s.Listen)
	}
	missing := []string{}
	for key, value := range map[string]string{"include": s.Include, "state": s.State, "listen": string(s.Listen), "config": s.Config} {
		if value == "" {
			missing = append(missing, key)
		}
	}
	if s.Pid == "" && s.Container == "" {
		missing = append(missing, "pid")
	}
	if len(s.Services) == 0 {
		missing = append(missing, "services")
	}
	if s.Timeout == 0 {
		missing = append(missing, "timeout")
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return s, release.Reject("add the keys to the settings of nginx-reload", "nginx-reload: %s missing", strings.Join(missing, ", "))
	}
	if err := s.Check(); err != nil {
		return s, release.Reject("correct the settings of nginx-reload", "nginx-reload: %w", err)
	}
	return s, nil
}
