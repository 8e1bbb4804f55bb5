-- Schema 4: a claim changes no index.

-- deliveries_due went by due_ms, in which every lease moved: a claim took the
-- entry out and put it in elsewhere. It goes by the time of the next attempt
-- now; a look for what is due steps over what is leased meanwhile, which is as
-- much as senders hold in memory at most.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (next_attempt_ms) WHERE status < 2;
