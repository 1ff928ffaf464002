-- A page of the table: the next cursor, how many values are no notices by their length, and those that may be.
-- KEYS: table. ARGV: cursor, about how many, bytes of a notice.
local scanned = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local notices, others = {}, 0
for i = 2, #scanned[2], 2 do
    local value = scanned[2][i]
    if #value == tonumber(ARGV[3]) then notices[#notices + 1] = value else others = others + 1 end
end
return { scanned[1], others, notices }
