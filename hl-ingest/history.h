/*
 * history: past bars of many series, then the end (--history).
 *
 * One series after the other, page by page, each page printed whole before the
 * next is asked for; paced by the weight budget. What the exchange does not
 * list is one gap record with its exact range. With a state file the work can
 * be taken up again: it names for each series the first bar that was not
 * printed yet, and is replaced after each page that was written out.
 */
#ifndef HL_INGEST_HISTORY_H
#define HL_INGEST_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/candle.h"
#include "common/err.h"

struct history_series {
	char coin[SYMBOL_TEXT_MAX];
	interval_id interval;
	int64_t next_ms; /* the first bar not printed yet; -1: all */
};

/* A moment: so long ago, or a time. */
struct history_time {
	bool ago;
	int64_t ms;
};

struct history_options {
	const char *url, *ca_file;
	int64_t budget_percent;
	struct history_time since, until;
	int64_t page_bars;
	const char *state_path; /* or NULL */
};

/* Print the bars of n series to stdout. An exit code. */
int history_run(
    const struct history_options *o, struct history_series *v, size_t n);

/* Where the work was left: sets next_ms of the series that the file names. A
 * missing file is no error. */
int history_load(
    const char *path, struct history_series *v, size_t n, struct err *e);
int history_save(
    const char *path, const struct history_series *v, size_t n, struct err *e);

#endif
