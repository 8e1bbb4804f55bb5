#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/interval.h"
#include "common/log.h"
#include "common/sig.h"
#include "hl-ingest/feed.h"

#define BEAT_EVERY_MS 10000
/* So many refused series are named in the store; all are counted. */
#define REFUSED_NAMED 16
/* At the end the reader has this long to take what is left. */
#define DRAIN_REAL_MS 5000

/* ---- lines --------------------------------------------------------------- */

/* Send f->line off. */
static void
put_line(struct feed *f)
{
	if (buf_failed(&f->line) ||
	    out_line(&f->out, f->line.p, f->line.len) < 0) {
		log_error("a record was lost: no memory for %zu bytes",
		    f->out.queue.len);
		f->failed = f->stop = true;
	}
	buf_reset(&f->line);
}

static void
begin_event(struct feed *f, const char *event, const struct series *s)
{
	buf_reset(&f->line);
	buf_addf(&f->line, "{\"event\":\"%s\",\"s\":\"%s\",\"i\":\"%s\"", event,
	    s->coin, interval_name(s->interval));
}

static void
put_candle(struct feed *f, const struct candle *c)
{
	buf_reset(&f->line);
	candle_print(c, &f->line);
	put_line(f);
}

/* ---- series -------------------------------------------------------------- */

static void
on_forming(void *arg, struct series *s, const struct candle *c)
{
	struct member *m = arg;
	struct feed *f = m->feed;

	(void)s;
	if (f->options.closed_only)
		return;
	if (out_blocked(&f->out)) {
		f->count.conflated += m->dirty;
		m->dirty = true;
		return;
	}
	f->count.forming++;
	put_candle(f, c);
}

static void
on_closed(void *arg, struct series *s, const struct candle *c, bool live)
{
	struct member *m = arg;
	struct feed *f = m->feed;

	(void)s;
	f->count.closed++;
	f->count.backfilled += !live;
	put_candle(f, c);
}

static void
on_gap(void *arg, struct series *s, int64_t from_ms, int64_t to_ms,
    const char *reason)
{
	struct member *m = arg;
	struct feed *f = m->feed;
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];

	f->count.gaps++;
	clock_print(from_ms, from);
	clock_print(to_ms, to);
	log_warn("%s %s: no bars from %s to %s: %s", s->coin,
	    interval_name(s->interval), from, to, reason);
	begin_event(f, "gap", s);
	buf_addf(&f->line, ",\"from\":%" PRId64 ",\"to\":%" PRId64 ",", from_ms,
	    to_ms);
	buf_adds(&f->line, "\"reason\":");
	buf_adds_json(&f->line, reason);
	buf_addc(&f->line, '}');
	put_line(f);
}

/* Say whether a series is stale, as soon as the reader has room for it. */
static void
say_stale(struct feed *f, struct member *m)
{
	struct series *s = &m->series;
	int64_t since = s->frame_ms >= 0 ? s->frame_ms : s->live_since_ms;

	if (m->stale_said == s->stale || !out_room(&f->out))
		return;
	m->stale_said = s->stale;
	begin_event(f, s->stale ? "stale" : "fresh", s);
	buf_addf(&f->line, ",\"since\":%" PRId64 "}", since);
	put_line(f);
}

static void
say_corrected(struct feed *f, struct series *s, const struct candle *c)
{
	f->count.corrected++;
	log_warn("%s %s: REST differs from what was printed closed", s->coin,
	    interval_name(s->interval));
	begin_event(f, "corrected", s);
	buf_adds(&f->line, ",\"candle\":");
	candle_print(c, &f->line);
	buf_addc(&f->line, '}');
	put_line(f);
}

static void
on_note(
    void *arg, struct series *s, enum series_note note, const struct candle *c)
{
	struct member *m = arg;
	struct feed *f = m->feed;

	switch (note) {
	case SERIES_NOTE_REGRESSED:
		f->count.regressed++;
		log_warn("%s %s: the forming bar lost volume (the exchange "
			 "lost its state); REST decides at its close",
		    s->coin, interval_name(s->interval));
		break;
	case SERIES_NOTE_LATE:
		f->count.late++;
		break;
	case SERIES_NOTE_DUPLICATE:
		f->count.duplicates++;
		break;
	case SERIES_NOTE_AMENDED:
		f->count.amended++;
		break;
	case SERIES_NOTE_CORRECTED:
		say_corrected(f, s, c);
		break;
	case SERIES_NOTE_UNCONFIRMED:
		f->count.unconfirmed++;
		break;
	case SERIES_NOTE_UNCHECKED:
		if (f->count.unchecked++ == 0)
			log_warn("%s %s: more bars were printed from their "
				 "last frame than the REST budget can check: "
				 "the oldest stay unchecked",
			    s->coin, interval_name(s->interval));
		break;
	case SERIES_NOTE_STALE:
		f->count.stale++;
		say_stale(f, m);
		break;
	case SERIES_NOTE_FRESH:
		say_stale(f, m);
		break;
	}
}

const struct series_ops report_ops = {
    .forming = on_forming,
    .closed = on_closed,
    .gap = on_gap,
    .note = on_note,
};

