package haproxy

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is one HAProxy that is moved through its runtime API.
type Settings struct {
	State    string             `yaml:"state" help:"Folder of the map that HAProxy looks into and of what is written down beside it, such as /var/lib/bluegreen. It is on a disk."`
	Socket   string             `yaml:"socket" help:"HAProxy's stats socket, of any level: a path such as /run/haproxy/admin.sock that this user can open, or an IP address and a port that nobody else can reach."`
	URL      string             `yaml:"url" help:"Where this HAProxy answers, such as http://127.0.0.1:18080. Requests to /__bluegreen are sent there to count the split."`
	Host     string             `yaml:"host" help:"Host name to send with these requests, where HAProxy chooses the backend by name."`
	Config   string             `yaml:"config" help:"Path of the generated backends, such as /etc/haproxy/bluegreen.cfg. HAProxy is started with it as one more -f, behind its own configuration."`
	Split    Split              `yaml:"split" help:"How clients are split: cookie (a client stays where it is), client (by address), or random (each request by itself)." default:"cookie"`
	Domain   string             `yaml:"cookie-domain" help:"Domain of the cookie, such as example.com, where services have host names of their own and a page has to get its assets and its API from one version; by default a host keeps its own."`
	Services map[string]Service `yaml:"services" help:"The services, by name. HAProxy's own configuration says use_backend bluegreen_NAME."`
	Preview  release.Secret     `yaml:"preview" help:"Value of the header X-Bluegreen-Preview, or of the cookie bluegreen_preview, that reaches the slot without traffic. Off when empty."`
}

// Service is where one service listens in each slot. The addresses are fixed,
// since they are read when HAProxy starts.
type Service struct {
	Blue  []Address `yaml:"blue" help:"Address and port in the blue slot, such as 127.0.0.1:18081; several for several hosts."`
	Green []Address `yaml:"green" help:"Address and port in the green slot."`
}

// Used says whether the settings say anything.
func (s Settings) Used() bool {
	return s.State != "" || s.Socket != "" || s.URL != "" || s.Config != "" || len(s.Services) > 0
}

func (s Service) of(slot release.Slot) []Address {
	if slot == release.Blue {
		return s.Blue
	}
	return s.Green
}

// Address is an IP address and a port.
type Address string

// UnmarshalText refuses names: HAProxy resolves them once, and does not start
// while one of them does not resolve.
func (a *Address) UnmarshalText(text []byte) error {
	addr, err := netip.ParseAddrPort(string(text))
	if err != nil || addr.Port() == 0 || addr.Addr().Zone() != "" {
		return fmt.Errorf("address %q: want an IP address and a port, such as 127.0.0.1:18081; a name that does not resolve would keep HAProxy from starting", text)
	}
	*a = Address(addr.String())
	return nil
}

// Split is what decides which slot a client gets.
type Split string

// The ways to split.
const (
	ByCookie Split = "cookie"
	ByClient Split = "client"
	Random   Split = "random"
)

// What is safe to write into a configuration of HAProxy, and into a command of
// its runtime API, without quoting.
var (
	pathForm    = regexp.MustCompile(`^/[A-Za-z0-9._/+-]+$`)
	serviceForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	domainForm  = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	previewForm = regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`)
)

// longestSocket is the longest path of a unix socket.
const longestSocket = 107

// Check refuses values that cannot be written into a configuration, and those
// that would not mean what they seem to. Empty ones are refused where they are
// needed.
func (s Settings) Check() error {
	problems := []error{checkPath("state", s.State), checkPath("config", s.Config), s.checkSocket(), s.checkURL()}
	if s.Config != "" && (s.Config == s.State || strings.HasPrefix(s.Config, s.State+"/")) {
		problems = append(problems, fmt.Errorf("config %q: want a file outside the state folder", s.Config))
	}
	if s.Split != "" && !slices.Contains([]Split{ByCookie, ByClient, Random}, s.Split) {
		problems = append(problems, fmt.Errorf("split %q: want cookie, client or random", s.Split))
	}
	if s.Domain != "" && (!domainForm.MatchString(s.Domain) || s.Split != "" && s.Split != ByCookie) {
		problems = append(problems, fmt.Errorf("cookie-domain %q: want a domain such as example.com, with split: cookie", s.Domain))
	}
	if s.Preview != "" && !previewForm.MatchString(s.Preview.Reveal()) {
		problems = append(problems, errors.New("preview: want 16 to 128 letters, digits, dashes or underscores"))
	}
	for name, service := range s.Services {
		problems = append(problems, checkService(name, service))
	}
	return errors.Join(problems...)
}

func checkPath(key, path string) error {
	if path == "" || (pathForm.MatchString(path) && filepath.Clean(path) == path) {
		return nil
	}
	return fmt.Errorf("%s %q: want an absolute path of letters, digits, dots, dashes and underscores", key, path)
}

func (s Settings) checkSocket() error {
	if addr, err := netip.ParseAddrPort(s.Socket); s.Socket == "" || err == nil && addr.Port() != 0 {
		return nil
	}
	if checkPath("socket", s.Socket) != nil || len(s.Socket) > longestSocket {
		return fmt.Errorf("socket %q: want an absolute path of at most %d bytes, or an IP address and a port", s.Socket, longestSocket)
	}
	return nil
}

func (s Settings) checkURL() error {
	if s.URL == "" {
		return nil
	}
	u, err := url.Parse(s.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("url %q: want a scheme and a host, such as http://127.0.0.1:18080", s.URL)
	}
	return nil
}

func checkService(name string, s Service) error {
	switch {
	case !serviceForm.MatchString(name):
		return fmt.Errorf("services.%s: want a name of lower-case letters, digits and underscores, at most 32", name)
	case len(s.Blue) == 0 || len(s.Green) == 0:
		return fmt.Errorf("services.%s: want an address in each slot", name)
	}
	for _, address := range s.Blue {
		if slices.Contains(s.Green, address) {
			return fmt.Errorf("services.%s: %s is in both slots", name, address)
		}
	}
	return nil
}

// complete refuses settings that lack what moving the traffic needs.
func (s Settings) complete() error {
	missing := []string{}
	for key, value := range map[string]string{"state": s.State, "socket": s.Socket, "url": s.URL, "config": s.Config, "split": string(s.Split)} {
		if value == "" {
			missing = append(missing, key)
		}
	}
	if len(s.Services) == 0 {
		missing = append(missing, "services")
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return release.Reject("add the keys to the settings of haproxy", "haproxy: %s missing", strings.Join(missing, ", "))
	}
	if err := s.Check(); err != nil {
		return release.Reject("correct the settings of haproxy", "haproxy: %w", err)
	}
	return nil
}
