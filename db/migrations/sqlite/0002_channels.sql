-- Schema 2: named channels, and what is known of endpoints.

-- kind and config as pulse-channel.5 says; config holds secrets.
CREATE TABLE channels (
	name TEXT PRIMARY KEY CHECK (name <> ''),
	kind TEXT NOT NULL,
	config TEXT NOT NULL,
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What pulse-send has learned of a receiver, named by a channel ("channel:x")
-- or by the hash of a rule's URL ("discord:…"): who asked for silence, who
-- fails, who was given up. A healthy one has no row.
CREATE TABLE endpoints (
	key TEXT PRIMARY KEY CHECK (key <> ''),
	channel TEXT NOT NULL,
	failures INTEGER NOT NULL,
	trips INTEGER NOT NULL,
	failing_since_ms INTEGER NOT NULL,
	open_until_ms INTEGER NOT NULL,
	blocked_until_ms INTEGER NOT NULL,
	disabled_ms INTEGER NOT NULL,
	reason TEXT,
	updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Grows with every change of a channel and with every endpoint that a person
-- re-enables: senders look at it to see whether to read again.
INSERT INTO counters VALUES ('channel_seq', 0);
CREATE TRIGGER channels_insert AFTER INSERT ON channels BEGIN
	UPDATE counters SET n = n + 1 WHERE name = 'channel_seq';
END;
CREATE TRIGGER channels_update AFTER UPDATE ON channels BEGIN
	UPDATE counters SET n = n + 1 WHERE name = 'channel_seq';
END;
CREATE TRIGGER channels_delete AFTER DELETE ON channels BEGIN
	UPDATE counters SET n = n + 1 WHERE name = 'channel_seq';
END;
CREATE TRIGGER endpoints_delete AFTER DELETE ON endpoints
    WHEN OLD.disabled_ms > 0 BEGIN
	UPDATE counters SET n = n + 1 WHERE name = 'channel_seq';
END;
