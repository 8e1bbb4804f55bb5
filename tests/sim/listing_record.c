#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/candle.h"
#include "common/lines.h"
#include "tests/sim/dice.h"
#include "tests/sim/listing.h"
#include "tests/sim/tape_record.h"

/* The whole recording, in the order of its lines. */
struct recording {
	struct candle *rows;
	size_t n, cap;
};

static int
add_row(struct recording *r, const struct candle *c)
{
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 1024 : 2 * r->cap;
		struct candle *rows = realloc(r->rows, cap * sizeof(*rows));

		if (rows == NULL)
			return -1;
		r->rows = rows;
		r->cap = cap;
	}
	r->rows[r->n++] = *c;
	return 0;
}

static int
read_rows(struct recording *r, struct lines *l, const char *path, struct err *e)
{
	const char *line;
	size_t len;
	struct candle c;

	for (;;) {
		switch (lines_next(l, &line, &len)) {
		case LINES_END:
			return 0;
		case LINES_MORE:
			if (lines_fill(l) < 0)
				return err_set(
				    e, "%s: %s", path, strerror(errno));
			continue;
		case LINES_TOO_LONG:
			return err_set(e, "%s:%llu: too long a line", path,
			    (unsigned long long)l->number);
		case LINES_LINE:
			break;
		}
		switch (candle_parse(&c, line, len, e)) {
		case CANDLE_LINE_CANDLE:
			if (add_row(r, &c) != 0)
				return err_set(e, "out of memory");
			break;
		case CANDLE_LINE_EVENT:
			break;
		case CANDLE_LINE_BAD:
			return err_prefix(
			    e, "%s:%llu", path, (unsigned long long)l->number);
		}
	}
}

static int
read_file(struct recording *r, const char *path, struct err *e)
{
	struct lines l;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (lines_init(&l, fd, LINES_MAX_DEFAULT) != 0) {
		close(fd);
		return err_set(e, "out of memory");
	}
	rc = read_rows(r, &l, path, e);
	lines_release(&l);
	close(fd);
	return rc;
}

static int
read_files(
    struct recording *r, const char *const *paths, size_t n, struct err *e)
{
	*r = (struct recording){0};
	for (size_t i = 0; i < n; i++)
		if (read_file(r, paths[i], e) != 0) {
			free(r->rows);
			return -1;
		}
	return r->n > 0 ? 0 : err_set(e, "%s: no candles in it", paths[0]);
}

/* By coin, interval, time; the state seen last of one bar last. */
static int
by_series(const void *pa, const void *pb)
{
	const struct candle *a = pa, *b = pb;
	int rc = strcmp(a->symbol, b->symbol);

	if (rc == 0)
		rc = (int)a->interval - (int)b->interval;
	if (rc == 0)
		rc = (a->open_ms > b->open_ms) - (a->open_ms < b->open_ms);
	if (rc == 0)
		rc = (a->trades > b->trades) - (a->trades < b->trades);
	return rc != 0 ? rc : decimal_cmp(a->volume, b->volume);
}

static int
places(struct decimal d)
{
	return decimal_normal(d).scale;
}

/* The finest scale that any number of the coin needs. */
static void
widen_scale(struct bar_scale *s, const struct candle *c)
{
	const struct decimal px[] = {c->open, c->high, c->low, c->close};

	for (size_t i = 0; i < 4; i++)
		if (places(px[i]) > s->px)
			s->px = places(px[i]);
	if (places(c->volume) > s->sz)
		s->sz = places(c->volume);
}

static int
scaled(struct decimal d, int places_wanted, int64_t *out)
{
	d = decimal_normal(d);
	for (; d.scale < places_wanted; d.scale++)
		if (__builtin_mul_overflow(d.mant, 10, &d.mant))
			return -1;
	*out = d.mant;
	return 0;
}

