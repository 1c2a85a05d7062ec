package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

const engineSocket = "/var/run/docker.sock"

// engine returns the DOCKER_HOST of the engine that answers. One that
// DOCKER_HOST names elsewhere than at a socket is taken by its word.
func engine(ctx context.Context) (string, error) {
	host := os.Getenv("DOCKER_HOST")
	if host != "" && !strings.HasPrefix(host, "unix://") {
		return host, nil
	}
	sockets := []string{engineSocket}
	if home, err := os.UserHomeDir(); err == nil {
		sockets = append(sockets, filepath.Join(home, ".docker/run/docker.sock"))
	}
	if host != "" {
		sockets = []string{strings.TrimPrefix(host, "unix://")}
	}
	var errs []error
	for _, socket := range sockets {
		err := ping(ctx, socket)
		if err == nil {
			return "unix://" + socket, nil
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("ask the Docker engine: %w", errors.Join(errs...))
}

func engineAnswers(ctx context.Context) bool {
	_, err := engine(ctx)
	return err == nil
}

func ping(ctx context.Context, socket string) error {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	return respond(ctx, &http.Client{Transport: transport}, "http://docker/_ping")
}

// ensureDocker returns the engine that runs, or starts one: by the machine's own
// service where there is one, which then stays, else as a service of this site.
func (s site) ensureDocker(ctx context.Context, log io.Writer) (host string, err error) {
	if host, err = engine(ctx); err == nil {
		return host, nil
	}
	if os.Geteuid() != 0 {
		return "", fmt.Errorf("%w: start it, or ask for access to its socket", err)
	}
	err = s.change(ctx, func(have map[string]started) error {
		if host, err = engine(ctx); err == nil {
			return nil
		}
		if err := Install(ctx, log, "docker"); err != nil {
			return err
		}
		fmt.Fprintln(log, "starting the Docker engine …")
		if present("service") && process.Run(ctx, process.Command{Path: find("service"), Args: []string{"docker", "start"}}) == nil {
			host, err = awaitEngine(ctx)
			return err
		}
		if err := s.detachDocker(ctx, have); err != nil {
			return err
		}
		host, err = awaitEngine(ctx)
		return err
	})
	return host, err
}

func (s site) detachDocker(ctx context.Context, have map[string]started) error {
	have["docker"].end(ctx)
	dir, err := folder(s.dir, "docker")
	if err != nil {
		return err
	}
	one := started{Address: "unix://" + engineSocket, Dir: dir}
	one.identity, err = one.detach(ctx, service{prepare: prepareDocker})
	if err != nil {
		return err
	}
	have["docker"] = one
	return s.save(have)
}

// prepareDocker leaves the settings and the images where the machine has them.
func prepareDocker(context.Context, started) (process.Command, error) {
	return process.Command{Path: find("dockerd")}, nil
}

func awaitEngine(ctx context.Context) (host string, err error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		if host, err = engine(ctx); err == nil || ctx.Err() != nil {
			return host, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}
