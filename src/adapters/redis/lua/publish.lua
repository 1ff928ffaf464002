-- Keeps a keyring if what is kept now is what was read.
-- KEYS: the keyring's. ARGV: what was read, the keyring.
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
