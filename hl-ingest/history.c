#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/emit.h"
#include "common/interval.h"
#include "common/log.h"
#include "common/opt.h"
#include "common/sig.h"
#include "hl-ingest/frame.h"
#include "hl-ingest/history.h"
#include "hl-ingest/list.h"
#include "hl-ingest/progress.h"
#include "hl-ingest/rest.h"

/* A row is final this long after its bar's end. */
#define GRACE_MS  2000
#define KEEP_BARS 5000
/* Younger bars without a row may get one yet. */
#define YOUNG_MS 60000
#define EMIT_MAX ((size_t)256 * 1024)
/* Failures of one page before the work is left to another time. */
#define TRIES 8

enum page { PAGE_WAITING, PAGE_TAKEN, PAGE_AGAIN, PAGE_REFUSED };

struct history {
	const struct history_options *o;
	struct exclock clock;
	struct rest rest;
	struct catalogue catalogue;
	struct emit emit;
	struct buf line;
	struct progress progress;
	int signal_fd;
	int stopped; /* the signal */
	bool broken; /* stdout */

	/* The page under way. */
	struct history_series *s;
	enum page page;
	int64_t page_to_ms; /* open time of the last bar asked for */
	int64_t weight;
	int64_t until_ms; /* of this series: open time of its last bar */
	int64_t gap_ms; /* bars from here to s->next_ms are missing; -1 */
	size_t rows, bad;
	bool measured;
	char why[512];

	int64_t bars, gaps, refused;
};

/* ---- records ------------------------------------------------------------- */

static void
put(struct history *h)
{
	if (emit_add(&h->emit, h->line.p, h->line.len) < 0) {
		if (errno == EPIPE)
			sig_die_of_pipe();
		log_error("cannot write: %s", strerror(errno));
		h->broken = true;
	}
	buf_reset(&h->line);
}

static const char *
gap_reason(const struct history *h)
{
	int64_t reach = exclock_now(&h->clock) -
			(KEEP_BARS + 1) * interval_step(h->s->interval);

	return h->gap_ms < reach ? "older than what the exchange keeps"
				 : "not listed by the exchange";
}

static void
put_gap(struct history *h, int64_t to_ms)
{
	const char *reason = gap_reason(h);
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];

	clock_print(h->gap_ms, from);
	clock_print(to_ms, to);
	log_warn("%s %s: no bars from %s to %s: %s", h->s->coin,
	    interval_name(h->s->interval), from, to, reason);
	h->gaps++;
	buf_addf(&h->line,
	    "{\"event\":\"gap\",\"s\":\"%s\",\"i\":\"%s\",\"from\":%" PRId64
	    ",\"to\":%" PRId64 ",\"reason\":\"%s\"}",
	    h->s->coin, interval_name(h->s->interval), h->gap_ms, to_ms,
	    reason);
	put(h);
	h->gap_ms = -1;
}

static void
on_row(void *arg, const struct candle *row)
{
	struct history *h = arg;
	struct candle c = *row;

	if (strcmp(c.symbol, h->s->coin) != 0 || c.interval != h->s->interval) {
		h->bad++;
		return;
	}
	if (c.open_ms < h->s->next_ms || c.open_ms > h->page_to_ms)
		return;
	if (c.open_ms > h->s->next_ms && h->gap_ms < 0)
		h->gap_ms = h->s->next_ms;
	if (h->gap_ms >= 0)
		put_gap(h, c.open_ms - 1);
	c.state = CANDLE_CLOSED;
	candle_print(&c, &h->line);
	put(h);
	h->s->next_ms = c.close_ms + 1;
	h->rows++;
	h->bars++;
}

/* ---- a page -------------------------------------------------------------- */

static void
on_page(void *arg, const struct rest_answer *a)
{
	struct history *h = arg;
	struct err e = {.msg = ""};
	size_t bad = 0;
	long rows;

	h->page = PAGE_AGAIN;
	(void)snprintf(h->why, sizeof(h->why), "%s", a->why);
	if (a->result == REST_UNKNOWN || a->result == REST_REFUSED)
		h->page = PAGE_REFUSED;
	if (a->result != REST_OK)
		return;
	rows = frame_parse_rows(a->body, a->len, on_row, h, &bad, &e);
	if (rows < 0) {
		/* Rows before the fault were printed: go on behind them. */
		(void)snprintf(h->why, sizeof(h->why), "%s", e.msg);
		return;
	}
	h->bad += bad;
	if (h->bad > 0)
		log_warn("%s %s: %zu rows are no candles of it (%s)",
		    h->s->coin, interval_name(h->s->interval), h->bad, e.msg);
	rest_charge(&h->rest, budget_weight_rows(rows) - h->weight);
	h->page = PAGE_TAKEN;
}

