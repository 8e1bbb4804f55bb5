/*
 * bare: what the benches of pulse-eval measure against, and what they share:
 * a scan of candle lines that knows their layout and checks nothing, invented
 * lines, and time.
 */
#ifndef TESTS_BENCH_PULSE_EVAL_BARE_H
#define TESTS_BENCH_PULSE_EVAL_BARE_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/candle.h"

/* CPU time of this process in us: other processes do not count. */
static inline double
bare_cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline double
bare_wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Resident memory in KiB. */
static inline long
bare_rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (f != NULL) {
		if (fscanf(f, "%*s %ld", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static inline const char *
bare_number(const char *p, int64_t *v)
{
	int64_t m = 0;

	while (*p >= '0' && *p <= '9')
		m = m * 10 + (*p++ - '0');
	*v = m;
	return p;
}

static inline const char *
bare_decimal(const char *p, int64_t *v, int64_t *scale)
{
	const char *point;
	int64_t m = 0;

	while (*p >= '0' && *p <= '9')
		m = m * 10 + (*p++ - '0');
	point = p;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++)
			m = m * 10 + (*p - '0');
	*scale = p > point ? p - point - 1 : 0;
	*v = m;
	return p;
}

/* One line of candle_print() with x and E: all ten values as scaled
 * integers. The sum keeps it honest. */
static inline int64_t
bare_scan(const char *p)
{
	int64_t v[4], d[5], scale[5], sum = 0;
	int i;

	p = bare_number(p + strlen("{\"t\":"), &v[0]);
	p = bare_number(p + strlen(",\"T\":"), &v[1]);
	p = strchr(p + strlen(",\"s\":\""), '"');
	p = strchr(p + strlen("\",\"i\":\""), '"');
	for (i = 0; i < 5; i++)
		p = bare_decimal(p + strlen("\",\"o\":\""), &d[i], &scale[i]);
	p = bare_number(p + strlen("\",\"n\":"), &v[2]);
	p += strlen(",\"x\":");
	p += *p == 't' ? 4 : 5;
	p = bare_number(p + strlen(",\"E\":"), &v[3]);
	for (i = 0; i < 5; i++)
		sum += d[i] + scale[i];
	return sum + v[0] + v[1] + v[2] + v[3];
}

/* An invented market in ticks of 0.1 around 79139.0, one bar after another;
 * a bar has `updates` updates before it closes. */
struct bare_market {
	struct candle c;
	uint64_t state;
	int updates, at;
};

static inline void
bare_market_init(struct bare_market *m, const char *symbol, int updates)
{
	*m = (struct bare_market){
	    .state = 88172645463325252, .updates = updates};
	m->c.open_ms = INT64_C(1788936660000);
	m->c.symbol_len = (uint8_t)strlen(symbol);
	memcpy(m->c.symbol, symbol, strlen(symbol) + 1);
	m->c.close = (struct decimal){791390, 1};
}

static inline void
bare_market_next(struct bare_market *m)
{
	struct candle *c = &m->c;
	int64_t step;

	m->state ^= m->state << 13;
	m->state ^= m->state >> 7;
	m->state ^= m->state << 17;
	if (m->at == 0) {
		c->open = c->high = c->low = c->close;
		c->volume = (struct decimal){0, 5};
		c->trades = 0;
	}
	step = (int64_t)(m->state >> 40) % 81 - 40;
	/* Pulled back to where it began, so that it never runs away. */
	step -= (c->close.mant - 791390) / 400;
	c->close.mant += step;
	if (c->close.mant > c->high.mant)
		c->high = c->close;
	if (c->close.mant < c->low.mant)
		c->low = c->close;
	c->volume.mant += (int64_t)(m->state >> 50) % 300000;
	c->trades += (int64_t)(m->state >> 60) + 1;
	c->close_ms = c->open_ms + 59999;
	c->recv_ms = c->open_ms + m->at * (59000 / (m->updates + 1));
	c->state = m->at == m->updates ? CANDLE_CLOSED : CANDLE_FORMING;
	if (c->state == CANDLE_CLOSED)
		c->recv_ms = c->close_ms + 200;
}

/* After the candle was used. */
static inline void
bare_market_step(struct bare_market *m)
{
	if (m->at++ < m->updates)
		return;
	m->at = 0;
	m->c.open_ms += 60000;
}

#endif
