// Package redis is the adapter for Redis 5 or newer: the keys of the job queue,
// and the lease of a shift.
//
// It promises that every call has a deadline, that what belongs together is
// read or changed at one instant, that the times of a lease are the server's,
// and that no error has the password of the URL in it. It refuses URLs of
// anything but Redis, and takes no job.
package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// patience is how long one call may take.
const patience = 5 * time.Second

var errSlow = fmt.Errorf("no answer within %v", patience)

// Client is one Redis server. It is safe for concurrent use.
type Client struct{ rdb *redis.Client }

// quiet keeps the library from writing to standard error what its errors say,
// too.
var quiet = sync.OnceFunc(logging.Disable)

// Open makes a client for a redis://, rediss:// or unix:// URL. It does not
// connect yet.
func Open(address release.Secret) (*Client, error) {
	options, err := redis.ParseURL(address.Reveal())
	if err != nil { // which may have the URL in it
		return nil, release.Reject("write it as redis://:password@host:6379/0", "queue.url: %w", wrong(address))
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = patience, patience, patience
	options.ContextTimeoutEnabled = true
	options.MaxRetries = -1 // the caller knows whether it can wait, and whether it may repeat
	options.DialerRetries = 1
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	quiet()
	return &Client{redis.NewClient(options)}, nil
}

// wrong says what kind of text is no URL of Redis, without any of it.
func wrong(address release.Secret) error {
	u, err := url.Parse(address.Reveal())
	switch {
	case address == "":
		return errors.New("is missing")
	case err != nil:
		return errors.New("is no URL")
	case u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix":
		return errors.New("has another scheme than redis, rediss or unix")
	}
	return errors.New("is no URL of Redis: want a host, a port, and the number of a database as its path")
}

// Close gives the connections up.
func (c *Client) Close() error { return c.rdb.Close() }

// Version connects, and returns the server's version.
func (c *Client) Version(ctx context.Context) (string, error) {
	text, err := call(ctx, c, func(ctx context.Context) (string, error) { return c.rdb.Info(ctx, "server").Result() })
	if err != nil {
		return "", err
	}
	version, ok := versionIn(text)
	if !ok {
		return "", fmt.Errorf("redis at %s does not say its version", c.rdb.Options().Addr)
	}
	return version, nil
}

// versionIn reads the answer to INFO.
func versionIn(info string) (version string, ok bool) {
	for line := range strings.Lines(info) {
		if version, ok := strings.CutPrefix(line, "redis_version:"); ok {
			return strings.TrimSpace(version), true
		}
	}
	return "", false
}

// Ping connects, and returns how long an answer takes.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	_, err := call(ctx, c, func(ctx context.Context) (string, error) { return c.rdb.Ping(ctx).Result() })
	return time.Since(began), err
}

// call bounds one call, and says of its error where it was made.
func call[T any](ctx context.Context, c *Client, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	got, err := do(ctx)
	if err == nil {
		return got, nil
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		<-ctx.Done() // the socket has the same deadline, and may be first by a hair
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return got, release.CannotTell("make Redis answer this machine, and check the account in the URL", "redis at %s: %w", c.rdb.Options().Addr, err)
}
