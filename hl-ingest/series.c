#include <stdlib.h>
#include <string.h>

#include "common/interval.h"
#include "hl-ingest/budget.h"
#include "hl-ingest/series.h"

/* After its end a bar that REST does not list yet is asked for again at these
 * ages, then every minute. Its row was never seen to come later than the
 * last: a hole that is three times as old is a gap. A row with fewer trades
 * than the frames told is believed from the last age on. */
static const int64_t ask_ages_ms[] = {5000, 15000, 60000};
#define ASK_AGES    (sizeof(ask_ages_ms) / sizeof(ask_ages_ms[0]))
#define HOLE_AGE_MS INT64_C(180000)
#define LAG_AGE_MS  INT64_C(60000)
#define AGAIN_MS    INT64_C(60000)

/* How long a live series may be silent before REST is asked, and how old a
 * frame must be before REST's word counts against it. */
#define SILENT_MIN_MS INT64_C(120000)
#define SILENT_MAX_MS INT64_C(600000)
#define FRAME_LAG_MS  INT64_C(15000)
/* So many trades, or bars with some, that no frame told are too many. */
#define UNTOLD_TRADES 4
#define UNTOLD_BARS   3
/* A check of bars already printed waits for a few of them. */
#define CHECK_AFTER_MS INT64_C(10000)
/* More rows than a chart of a few hours: not urgent. */
#define HISTORY_ROWS 120

void
series_init(struct series *s, const char *coin, interval_id interval,
    int64_t from_ms, bool begun, const struct series_policy *policy,
    const struct series_ops *ops, void *arg)
{
	memset(s, 0, sizeof(*s));
	strncpy(s->coin, coin, sizeof(s->coin) - 1);
	s->interval = interval;
	s->step_ms = interval_step(interval);
	s->policy = policy;
	s->ops = ops;
	s->arg = arg;
	s->next_ms = s->from_ms = from_ms;
	s->begun = begun;
	s->frame_ms = s->asked_ms = s->seen_ms = s->untold_ms = -1;
	s->listed_ms = -1;
	s->over_ms = INT64_MAX;
}

void
series_release(struct series *s)
{
	free(s->ended);
	free(s->unchecked);
}

/* ---- printing ------------------------------------------------------------ */

/* Keep the bar among those that ended; it was looked that there is room. */
static void
push_ended(struct series *s, const struct candle *c)
{
	if (s->ended == NULL)
		s->ended = calloc(SERIES_ENDED_MAX, sizeof(*s->ended));
	if (s->ended != NULL)
		s->ended[s->n_ended++] = *c;
}

static void
drop_ended(struct series *s, size_t count)
{
	if (count == 0)
		return;
	s->n_ended -= count;
	memmove(s->ended, s->ended + count, s->n_ended * sizeof(*s->ended));
}

static void
drop_unchecked(struct series *s, size_t count)
{
	if (count == 0)
		return;
	s->n_unchecked -= count;
	memmove(s->unchecked, s->unchecked + count,
	    s->n_unchecked * sizeof(*s->unchecked));
}

static bool
unchecked_room(struct series *s)
{
	struct series_unchecked *v;
	size_t cap = s->cap_unchecked == 0 ? 16 : 2 * s->cap_unchecked;

	if (s->n_unchecked < s->cap_unchecked)
		return true;
	if (cap > SERIES_UNCHECKED_MAX)
		cap = SERIES_UNCHECKED_MAX;
	if (cap == s->cap_unchecked)
		return false;
	v = realloc(s->unchecked, cap * sizeof(*v));
	if (v == NULL)
		return false;
	s->unchecked = v;
	s->cap_unchecked = cap;
	return true;
}

