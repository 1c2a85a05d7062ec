package queue

import (
	"time"

	"github.com/redis/go-redis/v9"
)

// claimLife is how long a claim outlives a system that stands still. While it
// lasts, a mail that went out without being settled is not sent again.
const claimLife = 7 * 24 * time.Hour

// Every script may run twice with the same arguments, since an answer can get
// lost: what is not in the processing list any more is left alone.

var begin = redis.NewScript(`
local processing, claim, heartbeat = KEYS[1], KEYS[2], KEYS[3]
local raw, me, workers, ttl, life = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if not redis.call('LPOS', processing, raw) then return {'gone', ''} end
local owner = redis.call('GET', claim)
if owner then
  local outcome = string.match(owner, '^done:%a+:(%a+)$')
  if outcome then return {'done', outcome} end
  if owner ~= me and redis.call('EXISTS', workers .. owner) == 1 then return {'busy', ''} end
end
redis.call('SET', claim, me, 'PX', life)
redis.call('HSETNX', heartbeat, 'processed', 0)
redis.call('PEXPIRE', heartbeat, ttl)
return {'go', ''}`)

var finish = redis.NewScript(`
local processing, claim = KEYS[1], KEYS[2]
local raw, totals = ARGV[1], ARGV[2]
redis.call('LREM', processing, 1, raw)
local owner = redis.call('GET', claim)
if not owner then return 0 end
local slot, outcome = string.match(owner, '^done:(%a+):(%a+)$')
if not slot then return 0 end
redis.call('HINCRBY', totals .. slot, outcome, 1)
return redis.call('DEL', claim)`)

var retry = redis.NewScript(`
local processing, delayed, claim = KEYS[1], KEYS[2], KEYS[3]
local raw, nextraw, due, me = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('LREM', processing, 1, raw) == 0 then return 0 end
if redis.call('GET', claim) == me then redis.call('DEL', claim) end
return redis.call('ZADD', delayed, due, nextraw)`)

var fail = redis.NewScript(`
local processing, failed, claim, totals = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local raw, me = ARGV[1], ARGV[2]
if redis.call('LREM', processing, 1, raw) == 0 then return 0 end
if redis.call('GET', claim) == me then redis.call('DEL', claim) end
redis.call('HINCRBY', totals, 'failed', 1)
return redis.call('LPUSH', failed, raw)`)

var move = redis.NewScript(`
local from, to = KEYS[1], KEYS[2]
local raw, side = ARGV[1], ARGV[2]
if redis.call('LREM', from, 1, raw) == 0 then return 0 end
if side == 'RIGHT' then return redis.call('RPUSH', to, raw) end
return redis.call('LPUSH', to, raw)`)

var promote = redis.NewScript(`
local delayed, waiting = KEYS[1], KEYS[2]
local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', ARGV[1], 'LIMIT', 0, 100)
for _, raw in ipairs(due) do
  redis.call('ZREM', delayed, raw)
  redis.call('LPUSH', waiting, raw)
end
return #due`)

var reclaim = redis.NewScript(`
local processing, heartbeat, waiting = KEYS[1], KEYS[2], KEYS[3]
if redis.call('EXISTS', heartbeat) == 1 then return 0 end
local n = 0
while redis.call('LMOVE', processing, waiting, 'LEFT', 'RIGHT') do n = n + 1 end
return n`)
