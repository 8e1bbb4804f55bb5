#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/opt.h"
#include "common/rules/rule_file.h"
#include "common/sig.h"
#include "pulse-eval/eval.h"

#define COMPLAINTS_MAX ((size_t)1024 * 1024)

int
eval_feed(struct engine *g, const struct candle *c, struct err *e)
{
	switch (engine_feed(g, c, e)) {
	case ENGINE_TAKEN:
	case ENGINE_IGNORED:
		return 0;
	case ENGINE_DIFFERS:
		log_warn("%s", e->msg);
		return 0;
	case ENGINE_REFUSED:
		return 1;
	default:
		return -1;
	}
}

int
eval_event(struct engine *g, const struct json *j, struct err *e)
{
	const char *reason = json_string(json_get(j, "reason"));
	int rc = engine_event(g, j, e);

	if (rc > 0 && strcmp(json_string(json_get(j, "event")), "gap") == 0)
		log_warn("%s %s: bars are missing: %.200s",
		    json_string(json_get(j, "s")),
		    json_string(json_get(j, "i")),
		    reason != NULL ? reason : "no reason was given");
	return rc < 0 ? -1 : 0;
}

/* ---- rules of a file --------------------------------------------------------- */

static int
put_rule(void *arg, struct rule *r, struct err *e)
{
	uint32_t before = engine_rule_count(arg);

	if (engine_rule_put(arg, r, e) < 0)
		return -1;
	if (engine_rule_count(arg) == before)
		log_warn("rule '%.100s': another rule of the file has the "
			 "same id; this one counts",
		    r->name);
	return 0;
}

int
eval_load_file(struct engine *g, const char *path, struct err *e)
{
	const char *private = getenv("PULSE_ALLOW_PRIVATE");
	struct buf complaints;
	char *line, *next;
	int bad;

	buf_init(&complaints, COMPLAINTS_MAX);
	bad = rule_file_read(path, private != NULL && strcmp(private, "1") == 0,
	    clock_now_ms(), put_rule, g, &complaints, e);
	for (line = complaints.p; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		log_error("%s: %s", path, line);
	}
	buf_release(&complaints);
	if (bad > 0)
		return err_set(e, "%s: %d rule%s refused", path, bad,
		    bad == 1 ? " was" : "s were");
	if (bad == 0 && engine_rule_count(g) == 0)
		log_warn("%s: there are no rules in it", path);
	return bad;
}

/* ---- the end ------------------------------------------------------------------ */

int
eval_write_failed(struct err *e)
{
	if (errno == EPIPE)
		sig_die_of_pipe();
	return err_set(e, "stdout: %s", strerror(errno));
}

int
eval_exit(enum input_end end, const struct input_counts *n,
    const struct engine *g, const struct err *e)
{
	struct engine_counts c = {.closed = 0};

	if (g != NULL)
		engine_count(g, &c);
	log_info("%" PRIu64 " lines, %" PRIu64 " closed bars, %" PRIu64
		 " alerts, %" PRIu64 " repeated, %" PRIu64 " bad",
	    n->lines, c.closed, c.alerts, c.duplicates + c.stale, n->bad);
	if (c.differing > 1)
		log_warn("%" PRIu64 " closed bars came again with other "
			 "values; the first ones counted",
		    c.differing);
	if (end == INPUT_FAILED) {
		log_error("%s", e->msg);
		return EXIT_SOME_FAILED;
	}
	if (n->bad > 0) {
		log_warn("stdin: %" PRIu64 " bad line%s skipped", n->bad,
		    n->bad == 1 ? "" : "s");
		return EXIT_SOME_FAILED;
	}
	return EXIT_DONE;
}
