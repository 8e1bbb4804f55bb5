#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/emit.h"
#include "common/log.h"
#include "common/opt.h"
#include "common/sig.h"
#include "hl-ingest/list.h"

static const char *const kinds[] = {"perp", "dex", "spot"};

static void
print_name(const struct name *name, bool columns, struct buf *out)
{
	buf_reset(out);
	if (columns) {
		buf_addf(out, "%-16s %-5s %-20s%s", name->coin,
		    kinds[name->kind], name->pair,
		    name->delisted ? " delisted" : "");
		while (out->len > 0 && out->p[out->len - 1] == ' ')
			out->len--;
		return;
	}
	buf_adds(out, "{\"coin\":");
	buf_adds_json(out, name->coin);
	buf_addf(out, ",\"kind\":\"%s\",\"pair\":", kinds[name->kind]);
	if (name->pair[0] != '\0')
		buf_adds_json(out, name->pair);
	else
		buf_adds(out, "null");
	buf_addf(out, ",\"delisted\":%s}", name->delisted ? "true" : "false");
}

static int
print_all(const struct names *names)
{
	bool columns = isatty(STDOUT_FILENO) == 1;
	struct emit emit;
	struct buf line;
	size_t i;
	int rc = 0;

	emit_init(&emit, STDOUT_FILENO, (size_t)64 * 1024);
	buf_init(&line, 4096);
	for (i = 0; i < names->n && rc == 0; i++) {
		print_name(&names->v[i], columns, &line);
		rc = emit_add(&emit, line.p, line.len);
	}
	if (rc == 0)
		rc = emit_flush(&emit);
	if (rc < 0 && errno == EPIPE)
		sig_die_of_pipe();
	if (rc < 0)
		log_error("cannot write: %s", strerror(errno));
	emit_release(&emit);
	buf_release(&line);
	return rc < 0 ? EXIT_SOME_FAILED : EXIT_DONE;
}

int
list_fetch(struct catalogue *c)
{
	struct err e;
	int64_t wait;

	catalogue_want(c);
	c->aloud = true;
	/* The other parts of the list come from nowhere else: with nobody
	 * there the tries of the first are enough. */
	while (!catalogue_done(c) && (c->heard || !c->incomplete)) {
		wait = catalogue_step(c);
		wait = wait == INT64_MAX ? 1000 : wait - clock_mono_ms();
		wait = clock_real_ms(wait);
		if (http_wait(c->rest->http, wait > 1000 ? 1000 : (int)wait,
			&e) < 0) {
			log_error("%s", e.msg);
			return -1;
		}
	}
	return c->names.n > 0 ? 0 : -1;
}

int
list_run(const char *url, const char *ca_file, int64_t budget_percent)
{
	struct exclock clock = {.known = false};
	struct catalogue c;
	struct rest rest;
	struct err e;
	int rc = EXIT_UNAVAILABLE;

	if (rest_open(&rest, url, BUDGET_REST_WEIGHT * budget_percent / 100,
		&clock, &e) < 0) {
		log_error("%s", e.msg);
		return EXIT_SOME_FAILED;
	}
	rest.ca_file = ca_file;
	catalogue_init(&c, &rest);
	if (list_fetch(&c) == 0)
		rc = print_all(&c.names);
	else
		log_error("the exchange does not tell its names");
	if (rc == EXIT_DONE && c.incomplete) {
		log_warn("a part of the list could not be had");
		rc = EXIT_SOME_FAILED;
	}
	catalogue_release(&c);
	rest_close(&rest);
	return rc;
}
