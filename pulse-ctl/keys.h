/*
 * keys: making API keys. A key is "pk_" and the base64url of 32 random bytes;
 * the store keeps its SHA-256 alone, so it can be shown only once.
 */
#ifndef PULSE_CTL_KEYS_H
#define PULSE_CTL_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "db/store.h"

/* "pk_", 43 characters and a NUL. */
#define KEY_TEXT_MAX 47
/* "k_", 8 characters and a NUL: the public name. */
#define KEY_ID_MAX     11
#define KEY_RATE_USER  60
#define KEY_RATE_ADMIN 1000

/* Make one, keep its hash in the store, and give the key itself in text. */
int keys_create(struct store *st, const char *name, bool admin, int64_t rate,
    char id[KEY_ID_MAX], char text[KEY_TEXT_MAX], struct err *e);

#endif
