// Package docker talks to a docker engine over its API: it moves images between
// engine and registry, and reads and changes containers.
//
// It promises that every call has a deadline, that the version of the API is
// agreed on with the engine, that a stream is read to its end and its error
// found, and that containers are found by the labels of compose. It refuses an
// engine on another machine without TLS: who can reach it is root there.
package docker

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/docker/docker/client"

	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// How long calls may take. The client library has no limits of its own.
const (
	quick    = 30 * time.Second // a question, or a change of one container
	transfer = 30 * time.Minute // a push or a pull
	deleting = 10 * time.Minute // what an image or a container has on a disk, which may be slow
	building = time.Hour
)

// Accounts says who we are to a registry.
type Accounts interface {
	Account(ctx context.Context, repository string) (image.Account, error)
}

// Engine is one docker engine. It is safe for concurrent use.
type Engine struct {
	api      *client.Client
	accounts Accounts
}

// Open connects to the engine at host, such as unix:///var/run/docker.sock or
// tcp://host:2376; DOCKER_HOST or the local socket when it is empty. TLS is
// taken from DOCKER_CERT_PATH and DOCKER_TLS_VERIFY. Accounts may be nil where
// no image is moved.
func Open(ctx context.Context, host string, accounts Accounts) (*Engine, error) {
	if host == "" {
		host = os.Getenv(client.EnvOverrideHost)
	}
	if host == "" {
		host = client.DefaultDockerHost
	}
	if err := admissible(host); err != nil {
		return nil, err
	}
	options := []client.Opt{client.WithAPIVersionNegotiation()}
	if strings.HasPrefix(host, "tcp://") {
		options = append(options, client.WithTLSClientConfigFromEnv())
	}
	api, err := client.NewClientWithOpts(append(options, client.WithHost(host))...)
	if err != nil {
		return nil, release.Reject("want such as unix:///var/run/docker.sock or tcp://host:2376", "docker host %q: %w", host, err)
	}
	e := &Engine{api, accounts}
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	if _, err := api.Ping(ctx); err != nil {
		_ = api.Close()
		return nil, release.CannotTell("start the docker engine, or see whether this user may use it", "reach docker engine %s: %w", host, cause(ctx, err))
	}
	api.NegotiateAPIVersion(ctx)
	return e, nil
}

// Close gives the connections up.
func (e *Engine) Close() error { return e.api.Close() }

// Version returns the engine's operating system and the version of its API.
func (e *Engine) Version(ctx context.Context) (system, api string, err error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	got, err := e.api.Ping(ctx)
	return got.OSType, got.APIVersion, cause(ctx, err)
}

// Building limits a build.
func Building(ctx context.Context) (context.Context, context.CancelFunc) { return limit(ctx, building) }

// Quick limits a call that moves nothing.
func Quick(ctx context.Context) (context.Context, context.CancelFunc) { return limit(ctx, quick) }

// API is the client below, for the build session. It has no deadlines.
func (e *Engine) API() *client.Client { return e.api }

func admissible(host string) error {
	u, err := url.Parse(host)
	if err != nil {
		return release.Reject("want such as unix:///var/run/docker.sock or tcp://host:2376", "docker host %q cannot be read", host)
	}
	switch {
	case u.Scheme == "unix", u.Scheme == "npipe":
		return nil
	case u.Scheme == "ssh":
		return release.Reject("forward the engine's socket in a step before, ssh -fNL /tmp/docker.sock:/var/run/docker.sock "+u.Host+", and use unix:///tmp/docker.sock",
			"docker host %q: ssh is not spoken here", host)
	case u.Scheme == "tcp" && !local(u.Hostname()) && (os.Getenv(client.EnvOverrideCertPath) == "" || os.Getenv(client.EnvTLSVerify) == ""):
		return release.Reject("set DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and key.pem, and DOCKER_TLS_VERIFY=1",
			"docker host %q on another machine without TLS", host)
	case u.Scheme == "tcp":
		return nil
	}
	return release.Reject("want such as unix:///var/run/docker.sock or tcp://host:2376", "docker host %q: scheme %q is not known", host, u.Scheme)
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("the docker engine did not answer within %v", d))
}

// cause replaces a bare "deadline exceeded" by what it means.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); err != nil && why != nil {
		return why
	}
	return err
}
