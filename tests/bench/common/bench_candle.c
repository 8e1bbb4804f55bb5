/*
 * What reading a candle line costs: candle_parse(), and candle_scan_line()
 * that remembers the line before, against a bare scan that
 * knows the layout, checks nothing and turns the ten values into scaled
 * integers byte by byte, and against the parser without the scanner.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/candle_scan.h"
#include "common/clock.h"

#define LINES  20000
#define PASSES 60

/* Live updates of one coin: thirty of each bar, the last one closed. */
static int
make_lines(struct buf *out)
{
	struct candle c = {.open_ms = INT64_C(1788936660000),
	    .symbol = "BTC",
	    .symbol_len = 3};
	int64_t close = 791390, high, low;
	uint64_t r = 1;
	int i;

	for (i = 0; i < LINES; i++) {
		r = r * UINT64_C(6364136223846793005) + 1442695040888963407;
		c.open = (struct decimal){close, 1};
		close += (int64_t)(r >> 33) % 401 - 200;
		if (close < 1000)
			close = 1000;
		high = c.open.mant > close ? c.open.mant : close;
		low = c.open.mant < close ? c.open.mant : close;
		c.close = (struct decimal){close, 1};
		c.high = (struct decimal){high + (int64_t)(r >> 60), 1};
		c.low = (struct decimal){low - (int64_t)(r >> 61), 1};
		c.volume = (struct decimal){(int64_t)(r >> 40) % 4000000, 5};
		c.close_ms = c.open_ms + 59999;
		c.recv_ms = c.open_ms + i % 30 * 2000;
		c.trades = (int64_t)(r >> 50) % 500;
		c.state = i % 30 == 29 ? CANDLE_CLOSED : CANDLE_FORMING;
		candle_print(&c, out);
		buf_addc(out, '\n');
		c.open_ms += i % 30 == 29 ? 60000 : 0;
	}
	return buf_failed(out) ? -1 : 0;
}

static const char *
bare_number(const char *p, int64_t *v)
{
	int64_t m = 0;

	while (*p >= '0' && *p <= '9')
		m = m * 10 + (*p++ - '0');
	*v = m;
	return p;
}

static const char *
bare_decimal(const char *p, int64_t *v, int64_t *scale)
{
	int64_t m = 0;
	const char *point;

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

/* One line of candle_print() with x and E; the sum keeps it honest. */
static int64_t
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

enum way {
	BARE,
	SCANNER,
	STREAM,
	PARSER,
};

static int64_t
read_line(enum way way, struct candle_scan *s, const char *line, size_t n)
{
	struct candle c;

	if (way == BARE)
		return bare_scan(line);
	if (way == STREAM) {
		if (candle_scan_line(s, line, n, NULL) != CANDLE_LINE_CANDLE)
			abort();
		return s->c.close.mant;
	}
	if ((way == SCANNER ? candle_parse(&c, line, n, NULL)
			    : candle_parse_json(&c, line, n, NULL)) !=
	    CANDLE_LINE_CANDLE)
		abort();
	return c.close.mant;
}

/* ns a line, best of the passes. */
static double
measure(const struct buf *text, enum way way, int lines, int64_t *sink)
{
	double best = 1e18;
	struct candle_scan s;
	int pass, i;

	candle_scan_init(&s);
	for (pass = 0; pass < PASSES; pass++) {
		int64_t begin = clock_mono_us(), took;
		const char *p = text->p, *end;

		for (i = 0; i < lines; i++) {
			end =
			    memchr(p, '\n', (size_t)(text->p + text->len - p));
			if (end == NULL)
				abort();
			*sink += read_line(way, &s, p, (size_t)(end - p));
			p = end + 1;
		}
		took = clock_mono_us() - begin;
		if ((double)took < best)
			best = (double)took;
	}
	return best * 1000 / lines;
}

int
main(void)
{
	struct buf text;
	int64_t sink = 0;
	double bare, scanner, stream, parser;

	buf_init(&text, (size_t)LINES * CANDLE_TEXT_MAX);
	if (make_lines(&text) < 0)
		return 1;
	bare = measure(&text, BARE, LINES, &sink);
	scanner = measure(&text, SCANNER, LINES, &sink);
	stream = measure(&text, STREAM, LINES, &sink);
	parser = measure(&text, PARSER, LINES / 20, &sink);
	printf("bare scan          %8.1f ns/line %6.2f M lines/s\n", bare,
	    1000 / bare);
	printf("candle_parse()     %8.1f ns/line %6.2f M lines/s, "
	       "%.2f of the bare rate\n",
	    scanner, 1000 / scanner, bare / scanner);
	printf("candle_scan_line() %8.1f ns/line %6.2f M lines/s, "
	       "%.2f of the bare rate\n",
	    stream, 1000 / stream, bare / stream);
	printf("candle_parse_json()%8.1f ns/line %6.2f M lines/s, "
	       "%.4f of the bare rate\n",
	    parser, 1000 / parser, bare / parser);
	buf_release(&text);
	return sink == 0;
}