/* REST will be asked about the bar that was printed. */
static void
push_unchecked(struct series *s, const struct candle *c)
{
	if (!unchecked_room(s)) {
		s->ops->note(s->arg, s, SERIES_NOTE_UNCHECKED, NULL);
		if (s->n_unchecked == 0)
			return;
		drop_unchecked(s, 1);
	}
	s->unchecked[s->n_unchecked++] =
	    (struct series_unchecked){c->open_ms, candle_digest(c)};
}

/* Print the bar at the frontier and move on. */
static void
close_bar(struct series *s, const struct candle *c, bool live, int64_t now_ms)
{
	struct candle final = *c;
	size_t past = 0;

	final.state = CANDLE_CLOSED;
	final.recv_ms = live ? now_ms : -1;
	s->next_ms = c->open_ms + s->step_ms;
	s->over_ms = INT64_MAX;
	s->begun = true;
	while (past < s->n_ended && s->ended[past].open_ms < s->next_ms)
		past++;
	drop_ended(s, past);
	if (s->have_form && s->form.open_ms < s->next_ms)
		s->have_form = false;
	s->ops->closed(s->arg, s, &final, live);
	/* A forming bar that had to wait for this one. */
	if (s->policy->strict_order && s->have_form &&
	    s->form.open_ms == s->next_ms)
		s->ops->forming(s->arg, s, &s->form);
}

static void
skip_to(struct series *s, int64_t open_ms, const char *reason)
{
	if (s->begun)
		s->ops->gap(s->arg, s, s->next_ms, open_ms - 1, reason);
	s->next_ms = open_ms;
}

/* The bar at the frontier is over, its last frame is the best there is. */
static void
close_by_frame(struct series *s, int64_t now_ms)
{
	struct candle c = s->ended[0];

	if (s->confirm != SERIES_CONFIRM_OFF)
		push_unchecked(s, &c);
	close_bar(s, &c, c.recv_ms >= 0, now_ms);
}

static bool
frontier_has_frame(const struct series *s)
{
	return s->n_ended > 0 && s->ended[0].open_ms == s->next_ms;
}

static void
advance(struct series *s, int64_t now_ms)
{
	if (s->policy->full)
		return;
	if (s->confirm != SERIES_CONFIRM_HOLD) {
		while (frontier_has_frame(s))
			close_by_frame(s, now_ms);
		return;
	}
	while (frontier_has_frame(s) &&
	       now_ms >= s->next_ms + s->step_ms + s->policy->wait_ms) {
		s->ops->note(s->arg, s, SERIES_NOTE_UNCONFIRMED, &s->ended[0]);
		close_by_frame(s, now_ms);
	}
}

/* ---- frames -------------------------------------------------------------- */

void
series_up(struct series *s, int64_t now_ms)
{
	if (s->live)
		return;
	s->live = true;
	s->live_since_ms = now_ms;
}

void
series_down(struct series *s)
{
	s->live = false;
	s->form_live = false;
}

/* The newest frame's bar is over: what came of it waits to be closed. One that
 * was interrupted is REST's alone; one that was watched from its beginning
 * keeps its time of receipt. */
static void
end_form(struct series *s)
{
	s->have_form = false;
	s->regressed = false;
	if (s->live_since_ms > s->form.open_ms)
		s->form.recv_ms = -1;
	if (s->form_live && s->form.open_ms >= s->next_ms &&
	    s->n_ended < SERIES_ENDED_MAX)
		push_ended(s, &s->form);
}

/* A frame of a bar that has ended for us: its last word, while it waits. */
static void
late_frame(struct series *s, const struct candle *c)
{
	size_t i;

	for (i = 0; i < s->n_ended; i++)
		if (s->ended[i].open_ms == c->open_ms) {
			int64_t recv = s->ended[i].recv_ms;

			s->ended[i] = *c;
			s->ended[i].recv_ms = recv;
		}
	s->ops->note(s->arg, s, SERIES_NOTE_LATE, c);
}

static bool
fewer(const struct candle *a, const struct candle *b)
{
	return a->trades < b->trades || decimal_cmp(a->volume, b->volume) < 0;
}

