/*
 * claims: what pulse-retry does. It claims deliveries that are due and prints
 * each as its alert with one member more,
 *
 *	"delivery":{"id":"…","lease":"…"}
 *
 * for pulse-send to take over. The lease lasts long enough for that; when
 * nobody does, it ends and the delivery is due again. Two that run at once
 * never print the same one, because a claim is one transaction.
 */
#ifndef PULSE_RETRY_CLAIMS_H
#define PULSE_RETRY_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/emit.h"
#include "db/store.h"

struct claims {
	struct store *store;
	struct emit *out;
	char token[UUID_TEXT_MAX];
	int64_t printed;
	int64_t skipped; /* that cannot be printed */
	bool output_failed;
};

/* Claim and print at most limit (> 0) of what is due now. Their number, or -1
 * (output_failed, errno EPIPE: nobody reads; what was claimed in vain is due again when its
 * lease ends). */
int claims_print(struct claims *c, int64_t limit, struct err *e);
/* Print what would be claimed, claim nothing. */
int claims_show(struct claims *c, int64_t limit, struct err *e);

#endif
