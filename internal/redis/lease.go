package redis

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var _ traffic.Leases = (*Lease)(nil)

// Lease keeps the lease of an application's shifts in one hash, which is never
// deleted: its token only grows, and a holding that has ended can be told from
// none.
type Lease struct {
	Expiry time.Duration // of a lease that is not renewed

	client *Client
	key    string
}

// Lease returns the lease of an application.
func (c *Client) Lease(application string) *Lease {
	return &Lease{Expiry: traffic.LeaseExpiry, client: c, key: "bluegreen:lease:" + application}
}

// now begins each script: the server's clock in milliseconds, and the holding.
const now = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'token', 'state', 'release', 'process', 'ends')
local token, state, ends = tonumber(kept[1] or '0'), kept[2] or '', tonumber(kept[5] or '0')
if state == 'held' and ends <= now then state = 'expired' end
local function holding(got)
  return { got, string.format('%.0f', token), state, kept[3] or '', kept[4] or '', math.max(ends - now, 0) }
end
`

var (
	acquire = redis.NewScript(now + `
if state == 'held' and not (kept[3] == ARGV[1] and kept[4] == ARGV[2]) then return holding(0) end
redis.call('HINCRBY', KEYS[1], 'token', 1)
redis.call('HSET', KEYS[1], 'state', 'held', 'release', ARGV[1], 'process', ARGV[2], 'ends', now + ARGV[3])
token = token + 1
return holding(1)`)

	renew = redis.NewScript(now + `
if state ~= 'held' or token ~= tonumber(ARGV[1]) then return holding(0) end
redis.call('HSET', KEYS[1], 'ends', now + ARGV[2])
return holding(1)`)

	finish = redis.NewScript(now + `
if state ~= 'held' or token ~= tonumber(ARGV[1]) then return holding(0) end
redis.call('HSET', KEYS[1], 'state', 'released')
return holding(1)`)

	raise = redis.NewScript(now + `
if tonumber(ARGV[1]) <= token then return holding(0) end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'state', 'raised')
return holding(1)`)

	peek = redis.NewScript(now + `return holding(1)`)
)

// Acquire takes the lease; see traffic.Lease.
func (l *Lease) Acquire(ctx context.Context, owner traffic.Owner) (traffic.Token, error) {
	h, got, err := l.run(ctx, acquire, string(owner.Release), owner.Process, l.Expiry.Milliseconds())
	switch {
	case err != nil:
		return 0, err
	case !got:
		return 0, &traffic.Taken{Holding: h}
	}
	return h.Token, nil
}

// Renew puts the expiry off; see traffic.Lease.
func (l *Lease) Renew(ctx context.Context, token traffic.Token) error {
	_, got, err := l.run(ctx, renew, uint64(token), l.Expiry.Milliseconds())
	if err == nil && !got {
		return traffic.ErrLost
	}
	return err
}

// Release ends the lease well; see traffic.Lease.
func (l *Lease) Release(ctx context.Context, token traffic.Token) error {
	_, _, err := l.run(ctx, finish, uint64(token))
	return err
}

// Raise makes token the newest; see traffic.Fence.
func (l *Lease) Raise(ctx context.Context, token traffic.Token) error {
	_, _, err := l.run(ctx, raise, uint64(token))
	return err
}

// Peek returns the last holding; see traffic.Fence.
func (l *Lease) Peek(ctx context.Context) (traffic.Holding, error) {
	h, _, err := l.run(ctx, peek)
	return h, err
}

func (l *Lease) run(ctx context.Context, script *redis.Script, args ...any) (h traffic.Holding, got bool, err error) {
	answer, err := call(ctx, l.client, func(ctx context.Context) ([]any, error) {
		return script.Run(ctx, l.client.rdb, []string{l.key}, args...).Slice()
	})
	if err != nil {
		return traffic.Holding{}, false, err
	}
	return holding(l.key, answer)
}
