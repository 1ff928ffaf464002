-- What the table has at some places. What is no notice by its length comes as nothing, which is none either.
-- KEYS: table. ARGV: bytes of a notice, then places, that of the generation last.
-- Writes nothing, but counts as writing: a replica, which may be behind, refuses it.
redis.call('HDEL', KEYS[1], '')
-- A table without a generation was emptied, and nobody has told yet what was in it: that says nothing of any session.
if redis.call('HEXISTS', KEYS[1], ARGV[#ARGV]) == 0 then return redis.error_reply('bulla: the table was emptied') end
local notices = {}
for i = 2, #ARGV do
    local notice = redis.call('HGET', KEYS[1], ARGV[i])
    if notice then notices[#notices + 1] = #notice == tonumber(ARGV[1]) and notice or '' end
end
return notices
