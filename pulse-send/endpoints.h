/*
 * endpoints: which endpoint a delivery goes to.
 */
#ifndef PULSE_SEND_ENDPOINTS_H
#define PULSE_SEND_ENDPOINTS_H

#include "pulse-send/sender.h"

/*
 * The endpoint of a delivery by its channel's name and, for the two that are
 * a URL of the rule, that URL (NULL: the rule has none any more). One that
 * cannot be used (no address, refused, unknown name) is given with its
 * disabled set to the reason. NULL with e when there is no memory.
 */
struct endpoint *endpoint_of(
    struct sender *s, const char *channel, const char *url, struct err *e);

#endif
