/*
 * dry_run: what would be sent, without claiming, sending or storing anything.
 *
 * One JSON object a request on stdout: channel, method, url (redacted),
 * headers (those of the channel's own by name only), body.
 */
#ifndef PULSE_SEND_DRY_RUN_H
#define PULSE_SEND_DRY_RUN_H

#include "pulse-send/sender.h"

/* Read stdin to its end. The exit status. */
int dry_run(const struct sender_options *o, const char *db);

#endif
