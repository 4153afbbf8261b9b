/**
 * What must happen at once on a Redis server, as Lua. All strings that come back begin with a letter of ours, because
 * the client would turn one that looks like JSON (`42`, `true`) into something else. A record is `v<version> <json>`.
 *
 * Records are keys of their own, for their time to live; a sorted set with equal scores keeps their names in order, and
 * another knows when which of them expire. Names are taken out of both when the record is gone. The scripts touch keys
 * that they were not told, which every Redis and Valkey allows but a cluster.
 */

/** Expired names taken out per write. */
const SWEEP_NAMES = 20

/**
 * All writes or none. KEYS: index, expiry, one per write. ARGV: where records lie, then per write its kind, what is
 * expected (`*` anything, `!` nothing, else `v<version>`), the record, its time to live in ms or nothing, its name.
 */
export const WRITE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 3, #KEYS do
  local at = (i - 3) * 5 + 1
  local expected = ARGV[at + 2]
  if expected ~= '*' then
    local record = redis.call('GET', KEYS[i])
    local found = record and string.match(record, '^%S+') or '!'
    if found ~= expected then return 'conflict ' .. ARGV[at + 5] end
  end
end
for i = 3, #KEYS do
  local at = (i - 3) * 5 + 1
  local kind, record, ttl, name = ARGV[at + 1], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
  if kind == 'put' and ttl ~= '' then
    redis.call('SET', KEYS[i], record, 'PX', ttl)
    redis.call('ZADD', KEYS[2], now + ttl, name)
    redis.call('ZADD', KEYS[1], 0, name)
  elseif kind == 'put' then
    redis.call('SET', KEYS[i], record)
    redis.call('ZREM', KEYS[2], name)
    redis.call('ZADD', KEYS[1], 0, name)
  elseif kind == 'delete' then
    redis.call('DEL', KEYS[i])
    redis.call('ZREM', KEYS[2], name)
    redis.call('ZREM', KEYS[1], name)
  end
end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ${SWEEP_NAMES})) do
  if redis.call('EXISTS', ARGV[1] .. name) == 0 then
    redis.call('ZREM', KEYS[1], name)
    redis.call('ZREM', KEYS[2], name)
  end
end
return 'written'
`

/** A page of names (`n…`) and records in turn. KEYS: index, expiry. ARGV: where records lie, first, last, how many. */
export const LIST = `
local found, from, limit = {}, ARGV[2], tonumber(ARGV[4])
while #found < limit * 2 do
  local names = redis.call('ZRANGEBYLEX', KEYS[1], from, ARGV[3], 'LIMIT', 0, limit - #found / 2)
  if #names == 0 then break end
  for _, name in ipairs(names) do
    local record = redis.call('GET', ARGV[1] .. name)
    if record then
      found[#found + 1] = 'n' .. name
      found[#found + 1] = record
    else
      redis.call('ZREM', KEYS[1], name)
      redis.call('ZREM', KEYS[2], name)
    end
  end
  from = '(' .. names[#names]
end
return found
`

/** The fence, or 0 while somebody holds the lease. KEYS: lease, counter. ARGV: holder, ms. */
export const TAKE_LEASE = `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
return redis.call('INCR', KEYS[2])
`

/** 1, or 0 if the lease is not this holder's. KEYS: lease. ARGV: holder, ms. */
export const RENEW_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`

/** KEYS: lease. ARGV: holder. */
export const RELEASE_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`

/** The format that the records have, which becomes ours if there are none. KEYS: format. ARGV: ours. */
export const CLAIM_FORMAT = `
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
`
