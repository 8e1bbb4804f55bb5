/*
 * channel_name: what a channel can be called, for rules that name channels
 * and know nothing else of them.
 */
#ifndef COMMON_CHANNEL_NAME_H
#define COMMON_CHANNEL_NAME_H

#include <stdbool.h>

#define CHANNEL_NAME_MAX 64 /* with its NUL */

/* The two channels that every rule can have by a URL of its own. */
#define CHANNEL_DISCORD "discord"
#define CHANNEL_GENERIC "generic"

/* May this name a channel (also in a rule)? 1 to 63 of a-z 0-9 _ . -, a letter
 * or digit first, neither "discord" nor "generic". */
bool channel_name_valid(const char *name);

#endif
