-- ARGV: prefix, user ID. To spare one record, also its ID.
local set, removed = set_of(ARGV[2]), 0
for _, id in ipairs(redis.call('ZRANGE', set, 0, -1)) do
    if id ~= ARGV[3] then
        redis.call('ZREM', set, id)
        removed = removed + redis.call('DEL', record_of(id))
    end
end
expire_set(set)
return removed
