// Package redis is the adapter for Redis: the lists of the job queue, and the
// lease of a shift. It promises that every call has a deadline, that times are
// the server's, and that no error has the password of the URL in it.
package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// patience is how long one call may take.
const patience = 5 * time.Second

// Client is one Redis server. It is safe for concurrent use.
type Client struct{ rdb *redis.Client }

// Open makes a client for a redis:// or rediss:// URL. It does not connect yet.
func Open(address release.Secret) (*Client, error) {
	options, err := redis.ParseURL(address.Reveal())
	if err != nil {
		return nil, release.Reject("write it as redis://:password@host:6379/0", "the URL of Redis cannot be read")
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = patience, patience, patience
	options.ContextTimeoutEnabled = true
	options.MaxRetries = -1 // the caller knows whether it can wait
	return &Client{redis.NewClient(options)}, nil
}

// Close gives the connections up.
func (c *Client) Close() error { return c.rdb.Close() }

// Version connects, and returns the server's version.
func (c *Client) Version(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, err := c.rdb.Info(ctx, "server").Result()
	if err != nil {
		return "", c.told(err)
	}
	for line := range strings.Lines(text) {
		if version, ok := strings.CutPrefix(line, "redis_version:"); ok {
			return strings.TrimSpace(version), nil
		}
	}
	return "", errors.New("redis does not say its version")
}

// Length is the length of a list, and whether the key exists.
func (c *Client) Length(ctx context.Context, key string) (int64, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	kind, err := c.rdb.Type(ctx, key).Result()
	switch {
	case err != nil:
		return 0, false, c.told(err)
	case kind == "none":
		return 0, false, nil
	case kind != "list":
		return 0, true, fmt.Errorf("key %s is a %s: want a list", key, kind)
	}
	n, err := c.rdb.LLen(ctx, key).Result()
	return n, true, c.told(err)
}

// Keys lists the keys that begin with a prefix.
func (c *Client) Keys(ctx context.Context, prefix string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var keys []string
	seen := map[string]bool{}
	scan := c.rdb.Scan(ctx, 0, glob.Replace(prefix)+"*", 1000).Iterator()
	for scan.Next(ctx) {
		if !seen[scan.Val()] { // a scan may name a key twice
			seen[scan.Val()] = true
			keys = append(keys, scan.Val())
		}
	}
	return keys, c.told(scan.Err())
}

// glob makes a prefix match nothing but itself.
var glob = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

// told adds what is asked for most often when Redis does not answer.
func (c *Client) told(err error) error {
	if err == nil {
		return nil
	}
	return release.CannotTell("make Redis reachable from this machine, and check the URL", "redis at %s: %w", c.rdb.Options().Addr, err)
}
