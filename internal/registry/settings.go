package registry

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is the account for one registry. Without it, docker's configuration
// file says who we are.
type Settings struct {
	Server    string         `yaml:"server" help:"Registry that user and password are for, such as ghcr.io. They are sent nowhere else."`
	User      string         `yaml:"user" help:"User of the registry; docker's own configuration file is used when empty."`
	Password  release.Secret `yaml:"password" help:"Password or token of the user."`
	PlainHTTP bool           `yaml:"plain-http" help:"Allow plain http to a registry on another machine. On this machine it is always allowed." default:"false"`
}

// Check refuses half an account.
func (s Settings) Check() error {
	var problems []error
	if s.User == "" != (s.Password == "") {
		problems = append(problems, fmt.Errorf("user and password: want both, or none of them"))
	}
	if s.User != "" && s.Server == "" {
		problems = append(problems, fmt.Errorf("server: want the registry that user %q is for, such as ghcr.io", s.User))
	}
	if strings.Contains(s.Server, "/") {
		problems = append(problems, fmt.Errorf("server %q: want a host and an optional port, without a scheme or a path", s.Server))
	}
	return errors.Join(problems...)
}

// configured is a keychain with one key.
type configured struct{ Settings }

func (c configured) Resolve(r authn.Resource) (authn.Authenticator, error) {
	own, err := name.NewRegistry(c.Server) // which knows docker.io by its other name
	if c.User == "" || err != nil || own.RegistryStr() != r.RegistryStr() {
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: c.User, Password: c.Password.Reveal()}, nil
}