/* Serve calls for at most this long; signals end the wait. */
static void
wait_a_while(struct history *h, int64_t ms)
{
	struct pollfd p[2] = {
	    {.fd = http_fd(h->rest.http), .events = POLLIN},
	    {.fd = h->signal_fd, .events = POLLIN},
	};
	int late = http_timeout_ms(h->rest.http), sig;
	int64_t real = clock_real_ms(ms);
	struct err e;

	if (late >= 0 && late < real)
		real = late;
	(void)poll(p, 2, real > 1000 ? 1000 : (int)real);
	while ((sig = sig_read(h->signal_fd)) != 0)
		if (sig == SIGINT || sig == SIGTERM)
			h->stopped = sig;
	if (http_service(h->rest.http, &e) < 0) {
		log_error("%s", e.msg);
		h->broken = true;
	}
}

static bool
ended(const struct history *h)
{
	return h->stopped != 0 || h->broken;
}

static enum page
ask_page(struct history *h, int64_t bars)
{
	int64_t step = interval_step(h->s->interval), wait;
	struct err e;

	h->page_to_ms = h->s->next_ms + (bars - 1) * step;
	if (h->page_to_ms > h->until_ms)
		h->page_to_ms = h->until_ms;
	h->weight =
	    budget_weight_rows((h->page_to_ms - h->s->next_ms) / step + 1);
	h->rows = h->bad = 0;
	while ((wait = rest_wait(&h->rest, h->weight)) > 0 && !ended(h))
		wait_a_while(h, wait);
	if (ended(h))
		return PAGE_AGAIN;
	rest_print_candles(
	    &h->line, h->s->coin, h->s->interval, h->s->next_ms, h->page_to_ms);
	h->page = PAGE_WAITING;
	if (rest_post(&h->rest, h->line.p, h->weight, on_page, h, &e) < 0) {
		(void)snprintf(h->why, sizeof(h->why), "%s", e.msg);
		h->page = PAGE_AGAIN;
	}
	buf_reset(&h->line);
	while (h->page == PAGE_WAITING && !ended(h))
		wait_a_while(h, 1000);
	return h->page;
}

/* ---- a series ------------------------------------------------------------ */

static int64_t
moment(const struct history *h, const struct history_time *t)
{
	return t->ago ? exclock_now(&h->clock) - t->ms : t->ms;
}

/* The open time of the last bar that is final and wanted. */
static int64_t
last_bar(const struct history *h)
{
	int64_t step = interval_step(h->s->interval);
	int64_t now = exclock_now(&h->clock) - GRACE_MS;
	int64_t until = moment(h, &h->o->until);

	/* A bar is wanted when it has closed by then. */
	if (until > now)
		until = now;
	return interval_open(h->s->interval, until) - step;
}

/* Where to go on behind an empty page: what the exchange does not keep any
 * more is not asked for. */
static int64_t
after_empty(const struct history *h)
{
	int64_t step = interval_step(h->s->interval);
	int64_t reach = interval_open(h->s->interval, exclock_now(&h->clock)) -
			(KEEP_BARS + 1) * step;
	int64_t next = h->page_to_ms + step;

	return next < reach ? reach : next;
}

static void
save(struct history *h, const struct history_series *v, size_t n)
{
	int64_t next = h->s->next_ms;
	struct err e;
	int rc;

	if (emit_flush(&h->emit) < 0) {
		if (errno == EPIPE)
			sig_die_of_pipe();
		log_error("cannot write: %s", strerror(errno));
		h->broken = true;
		return;
	}
	/* A gap that is not said yet is found again. */
	if (h->gap_ms >= 0)
		h->s->next_ms = h->gap_ms;
	rc = h->o->state_path == NULL
		 ? 0
		 : history_save(h->o->state_path, v, n, &e);
	h->s->next_ms = next;
	if (rc < 0) {
		log_error("%s", e.msg);
		h->broken = true;
	}
}

/* What the page did not bring is a gap from here on: it is said when the next
 * row comes, or at the end of the series. */
