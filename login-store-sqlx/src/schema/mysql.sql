CREATE TABLE IF NOT EXISTS `login_sessions` (
    id BINARY(16) NOT NULL PRIMARY KEY,
    user_id VARBINARY(1024) NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,  -- Unix time in milliseconds, like seen and ends
    seen BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    `body` MEDIUMBLOB NOT NULL,
    INDEX (user_id),
    INDEX (ends)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
