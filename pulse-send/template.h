/*
 * template: bodies and headers that a channel's jq program makes of the alert
 * record. Programs are compiled once each (20 ms) and shared by channels that
 * have the same text.
 */
#ifndef PULSE_SEND_TEMPLATE_H
#define PULSE_SEND_TEMPLATE_H

#include "common/buf.h"
#include "common/err.h"
#include "common/filter.h"

struct templates;

/* NULL without memory. */
struct templates *templates_open(void);
void templates_close(struct templates *t);
/* Run the program on a record. Appends the result. -1: a sentence that begins
 * with "template: ". */
int template_run(struct templates *t, const char *program, const char *record,
    size_t n, struct buf *out, struct err *e);

#endif
