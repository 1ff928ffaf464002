-- Removes some of what has ended anyhow, by this server's clock, and says how many; a day later, as clocks differ.
-- KEYS: table, ends. ARGV: at most how many.
local now = tonumber(redis.call('TIME')[1])
local ended = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - 86400, 'LIMIT', 0, ARGV[1])
for _, place in ipairs(ended) do
    redis.call('HDEL', KEYS[1], place)
    redis.call('ZREM', KEYS[2], place)
end
return #ended
