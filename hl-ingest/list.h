/*
 * list: what can be subscribed (--list): one line a market; aligned columns on
 * a terminal, otherwise an object a line:
 *
 *	{"coin":"@107","kind":"spot","pair":"HYPE/USDC","delisted":false}
 */
#ifndef HL_INGEST_LIST_H
#define HL_INGEST_LIST_H

#include <stdint.h>

#include "hl-ingest/catalogue.h"

/* An exit code. */
int list_run(const char *url, const char *ca_file, int64_t budget_percent);

/* Fetch the catalogue and wait for it. 0, or -1 when nothing could be had. */
int list_fetch(struct catalogue *c);

#endif
