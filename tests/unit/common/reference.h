/*
 * reference: the definitions of the indicators, word for word and without
 * thought for speed: every window is computed from its bars, in binary128, on
 * prices that are whole ticks. What common/indicators/ must agree with.
 *
 * Source: the Pine v5/v6 reference for ta.*; each function says its formula.
 */
#ifndef TESTS_UNIT_COMMON_REFERENCE_H
#define TESTS_UNIT_COMMON_REFERENCE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SIZEOF_FLOAT128__)
__extension__ typedef __float128 quad;
#else
typedef long double quad;
#endif

/* A bar: prices in ticks, volume in thousandths. */
struct row {
	int64_t open_ms, open, high, low, close, volume;
};

/* A series and the value of one tick (1 / unit). */
struct rows {
	const struct row *v;
	size_t n;
	double unit;
};

#define REF_LINES 3

/* The values of one indicator: v[line][bar], NaN for none. */
struct ref {
	quad *v[REF_LINES];
};

static quad
ref_nan(void)
{
	return (quad)NAN;
}

static bool
ref_isnan(quad x)
{
	return !(x >= x);
}

static quad
ref_abs(quad x)
{
	return x < 0 ? -x : x;
}

static quad
ref_sqrt(quad x)
{
	quad y;
	int i;

	if (!(x > 0))
		return 0;
	y = (quad)sqrt((double)x);
	for (i = 0; i < 3; i++)
		y = (y + x / y) / 2;
	return y;
}

static quad *
ref_new(size_t n)
{
	quad *v = calloc(n, sizeof(*v));
	size_t i;

	if (v == NULL)
		abort();
	for (i = 0; i < n; i++)
		v[i] = ref_nan();
	return v;
}

static quad
ref_price(const struct rows *r, int64_t ticks)
{
	return (quad)ticks / (quad)r->unit;
}

static quad *
ref_closes(const struct rows *r)
{
	quad *x = ref_new(r->n);
	size_t i;

	for (i = 0; i < r->n; i++)
		x[i] = ref_price(r, r->v[i].close);
	return x;
}

/* The mean of the last len values that there are; as before on a bar without
 * value; NaN while there are too few. */
static quad *
ref_mean(const quad *x, size_t n, int len)
{
	quad *out = ref_new(n), sum;
	size_t i, k;
	int seen;

	for (i = 0; i < n; i++) {
		for (k = i + 1, seen = 0, sum = 0; k-- > 0 && seen < len;)
			if (!ref_isnan(x[k])) {
				sum += x[k];
				seen++;
			}
		if (seen == len)
			out[i] = sum / len;
	}
	return out;
}

/* Seeded by the mean of its first len values, then e += a (x - e). */
static quad *
ref_recur(const quad *x, size_t n, int len, quad a)
{
	quad *out = ref_new(n), e = 0;
	size_t i;
	int seen = 0;

	for (i = 0; i < n; i++) {
		if (ref_isnan(x[i]))
			continue;
		seen++;
		e = seen <= len ? e + x[i] / len : e + a * (x[i] - e);
		if (seen >= len)
			out[i] = e;
	}
	return out;
}

static quad *
ref_ema_of(const quad *x, size_t n, int len)
{
	return ref_recur(x, n, len, (quad)2 / (len + 1));
}

static quad *
ref_rma_of(const quad *x, size_t n, int len)
{
	return ref_recur(x, n, len, (quad)1 / len);
}

/* max(h - l, |h - c[1]|, |l - c[1]|); h - l at the first bar. */
static quad *
ref_ranges(const struct rows *r)
{
	quad *x = ref_new(r->n);
	size_t i;

	for (i = 0; i < r->n; i++) {
		int64_t high = r->v[i].high, low = r->v[i].low;

		if (i > 0 && r->v[i - 1].close > high)
			high = r->v[i - 1].close;
		if (i > 0 && r->v[i - 1].close < low)
			low = r->v[i - 1].close;
		x[i] = ref_price(r, high - low);
	}
	return x;
}

