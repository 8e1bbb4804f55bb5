#include <errno.h>
#include <string.h>

#include "common/alert.h"
#include "common/clock.h"
#include "common/log.h"
#include "pulse-retry/claims.h"

/* Time for pulse-send to take a printed delivery over. */
#define LEASE_MS       60000
#define LINE_MAX_BYTES (ALERT_TEXT_MAX + 1024)

/* The alert's record with the claim as its last member. */
static int
print_claim(const struct store_delivery *d, const char *token, struct buf *b)
{
	char id[UUID_TEXT_MAX];
	size_t n = d->record_len;

	while (n > 0 && d->record[n - 1] != '}')
		n--;
	if (n < 2)
		return -1;
	uuid_print(&d->id, id);
	buf_add(b, d->record, n - 1);
	buf_addf(
	    b, ",\"delivery\":{\"id\":\"%s\",\"lease\":\"%s\"}}", id, token);
	return buf_failed(b) ? -1 : 0;
}

static int
print_one(void *arg, const struct store_delivery *d, struct err *e)
{
	struct claims *c = arg;
	char id[UUID_TEXT_MAX];
	struct buf b;
	int rc;

	buf_init(&b, LINE_MAX_BYTES);
	rc = print_claim(d, c->token, &b);
	if (rc < 0) {
		/* It must not keep the others from being sent. */
		uuid_print(&d->alert_id, id);
		log_warn("alert %s in the store is no object, or too long", id);
		c->skipped++;
		rc = 0;
	} else if ((rc = emit_add(c->out, b.p, b.len)) < 0) {
		c->output_failed = true;
		err_set(e, "stdout: %s", strerror(errno));
	} else {
		c->printed++;
	}
	buf_release(&b);
	return rc;
}

int
claims_print(struct claims *c, int64_t limit, struct err *e)
{
	int n = store_delivery_claim_due(c->store, limit, c->token,
	    clock_now_ms(), LEASE_MS, print_one, c, e);

	if (n < 0)
		return -1;
	if (emit_flush(c->out) < 0) {
		c->output_failed = true;
		return err_set(e, "stdout: %s", strerror(errno));
	}
	return n;
}

/* ---- dry run ------------------------------------------------------------- */

struct look {
	struct claims *claims;
	int64_t now_ms, left;
};

static int
show_one(void *arg, const struct store_delivery *d, struct err *e)
{
	struct look *l = arg;
	int64_t due = d->next_attempt_ms > d->lease_until_ms
			  ? d->next_attempt_ms
			  : d->lease_until_ms;

	if (due > l->now_ms)
		return 0;
	if (l->left-- <= 0)
		return 1;
	return print_one(l->claims, d, e);
}

int
claims_show(struct claims *c, int64_t limit, struct err *e)
{
	static const enum delivery_status of[] = {
	    DELIVERY_PENDING, DELIVERY_RETRYING};
	struct look l = {c, clock_now_ms(), limit};
	size_t i;

	c->token[0] = '\0';
	for (i = 0; i < 2; i++) {
		struct store_delivery_filter f = {.status = (int)of[i]};

		if (store_delivery_list(c->store, &f, show_one, &l, e) < 0)
			return -1;
	}
	return emit_flush(c->out) < 0
		   ? err_set(e, "stdout: %s", strerror(errno))
		   : 0;
}