static void
end_page(struct history *h)
{
	int64_t step = interval_step(h->s->interval);
	int64_t next = h->page_to_ms + step;

	if (h->s->next_ms > h->page_to_ms)
		return;
	if (h->rows == 0)
		next = after_empty(h);
	if (h->gap_ms < 0)
		h->gap_ms = h->s->next_ms;
	h->s->next_ms = next > h->until_ms ? h->until_ms + step : next;
}

/* The rows of quiet bars that just closed may not be there yet: those are for
 * another time. */
static void
end_series(struct history *h)
{
	if (h->gap_ms < 0)
		return;
	if (h->gap_ms + interval_step(h->s->interval) + YOUNG_MS >
	    exclock_now(&h->clock))
		h->s->next_ms = h->gap_ms;
	else
		put_gap(h, h->s->next_ms - 1);
	h->gap_ms = -1;
}

static void
say_refused(struct history *h)
{
	struct buf like;

	buf_init(&like, 1024);
	if (list_fetch(&h->catalogue) == 0)
		names_print_suggestions(&h->catalogue.names, h->s->coin, &like);
	log_error("%s:%s: %s%s", h->s->coin, interval_name(h->s->interval),
	    h->why, like.p != NULL ? like.p : "");
	buf_release(&like);
	h->refused++;
}

/* One page: 1, 0 when the exchange refuses the series, -1 to end. */
static int
run_page(struct history *h)
{
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		switch (ask_page(h, h->o->page_bars)) {
		case PAGE_REFUSED:
			say_refused(h);
			return 0;
		case PAGE_TAKEN:
			end_page(h);
			return 1;
		default:
			if (ended(h))
				return -1;
			log_info("%s; again", h->why);
		}
	}
	return -1;
}

/* Pages from where the series stands to its end: 0, or -1 when it was left
 * unfinished. */
static int
run_series(struct history *h, struct history_series *v, size_t n, size_t i)
{
	int64_t step = interval_step(v[i].interval), from;
	int rc = 1;

	h->s = &v[i];
	h->gap_ms = -1;
	h->until_ms = last_bar(h);
	from = h->s->next_ms;
	while (rc > 0 && !ended(h) && h->s->next_ms <= h->until_ms) {
		progress_show(&h->progress,
		    (double)i + (double)(h->s->next_ms - from) /
				    (double)(h->until_ms - from + step),
		    h->bars, h->s->coin);
		rc = run_page(h);
		save(h, v, n);
	}
	if (rc == 1 && !ended(h))
		end_series(h);
	save(h, v, n);
	return rc < 0 || ended(h) ? -1 : 0;
}

static void
on_measured(void *arg, int measured)
{
	struct history *h = arg;

	h->measured = measured;
	h->page = PAGE_TAKEN;
}

/* "HYPE/USDC" is @107. */
static void
resolve_pairs(struct history *h, struct history_series *v, size_t n)
{
	const struct name *name;
	size_t i;

	for (i = 0; i < n; i++) {
		if (strchr(v[i].coin, '/') == NULL ||
		    list_fetch(&h->catalogue) < 0 ||
		    names_find(&h->catalogue.names, v[i].coin) != NULL)
			continue;
		name = names_find_pair(&h->catalogue.names, v[i].coin);
		if (name == NULL)
			continue;
		log_warn("%s is %s on the exchange: that is its name in "
			 "records and rules",
		    v[i].coin, name->coin);
		memcpy(v[i].coin, name->coin, sizeof(v[i].coin));
	}
}

/* The exchange's clock, and from it where each series begins. */
static int
begin_all(struct history *h, struct history_series *v, size_t n)
{
	struct err e;
	int64_t t;
	size_t i;

	h->page = PAGE_WAITING;
	if (rest_measure(&h->rest, on_measured, h, &e) < 0) {
		log_error("%s", e.msg);
		return -1;
	}
	while (h->page == PAGE_WAITING && !ended(h))
		wait_a_while(h, 1000);
	t = moment(h, &h->o->since);
	for (i = 0; i < n; i++)
		if (v[i].next_ms < 0)
			v[i].next_ms =
			    interval_open(v[i].interval, t < 0 ? 0 : t);
	return ended(h) ? -1 : 0;
}

