#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "pulse-send/text.h"

/* Bytes of the character that begins with this byte. */
static size_t
char_len(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

size_t
text_cut_units(const char *s, size_t n, size_t max)
{
	size_t i = 0, units = 0;

	while (i < n) {
		size_t len = char_len((unsigned char)s[i]);

		units += len == 4 ? 2 : 1;
		if (units > max || i + len > n)
			break;
		i += len;
	}
	return i;
}

size_t
text_cut_bytes(const char *s, size_t n, size_t max)
{
	size_t i = 0;

	while (i < n) {
		size_t len = char_len((unsigned char)s[i]);

		if (i + len > max || i + len > n)
			break;
		i += len;
	}
	return i;
}

size_t
text_units(const char *s, size_t n)
{
	size_t i, units = 0;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c & 0xc0) != 0x80)
			units += c >= 0xf0 ? 2 : 1;
	}
	return units;
}

size_t
text_add_json(struct buf *out, const char *s, size_t max)
{
	size_t n = strlen(s), units = text_units(s, n), keep;

	if (units <= max) {
		buf_add_json(out, s, n);
		return units;
	}
	keep = text_cut_units(s, n, max - 1);
	buf_add_json(out, s, keep);
	/* The ellipsis goes before the closing quote. */
	if (!buf_failed(out))
		out->len--;
	buf_adds(out, "…\"");
	return text_units(s, keep) + 1;
}

void
text_add_escaped(
    struct buf *out, const char *s, size_t max, enum text_escape how)
{
	size_t n = strlen(s), keep = text_cut_units(s, n, max), i;

	for (i = 0; i < keep; i++)
		if (how == TEXT_XML && s[i] == '&')
			buf_adds(out, "&amp;");
		else if (how == TEXT_XML && s[i] == '<')
			buf_adds(out, "&lt;");
		else if (how == TEXT_XML && s[i] == '>')
			buf_adds(out, "&gt;");
		else
			buf_addc(out, s[i]);
	if (keep < n)
		buf_adds(out, "…");
}

void
text_add_heading(struct buf *out, const struct alert_record *a, size_t max,
    enum text_escape how)
{
	char line[1024];

	(void)snprintf(line, sizeof(line), "%s %s: %s", a->symbol,
	    interval_name(a->interval), a->rule_name);
	text_add_escaped(out, line, max, how);
}

const char *
text_price(const struct alert_record *a)
{
	const char *s =
	    json_string(json_get(json_get(a->tree, "values"), "price"));

	if (s == NULL)
		s = json_string(json_get(json_get(a->tree, "candle"), "c"));
	return s != NULL ? s : a->trigger_value;
}

int
text_add_chart(struct buf *out, const char *symbol)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789"
				    "-._~@:/";

	buf_adds(out, "https://app.hyperliquid.xyz/trade/");
	for (; *symbol != '\0'; symbol++)
		if (strchr(plain, *symbol) != NULL)
			buf_addc(out, *symbol);
		else
			buf_addf(out, "%%%02X", (unsigned char)*symbol);
	return buf_failed(out) ? -1 : 0;
}