void
report_past(struct member *m, const struct candle *rows, size_t n)
{
	struct feed *f = m->feed;
	const struct series *s = &m->series;
	size_t i;

	/* The newest first: whatever of them is stored when it ends in
	 * between, there is no hole, and the next time goes on from there. */
	for (i = n; i-- > 0;) {
		struct candle c = rows[i];

		c.state = CANDLE_CLOSED;
		c.recv_ms = -1;
		begin_event(f, "past", s);
		buf_adds(&f->line, ",\"candle\":");
		candle_print(&c, &f->line);
		buf_addc(&f->line, '}');
		put_line(f);
	}
	begin_event(f, "warm", s);
	buf_addf(&f->line, ",\"from\":%" PRId64 ",\"to\":%" PRId64 "}",
	    rows[0].open_ms, rows[n - 1].close_ms);
	put_line(f);
	f->count.past += n;
}

/* ---- context ------------------------------------------------------------- */

static void
add_number(struct buf *b, const char *key, const char *value)
{
	if (value[0] == '\0')
		buf_addf(b, ",\"%s\":null", key);
	else
		buf_addf(b, ",\"%s\":\"%s\"", key, value);
}

void
report_ctx(struct feed *f, const struct frame_ctx *ctx)
{
	struct buf *b = &f->line;

	/* The next one is as good: a slow reader gets none. */
	if (!f->options.ctx || out_blocked(&f->out))
		return;
	buf_reset(b);
	buf_addf(b, "{\"event\":\"ctx\",\"s\":\"%s\",\"time\":%" PRId64,
	    ctx->coin, feed_now(f));
	add_number(b, "markPx", ctx->mark);
	add_number(b, "oraclePx", ctx->oracle);
	add_number(b, "midPx", ctx->mid);
	add_number(b, "funding", ctx->funding);
	add_number(b, "openInterest", ctx->open_interest);
	add_number(b, "premium", ctx->premium);
	add_number(b, "dayNtlVlm", ctx->day_volume);
	buf_addc(b, '}');
	put_line(f);
}

/* ---- heartbeats ---------------------------------------------------------- */

/* What is now, over all series. */
struct standing {
	int64_t series, live, behind;
	/* Bars printed from frames that wait for a check, and the age of the
	 * oldest. */
	int64_t to_check, check_lag_ms;
};

static void
count_series(const struct feed *f, struct standing *now)
{
	int64_t ms = feed_now(f), lag;
	size_t i;

	*now = (struct standing){.series = 0};
	for (i = 0; i < f->n_members; i++) {
		const struct series *s = &f->members[i]->series;

		if (f->members[i]->state != MEMBER_ACTIVE)
			continue;
		now->series++;
		now->live += s->live;
		now->behind += s->next_ms + 2 * s->step_ms < ms;
		if (s->n_unchecked == 0)
			continue;
		now->to_check += (int64_t)s->n_unchecked;
		lag = ms - (s->unchecked[0].open_ms + s->step_ms);
		if (lag > now->check_lag_ms)
			now->check_lag_ms = lag;
	}
}

/* Members ",name":number …: totals since the start, then what is now. */
static void
add_counters(struct feed *f, struct buf *b)
{
	int64_t now = clock_mono_ms();
	struct standing is;
	size_t i;

	count_series(f, &is);
	const struct {
		const char *name;
		int64_t value;
	} v[] = {
	    {"frames_total", (int64_t)f->count.frames},
	    {"bad_frames_total", (int64_t)f->count.bad_frames},
	    {"candles_total", (int64_t)f->count.candles},
	    {"forming_total", (int64_t)f->count.forming},
	    {"closed_total", (int64_t)f->count.closed},
	    {"backfilled_total", (int64_t)f->count.backfilled},
	    {"past_total", (int64_t)f->count.past},
	    {"amended_total", (int64_t)f->count.amended},
	    {"corrected_total", (int64_t)f->count.corrected},
	    {"unconfirmed_total", (int64_t)f->count.unconfirmed},
	    {"unchecked_total", (int64_t)f->count.unchecked},
	    {"gaps_total", (int64_t)f->count.gaps},
	    {"late_total", (int64_t)f->count.late},
	    {"duplicates_total", (int64_t)f->count.duplicates},
	    {"regressed_total", (int64_t)f->count.regressed},
	    {"stale_total", (int64_t)f->count.stale},
	    {"conflated_total", (int64_t)f->count.conflated},
	    {"reconnects_total", (int64_t)f->count.reconnects},
	    {"rest_requests_total", (int64_t)f->rest.requests},
	    {"rest_failures_total", (int64_t)f->rest.failures},
	    {"rest_limited_total", (int64_t)f->rest.limited},
	    {"rest_weight_total", f->rest.budget.total},
	    {"rest_weight_minute", budget_used(&f->rest.budget, now)},
	    {"clock_offset_ms", f->clock.offset_ms},
	    {"series", is.series},
	    {"series_live", is.live},
	    {"series_behind", is.behind},
	    {"bars_to_check", is.to_check},
	    {"check_lag_ms", is.check_lag_ms},
	    {"series_refused", (int64_t)feed_count(f, MEMBER_REFUSED)},
	    {"series_waiting", (int64_t)feed_count(f, MEMBER_WAITS)},
	    {"queue_bytes", (int64_t)f->out.queue.len},
	    {"latency_us_p50", latency_percentile(&f->latency, 0.5)},
	    {"latency_us_p99", latency_percentile(&f->latency, 0.99)},
	};

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		buf_addf(b, ",\"%s\":%" PRId64, v[i].name, v[i].value);
}