static void
note_frame(struct series *s, const struct candle *c, int64_t now_ms)
{
	s->frame_ms = now_ms;
	s->known = true;
	if (c->open_ms >= s->seen_ms) {
		s->seen_ms = c->open_ms;
		s->seen_trades = c->trades;
	}
	s->stale_checks = s->untold_bars = 0;
	s->untold_ms = s->listed_ms = -1;
	s->suspect = false;
	if (s->stale) {
		s->stale = false;
		s->ops->note(s->arg, s, SERIES_NOTE_FRESH, c);
	}
}

void
series_frame(struct series *s, const struct candle *c, int64_t now_ms)
{
	note_frame(s, c, now_ms);
	/* The series began by a clock that ran ahead of the exchange's. */
	if (!s->begun && c->open_ms < s->next_ms)
		s->next_ms = c->open_ms;
	if (c->open_ms < s->next_ms ||
	    (s->have_form && c->open_ms < s->form.open_ms)) {
		late_frame(s, c);
		return;
	}
	if (s->have_form && c->open_ms > s->form.open_ms)
		end_form(s);
	if (c->open_ms > s->next_ms && s->over_ms == INT64_MAX) {
		s->over_ms = now_ms;
		s->ask_not_before_ms = 0;
	}
	if (s->have_form && s->form_live && candle_same_values(c, &s->form)) {
		s->ops->note(s->arg, s, SERIES_NOTE_DUPLICATE, c);
		return;
	}
	if (s->have_form && !s->regressed && fewer(c, &s->form)) {
		s->regressed = true;
		s->ops->note(s->arg, s, SERIES_NOTE_REGRESSED, c);
	}
	s->form = *c;
	s->form.state = CANDLE_FORMING;
	s->form.recv_ms = now_ms;
	s->have_form = s->form_live = true;
	advance(s, now_ms);
	if (!s->policy->strict_order || s->form.open_ms == s->next_ms)
		s->ops->forming(s->arg, s, &s->form);
}

/* ---- time ---------------------------------------------------------------- */

void
series_tick(struct series *s, int64_t now_ms)
{
	if (s->have_form &&
	    now_ms >= s->form.open_ms + s->step_ms + s->policy->grace_ms)
		end_form(s);
	advance(s, now_ms);
}

int64_t
series_due(const struct series *s, int64_t now_ms)
{
	struct series_ask ask;
	int64_t due, end;

	series_ask(s, now_ms, &ask);
	due = ask.due_ms;
	if (s->have_form) {
		end = s->form.open_ms + s->step_ms + s->policy->grace_ms;
		due = end < due ? end : due;
	}
	if (s->confirm == SERIES_CONFIRM_HOLD && frontier_has_frame(s)) {
		end = s->next_ms + s->step_ms + s->policy->wait_ms;
		due = end < due ? end : due;
	}
	return due;
}

/* ---- asking -------------------------------------------------------------- */

static int64_t
silence_ms(const struct series *s)
{
	int64_t ms = 3 * s->step_ms;

	return ms < SILENT_MIN_MS   ? SILENT_MIN_MS
	       : ms > SILENT_MAX_MS ? SILENT_MAX_MS
				    : ms;
}

/* When a silent subscription is to be compared with REST. */
static int64_t
silence_due(const struct series *s)
{
	int64_t last = s->frame_ms;

	if (!s->live)
		return INT64_MAX;
	if (s->live_since_ms > last)
		last = s->live_since_ms;
	/* Trades without frames: look again once they should be here. */
	if (s->suspect && !s->stale)
		return s->asked_ms + FRAME_LAG_MS + CHECK_AFTER_MS;
	if (s->asked_ms > last)
		last = s->asked_ms;
	return last + silence_ms(s);
}

