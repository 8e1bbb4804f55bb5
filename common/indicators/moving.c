/*
 * moving: averages of the close. ta.sma, ta.ema, ta.wma, ta.rma.
 *
 * sma and wma keep exact sums of whole ticks in a ring; ema and rma recur.
 */
#include "common/indicators/state.h"

static int
first_length(const double *p)
{
	return param_int(p[0]);
}

/* ---- sma ----------------------------------------------------------------- */

struct sma {
	struct state_head head;
	int64_t sum;
	int64_t at;
	int64_t v[];
};

static size_t
sma_size(const double *p)
{
	return sizeof(struct sma) + (size_t)p[0] * sizeof(int64_t);
}

static void
sma_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct sma *s = state;
	/* The place holds 0 until the ring is full. */
	int64_t sum = s->sum + b->close - s->v[s->at];

	out[0] =
	    s->head.count >= s->head.n ? (double)sum / (p[0] * b->unit) : NAN;
	if (!keep)
		return;
	s->sum = sum;
	s->v[s->at] = b->close;
	s->at = ring_next(s->at, s->head.n);
}

static void
sma_rescale(void *state, const struct rescale *r)
{
	struct sma *s = state;
	int i;

	s->sum = 0;
	for (i = 0; i < s->head.n; i++) {
		s->v[i] = rescale_ticks(s->v[i], r);
		s->sum += s->v[i];
	}
}

const struct indicator indicator_sma = {
    .name = "sma",
    .doc = "simple moving average of the close",
    .param = {PARAM_LENGTH(20)},
    .params = 1,
    .lines = 1,
    .first = first_length,
    .size = sma_size,
    .next = sma_next,
    .rescale = sma_rescale,
};

/* ---- wma ----------------------------------------------------------------- */

struct wma {
	struct state_head head;
	int64_t sum;
	int64_t at;
	int128 weighted; /* weights 1 for the oldest .. n for the newest */
	int64_t v[];
};

static size_t
wma_size(const double *p)
{
	return sizeof(struct wma) + (size_t)p[0] * sizeof(int64_t);
}

static void
wma_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct wma *s = state;
	int64_t n = s->head.n, seen = s->head.count;
	int128 weighted = s->weighted;

	(void)p;
	/* Full: every weight falls by one, the oldest drops out. */
	if (seen > n)
		weighted -= s->sum;
	weighted += (int128)b->close * (seen < n ? seen : n);
	out[0] = NAN;
	if (seen >= n)
		out[0] = wide_to_double(weighted) /
			 ((double)(n * (n + 1) / 2) * b->unit);
	if (!keep)
		return;
	s->weighted = weighted;
	s->sum += b->close - s->v[s->at];
	s->v[s->at] = b->close;
	s->at = ring_next(s->at, s->head.n);
}

static void
wma_rescale(void *state, const struct rescale *r)
{
	struct wma *s = state;
	int64_t n = s->head.n, seen = s->head.count < n ? s->head.count : n;
	int64_t i, at = s->head.count < n ? 0 : s->at;

	s->sum = 0;
	s->weighted = 0;
	for (i = 1; i <= seen; i++) {
		s->v[at] = rescale_ticks(s->v[at], r);
		s->sum += s->v[at];
		s->weighted += (int128)s->v[at] * i;
		at = ring_next(at, n);
	}
}

const struct indicator indicator_wma = {
    .name = "wma",
    .doc = "weighted moving average of the close",
    .param = {PARAM_LENGTH(20)},
    .params = 1,
    .lines = 1,
    .first = first_length,
    .size = wma_size,
    .next = wma_next,
    .rescale = wma_rescale,
};

/* ---- ema, rma ------------------------------------------------------------ */

struct recurring {
	struct state_head head;
	struct average average;
};

static size_t
recurring_size(const double *p)
{
	(void)p;
	return sizeof(struct recurring);
}

static void
ema_start(const double *p, void *state)
{
	struct recurring *s = state;

	average_ema(&s->average, param_int(p[0]));
}

static void
rma_start(const double *p, void *state)
{
	struct recurring *s = state;

	average_rma(&s->average, param_int(p[0]));
}

static void
recurring_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct recurring *s = state;

	(void)p;
	out[0] = average_next(&s->average, b->price, keep);
}

static int
ema_settled(const double *p)
{
	return 7 * param_int(p[0]);
}

static int
rma_settled(const double *p)
{
	return 14 * param_int(p[0]);
}

const struct indicator indicator_ema = {
    .name = "ema",
    .doc = "exponential moving average of the close",
    .param = {PARAM_LENGTH(20)},
    .params = 1,
    .lines = 1,
    .first = first_length,
    .settled = ema_settled,
    .size = recurring_size,
    .start = ema_start,
    .next = recurring_next,
};

const struct indicator indicator_rma = {
    .name = "rma",
    .doc = "Wilder's moving average of the close",
    .param = {PARAM_LENGTH(14)},
    .params = 1,
    .lines = 1,
    .first = first_length,
    .settled = rma_settled,
    .size = recurring_size,
    .start = rma_start,
    .next = recurring_next,
};
