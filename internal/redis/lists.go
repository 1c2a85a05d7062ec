package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/queue"
)

var _ interface {
	queue.Lists
	queue.Counters
	queue.Entries
} = (*Client)(nil)

// tally answers with a type and a length for each of the first ARGV[1] keys, and
// with the sum of the numbers in each further one. A sorted set holds delayed
// jobs, and a stream is a queue of its own kind.
var tally = redis.NewScript(`
local count = { list = 'LLEN', zset = 'ZCARD', stream = 'XLEN' }
local all = {}
for i, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key)['ok']
  local n = 0
  if i <= tonumber(ARGV[1]) then
    n = count[kind] and redis.call(count[kind], key) or 0
  elseif kind == 'string' then
    n = tonumber(redis.call('GET', key))
  elseif kind == 'hash' then
    for _, one in ipairs(redis.call('HVALS', key)) do n = n and tonumber(one) and n + tonumber(one) end
  elseif kind ~= 'none' then
    n = nil
  end
  all[2 * i - 1] = kind
  all[2 * i] = n or 'none'
end
return all`)

// Lengths counts the jobs under each key, all at one instant.
func (c *Client) Lengths(ctx context.Context, keys ...string) ([]queue.Length, error) {
	lengths, _, err := c.Tally(ctx, keys, nil)
	return lengths, err
}

// Tally counts the jobs under each key, and what each counter says: a number, or
// the sum of a hash's values. All of it is of one instant. A counter that does
// not exist says 0.
func (c *Client) Tally(ctx context.Context, keys, counters []string) ([]queue.Length, []int64, error) {
	every := append(slices.Clone(keys), counters...)
	got, err := call(ctx, c, func(ctx context.Context) ([]any, error) {
		return tally.Run(ctx, c.rdb, every, len(keys)).Slice()
	})
	if err != nil {
		return nil, nil, err
	}
	if len(got) != 2*len(every) {
		return nil, nil, fmt.Errorf("%d answers about %d keys", len(got), len(every))
	}
	var all []queue.Length
	var sums []int64
	for i, key := range every {
		kind, _ := got[2*i].(string)
		n, counted := got[2*i+1].(int64)
		switch {
		case !counted && i >= len(keys):
			return nil, nil, fmt.Errorf("key %s is a %s: want a number, or a hash of numbers", key, kind)
		case !counted:
			return nil, nil, fmt.Errorf("key %s has no length", key)
		case i >= len(keys):
			sums = append(sums, n)
		case kind != "none" && !slices.Contains([]string{"list", "zset", "stream"}, kind):
			return nil, nil, fmt.Errorf("key %s is a %s: want a list, a sorted set or a stream", key, kind)
		default:
			all = append(all, queue.Length{Jobs: n, Exists: kind != "none"})
		}
	}
	return all, sums, nil
}

// first reads what is under a key, up to ARGV[1] jobs: of a list those that are
// the next to be taken, which is from its right, of a sorted set the lowest.
var first = redis.NewScript(`
local kind, n = redis.call('TYPE', KEYS[1])['ok'], tonumber(ARGV[1])
if kind == 'list' then return redis.call('LRANGE', KEYS[1], -n, -1) end
if kind == 'zset' then return redis.call('ZRANGE', KEYS[1], 0, n - 1) end
if kind == 'stream' then
  local all = {}
  for i, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', n)) do
    all[i] = cjson.encode(entry[2])
  end
  return all
end
return {}`)

// First reads up to n jobs of a key, and takes none.
func (c *Client) First(ctx context.Context, key string, n int) ([]string, error) {
	return call(ctx, c, func(ctx context.Context) ([]string, error) {
		return first.Run(ctx, c.rdb, []string{key}, n).StringSlice()
	})
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
