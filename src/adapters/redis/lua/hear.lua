-- What the feed has after an entry: the number of the last one, how many there were, how many of them are no notices by their
-- form, and those that may be. Nothing, if that entry is not there any more, or the table lost its generation: then the feed was
-- cut, emptied or replaced.
-- KEYS: table, feed. ARGV: the number of the entry, at most how many, bytes of a notice, the place of the generation.
-- Writes nothing, but counts as writing: a replica, which may be behind, refuses it.
redis.call('XDEL', KEYS[2], '0-0')
if redis.call('HEXISTS', KEYS[1], ARGV[4]) == 0 then return false end
if #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1]) == 0 then return false end
local found = redis.call('XRANGE', KEYS[2], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
local last, notices, others = ARGV[1], {}, 0
for _, entry in ipairs(found) do
    last = entry[1]
    local notice = entry[2][2]
    if #entry[2] == 2 and #notice == tonumber(ARGV[3]) then
        notices[#notices + 1] = notice
    else
        others = others + 1
    end
end
return { last, #found, others, notices }
