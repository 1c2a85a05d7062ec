package ssh

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is how to reach a host.
type Settings struct {
	URL        string         `yaml:"url" help:"The host and the user on it, such as ssh://deploy@web-1:22. Everything is done on this machine when empty."`
	Key        release.Secret `yaml:"key" help:"Private key of that user, as text in PEM without a passphrase. The SSH agent is asked when empty."`
	KnownHosts string         `yaml:"known-hosts" help:"Public keys of the hosts, as known_hosts has them, or the path of such a file. ~/.ssh/known_hosts when empty."`
	Jump       string         `yaml:"jump" help:"Host to go through, such as ssh://deploy@bastion. It is reached with the same key."`
}

// Used says whether there is another host at all.
func (s Settings) Used() bool { return s.URL != "" }

// Check refuses values that cannot be used, without asking anybody.
func (s Settings) Check() error {
	for key, text := range map[string]string{"url": s.URL, "jump": s.Jump} {
		if text == "" {
			continue
		}
		if _, err := parseTarget(text); err != nil {
			return fmt.Errorf("%s %w", key, err)
		}
	}
	if s.URL == "" && (s.Key != "" || s.KnownHosts != "" || s.Jump != "") {
		return fmt.Errorf("url: want the host that key, known-hosts and jump are for")
	}
	if s.Key == "" {
		return nil
	}
	if _, err := s.signer(); err != nil {
		return err
	}
	return nil
}

// target is a user on a host.
type target struct{ user, address string }

func (t target) String() string { return "ssh://" + t.user + "@" + t.address }

func parseTarget(text string) (target, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "ssh" || u.Hostname() == "" || u.User.Username() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return target{}, fmt.Errorf("%q: want a user and a host, such as ssh://deploy@web-1:22", redact(text))
	}
	if _, has := u.User.Password(); has {
		return target{}, fmt.Errorf("%q: want no password in it: use a key", redact(text))
	}
	port := u.Port()
	if port == "" {
		port = "22"
	}
	return target{u.User.Username(), net.JoinHostPort(u.Hostname(), port)}, nil
}

// redact hides a password that somebody wrote into a URL.
func redact(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	before, host, hasUser := strings.Cut(rest, "@")
	user, _, hasPassword := strings.Cut(before, ":")
	if !found || !hasUser || !hasPassword {
		return text
	}
	return scheme + "://" + user + ":***@" + host
}

func (s Settings) signer() (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey([]byte(strings.TrimSpace(s.Key.Reveal()) + "\n"))
	if _, locked := err.(*ssh.PassphraseMissingError); locked {
		return nil, fmt.Errorf("key: it has a passphrase, and nobody is there to type it: want a key without, or the SSH agent")
	}
	if err != nil {
		return nil, fmt.Errorf("key: want a private key in PEM, with its first and last line: %w", err)
	}
	return signer, nil
}

// knownHosts is the path of the file with the hosts' keys; clean removes it where
// it was made for this.
func (s Settings) knownHosts() (path string, clean func(), err error) {
	switch {
	case s.KnownHosts == "":
		home, err := os.UserHomeDir()
		return filepath.Join(home, ".ssh", "known_hosts"), func() {}, err
	case !strings.Contains(s.KnownHosts, " "):
		return s.KnownHosts, func() {}, nil
	}
	file, err := os.CreateTemp("", "known-hosts-")
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	_, err = file.WriteString(s.KnownHosts)
	return file.Name(), func() { _ = os.Remove(file.Name()) }, err
}
