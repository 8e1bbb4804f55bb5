/*
 * play: trades become frames. Each tape that somebody listens to has a player
 * that wakes at the tape's next trade and sends the forming bar of every
 * subscribed interval; other timers send contexts and mids.
 */
#ifndef TESTS_SIM_PLAY_H
#define TESTS_SIM_PLAY_H

#include "tests/sim/feed.h"

/* A subscription has begun, or is about to end. */
void play_join(struct sim *s, struct subscription *sub);
void play_leave(struct sim *s, struct subscription *sub);
/* Look anew for the next trade of every player: trading has changed, or the
 * clock began to run. */
void play_rearm(struct sim *s);
/* A fault of kind dead has begun: mark the subscriptions it concerns. */
void play_kill(struct sim *s, struct fault *f);

#endif
