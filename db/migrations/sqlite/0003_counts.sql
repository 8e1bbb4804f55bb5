-- Schema 3: alerts and deliveries written at half the cost.

-- CHECK (x IN (three values or more)) builds a table for every row that is
-- written; a range says the same. SQLite documents this way to change a
-- constraint without copying the table ("Making Other Kinds Of Table Schema
-- Changes", lang_altertable); the triggers below change the schema's number.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, 'IN (0, 1, 2, 3)', 'BETWEEN 0 AND 3')
    WHERE type = 'table' AND name = 'alerts';
UPDATE sqlite_schema
    SET sql = replace(sql, 'IN (0, 1, 2, 3, 4)', 'BETWEEN 0 AND 4')
    WHERE type = 'table' AND name = 'deliveries';
PRAGMA writable_schema = RESET;

-- alert_groups and delivery_groups count rows. A writer that adds and moves
-- many in one transaction says so here (1), counts by itself and writes the
-- sums before it commits, with the 0; whoever does not is counted for, row by
-- row, by the triggers. What is removed the triggers count always.
INSERT INTO counters VALUES ('counts_itself', 0);

DROP TRIGGER alerts_insert;
CREATE TRIGGER alerts_insert AFTER INSERT ON alerts
    WHEN (SELECT n FROM counters WHERE name = 'counts_itself') = 0 BEGIN
	INSERT INTO alert_groups VALUES ('', NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
	INSERT INTO alert_groups VALUES (NEW.symbol, NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
END;
DROP TRIGGER alerts_update;
CREATE TRIGGER alerts_update AFTER UPDATE OF status ON alerts
    WHEN OLD.status <> NEW.status AND
	(SELECT n FROM counters WHERE name = 'counts_itself') = 0 BEGIN
	UPDATE alert_groups SET n = n - 1
	    WHERE symbol = '' AND status = OLD.status;
	UPDATE alert_groups SET n = n - 1
	    WHERE symbol = OLD.symbol AND status = OLD.status;
	INSERT INTO alert_groups VALUES ('', NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
	INSERT INTO alert_groups VALUES (NEW.symbol, NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
END;
DROP TRIGGER deliveries_insert;
CREATE TRIGGER deliveries_insert AFTER INSERT ON deliveries
    WHEN (SELECT n FROM counters WHERE name = 'counts_itself') = 0 BEGIN
	INSERT INTO delivery_groups VALUES (NEW.channel, NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
END;
DROP TRIGGER deliveries_update;
CREATE TRIGGER deliveries_update AFTER UPDATE OF status ON deliveries
    WHEN OLD.status <> NEW.status AND
	(SELECT n FROM counters WHERE name = 'counts_itself') = 0 BEGIN
	UPDATE delivery_groups SET n = n - 1
	    WHERE channel = OLD.channel AND status = OLD.status;
	INSERT INTO delivery_groups VALUES (NEW.channel, NEW.status, 1)
	    ON CONFLICT DO UPDATE SET n = n + 1;
END;
