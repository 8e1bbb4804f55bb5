/*
 * text: fitting words into what a receiver takes. All of it is UTF-8, and a
 * cut never divides a character.
 */
#ifndef PULSE_SEND_TEXT_H
#define PULSE_SEND_TEXT_H

#include <stddef.h>

#include "common/alert.h"
#include "common/buf.h"

/* Bytes of s (n long) that make at most max UTF-16 units, in which chat
 * services count. */
size_t text_cut_units(const char *s, size_t n, size_t max);
/* Bytes of s that are at most max bytes. */
size_t text_cut_bytes(const char *s, size_t n, size_t max);
/* UTF-16 units of s. */
size_t text_units(const char *s, size_t n);
/* Append s as a JSON string, cut to max units with "…" at the end of what was
 * cut. Returns the units appended. */
size_t text_add_json(struct buf *out, const char *s, size_t max);
enum text_escape {
	TEXT_PLAIN,
	TEXT_XML, /* & < > (Slack's mrkdwn, Telegram's HTML) */
};

/* Append s, cut to max units before it is escaped. */
void text_add_escaped(
    struct buf *out, const char *s, size_t max, enum text_escape how);
/* Append "BTC 1m: name of the rule", in the same way. */
void text_add_heading(struct buf *out, const struct alert_record *a, size_t max,
    enum text_escape how);
/* The market's price when the alert was made; what triggered it may be another
 * quantity (an RSI). */
const char *text_price(const struct alert_record *a);
/* Append the address of the symbol's chart. */
int text_add_chart(struct buf *out, const char *symbol);

#endif