static void
put_beat(struct feed *f)
{
	buf_reset(&f->line);
	buf_addf(&f->line,
	    "{\"event\":\"heartbeat\",\"from\":\"hl-ingest\","
	    "\"time\":%" PRId64,
	    feed_now(f));
	add_counters(f, &f->line);
	buf_addc(&f->line, '}');
	put_line(f);
	f->beat_waits = false;
}

int64_t
report_step(struct feed *f, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < f->n_members; i++)
		if (f->members[i]->started)
			say_stale(f, f->members[i]);
	if (now_ms >= f->beat_at_ms) {
		f->beat_at_ms = now_ms + BEAT_EVERY_MS;
		/* Its numbers are totals: for a slow reader the newest one
		 * holds all that those in between would have said. */
		f->beat_waits = true;
		f->refused_news = true;
	}
	/* Who mends a rule and asks for the status is not told of the past. */
	if (f->refused_news)
		follow_beat(f, false);
	f->refused_news = false;
	if (f->beat_waits && !out_blocked(&f->out))
		put_beat(f);
	return f->beat_at_ms;
}

/* ,"refused":[{"series":…,"like":[coin…]}…]: the first few of them. */
static void
add_refused(const struct feed *f, struct buf *b)
{
	const struct name *like[NAMES_SUGGESTIONS];
	size_t i, j, k, n = 0;

	buf_adds(b, ",\"refused\":[");
	for (i = 0; i < f->n_members && n < REFUSED_NAMED; i++) {
		const struct member *m = f->members[i];

		if (m->state != MEMBER_REFUSED)
			continue;
		buf_addf(b, "%s{\"symbol\":", n++ > 0 ? "," : "");
		buf_adds_json(b, m->asked);
		buf_addf(b, ",\"interval\":\"%s\",\"like\":[",
		    interval_name(m->interval));
		k = names_suggest(&f->catalogue.names, m->asked, like);
		for (j = 0; j < k; j++) {
			buf_adds(b, j > 0 ? "," : "");
			buf_adds_json(b, like[j]->coin);
		}
		buf_adds(b, "]}");
	}
	buf_addc(b, ']');
}

/* For the store's list of components: the same counters as an object, and
 * what a person has to mend by name. */
void
report_counters(struct feed *f, struct buf *out)
{
	struct buf members;

	buf_init(&members, (size_t)16 * 1024);
	add_counters(f, &members);
	add_refused(f, &members);
	buf_addc(out, '{');
	if (members.len > 0)
		buf_add(out, members.p + 1, members.len - 1);
	buf_addc(out, '}');
	buf_release(&members);
}

/* ---- writing ------------------------------------------------------------- */

static void
write_out(struct feed *f)
{
	if (out_flush(&f->out) == 0)
		return;
	if (errno == EPIPE)
		sig_die_of_pipe();
	log_error("cannot write: %s", strerror(errno));
	f->failed = f->stop = true;
}

/* The reader caught up: the newest forming bar of each series that moved. */
static void
put_dirty(struct feed *f)
{
	size_t i;

	for (i = 0; i < f->n_members && !out_blocked(&f->out); i++) {
		struct member *m = f->members[i];
		struct series *s = &m->series;

		if (!m->dirty)
			continue;
		m->dirty = false;
		if (!s->have_form ||
		    (f->options.strict_order && s->form.open_ms != s->next_ms))
			continue;
		f->count.forming++;
		put_candle(f, &s->form);
		if (f->out.queue.len > 60000)
			write_out(f);
	}
}

void
report_flush(struct feed *f)
{
	bool was_blocked = out_blocked(&f->out);
	bool was_full = f->policy.full;

	write_out(f);
	if (was_blocked && !out_blocked(&f->out)) {
		put_dirty(f);
		write_out(f);
	}
	f->policy.full = !out_room(&f->out);
	if ((was_full && !f->policy.full) ||
	    (was_blocked && !out_blocked(&f->out)))
		feed_kick(f);
	if (f->frames_unwritten > 0 && !out_blocked(&f->out)) {
		latency_add(&f->latency, clock_mono_us() - f->message_us,
		    f->frames_unwritten);
		f->frames_unwritten = 0;
	}
}

void
report_end(struct feed *f)
{
	put_beat(f);
	if (out_drain(&f->out, DRAIN_REAL_MS) < 0 && errno == EPIPE)
		sig_die_of_pipe();
	if (f->out.queue.len > 0)
		log_warn(
		    "%zu bytes were not taken by the reader", f->out.queue.len);
	follow_beat(f, true);
}
