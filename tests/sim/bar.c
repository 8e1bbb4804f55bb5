#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/bar.h"

void
bar_add(struct bar *b, const struct trade *tr)
{
	if (b->n == 0) {
		b->o = b->h = b->l = tr->px;
		b->v = 0;
	}
	if (tr->px > b->h)
		b->h = tr->px;
	if (tr->px < b->l)
		b->l = tr->px;
	b->c = tr->px;
	b->v += tr->sz;
	b->n += tr->n;
}

void
bar_join(struct bar *b, const struct bar *part)
{
	int64_t t = b->t;

	if (part->n == 0)
		return;
	if (b->n == 0) {
		*b = *part;
		b->t = t;
		return;
	}
	if (part->h > b->h)
		b->h = part->h;
	if (part->l < b->l)
		b->l = part->l;
	b->c = part->c;
	b->v += part->v;
	b->n += part->n;
}

void
bar_flat(struct bar *b, int64_t t, int64_t px)
{
	*b = (struct bar){.t = t, .o = px, .h = px, .l = px, .c = px};
}

/* Digits of x before position end; returns where they start. */
static char *
digits(char *end, uint64_t x)
{
	do
		*--end = (char)('0' + x % 10);
	while ((x /= 10) > 0);
	return end;
}

void
bar_print_number(struct buf *out, int64_t x, int decimals)
{
	char text[48], *end = text + sizeof(text), *p;
	uint64_t m = x < 0 ? (uint64_t)-x : (uint64_t)x;
	int k = decimals;

	for (; k > 1 && m % 10 == 0; k--)
		m /= 10;
	if (k == 0) {
		*--end = '0';
		*--end = '.';
		p = digits(end, m);
	} else {
		uint64_t unit = 1;
		char *frac;

		for (int i = 0; i < k; i++)
			unit *= 10;
		frac = digits(end, m % unit);
		while (end - frac < k)
			*--frac = '0';
		*--frac = '.';
		p = digits(frac, m / unit);
	}
	if (x < 0)
		*--p = '-';
	buf_add(out, p, (size_t)(text + sizeof(text) - p));
}

void
bar_print_volume(struct buf *out, int64_t v, const struct bar_scale *s)
{
	char text[64];
	double x = (double)v;
	int n;

	for (int i = 0; i < s->sz; i++)
		x /= 10;
	/* Below this, a double's ten decimals are the exact ones. */
	if (s->exact || x < 100000) {
		bar_print_number(out, v, s->sz);
		return;
	}
	x = (double)v / pow(10, s->sz);
	n = snprintf(text, sizeof(text), "%.10f", x);
	while (text[n - 1] == '0' && text[n - 2] != '.')
		n--;
	buf_add(out, text, (size_t)n);
}

static void
add_int(struct buf *out, const char *key, int64_t x)
{
	char text[24], *end = text + sizeof(text), *p;

	p = digits(end, (uint64_t)x);
	buf_adds(out, key);
	buf_add(out, p, (size_t)(end - p));
}

static void
add_price(
    struct buf *out, const char *key, int64_t px, const struct bar_scale *s)
{
	buf_adds(out, key);
	bar_print_number(out, px, s->px);
}

static void
add_volume(
    struct buf *out, const char *key, int64_t v, const struct bar_scale *s)
{
	buf_adds(out, key);
	bar_print_volume(out, v, s);
}

void
bar_print(struct buf *out, const struct bar *b, const char *coin,
    interval_id interval, const struct bar_scale *s, enum bar_order order,
    const char *extra)
{
	int64_t last = b->t + interval_step(interval) - 1;

	if (order == BAR_ORDER_FRAME) {
		add_int(out, "{\"t\":", b->t);
		add_int(out, ",\"T\":", last);
		buf_adds(out, ",\"s\":\"");
		buf_adds(out, coin);
		buf_adds(out, "\",\"i\":\"");
		buf_adds(out, interval_name(interval));
		add_price(out, "\",\"o\":\"", b->o, s);
		add_price(out, "\",\"c\":\"", b->c, s);
		add_price(out, "\",\"h\":\"", b->h, s);
		add_price(out, "\",\"l\":\"", b->l, s);
		add_volume(out, "\",\"v\":\"", b->v, s);
		add_int(out, "\",\"n\":", b->n);
	} else {
		add_int(out, "{\"T\":", last);
		add_price(out, ",\"c\":\"", b->c, s);
		add_price(out, "\",\"h\":\"", b->h, s);
		buf_adds(out, "\",\"i\":\"");
		buf_adds(out, interval_name(interval));
		add_price(out, "\",\"l\":\"", b->l, s);
		add_int(out, "\",\"n\":", b->n);
		add_price(out, ",\"o\":\"", b->o, s);
		buf_adds(out, "\",\"s\":\"");
		buf_adds(out, coin);
		add_int(out, "\",\"t\":", b->t);
		add_volume(out, ",\"v\":\"", b->v, s);
		buf_addc(out, '"');
	}
	if (extra != NULL)
		buf_adds(out, extra);
	buf_addc(out, '}');
}