static void
ref_sma(const struct rows *r, const double *p, struct ref *out)
{
	quad *x = ref_closes(r);

	out->v[0] = ref_mean(x, r->n, (int)p[0]);
	free(x);
}

static void
ref_ema(const struct rows *r, const double *p, struct ref *out)
{
	quad *x = ref_closes(r);

	out->v[0] = ref_ema_of(x, r->n, (int)p[0]);
	free(x);
}

static void
ref_rma(const struct rows *r, const double *p, struct ref *out)
{
	quad *x = ref_closes(r);

	out->v[0] = ref_rma_of(x, r->n, (int)p[0]);
	free(x);
}

/* Weights n (newest) .. 1, divisor n (n + 1) / 2. */
static void
ref_wma(const struct rows *r, const double *p, struct ref *out)
{
	int len = (int)p[0], k;
	size_t i;

	out->v[0] = ref_new(r->n);
	for (i = (size_t)len - 1; i < r->n; i++) {
		quad sum = 0;

		for (k = 0; k < len; k++)
			sum +=
			    ref_price(r, r->v[i - (size_t)k].close) * (len - k);
		out->v[0][i] = sum / ((quad)len * (len + 1) / 2);
	}
}

/* 100 - 100 / (1 + rma(u) / rma(d)); the study shows 100 without a loss. */
static void
ref_rsi(const struct rows *r, const double *p, struct ref *out)
{
	quad *u = ref_new(r->n), *d = ref_new(r->n), *a, *b;
	size_t i;

	for (i = 1; i < r->n; i++) {
		int64_t x = r->v[i].close - r->v[i - 1].close;

		u[i] = x > 0 ? ref_price(r, x) : 0;
		d[i] = x < 0 ? ref_price(r, -x) : 0;
	}
	a = ref_rma_of(u, r->n, (int)p[0]);
	b = ref_rma_of(d, r->n, (int)p[0]);
	out->v[0] = ref_new(r->n);
	for (i = 0; i < r->n; i++)
		if (!ref_isnan(a[i]))
			out->v[0][i] =
			    b[i] > 0 ? 100 - 100 / (1 + a[i] / b[i]) : 100;
	free(u);
	free(d);
	free(a);
	free(b);
}

static void
ref_macd(const struct rows *r, const double *p, struct ref *out)
{
	quad *x = ref_closes(r), *fast, *slow;
	size_t i;

	fast = ref_ema_of(x, r->n, (int)p[0]);
	slow = ref_ema_of(x, r->n, (int)p[1]);
	out->v[0] = ref_new(r->n);
	out->v[2] = ref_new(r->n);
	for (i = 0; i < r->n; i++)
		out->v[0][i] = fast[i] - slow[i];
	out->v[1] = ref_ema_of(out->v[0], r->n, (int)p[2]);
	for (i = 0; i < r->n; i++)
		out->v[2][i] = out->v[0][i] - out->v[1][i];
	free(x);
	free(fast);
	free(slow);
}

/* sma +- k population deviations. */
static void
ref_bb(const struct rows *r, const double *p, struct ref *out)
{
	quad *x = ref_closes(r), *mean = ref_mean(x, r->n, (int)p[0]);
	size_t i, k;

	out->v[0] = mean;
	out->v[1] = ref_new(r->n);
	out->v[2] = ref_new(r->n);
	for (i = 0; i < r->n; i++) {
		quad sum = 0, sd;

		if (ref_isnan(mean[i]))
			continue;
		for (k = 0; k < (size_t)p[0]; k++)
			sum += (x[i - k] - mean[i]) * (x[i - k] - mean[i]);
		sd = ref_sqrt(sum / (quad)p[0]);
		out->v[1][i] = mean[i] + (quad)p[1] * sd;
		out->v[2][i] = mean[i] - (quad)p[1] * sd;
	}
	free(x);
}

