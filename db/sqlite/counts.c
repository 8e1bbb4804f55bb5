/*
 * counts: how many alerts and deliveries there are by status, kept in
 * status_counts.
 *
 * A transaction moves hundreds of rows between a handful of groups, so they
 * are counted in memory and their sums written before it commits. Rows that
 * are deleted, by a cascade too, are counted by triggers, at once. A rollback
 * takes back the rows, and we forget their counts.
 */
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "db/sqlite/db.h"

/* Longest name of a group: a symbol or a channel. */
#define NAME_LEN_MAX 64
/* Groups remembered; with more, their sums are written before the end. */
#define GROUPS_MAX 4096
#define SLOTS	   (2 * GROUPS_MAX)

struct group {
	enum count_table table;
	int status;
	char name[NAME_LEN_MAX + 1];
	int64_t change;
	size_t slot; /* where it is found */
};

struct counts {
	struct group groups[GROUPS_MAX];
	size_t n;
	/* By hash: the number of a group plus one, or 0. */
	uint16_t slots[SLOTS];
};

/* ---- the store's side ---------------------------------------------------- */

static int
write_change(struct db *db, enum count_table table, const char *name,
    int status, int64_t change, struct err *e)
{
	static const char *const names[] = {"alerts", "deliveries"};
	struct query q;

	if (change == 0)
		return 0;
	if (q_open(&q, db,
		"INSERT INTO status_counts VALUES (?1, ?2, ?3, ?4) "
		"ON CONFLICT DO UPDATE SET n = n + ?4",
		e) < 0)
		return -1;
	q_text(&q, names[table]);
	q_text(&q, name);
	q_int(&q, status);
	q_int(&q, change);
	return q_run(&q, e);
}

/* Only what is in use: all slots are 16 KB, too much to wipe in the commit of
 * a single alert. */
static void
empty(struct counts *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		c->slots[c->groups[i].slot] = 0;
	c->n = 0;
}

int
counts_write(struct db *db, struct err *e)
{
	struct counts *c = db->counts;
	size_t i;

	if (c == NULL || c->n == 0)
		return 0;
	for (i = 0; i < c->n; i++) {
		const struct group *g = &c->groups[i];

		if (write_change(
			db, g->table, g->name, g->status, g->change, e) < 0) {
			/* Those before it are written and still counted. */
			db->broken = true;
			return -1;
		}
	}
	empty(c);
	return 0;
}

/* Group by group, from the rows. */
int
sqlite_recount(struct store *st, struct err *e)
{
	static const char *const sql[] = {
	    "DELETE FROM status_counts",
	    "INSERT INTO status_counts SELECT 'alerts', symbol, status, "
	    "count(*) FROM alerts GROUP BY symbol, status",
	    "INSERT INTO status_counts SELECT 'alerts', '', status, sum(n) "
	    "FROM status_counts WHERE what = 'alerts' GROUP BY status",
	    "INSERT INTO status_counts SELECT 'deliveries', channel, status, "
	    "count(*) FROM deliveries GROUP BY channel, status",
	};
	struct db *db = db_of(st);
	struct query q;
	bool own;
	size_t i;
	int rc = 0;

	if (db_enter(db, true, &own, e) < 0)
		return -1;
	counts_forget(db);
	for (i = 0; i < sizeof(sql) / sizeof(sql[0]) && rc == 0; i++)
		if ((rc = q_open_once(&q, db, sql[i], e)) == 0)
			rc = q_run(&q, e);
	return db_leave(db, own, rc, e);
}

/* ---- in memory ----------------------------------------------------------- */

static size_t
hash_of(enum count_table table, const char *name, int status)
{
	uint64_t h =
	    hash_step(HASH_BASIS, (uint64_t)table * 5 + (uint64_t)status);

	h = hash_text(h, name);
	return (size_t)((h ^ (h >> 29)) % SLOTS);
}

static struct group *
find(struct counts *c, enum count_table table, const char *name, int status)
{
	size_t i = hash_of(table, name, status);
	struct group *g;

	for (; c->slots[i] != 0; i = (i + 1) % SLOTS) {
		g = &c->groups[c->slots[i] - 1];
		if (g->table == table && g->status == status &&
		    strcmp(g->name, name) == 0)
			return g;
	}
	g = &c->groups[c->n++];
	c->slots[i] = (uint16_t)c->n;
	g->table = table;
	g->status = status;
	memcpy(g->name, name, strlen(name) + 1);
	g->change = 0;
	g->slot = i;
	return g;
}

int
counts_add(struct db *db, enum count_table table, const char *name, int status,
    int64_t change, struct err *e)
{
	struct counts *c = db->counts;

	if (c == NULL) {
		c = db->counts = calloc(1, sizeof(*c));
		if (c == NULL)
			return err_set(e, "out of memory");
	}
	/* Longer than the programs make them: not worth remembering. */
	if (strlen(name) > NAME_LEN_MAX)
		return write_change(db, table, name, status, change, e);
	if (c->n == GROUPS_MAX && counts_write(db, e) < 0)
		return -1;
	find(c, table, name, status)->change += change;
	return 0;
}

void
counts_forget(struct db *db)
{
	struct counts *c = db->counts;

	if (c != NULL)
		empty(c);
}

void
counts_free(struct db *db)
{
	free(db->counts);
	db->counts = NULL;
}