/* The last frame of the bar, if it came without interruption. */
static const struct candle *
last_frame(const struct series *s, int64_t open_ms)
{
	size_t i;

	for (i = 0; i < s->n_ended; i++)
		if (s->ended[i].open_ms == open_ms)
			return &s->ended[i];
	return NULL;
}

/* When the bar at the frontier wants REST. */
static int64_t
close_due(const struct series *s)
{
	int64_t due = s->next_ms + s->step_ms;

	/* Over by the clock, or, sooner to be had from REST, by a frame of a
	 * later bar. */
	if (s->over_ms == INT64_MAX)
		due += s->policy->settle_ms;
	else
		due =
		    (due < s->over_ms ? due : s->over_ms) + s->policy->grace_ms;
	if (s->confirm != SERIES_CONFIRM_HOLD && s->policy->poll_ms <= 0) {
		/* Its frames will close it. */
		if (s->have_form && s->form_live &&
		    s->form.open_ms == s->next_ms)
			return INT64_MAX;
	}
	return due > s->ask_not_before_ms ? due : s->ask_not_before_ms;
}

/* When nothing is urgent: checks of printed bars, of silence, polling. */
static int64_t
check_due(const struct series *s)
{
	int64_t due = silence_due(s), d;

	if (s->n_unchecked > 0) {
		d = s->unchecked[0].open_ms + s->step_ms + CHECK_AFTER_MS;
		due = d < due ? d : due;
	}
	if (s->policy->poll_ms > 0) {
		d = s->asked_ms < 0 ? 0 : s->asked_ms + s->policy->poll_ms;
		due = d < due ? d : due;
	}
	return due > s->ask_not_before_ms ? due : s->ask_not_before_ms;
}

void
series_ask(const struct series *s, int64_t now_ms, struct series_ask *ask)
{
	int64_t check, last;

	memset(ask, 0, sizeof(*ask));
	ask->due_ms = INT64_MAX;
	if (s->asked)
		return;
	ask->due_ms = close_due(s);
	ask->urgency = s->confirm == SERIES_CONFIRM_HOLD ? SERIES_ASK_CONFIRM
							 : SERIES_ASK_CLOSE;
	ask->from_ms = s->next_ms;
	check = check_due(s);
	if (ask->due_ms > now_ms && check < ask->due_ms) {
		ask->due_ms = check;
		ask->urgency = SERIES_ASK_CHECK;
	}
	if (s->n_unchecked > 0)
		ask->from_ms = s->unchecked[0].open_ms;
	/* One bar of overlap: the row before the frontier shows that the
	 * answer reaches back far enough. */
	if (s->begun && ask->from_ms >= s->step_ms)
		ask->from_ms -= s->step_ms;
	last = now_ms > ask->due_ms ? now_ms : ask->due_ms;
	if (last == INT64_MAX)
		last = now_ms;
	ask->rows = (last - ask->from_ms) / s->step_ms + 1;
	if (ask->rows > s->policy->keep_bars)
		ask->rows = s->policy->keep_bars + 1;
	if (ask->rows > HISTORY_ROWS && ask->urgency != SERIES_ASK_CHECK)
		ask->urgency = SERIES_ASK_HISTORY;
}

void
series_asked(struct series *s, int64_t now_ms)
{
	s->asked = true;
	s->asked_ms = now_ms;
	s->asked_data_ms = s->policy->data_ms;
	s->asked_data_since_ms = s->policy->data_since_ms;
}

void
series_ask_failed(struct series *s, int64_t not_before_ms)
{
	s->asked = false;
	s->ask_not_before_ms = not_before_ms;
}

/* ---- answers ------------------------------------------------------------- */

/* When to ask again for a bar that ended at end_ms. */
static int64_t
next_try(int64_t end_ms, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < ASK_AGES; i++)
		if (now_ms < end_ms + ask_ages_ms[i])
			return end_ms + ask_ages_ms[i];
	return now_ms + AGAIN_MS;
}