static void
ref_tr(const struct rows *r, const double *p, struct ref *out)
{
	(void)p;
	out->v[0] = ref_ranges(r);
}

static void
ref_atr(const struct rows *r, const double *p, struct ref *out)
{
	quad *x = ref_ranges(r);

	out->v[0] = ref_rma_of(x, r->n, (int)p[0]);
	free(x);
}

/* +dm = up if up > down and up > 0 else 0; di = 100 rma(dm) / rma(tr), kept
 * while tr is 0; adx = 100 rma(|p - m| / (p + m or 1)). */
static void
ref_dmi(const struct rows *r, const double *p, struct ref *out)
{
	quad *up = ref_new(r->n), *dn = ref_new(r->n), *tr = ref_ranges(r);
	quad *u, *d, *t, *dx = ref_new(r->n), *adx;
	size_t i;

	tr[0] = ref_nan();
	for (i = 1; i < r->n; i++) {
		int64_t a = r->v[i].high - r->v[i - 1].high;
		int64_t b = r->v[i - 1].low - r->v[i].low;

		up[i] = a > b && a > 0 ? ref_price(r, a) : 0;
		dn[i] = b > a && b > 0 ? ref_price(r, b) : 0;
	}
	u = ref_rma_of(up, r->n, (int)p[0]);
	d = ref_rma_of(dn, r->n, (int)p[0]);
	t = ref_rma_of(tr, r->n, (int)p[0]);
	out->v[0] = ref_new(r->n);
	out->v[1] = ref_new(r->n);
	for (i = 1; i < r->n; i++) {
		quad *a = out->v[0], *b = out->v[1];

		a[i] = t[i] > 0 ? 100 * u[i] / t[i] : a[i - 1];
		b[i] = t[i] > 0 ? 100 * d[i] / t[i] : b[i - 1];
		dx[i] =
		    ref_abs(a[i] - b[i]) / (a[i] + b[i] > 0 ? a[i] + b[i] : 1);
		if (ref_isnan(a[i]))
			dx[i] = ref_nan();
	}
	adx = ref_rma_of(dx, r->n, (int)p[1]);
	for (i = 0; i < r->n; i++)
		adx[i] *= 100;
	out->v[2] = adx;
	free(up);
	free(dn);
	free(tr);
	free(u);
	free(d);
	free(t);
	free(dx);
}

/* Highest high and lowest low of the len bars that end at i. */
static void
ref_extremes(
    const struct rows *r, size_t i, int len, int64_t *high, int64_t *low)
{
	int k;

	*high = r->v[i].high;
	*low = r->v[i].low;
	for (k = 1; k < len; k++) {
		const struct row *b = &r->v[i - (size_t)k];

		*high = b->high > *high ? b->high : *high;
		*low = b->low < *low ? b->low : *low;
	}
}

static void
ref_donchian(const struct rows *r, const double *p, struct ref *out)
{
	int64_t high, low;
	size_t i;
	int k;

	for (k = 0; k < REF_LINES; k++)
		out->v[k] = ref_new(r->n);
	for (i = (size_t)p[0] - 1; i < r->n; i++) {
		ref_extremes(r, i, (int)p[0], &high, &low);
		out->v[0][i] = ref_price(r, high);
		out->v[1][i] = ref_price(r, low);
		out->v[2][i] = ref_price(r, high + low) / 2;
	}
}

/* 100 (c - lowest) / (highest - lowest), none over a zero range. */
static void
ref_stoch(const struct rows *r, const double *p, struct ref *out)
{
	int64_t high, low;
	size_t i;

	out->v[0] = ref_new(r->n);
	for (i = (size_t)p[0] - 1; i < r->n; i++) {
		ref_extremes(r, i, (int)p[0], &high, &low);
		if (high > low)
			out->v[0][i] = (quad)100 * (r->v[i].close - low) /
				       (quad)(high - low);
	}
	out->v[1] = ref_mean(out->v[0], r->n, (int)p[1]);
	out->v[2] = ref_mean(out->v[1], r->n, (int)p[2]);
}

