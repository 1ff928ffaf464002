-- Takes notices in: into the table those that say more than what is there, and into the feed those, or all. Gives what was there
-- and says as much or more: whether a host wrote that, only a host can tell.
-- KEYS: table, ends, feed. ARGV: how many entries the feed keeps, 'all' or 'new', then notices.
--
-- What lies under these keys and is of another type is nobody's: it is removed, or nothing could be told any more.
for i, kind in ipairs({ 'hash', 'zset', 'stream' }) do
    local is = redis.call('TYPE', KEYS[i]).ok
    if is ~= kind and is ~= 'none' then redis.call('DEL', KEYS[i]) end
end

-- The generation is always in the table. Without it somebody has emptied the table: so that all hosts see that, and tell what they
-- know, the feed begins anew, too.
if redis.call('HEXISTS', KEYS[1], string.char(3) .. string.rep('\0', 32)) == 0 then redis.call('DEL', KEYS[3]) end

-- Not `<` on strings: that goes by the server's locale.
local function number(notice, first)
    local n = 0
    for i = first, first + 7 do n = n * 256 + notice:byte(i) end
    return n
end

local SESSION, GENERATION = 1, 3

-- Of two on one session, the earlier end counts; of all else, the later time, or generation.
local function says_more(new, old)
    local a, b = number(new, 34), number(old, 34)
    if a == b then return number(new, 42) > number(old, 42) end
    if new:byte(1) == SESSION then return a < b end
    return a > b
end

local kept = {}
for i = 3, #ARGV do
    local new = ARGV[i]
    local place = new:sub(1, 33)
    local old = redis.call('HGET', KEYS[1], place)
    local is_new = not old or #old ~= #new or old:sub(1, 33) ~= place or says_more(new, old)
    if is_new then
        redis.call('HSET', KEYS[1], place, new)
        if new:byte(1) ~= GENERATION then
            redis.call('ZADD', KEYS[2], 'GT', number(new, 42), place)
        end
    elseif old ~= new then
        kept[#kept + 1] = old
    end
    if is_new or ARGV[2] == 'all' then
        local told = redis.pcall('XADD', KEYS[3], 'MAXLEN', '~', ARGV[1], '*', 'n', new)
        if type(told) == 'table' and told.err then
            -- Somebody has used up the numbers of the feed. All hosts see that it begins anew.
            redis.call('DEL', KEYS[3])
            redis.call('XADD', KEYS[3], '*', 'n', new)
        end
    end
end
return kept
