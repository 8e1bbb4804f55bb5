/*
 * rule_cases: rule test on a file of cases, and rule diff on two files of
 * rules. Neither needs a store.
 */
#ifndef PULSE_CTL_RULE_CASES_H
#define PULSE_CTL_RULE_CASES_H

#include <stdbool.h>

#include "pulse-ctl/ctl.h"

/* True when the operand names a file that can be read. */
bool rule_cases_is_file(const char *operand);
/*
 * Run the cases of a file:
 *
 *	{"rules":[rule…] or "rules_file":PATH,
 *	 "tests":[{"name":TEXT,
 *	           "candles":[candle…] or "candles_file":PATH,
 *	           "alerts":[{"rule":NAME,"t":TIME, and what else counts:
 *	                      "symbol","message","trigger_value"}…]}…]}
 *
 * PATHs are relative to the file. Prints a line a case and what differs; the
 * exit code.
 */
int rule_cases_test(struct ctl *c, const char *path);
/* Which alerts the rules of two files make on the candles of stdin that the
 * others do not: by rule name, symbol and window. The exit code. */
int rule_cases_diff(struct ctl *c, const char *old_path, const char *new_path);

#endif
