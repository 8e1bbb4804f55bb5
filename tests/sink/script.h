/*
 * script: what the sink answers to whom.
 *
 * A script is NDJSON, one answer a line; all members but for what one wants
 * are optional:
 *
 *	{"path":"/hook", "n":2, "status":429, "headers":{"Retry-After":"1"},
 *	 "body":{"retry_after":0.376}, "delay_ms":100}
 *
 *	path	   "/hook" exactly, "/hook*" as a prefix, "*" anything (default)
 *	n	   how many requests it answers (1); the last answer of a path
 *		   goes on for ever
 *	status	   200
 *	type	   Content-Type (application/json)
 *	headers	   further ones
 *	body	   a string as it is, any other value as JSON ({"ok":true})
 *	size	   instead of body: so many bytes
 *	redirect   status 302 (or status) with this Location
 *	as	   "discord" "slack" "telegram" "ntfy" "pagerduty": what these
 *		   answer (persona.h); limits:true enforces their rate limits
 *	delay_ms   before the answer
 *	drip_ms	   after each byte of the answer's body
 *	chunked	   true: a chunked body
 *	end	   instead of an answer: "close" (FIN), "reset" (RST), "hang";
 *		   "early": RST as soon as the head is there, body unread;
 *		   with an answer: "after" closes the connection behind it
 *		   without saying so, "half" in the middle of the body
 *
 * The most precise path wins: exact, then the longest prefix. Lists of equal
 * paths are one list, in order.
 */
#ifndef TESTS_SINK_SCRIPT_H
#define TESTS_SINK_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "tests/wire/http.h"

enum script_end {
	SCRIPT_END_NONE,
	SCRIPT_END_CLOSE,
	SCRIPT_END_RESET,
	SCRIPT_END_HANG,
	SCRIPT_END_EARLY,
	SCRIPT_END_AFTER,
	SCRIPT_END_HALF,
};

struct persona;

struct script_answer {
	struct script_answer *next;
	int64_t n;
	int status;
	char type[64];
	struct buf fields; /* header lines, CRLF each */
	struct buf body;
	const struct persona *persona;
	bool limits;
	bool chunked;
	int64_t delay_ms;
	int64_t drip_ms;
	enum script_end end;
};

struct script_path {
	struct script_path *next;
	char *path;
	size_t len;
	bool prefix;
	struct script_answer *first, *last;
	uint64_t requests;
	int64_t used; /* of the first answer's n */
};

struct script {
	struct script_path *paths;
};

/* Add a line. 0, or -1 with a sentence. */
int script_add(struct script *s, const char *line, size_t n, struct err *e);
int script_add_file(struct script *s, const char *path, struct err *e);
void script_clear(struct script *s);
/* The list for a path, or NULL when nothing is scripted for it. */
struct script_path *script_find(struct script *s, struct span path);
/* The answer whose turn it is; uses it up when take. */
const struct script_answer *script_next(struct script_path *p, bool take);

#endif
