-- ARGV: prefix, user ID.
local found = {}
for _, id in ipairs(redis.call('ZRANGE', set_of(ARGV[2]), 0, -1)) do
    local fields = redis.call('HMGET', record_of(id), 'user', 'version', 'created', 'seen', 'ends', 'body')
    found[#found + 1] = { id, fields }
end
return found
