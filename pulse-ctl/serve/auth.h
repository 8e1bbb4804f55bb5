/*
 * auth: who asks. The admin key of $PULSE_API_KEY or --api-key-file, and the
 * keys in the store, whose hashes are read again whenever the store changed:
 * a key revoked by another process ends with the next request.
 */
#ifndef PULSE_CTL_SERVE_AUTH_H
#define PULSE_CTL_SERVE_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/store.h"

#define AUTH_ID_MAX 24

/* One key that is good now, with its rate-limit bucket. */
struct auth_key {
	char id[AUTH_ID_MAX]; /* "k_…", or "admin" for the configured one */
	unsigned char hash[32];
	bool admin; /* may see webhook URLs */
	int64_t rate_per_min;
	int64_t tat_us;
	/* Wall time of its last use not yet noted in the store, or 0. */
	int64_t used_ms;
};

struct auth {
	struct store *st;
	struct auth_key *v; /* sorted by hash */
	size_t n, cap;
	bool has_admin;
	struct auth_key admin;
	/* Version of the store that v was read from. */
	int64_t version;
	bool loaded;
};

void auth_init(struct auth *a, struct store *st);
void auth_release(struct auth *a);
/* Take the configured admin key (its hash alone is kept). */
void auth_set_admin(struct auth *a, const char *key, int64_t rate_per_min);
/* Read the keys again if the store changed. 0 or -1. */
int auth_refresh(struct auth *a, struct err *e);
/* True when some key that is not revoked has admin rights. */
bool auth_any_admin(const struct auth *a);
/* The key whose text this is, or NULL. Good until auth_refresh(). */
struct auth_key *auth_find(struct auth *a, const char *text);
/* True when some key was used since that was noted in the store. */
bool auth_used(const struct auth *a);
/* Note it, within the caller's transaction. */
int auth_note_use(struct auth *a, struct err *e);

#endif
