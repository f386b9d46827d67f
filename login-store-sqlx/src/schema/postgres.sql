CREATE TABLE IF NOT EXISTS "login_sessions" (
    id BYTEA NOT NULL PRIMARY KEY,  -- 16 bytes
    user_id BYTEA NOT NULL,         -- up to 1,024 bytes
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,        -- Unix time in milliseconds, like seen and ends
    seen BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    body BYTEA NOT NULL             -- up to 1 MiB
);
CREATE INDEX IF NOT EXISTS "login_sessions_user_id" ON "login_sessions" (user_id);
CREATE INDEX IF NOT EXISTS "login_sessions_ends" ON "login_sessions" (ends);
