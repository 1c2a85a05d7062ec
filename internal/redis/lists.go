package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/queue"
)

var _ queue.Lists = (*Client)(nil)

// lengths answers with a type and a length for each key. A sorted set holds
// delayed jobs, and a stream is a queue of its own kind.
var lengths = redis.NewScript(`
local count = { list = 'LLEN', zset = 'ZCARD', stream = 'XLEN' }
local all = {}
for i, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key)['ok']
  all[2 * i - 1] = kind
  all[2 * i] = count[kind] and redis.call(count[kind], key) or 0
end
return all`)

// Lengths counts the jobs under each key, all at one instant.
func (c *Client) Lengths(ctx context.Context, keys ...string) ([]queue.Length, error) {
	got, err := call(ctx, c, func(ctx context.Context) ([]any, error) { return lengths.Run(ctx, c.rdb, keys).Slice() })
	if err != nil {
		return nil, err
	}
	if len(got) != 2*len(keys) {
		return nil, fmt.Errorf("%d answers about %d keys", len(got), len(keys))
	}
	var all []queue.Length
	for i, key := range keys {
		kind, _ := got[2*i].(string)
		n, counted := got[2*i+1].(int64)
		switch {
		case !counted:
			return nil, fmt.Errorf("key %s has no length", key)
		case kind != "none" && !slices.Contains([]string{"list", "zset", "stream"}, kind):
			return nil, fmt.Errorf("key %s is a %s: want a list, a sorted set or a stream", key, kind)
		}
		all = append(all, queue.Length{Jobs: n, Exists: kind != "none"})
	}
	return all, nil
}

// Keys lists the keys that begin with a prefix, each once.
func (c *Client) Keys(ctx context.Context, prefix string) ([]string, error) {
	return call(ctx, c, func(ctx context.Context) ([]string, error) {
		var keys []string
		for scan := c.rdb.Scan(ctx, 0, glob.Replace(prefix)+"*", 1000).Iterator(); ; {
			if !scan.Next(ctx) {
				slices.Sort(keys)
				return slices.Compact(keys), scan.Err() // a scan may name a key twice
			}
			keys = append(keys, scan.Val())
		}
	})
}

// glob makes a prefix match nothing but itself.
var glob = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
