-- ARGV: prefix, ID, seen, ends. To update and not only to touch the record, also version and body.
local record = read()
if not record then return 'gone' end
if ARGV[5] and record.version ~= ARGV[5] then return 'conflict' end
local ends = later(record.ends, ARGV[4])
redis.call('ZADD', record.set, ends, ARGV[2])
redis.call('HSET', KEYS[1], 'seen', later(record.seen, ARGV[3]), 'ends', ends)
if ARGV[5] then
    redis.call('HINCRBY', KEYS[1], 'version', 1)
    redis.call('HSET', KEYS[1], 'body', ARGV[6])
end
expire(KEYS[1], ends)
expire_set(record.set)
return 'done'
