/*
 * endpoints: which endpoint a delivery goes to, and what is remembered of
 * endpoints from one run to the next.
 */
#ifndef PULSE_SEND_ENDPOINTS_H
#define PULSE_SEND_ENDPOINTS_H

#include "pulse-send/sender.h"

/*
 * The endpoint of a delivery by its channel's name and, for the two that are
 * a URL of the rule, that URL (NULL: the rule has none any more). One that
 * cannot be used (no address, refused, unknown name, disabled before) is given
 * with its disabled set to the reason. NULL with e when there is no memory.
 */
struct endpoint *endpoint_of(
    struct sender *s, const char *channel, const char *url, struct err *e);

/* Its state is to be saved with the next commit. */
void endpoint_changed(struct sender *s, struct endpoint *p);
/* Give it up, for the reason. */
void endpoint_disable(struct sender *s, struct endpoint *p, const char *why);
/* Save all that changed, inside the open transaction. 0 or -1. */
int endpoints_save(struct sender *s, struct err *e);
/* That transaction was committed. */
void endpoints_saved(struct sender *s);
/* Read channels anew when somebody changed one. 0 or -1. */
int endpoints_refresh(struct sender *s, struct err *e);

#endif
