#include <string.h>

#include "pulse-eval/chart.h"

#define SHADES 8

static void
halve(struct chart *c)
{
	int i;

	for (i = 0; i < CHART_COLUMNS / 2; i++) {
		double later = c->close[2 * i + 1];

		c->close[i] = later > 0 ? later : c->close[2 * i];
		c->alerts[i] = c->alerts[2 * i] + c->alerts[2 * i + 1];
	}
	memset(&c->close[i], 0, sizeof(c->close) / 2);
	memset(&c->alerts[i], 0, sizeof(c->alerts) / 2);
	c->column_ms *= 2;
	c->columns = (c->columns + 1) / 2;
}

/* The column of a time, or -1 before the first. */
static int
column(struct chart *c, int64_t open_ms)
{
	if (open_ms < c->begin_ms)
		return -1;
	while ((open_ms - c->begin_ms) / c->column_ms >= CHART_COLUMNS)
		halve(c);
	return (int)((open_ms - c->begin_ms) / c->column_ms);
}

void
chart_add(struct chart *c, int64_t open_ms, int64_t step_ms, double close)
{
	int i;

	if (c->column_ms == 0) {
		c->begin_ms = open_ms;
		c->column_ms = step_ms;
	}
	i = column(c, open_ms);
	if (i < 0)
		return;
	c->close[i] = close;
	if (i >= c->columns)
		c->columns = i + 1;
}

void
chart_alert(struct chart *c, int64_t open_ms)
{
	int i = c->column_ms > 0 ? column(c, open_ms) : -1;

	if (i >= 0)
		c->alerts[i]++;
}

int
chart_print(const struct chart *c, bool utf8, struct buf *out)
{
	static const char *const blocks[SHADES] = {
	    "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const letters[SHADES] = {
	    "_", ".", "-", "~", "=", "+", "*", "#"};
	double low = 0, high = 0, x;
	int i, shade;

	for (i = 0; i < c->columns; i++) {
		x = c->close[i];
		if (x > 0 && (low == 0 || x < low))
			low = x;
		if (x > high)
			high = x;
	}
	buf_adds(out, "  price  ");
	for (i = 0; i < c->columns; i++) {
		shade = high > low ? (int)((c->close[i] - low) / (high - low) *
					   (SHADES - 1))
				   : 0;
		buf_adds(out, c->close[i] <= 0 ? " "
			      : utf8	       ? blocks[shade]
					       : letters[shade]);
	}
	buf_addf(out, "  %g .. %g\n  alerts ", low, high);
	for (i = 0; i < c->columns; i++) {
		if (c->alerts[i] == 0)
			buf_addc(out, ' ');
		else if (c->alerts[i] < 10)
			buf_addc(out, (char)('0' + c->alerts[i]));
		else
			buf_addc(out, '#');
	}
	return buf_addc(out, '\n');
}
