-- Keeps a value if what is kept now is what was expected: nothing, if that is empty.
-- KEYS: the value's. ARGV: what is expected, the value, until when in milliseconds.
local kept = redis.call('GET', KEYS[1]) or ''
if kept ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return 1
