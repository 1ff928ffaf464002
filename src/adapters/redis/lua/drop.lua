-- Removes notices that no host wrote, if they are still there.
-- KEYS: table. ARGV: the notices.
for i = 1, #ARGV do
    local place = ARGV[i]:sub(1, 33)
    if redis.call('HGET', KEYS[1], place) == ARGV[i] then redis.call('HDEL', KEYS[1], place) end
end