static int64_t
ref_hlc(const struct row *b)
{
	return b->high + b->low + b->close;
}

/* (x - sma) / (0.015 mean absolute deviation), x = hlc3. */
static void
ref_cci(const struct rows *r, const double *p, struct ref *out)
{
	quad *x = ref_new(r->n), *mean;
	size_t i, k;

	for (i = 0; i < r->n; i++)
		x[i] = ref_price(r, ref_hlc(&r->v[i])) / 3;
	mean = ref_mean(x, r->n, (int)p[0]);
	out->v[0] = ref_new(r->n);
	for (i = 0; i < r->n; i++) {
		quad sum = 0;
		bool flat = true;

		if (ref_isnan(mean[i]))
			continue;
		for (k = 0; k < (size_t)p[0]; k++) {
			sum += ref_abs(x[i - k] - mean[i]);
			flat &= x[i - k] >= x[i] && x[i - k] <= x[i];
		}
		if (!flat)
			out->v[0][i] =
			    (x[i] - mean[i]) * (quad)p[0] * 200 / (3 * sum);
	}
	free(x);
	free(mean);
}

/* 100 - 100 / (1 + up / down) of hlc3 * volume; 100 when down is 0; the first
 * bar counts on both sides. */
static void
ref_mfi(const struct rows *r, const double *p, struct ref *out)
{
	size_t i, k, j;

	out->v[0] = ref_new(r->n);
	for (i = (size_t)p[0] - 1; i < r->n; i++) {
		quad up = 0, down = 0;

		for (k = 0; k < (size_t)p[0]; k++) {
			int64_t x, before;
			quad flow;

			j = i - k;
			x = ref_hlc(&r->v[j]);
			before = j > 0 ? ref_hlc(&r->v[j - 1]) : 0;
			flow = (quad)x * r->v[j].volume;
			if (j == 0 || x > before)
				up += flow;
			if (j == 0 || x < before)
				down += flow;
		}
		out->v[0][i] = down > 0 ? 100 - 100 / (1 + up / down) : 100;
	}
}

/* Cumulative sign(change(c)) * volume; none at the first bar. */
static void
ref_obv(const struct rows *r, const double *p, struct ref *out)
{
	quad sum = 0;
	size_t i;

	(void)p;
	out->v[0] = ref_new(r->n);
	for (i = 1; i < r->n; i++) {
		int64_t x = r->v[i].close - r->v[i - 1].close;

		sum += (quad)r->v[i].volume * (x > 0 ? 1 : x < 0 ? -1 : 0);
		out->v[0][i] = sum / 1000;
	}
}

/* 100 (x - x[n]) / x[n]. */
static void
ref_roc(const struct rows *r, const double *p, struct ref *out)
{
	size_t len = (size_t)p[0], i;

	out->v[0] = ref_new(r->n);
	for (i = len; i < r->n; i++)
		out->v[0][i] = (quad)100 *
			       (r->v[i].close - r->v[i - len].close) /
			       (quad)r->v[i - len].close;
}

/* Bands hl2 +- f atr; lower = new if new > prev or c[1] < prev else prev,
 * upper its
 * mirror; on the upper band dir -1 when c > upper else 1; on the
 * lower 1 when c < lower else -1; the first dir is 1. All of it
 * in ticks, where ties of decimals are ties. */
