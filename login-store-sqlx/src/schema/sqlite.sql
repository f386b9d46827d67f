CREATE TABLE IF NOT EXISTS "login_sessions" (
    id BLOB NOT NULL PRIMARY KEY,  -- 16 bytes
    user_id BLOB NOT NULL,         -- up to 1,024 bytes
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,      -- Unix time in milliseconds, like seen and ends
    seen INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    body BLOB NOT NULL             -- up to 1 MiB
) STRICT;
CREATE INDEX IF NOT EXISTS "login_sessions_user_id" ON "login_sessions" (user_id);
CREATE INDEX IF NOT EXISTS "login_sessions_ends" ON "login_sessions" (ends);
