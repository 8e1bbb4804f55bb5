/*
 * words: a rule's condition as people write it, and back.
 *
 *	price >= 50000          price > < <= N; above and below for > and <
 *	price crosses 50000     crosses above, crosses below, crosses
 *	close >= 50000          the close of a closed bar; same operators
 *	move 5% in 1h           up 5% in 1h, down 5% in 1h
 *	rsi > 70                rsi(21) < 25: overbought and oversold
 *	macd bullish            macd(12,26,9) bearish
 *	bollinger touch upper   bollinger(20,2) break lower; bb for short
 *
 * Any of them may end with "on tick" or "on close". Case does not matter.
 */
#ifndef PULSE_CTL_WORDS_H
#define PULSE_CTL_WORDS_H

#include "common/buf.h"
#include "common/err.h"
#include "common/rules/rule.h"

/* Longest condition taken. */
#define WORDS_MAX 256

/* Append "rule_type":…,"config":{…} (members of a rule's JSON). 0, or -1 with
 * a sentence that says what was expected. Ranges are rule_parse()'s to judge. */
int words_parse(const char *text, struct buf *out, struct err *e);
/* Append the condition of a rule; words_parse() reads it back. */
int words_print(const struct rule *r, struct buf *out);

#endif