/* When to ask again after an answer that did not bring the bar at the
 * frontier, although it is over. */
static int64_t
retry_at(const struct series *s, int64_t now_ms)
{
	int64_t end = s->next_ms + s->step_ms;
	int64_t at = next_try(end, now_ms), proof;

	if (s->over_ms == INT64_MAX)
		return at;
	/* The clocks may not tell, but a later frame did. */
	proof = s->over_ms + s->policy->settle_ms;
	return proof > now_ms && proof < at ? proof : at;
}

/* Bars printed from frames: REST's word on them. */
static void
check_printed(struct series *s, const struct candle *row)
{
	size_t past = 0;

	while (
	    past < s->n_unchecked && s->unchecked[past].open_ms < row->open_ms)
		past++;
	if (past < s->n_unchecked &&
	    s->unchecked[past].open_ms == row->open_ms) {
		if (s->unchecked[past].digest != candle_digest(row))
			s->ops->note(s->arg, s, SERIES_NOTE_CORRECTED, row);
		past++;
	}
	drop_unchecked(s, past);
}

/* Rows from the frontier to before row are missing. True when they were given
 * up, false when they may still appear: the row of a quiet bar that just
 * closed is not always there at once. */
static bool
give_up_hole(struct series *s, const struct candle *row, int64_t server_ms)
{
	int64_t reach = interval_open(s->interval, server_ms) -
			s->policy->keep_bars * s->step_ms;

	if (s->next_ms < reach)
		skip_to(s, row->open_ms, "older than what the exchange keeps");
	else if (row->open_ms + HOLE_AGE_MS <= server_ms)
		skip_to(s, row->open_ms, "not listed by the exchange");
	else
		return false;
	return true;
}

/* One final row at or after the frontier. False: no further, ask again. */
static bool
take_row(struct series *s, const struct candle *row, int64_t server_ms,
    int64_t now_ms)
{
	const struct candle *frame;
	int64_t end = row->open_ms + s->step_ms;
	bool live;

	if (row->open_ms > s->next_ms && !give_up_hole(s, row, server_ms))
		return false;
	if (s->have_form && s->form.open_ms == row->open_ms)
		end_form(s);
	frame = last_frame(s, row->open_ms);
	live = frame != NULL && frame->recv_ms >= 0;
	/* REST lags behind the frames: it is not final yet. */
	if (frame != NULL && row->trades >= 0 && frame->trades > row->trades &&
	    server_ms < end + LAG_AGE_MS)
		return false;
	if (frame != NULL && !candle_same_values(frame, row))
		s->ops->note(s->arg, s, SERIES_NOTE_AMENDED, row);
	close_bar(s, row, live, now_ms);
	return true;
}

/* Trades in the row that happened long enough ago for their frames to be here:
 * all when its bar is over for so long, else those that an answer listed so
 * long ago. */
static int64_t
settled_trades(struct series *s, const struct candle *row, int64_t server_ms)
{
	int64_t trades = 0;

	if (row->open_ms + s->step_ms + FRAME_LAG_MS <= server_ms)
		return row->trades;
	if (row->open_ms == s->listed_ms) {
		if (s->listed_at_ms + FRAME_LAG_MS > server_ms)
			return 0;
		trades = s->listed_trades;
	}
	s->listed_ms = row->open_ms;
	s->listed_trades = row->trades;
	s->listed_at_ms = server_ms;
	return trades < row->trades ? trades : row->trades;
}

/* Trades of that many in the row that no frame of a live subscription told. */
static int64_t
untold(const struct series *s, const struct candle *row, int64_t trades)
{
	if (row->open_ms > s->seen_ms)
		return row->open_ms < s->live_since_ms ? 0 : trades;
	return trades > s->seen_trades ? trades - s->seen_trades : 0;
}

/* The last trade of a bar often gets no frame: one alone proves nothing, some
 * at once or in several bars do. */