/* Now is the exchange's; only it can tell what is past. */
static bool
begins_in_future(const struct history *h)
{
	int64_t since = moment(h, &h->o->since);
	char text[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];

	if (since <= exclock_now(&h->clock))
		return false;
	clock_print(since, text);
	clock_print(exclock_now(&h->clock), now);
	log_error("--history: %s is in the future: at the exchange it is %s",
	    text, now);
	return true;
}

/* ---- the whole ----------------------------------------------------------- */

static int
run_all(struct history *h, struct history_series *v, size_t n)
{
	size_t i;
	int rc = 0;

	if (begin_all(h, v, n) < 0)
		return EXIT_TEMPFAIL;
	if (begins_in_future(h))
		return EXIT_USAGE;
	progress_begin(&h->progress, (double)n);
	for (i = 0; i < n && rc == 0; i++)
		rc = run_series(h, v, n, i);
	progress_end(&h->progress);
	if (rc == 0)
		log_info(
		    "%" PRId64 " bars, %" PRId64 " gaps", h->bars, h->gaps);
	else if (h->stopped != 0)
		log_warn("stopped at %s:%s%s", h->s->coin,
		    interval_name(h->s->interval),
		    h->o->state_path != NULL ? "; the same command goes on"
					     : "");
	else if (!h->broken)
		log_error("%s:%s: %s; gave up after %d tries", h->s->coin,
		    interval_name(h->s->interval), h->why, TRIES);
	if (rc < 0)
		return h->broken ? EXIT_SOME_FAILED : EXIT_TEMPFAIL;
	return h->refused > 0 ? EXIT_SOME_FAILED : EXIT_DONE;
}

int
history_run(const struct history_options *o, struct history_series *v, size_t n)
{
	struct history h = {.o = o};
	struct err e = {.msg = ""};
	int rc = EXIT_SOME_FAILED;

	emit_init(&h.emit, STDOUT_FILENO, EMIT_MAX);
	buf_init(&h.line, 64 * 1024);
	h.signal_fd = sig_open();
	if (h.signal_fd < 0 || rest_open(&h.rest, o->url,
				   BUDGET_REST_WEIGHT * o->budget_percent / 100,
				   &h.clock, &e) < 0) {
		log_error("%s", e.msg);
	} else {
		h.rest.ca_file = o->ca_file;
		catalogue_init(&h.catalogue, &h.rest);
		resolve_pairs(&h, v, n);
		/* It names the series as the exchange does. */
		if (o->state_path != NULL &&
		    history_load(o->state_path, v, n, &e) < 0)
			log_error("%s", e.msg);
		else
			rc = run_all(&h, v, n);
		catalogue_release(&h.catalogue);
		if (emit_flush(&h.emit) < 0 && errno == EPIPE)
			sig_die_of_pipe();
	}
	rest_close(&h.rest);
	emit_release(&h.emit);
	buf_release(&h.line);
	return rc;
}

/* ---- the state file ------------------------------------------------------ */

int
history_load(
    const char *path, struct history_series *v, size_t n, struct err *e)
{
	char coin[SYMBOL_TEXT_MAX], interval[8];
	FILE *f = fopen(path, "re");
	int64_t next;
	size_t i;
	int got;

	if (f == NULL)
		return errno == ENOENT
			   ? 0
			   : err_set(e, "%s: %s", path, strerror(errno));
	while ((got = fscanf(f, "%32s %7s %" SCNd64, coin, interval, &next)) ==
	       3) {
		int id = interval_find(interval, strlen(interval));

		for (i = 0; i < n; i++)
			if (id == v[i].interval &&
			    strcmp(coin, v[i].coin) == 0 && next >= 0 &&
			    next % interval_step(v[i].interval) == 0)
				v[i].next_ms = next;
	}
	(void)fclose(f);
	return got != EOF
		   ? err_set(e, "%s: not a state file of --history", path)
		   : 0;
}

int
history_save(
    const char *path, const struct history_series *v, size_t n, struct err *e)
{
	char tmp[4096];
	size_t i;
	FILE *f;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.new", path) >= sizeof(tmp))
		return err_set(e, "the state file's name is too long");
	f = fopen(tmp, "we");
	if (f == NULL)
		return err_set(e, "%s: %s", tmp, strerror(errno));
	for (i = 0; i < n; i++)
		fprintf(f, "%s %s %" PRId64 "\n", v[i].coin,
		    interval_name(v[i].interval), v[i].next_ms);
	if (fclose(f) != 0 || rename(tmp, path) < 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	return 0;
}