static int
to_bar(struct bar *b, const struct candle *c, const struct bar_scale *s)
{
	b->t = c->open_ms;
	if (scaled(c->open, s->px, &b->o) != 0 ||
	    scaled(c->high, s->px, &b->h) != 0 ||
	    scaled(c->low, s->px, &b->l) != 0 ||
	    scaled(c->close, s->px, &b->c) != 0 ||
	    scaled(c->volume, s->sz, &b->v) != 0)
		return -1;
	/* Some recordings lost n: any number that fits the volume. */
	b->n = c->trades;
	if (b->n < 0)
		b->n = b->v == 0 ? 0
				 : 1 + (int64_t)dice_below(
					   dice_mix((uint64_t)b->t), 200);
	return 0;
}

/* One series: rows [0, n) of one coin and interval. */
static int
add_series(struct market *m, struct coin *c, const struct candle *rows,
    size_t n, struct err *e)
{
	struct bar *bars = calloc(n, sizeof(*bars));
	size_t k = 0;

	if (bars == NULL)
		return err_set(e, "out of memory");
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && rows[i].open_ms == rows[i + 1].open_ms)
			continue;
		if (to_bar(&bars[k++], &rows[i], &c->scale) != 0) {
			free(bars);
			return err_set(e, "%s: too long a number", c->name);
		}
	}
	tape_record_init(market_new_tape(c), bars, k,
	    interval_step(rows[0].interval), m->frames, m->seed, &m->events);
	return 0;
}

static size_t
run_of(const struct candle *rows, size_t n, bool same_interval)
{
	size_t i = 1;

	while (i < n && strcmp(rows[i].symbol, rows[0].symbol) == 0 &&
	       (!same_interval || rows[i].interval == rows[0].interval))
		i++;
	return i;
}

static int
add_coin(struct market *m, const struct candle *rows, size_t n, struct err *e)
{
	struct coin *c = market_new_coin(m, rows[0].symbol, rows[0].symbol_len);

	c->scale.exact = true;
	for (size_t i = 0; i < n; i++)
		widen_scale(&c->scale, &rows[i]);
	for (size_t i = 0, k; i < n; i += k) {
		k = run_of(rows + i, n - i, true);
		if (add_series(m, c, rows + i, k, e) != 0)
			return -1;
	}
	return 0;
}

static void
bounds(const struct recording *r, int64_t *from, int64_t *to, int64_t *longest)
{
	*from = r->rows[0].open_ms;
	*to = *longest = 0;
	for (size_t i = 0; i < r->n; i++) {
		int64_t step = interval_step(r->rows[i].interval);

		if (r->rows[i].open_ms < *from)
			*from = r->rows[i].open_ms;
		if (r->rows[i].close_ms > *to)
			*to = r->rows[i].close_ms;
		if (step > *longest)
			*longest = step;
	}
}

int
market_add_records(struct market *m, const char *const *paths, size_t n,
    int64_t shift_ms, struct err *e)
{
	struct recording r;
	int64_t longest;
	int rc = 0;

	if (read_files(&r, paths, n, e) != 0)
		return -1;
	for (size_t i = 0; i < r.n; i++) {
		r.rows[i].open_ms += shift_ms;
		r.rows[i].close_ms += shift_ms;
	}
	bounds(&r, &m->recorded_from, &m->recorded_to, &longest);
	qsort(r.rows, r.n, sizeof(*r.rows), by_series);
	for (size_t i = 0, k; rc == 0 && i < r.n; i += k) {
		k = run_of(r.rows + i, r.n - i, false);
		rc = add_coin(m, r.rows + i, k, e);
	}
	free(r.rows);
	return rc;
}

int
market_scan_records(const char *const *paths, size_t n, int64_t *from,
    int64_t *to, int64_t *longest, struct err *e)
{
	struct recording r;

	if (read_files(&r, paths, n, e) != 0)
		return -1;
	bounds(&r, from, to, longest);
	free(r.rows);
	return 0;
}
