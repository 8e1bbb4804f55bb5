-- Schema 1 (pulse-schema.5). Every table is STRICT and none has a REAL column.
-- Times are milliseconds since 1970 UTC; identifiers are the 16 bytes of a
-- UUID. Counts that lists need are kept by triggers, so that whatever writes
-- the tables, this program or an operator, they cannot drift.

-- Numbers that only grow: rule_seq (the newest change of a rule) and
-- prune_epoch (see candle_spans).
CREATE TABLE counters (
	name TEXT PRIMARY KEY,
	n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('rule_seq', 0), ('prune_epoch', 0);

-- ---- rules ---------------------------------------------------------------

CREATE TABLE rules (
	n INTEGER PRIMARY KEY,
	id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	seq INTEGER NOT NULL UNIQUE,
	rule_type TEXT NOT NULL,
	symbol TEXT NOT NULL CHECK (symbol <> ''),
	interval TEXT NOT NULL,
	judged_on TEXT NOT NULL CHECK (judged_on IN ('tick', 'close')),
	is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
	cooldown_seconds INTEGER NOT NULL,
	warmup_bars INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL,
	enabled_ms INTEGER NOT NULL,
	name TEXT NOT NULL,
	config TEXT NOT NULL,
	discord_webhook_url TEXT,
	generic_webhook_url TEXT,
	channels TEXT
) STRICT;
CREATE INDEX rules_by_time ON rules (created_ms DESC, id);
CREATE INDEX rules_by_symbol ON rules (symbol, created_ms DESC, id);
CREATE INDEX rules_by_type ON rules (rule_type, created_ms DESC, id);
CREATE INDEX rules_by_active ON rules (is_active, created_ms DESC, id);

-- A deleted rule, for those who follow changes.
CREATE TABLE rule_tombstones (
	seq INTEGER PRIMARY KEY,
	id BLOB NOT NULL CHECK (length(id) = 16),
	deleted_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX rule_tombstones_by_time ON rule_tombstones (deleted_ms);

-- How many rules there are: once by symbol and series, once for all symbols
-- together (symbol and interval '', warmup_bars 0).
CREATE TABLE rule_groups (
	symbol TEXT NOT NULL,
	interval TEXT NOT NULL,
	is_active INTEGER NOT NULL,
	rule_type TEXT NOT NULL,
	warmup_bars INTEGER NOT NULL,
	n INTEGER NOT NULL,
	PRIMARY KEY (symbol, interval, is_active, rule_type, warmup_bars)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER rules_insert AFTER INSERT ON rules BEGIN
	INSERT INTO rule_groups VALUES
	    ('', '', NEW.is_active, NEW.rule_type, 0, 1),
	    (NEW.symbol, NEW.interval, NEW.is_active, NEW.rule_type,
		NEW.warmup_bars, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER rules_delete AFTER DELETE ON rules BEGIN
	DELETE FROM rule_state WHERE rule_id = OLD.id;
	DELETE FROM alerts WHERE rule_id = OLD.id;
	UPDATE rule_groups SET n = n - 1 WHERE symbol = '' AND interval = ''
	    AND is_active = OLD.is_active AND rule_type = OLD.rule_type
	    AND warmup_bars = 0;
	UPDATE rule_groups SET n = n - 1 WHERE symbol = OLD.symbol
	    AND interval = OLD.interval AND is_active = OLD.is_active
	    AND rule_type = OLD.rule_type AND warmup_bars = OLD.warmup_bars;
	DELETE FROM rule_groups WHERE symbol = OLD.symbol
	    AND interval = OLD.interval AND is_active = OLD.is_active
	    AND rule_type = OLD.rule_type AND warmup_bars = OLD.warmup_bars
	    AND n = 0;
END;
CREATE TRIGGER rules_update
    AFTER UPDATE OF symbol, interval, is_active, rule_type, warmup_bars ON rules
    WHEN OLD.symbol <> NEW.symbol OR OLD.interval <> NEW.interval
	OR OLD.is_active <> NEW.is_active OR OLD.rule_type <> NEW.rule_type
	OR OLD.warmup_bars <> NEW.warmup_bars
BEGIN
	UPDATE rule_groups SET n = n - 1 WHERE symbol = '' AND interval = ''
	    AND is_active = OLD.is_active AND rule_type = OLD.rule_type
	    AND warmup_bars = 0;
	UPDATE rule_groups SET n = n - 1 WHERE symbol = OLD.symbol
	    AND interval = OLD.interval AND is_active = OLD.is_active
	    AND rule_type = OLD.rule_type AND warmup_bars = OLD.warmup_bars;
	DELETE FROM rule_groups WHERE symbol = OLD.symbol
	    AND interval = OLD.interval AND is_active = OLD.is_active
	    AND rule_type = OLD.rule_type AND warmup_bars = OLD.warmup_bars
	    AND n = 0;
	INSERT INTO rule_groups VALUES
	    ('', '', NEW.is_active, NEW.rule_type, 0, 1),
	    (NEW.symbol, NEW.interval, NEW.is_active, NEW.rule_type,
		NEW.warmup_bars, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- What cannot be recomputed from candles; the blob is the engine's own.
CREATE TABLE rule_state (
	rule_id BLOB NOT NULL CHECK (length(rule_id) = 16),
	symbol TEXT NOT NULL,
	state BLOB NOT NULL,
	PRIMARY KEY (rule_id, symbol)
) STRICT, WITHOUT ROWID;

-- ---- candles -------------------------------------------------------------

CREATE TABLE series (
	id INTEGER PRIMARY KEY,
	symbol TEXT NOT NULL CHECK (symbol <> ''),
	interval TEXT NOT NULL,
	UNIQUE (symbol, interval)
) STRICT;

-- Closed bars. A tile is 16 bars of time: tile = t / (16 * length of a bar).
-- Rows of one time lie close together, as they are written, and 16 bars of one
-- series lie side by side, as they are read (tests/bench/db/bench_candles.c).
-- series is the id of a row of series; no foreign key: its check would cost a
-- fifth of the speed, and series are never deleted. A price is mantissa and number of
-- digits behind the point, as the exchange wrote it; a volume may have more
-- digits than 64 bits hold and is its text.
CREATE TABLE candles (
	tile INTEGER NOT NULL,
	series INTEGER NOT NULL,
	t INTEGER NOT NULL,
	o INTEGER NOT NULL,
	o_scale INTEGER NOT NULL,
	c INTEGER NOT NULL,
	c_scale INTEGER NOT NULL,
	h INTEGER NOT NULL,
	h_scale INTEGER NOT NULL,
	l INTEGER NOT NULL,
	l_scale INTEGER NOT NULL,
	v TEXT NOT NULL,
	trades INTEGER,
	recv_ms INTEGER,
	PRIMARY KEY (tile, series, t)
) STRICT, WITHOUT ROWID;

-- Which stretches of 64 tiles of a series hold bars: span = tile / 64. A
-- writer remembers which it has entered; whoever removes one increments the
-- counter prune_epoch, and then writers forget.
CREATE TABLE candle_spans (
	series INTEGER NOT NULL,
	span INTEGER NOT NULL,
	PRIMARY KEY (series, span)
) STRICT, WITHOUT ROWID;

-- Live state of a series: the blob is the engine's own.
CREATE TABLE series_state (
	series INTEGER PRIMARY KEY REFERENCES series (id),
	state BLOB NOT NULL
) STRICT;

-- ---- alerts --------------------------------------------------------------

-- status: 0 pending, 1 delivered, 2 failed, 3 none (nothing to deliver).
-- seq is the order of commit: there is one writer at a time. The rule need not
-- exist: pulse-send keeps what other programs made. When it is deleted, its
-- alerts go with it (trigger rules_delete).
CREATE TABLE alerts (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	rule_id BLOB NOT NULL CHECK (length(rule_id) = 16),
	symbol TEXT NOT NULL,
	interval TEXT NOT NULL,
	state TEXT NOT NULL,
	window_start_ms INTEGER NOT NULL,
	window_end_ms INTEGER NOT NULL,
	triggered_ms INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	late INTEGER NOT NULL CHECK (late IN (0, 1)),
	status INTEGER NOT NULL CHECK (status IN (0, 1, 2, 3)),
	record TEXT NOT NULL,
	UNIQUE (rule_id, window_start_ms, window_end_ms, symbol, interval, state)
) STRICT;
-- Ties are ordered by seq, which every index holds: a burst of alerts at one
-- time is appended, where an order by id would put each on another page. Most
-- alerts end as delivered and then leave the index of states.
CREATE INDEX alerts_by_time ON alerts (triggered_ms);
CREATE INDEX alerts_by_rule ON alerts (rule_id, triggered_ms);
CREATE INDEX alerts_by_symbol ON alerts (symbol, triggered_ms);
CREATE INDEX alerts_by_status ON alerts (status, triggered_ms)
    WHERE status <> 1;

-- How many alerts: by symbol and status, and for all symbols together ('').
CREATE TABLE alert_groups (
	symbol TEXT NOT NULL,
	status INTEGER NOT NULL,
	n INTEGER NOT NULL,
	PRIMARY KEY (symbol, status)
) STRICT, WITHOUT ROWID;

-- (One row a statement: lists of values and IN would each make a table of
-- their own for every alert.)
CREATE TRIGGER alerts_insert AFTER INSERT ON alerts BEGIN
	INSERT INTO alert_groups VALUES ('', NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
	INSERT INTO alert_groups VALUES (NEW.symbol, NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER alerts_delete AFTER DELETE ON alerts BEGIN
	UPDATE alert_groups SET n = n - 1
	    WHERE symbol = '' AND status = OLD.status;
	UPDATE alert_groups SET n = n - 1
	    WHERE symbol = OLD.symbol AND status = OLD.status;
END;
CREATE TRIGGER alerts_update AFTER UPDATE OF status ON alerts
    WHEN OLD.status <> NEW.status BEGIN
	UPDATE alert_groups SET n = n - 1
	    WHERE symbol = '' AND status = OLD.status;
	UPDATE alert_groups SET n = n - 1
	    WHERE symbol = OLD.symbol AND status = OLD.status;
	INSERT INTO alert_groups VALUES ('', NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
	INSERT INTO alert_groups VALUES (NEW.symbol, NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- ---- deliveries ----------------------------------------------------------

-- status: 0 pending, 1 retrying, 2 delivered, 3 dead, 4 held (waits for a
-- person). due_ms says when anyone may claim it: when its next attempt is due
-- and no lease holds it. attempts and step (the place in the schedule of
-- retries) begin anew when it is retried by hand; tries counts on.
CREATE TABLE deliveries (
	n INTEGER PRIMARY KEY,
	id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	alert INTEGER NOT NULL REFERENCES alerts (seq) ON DELETE CASCADE,
	rule_id BLOB NOT NULL CHECK (length(rule_id) = 16),
	channel TEXT NOT NULL,
	status INTEGER NOT NULL CHECK (status IN (0, 1, 2, 3, 4)),
	attempts INTEGER NOT NULL DEFAULT 0,
	step INTEGER NOT NULL DEFAULT 0,
	tries INTEGER NOT NULL DEFAULT 0,
	next_attempt_ms INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL,
	lease TEXT,
	lease_until_ms INTEGER NOT NULL DEFAULT 0,
	last_error TEXT,
	due_ms INTEGER GENERATED ALWAYS AS
	    (max(next_attempt_ms, lease_until_ms)) VIRTUAL,
	UNIQUE (alert, channel)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (due_ms) WHERE status < 2;
CREATE INDEX deliveries_lane ON deliveries (rule_id, channel, alert)
    WHERE status < 2;
CREATE INDEX deliveries_by_time ON deliveries (created_ms);
CREATE INDEX deliveries_by_status ON deliveries (status, created_ms, channel)
    WHERE status <> 2;

CREATE TABLE delivery_groups (
	channel TEXT NOT NULL,
	status INTEGER NOT NULL,
	n INTEGER NOT NULL,
	PRIMARY KEY (channel, status)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER deliveries_insert AFTER INSERT ON deliveries BEGIN
	INSERT INTO delivery_groups VALUES (NEW.channel, NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER deliveries_delete AFTER DELETE ON deliveries BEGIN
	UPDATE delivery_groups SET n = n - 1
	    WHERE channel = OLD.channel AND status = OLD.status;
END;
CREATE TRIGGER deliveries_update AFTER UPDATE OF status ON deliveries
    WHEN OLD.status <> NEW.status BEGIN
	UPDATE delivery_groups SET n = n - 1
	    WHERE channel = OLD.channel AND status = OLD.status;
	INSERT INTO delivery_groups VALUES (NEW.channel, NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- The audit: one row a request that was sent, or tried.
CREATE TABLE delivery_attempts (
	id INTEGER PRIMARY KEY,
	alert INTEGER NOT NULL REFERENCES alerts (seq) ON DELETE CASCADE,
	channel TEXT NOT NULL,
	attempt_no INTEGER NOT NULL,
	success INTEGER NOT NULL CHECK (success IN (0, 1)),
	response_code INTEGER NOT NULL,
	latency_ms INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	error TEXT,
	address TEXT,
	response TEXT,
	created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_by_alert ON delivery_attempts (alert);

-- ---- the rest ------------------------------------------------------------

CREATE TABLE api_keys (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
	rate_per_min INTEGER NOT NULL,
	admin INTEGER NOT NULL CHECK (admin IN (0, 1)),
	created_ms INTEGER NOT NULL,
	last_used_ms INTEGER NOT NULL DEFAULT 0,
	revoked_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE components (
	name TEXT NOT NULL,
	instance TEXT NOT NULL,
	time_ms INTEGER NOT NULL,
	counters TEXT NOT NULL,
	PRIMARY KEY (name, instance)
) STRICT, WITHOUT ROWID;
