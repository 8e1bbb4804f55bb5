/*
 * progress: a line on the terminal that says how far it is.
 *
 *	BTC 1h   3/12 series  [#########...........]  45 %  12,345 bars  830/s  1:07 left
 *
 * Nothing at all when stderr is no terminal.
 */
#ifndef HL_INGEST_PROGRESS_H
#define HL_INGEST_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_TEXT_MAX 160

struct progress {
	bool shown;
	int64_t begun_ms; /* monotonic */
	int64_t drawn_ms;
	double total, done; /* in whatever unit the work is counted */
	int64_t bars;
};

void progress_begin(struct progress *p, double total);
/* done of total, bars printed; what names the work at hand. Draws at most a
 * few times a second. */
void
progress_show(struct progress *p, double done, int64_t bars, const char *what);
/* Take the line away. */
void progress_end(struct progress *p);
/* The text of the line (no control characters): for tests. */
void progress_print(const struct progress *p, int64_t elapsed_ms,
    const char *what, char out[PROGRESS_TEXT_MAX]);

#endif
