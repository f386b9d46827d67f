-- What the scripts share. KEYS[1] is the key of a record, and ARGV[1] the prefix.

-- In hexadecimal digits, because keys end with the user ID: otherwise one application's prefix and
-- another's prefix and user ID could be the same.
local function set_of(user)
    return ARGV[1] .. 'user:' .. user:gsub('.', function(byte) return ('%02x'):format(byte:byte()) end)
end

local function record_of(id)
    return ARGV[1] .. 'session:' .. id
end

-- Times and versions stay text: Lua's numbers are exact only up to 2^53.
local function later(a, b)
    if #a ~= #b then return #a > #b and a or b end
    return a > b and a or b
end

-- The minute is for clocks that differ. 2^53 is the year 287396.
local function expire(key, ends)
    redis.call('PEXPIREAT', key, ('%.0f'):format(math.min(ends + 60000, 2 ^ 53)))
end

local function expire_set(set)
    local last = redis.call('ZRANGE', set, -1, -1, 'WITHSCORES')
    if last[1] then expire(set, last[2]) end
end

-- What a change of the record needs to know, or nil if there is no record.
local function read()
    local user, version, seen, ends = unpack(redis.call('HMGET', KEYS[1], 'user', 'version', 'seen', 'ends'))
    if user and version and seen and ends then
        return { set = set_of(user), version = version, seen = seen, ends = ends }
    end
    if redis.call('EXISTS', KEYS[1]) == 1 then
        error({ err = 'MALFORMED the record lacks a field' })
    end
end

-- No script stops halfway. Each checks everything before it writes, and Redis refuses only a script's
-- first write: ZADD, for example, when the memory is full. The expiry of a record is set last, because
-- Redis deletes the record if that is in the past, and a later write would make half a record.
