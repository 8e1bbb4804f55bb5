/*
 * sink: the receiver: its connections, its script, its record.
 *
 * Each request is recorded as one line, written out before the answer goes:
 *
 *	{"us":1788936671203456,"seq":17,"conn":3,"method":"POST",
 *	 "path":"/hook","query":"wait=true","headers":{"host":"…"},
 *	 "body":"…"}
 *
 * us is the wall clock in microseconds when the request was complete (mono_us
 * the monotonic one); names of headers are in lower case, of several alike the
 * values are joined by ", "; a body that is not UTF-8 comes as "body_base64".
 * A request that "early" cut off before its body has "body":null.
 *
 * Its own paths, never recorded:
 *	GET  /_sink/stats		{"requests","answered","connections","open"}
 *	GET  /_sink/wait?requests=N[&path=P][&timeout=S]  answers the stats once
 *					N requests (to the scripted path or
 *					prefix P) have come, or 408
 *	POST /_sink/script		lines of script, added
 *	POST /_sink/clear		forget the script
 *	POST /_sink/quit
 */
#ifndef TESTS_SINK_SINK_H
#define TESTS_SINK_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sink/persona.h"
#include "tests/sink/script.h"
#include "tests/wire/loop.h"
#include "tests/wire/stream.h"

struct sink_options {
	const char *address;
	int port;
	bool limits; /* of personas, where the script does not say */
	bool plain; /* no personas by path */
};

/* What is kept of each path that was asked for. */
struct sink_path {
	struct sink_path *next;
	char *path;
	size_t len;
	uint64_t requests;
	struct persona_bucket bucket;
};

#define SINK_PATHS 1024

struct sink {
	struct sink_options opt;
	struct loop loop;
	struct listener listener;
	struct tls_server *tls;
	struct script script;
	struct visitor *visitors;
	struct sink_path *paths[SINK_PATHS]; /* by hash */
	uint64_t requests, answered, connections, open;
	unsigned waiting; /* visitors that wait for a count */
	int record_fd; /* -1: none */
	struct buf line;
};

struct visitor {
	struct visitor *prev, *next;
	struct sink *sink;
	struct stream stream;
	struct loop_grave grave;
	uint64_t number;
	bool busy, parsing, keep_alive;
	bool waiting; /* /_sink/wait */
	uint64_t goal;
	char *goal_path;
	/* An answer under way. */
	struct timer timer;
	struct buf answer;
	size_t head; /* bytes of it that do not drip */
	size_t done;
	int64_t drip_ms;
	enum script_end end;
};

int sink_init(struct sink *s, struct err *e);
void sink_release(struct sink *s);
/* Count a request to a path; its entry. */
struct sink_path *sink_count(struct sink *s, struct span path);
/* Answer those who wait, after a request came. */
void sink_waits(struct sink *s);

#endif
