#include <math.h>

#include "common/rules/operand.h"

const char *
operand_unready(
    const double *now, const double *before, bool need_before, int last)
{
	int i;

	for (i = 0; i <= last; i++)
		if (now == NULL || isnan(now[i]))
			return "the indicator is not warm yet";
	for (i = 0; need_before && i <= last; i++)
		if (before == NULL || isnan(before[i]))
			return "the indicator has no value before this one";
	return NULL;
}

struct decimal
operand_decimal(double x)
{
	struct decimal d;

	if (decimal_from_double(&d, x) < 0)
		return (struct decimal){0, 0};
	return d;
}

void
operand_words(struct buf *out, double x)
{
	buf_addf(out, "%.6g", x);
}

void
operand_value(
    struct buf *out, char lead, const char *name, const double *lines, int line)
{
	if (lines == NULL || isnan(lines[line]))
		buf_addf(out, "%c\"%s\":null", lead, name);
	else
		operand_price(out, lead, name, operand_decimal(lines[line]));
}

void
operand_price(struct buf *out, char lead, const char *name, struct decimal d)
{
	char text[DECIMAL_TEXT_MAX];
	size_t n = decimal_print(d, text);

	buf_addc(out, lead);
	buf_addc(out, '"');
	buf_adds(out, name);
	buf_adds(out, "\":\"");
	buf_add(out, text, n);
	buf_addc(out, '"');
}
