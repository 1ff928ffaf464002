-- Where the feed stands: the number of its last entry. There is always one, so that a feed that was emptied is seen.
-- KEYS: table, feed. ARGV: the place of the generation, which is told before this is asked.
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
if #last > 0 then return last[1][1] end
local generation = redis.call('HGET', KEYS[1], ARGV[1])
if not generation then return redis.error_reply('bulla: the table was emptied a moment ago') end
return redis.call('XADD', KEYS[2], '*', 'n', generation)
