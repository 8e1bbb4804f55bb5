-- Schema 6: two pages less for an alert with a delivery.

-- The deliveries of an alert are numbered together, from 64 times its number
-- on, in the order in which its rule names their channels: the primary key
-- finds them, and an index of alerts is not needed any more. That an alert
-- goes through a channel once follows from id, which is computed of the two.
CREATE TABLE numbered (
	n INTEGER PRIMARY KEY CHECK (n >= 64),
	id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	rule_id BLOB NOT NULL CHECK (length(rule_id) = 16),
	channel TEXT NOT NULL,
	status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4),
	attempts INTEGER NOT NULL DEFAULT 0,
	step INTEGER NOT NULL DEFAULT 0,
	tries INTEGER NOT NULL DEFAULT 0,
	next_attempt_ms INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL,
	lease TEXT,
	lease_until_ms INTEGER NOT NULL DEFAULT 0,
	last_error TEXT,
	alert INTEGER GENERATED ALWAYS AS (n / 64) VIRTUAL,
	due_ms INTEGER GENERATED ALWAYS AS
	    (max(next_attempt_ms, lease_until_ms)) VIRTUAL
) STRICT;
INSERT INTO numbered
    SELECT 64 * alert + (SELECT count(*) FROM deliveries o
	    WHERE o.alert = d.alert AND o.n < d.n),
	id, rule_id, channel, status, attempts, step, tries, next_attempt_ms,
	created_ms, updated_ms, lease, lease_until_ms, last_error
    FROM deliveries d;
DROP TABLE deliveries;
ALTER TABLE numbered RENAME TO deliveries;
CREATE INDEX deliveries_due ON deliveries (next_attempt_ms) WHERE status < 2;
CREATE INDEX deliveries_lane ON deliveries (rule_id, channel)
    WHERE status < 2;
CREATE INDEX deliveries_by_time ON deliveries (created_ms);
CREATE INDEX deliveries_by_status ON deliveries (status, created_ms, channel)
    WHERE status <> 2;

-- How many rows of one status: of alerts by symbol, and of all symbols
-- together (''), and of deliveries by channel.
CREATE TABLE status_counts (
	what TEXT NOT NULL CHECK (what IN ('alerts', 'deliveries')),
	name TEXT NOT NULL,
	status INTEGER NOT NULL,
	n INTEGER NOT NULL,
	PRIMARY KEY (what, name, status)
) STRICT, WITHOUT ROWID;
INSERT INTO status_counts SELECT 'alerts', symbol, status, n FROM alert_groups;
INSERT INTO status_counts
    SELECT 'deliveries', channel, status, n FROM delivery_groups;
DROP TRIGGER alerts_delete;
DROP TABLE alert_groups;
DROP TABLE delivery_groups;

CREATE TRIGGER alerts_delete AFTER DELETE ON alerts BEGIN
	DELETE FROM deliveries
	    WHERE n BETWEEN 64 * OLD.seq AND 64 * OLD.seq + 63;
	UPDATE status_counts SET n = n - 1
	    WHERE what = 'alerts' AND name = '' AND status = OLD.status;
	UPDATE status_counts SET n = n - 1
	    WHERE what = 'alerts' AND name = OLD.symbol AND status = OLD.status;
END;
CREATE TRIGGER deliveries_delete AFTER DELETE ON deliveries BEGIN
	UPDATE status_counts SET n = n - 1
	    WHERE what = 'deliveries' AND name = OLD.channel
	    AND status = OLD.status;
END;
