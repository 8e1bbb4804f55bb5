/*
 * try: one made-up alert to one channel, by the same way as any other, to see
 * whether it works. Nothing is stored.
 */
#ifndef PULSE_SEND_TRY_H
#define PULSE_SEND_TRY_H

#include "pulse-send/sender.h"

/* Send, wait, print one JSON object of what came of it. The exit status. */
int try_channel(
    const struct sender_options *o, const char *db, const char *channel);

#endif
