-- ARGV: prefix, ID. To remove only one version of the record, also that version.
local record = read()
if not record then return 'gone' end
if ARGV[3] and record.version ~= ARGV[3] then return 'conflict' end
redis.call('ZREM', record.set, ARGV[2])
redis.call('DEL', KEYS[1])
expire_set(record.set)
return 'done'
