-- Schema 5: an alert is numbered without a page of its own for it.

-- AUTOINCREMENT writes the newest number into sqlite_sequence with every row,
-- so that none comes twice after the newest row was deleted. The counter
-- alert_seq tells the newest number of a deleted alert instead: the next one
-- follows it or the newest row, and nothing but a deletion writes it. The rows
-- are the same with and without the word, which is taken out as in schema 3.
INSERT INTO counters
    SELECT 'alert_seq', coalesce(max(seq), 0) FROM sqlite_sequence
    WHERE name = 'alerts';
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, 'PRIMARY KEY AUTOINCREMENT', 'PRIMARY KEY')
    WHERE type = 'table' AND name = 'alerts';
PRAGMA writable_schema = RESET;
DELETE FROM sqlite_sequence WHERE name = 'alerts';
CREATE TRIGGER alerts_seq AFTER DELETE ON alerts BEGIN
	UPDATE counters SET n = OLD.seq
	    WHERE name = 'alert_seq' AND n < OLD.seq;
END;