static void
ref_supertrend(const struct rows *r, const double *p, struct ref *out)
{
	const struct rows ticks = {r->v, r->n, 1};
	quad *tr = ref_ranges(&ticks);
	quad *atr = ref_rma_of(tr, r->n, (int)p[0]);
	quad up = 0, lo = 0;
	size_t i;
	int dir = 0;

	out->v[0] = ref_new(r->n);
	out->v[1] = ref_new(r->n);
	for (i = 0; i < r->n; i++) {
		quad mid = (quad)(r->v[i].high + r->v[i].low) / 2;
		quad c = (quad)r->v[i].close, before;
		quad u = mid + (quad)p[1] * atr[i];
		quad l = mid - (quad)p[1] * atr[i];

		if (ref_isnan(atr[i]))
			continue;
		before = i > 0 ? (quad)r->v[i - 1].close : 0;
		if (dir != 0 && !(l > lo || before < lo))
			l = lo;
		if (dir != 0 && !(u < up || before > up))
			u = up;
		if (dir == 0)
			dir = 1;
		else if (dir > 0 || !(up > lo || up < lo))
			dir = c > u ? -1 : 1;
		else
			dir = c < l ? 1 : -1;
		out->v[0][i] = (dir < 0 ? l : u) / (quad)r->unit;
		out->v[1][i] = dir;
		up = u;
		lo = l;
	}
	free(tr);
	free(atr);
}

/* sum(hlc3 * v) / sum(v) since the start of the UTC day. */
static void
ref_vwap(const struct rows *r, const double *p, struct ref *out)
{
	quad money = 0, volume = 0;
	size_t i;

	(void)p;
	out->v[0] = ref_new(r->n);
	for (i = 0; i < r->n; i++) {
		if (i == 0 || r->v[i].open_ms / 86400000 !=
				  r->v[i - 1].open_ms / 86400000)
			money = volume = 0;
		money += (quad)ref_hlc(&r->v[i]) * r->v[i].volume;
		volume += (quad)r->v[i].volume;
		if (volume > 0)
			out->v[0][i] = money / (3 * volume * (quad)r->unit);
	}
}

typedef void ref_fn(const struct rows *r, const double *p, struct ref *out);

static const struct {
	const char *name;
	ref_fn *fn;
} ref_table[] = {
    {"sma", ref_sma},
    {"ema", ref_ema},
    {"wma", ref_wma},
    {"rma", ref_rma},
    {"rsi", ref_rsi},
    {"macd", ref_macd},
    {"bb", ref_bb},
    {"tr", ref_tr},
    {"atr", ref_atr},
    {"dmi", ref_dmi},
    {"stoch", ref_stoch},
    {"cci", ref_cci},
    {"mfi", ref_mfi},
    {"obv", ref_obv},
    {"roc", ref_roc},
    {"donchian", ref_donchian},
    {"supertrend", ref_supertrend},
    {"vwap", ref_vwap},
};

__attribute__((unused)) static ref_fn *
ref_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(ref_table) / sizeof(ref_table[0]); i++)
		if (strcmp(ref_table[i].name, name) == 0)
			return ref_table[i].fn;
	return NULL;
}

/* How far a value may be from the reference: prices to 1e-11 of themselves,
 * what runs from 0 to 100 to 1e-8, and so on. largest is the greatest of the
 * line so far, volume the sum of volumes so far. */
__attribute__((unused)) static double
ref_limit(const char *name, int line, double want, double close, double largest,
    double volume)
{
	if (strcmp(name, "macd") == 0)
		return 1e-12 * fmax(close, fmax(fabs(want), largest));
	if (strcmp(name, "rsi") == 0 || strcmp(name, "dmi") == 0 ||
	    strcmp(name, "stoch") == 0 || strcmp(name, "mfi") == 0)
		return 1e-8;
	if (strcmp(name, "cci") == 0)
		return 1e-7;
	if (strcmp(name, "donchian") == 0 ||
	    (strcmp(name, "supertrend") == 0 && line == 1))
		return 1e-15 * fabs(want);
	if (strcmp(name, "obv") == 0)
		return 1e-9 * volume;
	if (strcmp(name, "roc") == 0)
		return 1e-9 * fmax(1, fabs(want));
	return 1e-11 * fmax(fabs(want), close);
}

#endif
