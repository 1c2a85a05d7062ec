package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Lease keeps the lease of an application's shifts in one hash, which is never
// deleted: its token only grows, and the last holding can be told from none.
type Lease struct {
	client *Client
	key    string
	expiry time.Duration
}

// Lease returns the lease of an application.
func (c *Client) Lease(application string) *Lease {
	return &Lease{c, "bluegreen:lease:" + application, traffic.LeaseExpiry}
}

// now is the server's clock in milliseconds, inside a script.
const now = `
redis.replicate_commands()
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local token = tonumber(redis.call('HGET', KEYS[1], 'token') or '0')
local state = redis.call('HGET', KEYS[1], 'state') or ''
local ends = tonumber(redis.call('HGET', KEYS[1], 'ends') or '0')
if state == 'held' and ends <= now then state = 'expired' end
`

var (
	acquire = redis.NewScript(now + `
if state == 'held' and redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then
  return {0, token, redis.call('HGET', KEYS[1], 'owner'), ends - now}
end
redis.call('HSET', KEYS[1], 'token', token + 1, 'state', 'held', 'owner', ARGV[1], 'ends', now + ARGV[2])
return {1, token + 1, '', 0}`)

	renew = redis.NewScript(now + `
if state ~= 'held' or token ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'ends', now + ARGV[2])
return 1`)

	finish = redis.NewScript(now + `
if state == 'held' and token == tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'state', 'released') end
return 1`)

	raise = redis.NewScript(now + `
if tonumber(ARGV[1]) <= token then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
if state == 'held' then redis.call('HSET', KEYS[1], 'state', 'raised') end
return 1`)

	peek = redis.NewScript(now + `
return {token, state, redis.call('HGET', KEYS[1], 'owner') or '', ends - now}`)
)

// Acquire takes the lease; see traffic.Lease.
func (l *Lease) Acquire(ctx context.Context, owner traffic.Owner) (traffic.Token, error) {
	name, err := json.Marshal(owner)
	if err != nil {
		return 0, err
	}
	got, err := l.run(ctx, acquire, string(name), l.expiry.Milliseconds())
	if err != nil {
		return 0, err
	}
	a, err := decode(got)
	if err != nil {
		return 0, err
	}
	if a.first == 0 {
		return 0, &traffic.Taken{Holding: a.holding(traffic.Held)}
	}
	return a.token, nil
}

// Renew puts the expiry off; see traffic.Lease.
func (l *Lease) Renew(ctx context.Context, token traffic.Token) error {
	got, err := l.run(ctx, renew, uint64(token), l.expiry.Milliseconds())
	if err == nil && got != int64(1) {
		return traffic.ErrLost
	}
	return err
}

// Release ends the lease well; see traffic.Lease.
func (l *Lease) Release(ctx context.Context, token traffic.Token) error {
	_, err := l.run(ctx, finish, uint64(token))
	return err
}

// Raise makes token the newest; see traffic.Fence.
func (l *Lease) Raise(ctx context.Context, token traffic.Token) error {
	_, err := l.run(ctx, raise, uint64(token))
	return err
}

// Peek returns the last holding; see traffic.Fence.
func (l *Lease) Peek(ctx context.Context) (traffic.Holding, error) {
	got, err := l.run(ctx, peek)
	if err != nil {
		return traffic.Holding{}, err
	}
	parts, ok := got.([]any)
	if !ok || len(parts) != 4 {
		return traffic.Holding{}, errMade
	}
	a, err := decode([]any{int64(1), parts[0], parts[2], parts[3]})
	if err != nil {
		return traffic.Holding{}, err
	}
	state, _ := parts[1].(string)
	return a.holding(traffic.State(state)), nil
}

func (l *Lease) run(ctx context.Context, script *redis.Script, args ...any) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := script.Run(ctx, l.client.rdb, []string{l.key}, args...).Result()
	if err != nil {
		return nil, l.client.told(err)
	}
	return got, nil
}

// answer is what the scripts return.
type answer struct {
	first int64
	token traffic.Token
	owner traffic.Owner
	left  time.Duration
}

var errMade = errors.New("redis: the lease does not look as this program writes it")

func decode(got any) (answer, error) {
	parts, ok := got.([]any)
	if !ok || len(parts) != 4 {
		return answer{}, errMade
	}
	first, ok1 := parts[0].(int64)
	token, ok2 := parts[1].(int64)
	owner, ok3 := parts[2].(string)
	left, ok4 := parts[3].(int64)
	if !ok1 || !ok2 || !ok3 || !ok4 || token < 0 {
		return answer{}, errMade
	}
	a := answer{first: first, token: traffic.Token(token), left: time.Duration(left) * time.Millisecond}
	if owner != "" {
		if err := json.Unmarshal([]byte(owner), &a.owner); err != nil {
			return answer{}, fmt.Errorf("%w: %w", errMade, err)
		}
	}
	return a, nil
}

func (a answer) holding(state traffic.State) traffic.Holding {
	h := traffic.Holding{Owner: a.owner, Token: a.token, State: state}
	if state == traffic.Held {
		h.Left = a.left
	}
	return h
}
