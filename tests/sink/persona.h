/*
 * persona: how the services that alerts go to answer: Discord, Slack,
 * Telegram, ntfy, PagerDuty. They check what these check (sizes, required
 * members), answer with their bodies and headers, and, when asked, enforce
 * their rate limits. Sources: the vendors' documentation and recorded
 * answers, as collected in the project's notes on delivery targets.
 */
#ifndef TESTS_SINK_PERSONA_H
#define TESTS_SINK_PERSONA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/json.h"
#include "tests/wire/http.h"

/* Requests of one path lately, for rate limits: monotonic us of the last 64,
 * in a ring. */
struct persona_bucket {
	int64_t times[64];
	uint64_t n;
};

struct persona_answer {
	int status;
	const char *type;
	struct buf *fields;
	struct buf *body;
};

struct persona {
	const char *name;
	/* Paths that mean this service, when nothing else is scripted: a
	 * prefix, or NULL. */
	const char *prefix;
	/* Judge a request (j is its body parsed, or NULL), fill in a. */
	void (*answer)(const struct http_request *r, const struct json *j,
	    uint64_t number, struct persona_answer *a);
	/* Whether the rate allows one more now; fill in a when not. May be
	 * NULL. Called for headers even when limits are not enforced. */
	bool (*allow)(struct persona_bucket *b, int64_t now_us, bool enforce,
	    struct persona_answer *a);
};

const struct persona *persona_find(const char *name);
/* The one that a path belongs to, or NULL. */
const struct persona *persona_of_path(struct span path);

#endif
