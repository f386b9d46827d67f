-- ARGV: prefix, ID, user ID, version, created, seen, ends, body.
if redis.call('EXISTS', KEYS[1]) == 1 then return 'taken' end
local set = set_of(ARGV[3])
redis.call('ZADD', set, ARGV[7], ARGV[2])
redis.call('HSET', KEYS[1], 'user', ARGV[3], 'version', ARGV[4], 'created', ARGV[5],
    'seen', ARGV[6], 'ends', ARGV[7], 'body', ARGV[8])
expire(KEYS[1], ARGV[7])
-- Entries whose records have expired. Those of a user who logs in now and then would add up.
local now = redis.call('TIME')[1] * 1000
redis.call('ZREMRANGEBYSCORE', set, '-inf', ('(%.0f'):format(now - 60000))
expire_set(set)
return 'done'