static void
judge_silence(
    struct series *s, const struct candle *rows, size_t n, int64_t server_ms)
{
	const struct candle *news = NULL;
	int64_t trades = 0, more;
	size_t i;

	s->suspect = false;
	/* Counted only from when it was live, and not what is on its way. */
	if (!s->live || s->live_since_ms > server_ms - FRAME_LAG_MS ||
	    s->frame_ms > server_ms - FRAME_LAG_MS)
		return;
	for (i = 0; i < n; i++) {
		if (rows[i].trades <= 0 || rows[i].open_ms < s->seen_ms)
			continue;
		s->suspect |=
		    untold(s, &rows[i], rows[i].trades) >= UNTOLD_TRADES;
		more =
		    untold(s, &rows[i], settled_trades(s, &rows[i], server_ms));
		if (more == 0)
			continue;
		news = &rows[i];
		trades += more;
		s->untold_bars += news->open_ms > s->untold_ms;
		s->untold_ms = news->open_ms;
	}
	if (news == NULL ||
	    (trades < UNTOLD_TRADES && s->untold_bars < UNTOLD_BARS))
		return;
	s->stale_checks++;
	if (s->stale)
		return;
	s->stale = true;
	s->ops->note(s->arg, s, SERIES_NOTE_STALE, news);
}

static void
poll_forming(struct series *s, const struct candle *row, int64_t now_ms)
{
	if (s->policy->poll_ms <= 0 || row->open_ms < s->next_ms)
		return;
	if (s->policy->strict_order && row->open_ms != s->next_ms)
		return;
	if (s->have_form && s->form.open_ms == row->open_ms &&
	    candle_same_values(&s->form, row))
		return;
	s->form = *row;
	s->form.state = CANDLE_FORMING;
	s->form.recv_ms = now_ms;
	s->form_live = false;
	s->have_form = true;
	s->ops->forming(s->arg, s, &s->form);
}

/* Is the i-th row, as asked for last, the last word on its bar? REST takes
 * trades in their order: once it has one of the next bar, this one is whole. */
static bool
is_final(const struct series *s, const struct candle *rows, size_t n, size_t i,
    int64_t sent_ms, int64_t server_ms)
{
	const struct series_policy *p = s->policy;
	int64_t end = rows[i].open_ms + s->step_ms, margin = p->settle_ms;

	if (i + 1 < n && rows[i + 1].open_ms >= end && rows[i + 1].trades > 0)
		margin = p->grace_ms;
	if (end + margin <= server_ms || end + margin <= s->asked_data_ms)
		return true;
	return end <= s->asked_data_ms &&
	       sent_ms >= s->asked_data_since_ms + margin;
}

void
series_rows(struct series *s, const struct candle *rows, size_t n,
    int64_t sent_ms, int64_t server_ms, int64_t now_ms)
{
	int64_t end = s->next_ms + s->step_ms, last = INT64_MIN;
	size_t i;

	s->asked = false;
	if (s->have_form && server_ms >= end + s->policy->grace_ms &&
	    s->form.open_ms == s->next_ms)
		end_form(s);
	s->known = s->known || n > 0;
	judge_silence(s, rows, n, server_ms);
	for (i = 0; i < n; i++) {
		if (rows[i].open_ms <= last)
			continue;
		last = rows[i].open_ms;
		if (!is_final(s, rows, n, i, sent_ms, server_ms)) {
			poll_forming(s, &rows[i], now_ms);
			break;
		}
		check_printed(s, &rows[i]);
		if (rows[i].open_ms >= s->next_ms &&
		    !take_row(s, &rows[i], server_ms, now_ms))
			break;
	}
	end = s->next_ms + s->step_ms;
	s->ask_not_before_ms = 0;
	if (now_ms >= end + s->policy->grace_ms)
		s->ask_not_before_ms = retry_at(s, now_ms);
	advance(s, now_ms);
}
