package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// startPatience is how long a service may take to answer, on a slow machine too.
const startPatience = 5 * time.Minute

// service is how to start one kind of server, and how to see that it serves.
type service struct {
	name    string
	prepare func(context.Context, started) (process.Command, error) // what is not known before: identity
	ready   func(context.Context, started) error
}

var services = map[string]service{
	"postgres": {"postgres", preparePostgres, postgresReady},
	"redis":    {"redis", prepareRedis, redisReady},
	"registry": {"registry", prepareRegistry, registryReady},
}

// ensure returns the service of that name, started when it is not running.
// Processes that call it at once get the same one.
func (s site) ensure(ctx context.Context, log io.Writer, name string) (one started, err error) {
	err = s.change(ctx, func(have map[string]started) error {
		if one = have[name]; one.alive() && one.answers(ctx) {
			return nil
		}
		one.end(ctx)
		if err := errors.Join(os.RemoveAll(one.Dir), Install(ctx, log, name)); err != nil {
			return err
		}
		begin := time.Now()
		if one, err = s.launch(ctx, services[name], have); err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		fmt.Fprintf(log, "started %s on %s in %.1f s\n", name, one.Address, time.Since(begin).Seconds())
		return nil
	})
	return one, err
}

// answers tells whether something listens. It asks no more than that: a server
// that is busy with the tests of others must not be restarted under them.
func (one started) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", one.Address)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// launch starts a service in a new folder and waits until it is ready. It is
// written down before it is waited for, so that a killed launch leaves nothing
// that nobody knows.
func (s site) launch(ctx context.Context, kind service, have map[string]started) (started, error) {
	ports, release, err := ClaimPorts(1)
	if err != nil {
		return started{}, err
	}
	defer release()
	one := started{Address: loopback(ports[0]), Password: random(16)}
	if one.Dir, err = folder(s.dir, fmt.Sprintf("%s-%d", kind.name, ports[0])); err != nil {
		return started{}, err
	}
	if one.identity, err = one.detach(ctx, kind); err != nil {
		return started{}, err
	}
	have[kind.name] = one
	if err := s.save(have); err != nil {
		return started{}, err
	}
	if err := one.wait(ctx, kind); err != nil {
		return started{}, fmt.Errorf("%w: %s", err, lastOf(one.logFile()))
	}
	return one, nil
}

func (one started) detach(ctx context.Context, kind service) (identity, error) {
	command, err := kind.prepare(ctx, one)
	if err != nil {
		return identity{}, err
	}
	log, err := os.Create(one.logFile())
	if err != nil {
		return identity{}, err
	}
	defer log.Close()
	pid, err := process.Detach(command, log)
	return identify(pid), err
}

func (one started) wait(ctx context.Context, kind service) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, fmt.Errorf("no answer within %v", startPatience))
	defer cancel()
	for {
		err := kind.ready(ctx, one)
		if err == nil {
			return nil
		}
		if !one.alive() {
			return errors.New("it ended")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (one started) logFile() string { return filepath.Join(one.Dir, "log") }
