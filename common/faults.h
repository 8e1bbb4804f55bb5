/*
 * faults: every fault of an input at once, as the API reports them:
 *
 *	{"type":"missing|value_error|…","loc":["body","config","threshold"],
 *	 "msg":"…","input":…}
 *
 * The command line prints the same list, one line each.
 */
#ifndef COMMON_FAULTS_H
#define COMMON_FAULTS_H

#include <stddef.h>

#include "common/buf.h"
#include "common/json.h"

/* More faults than this are counted, not kept. */
#define FAULTS_MAX 64

struct fault {
	char type[32];
	/* Path of the member, parts separated by '.', the first naming the
	 * place: "body.config.threshold", "query.limit". */
	char loc[160];
	char msg[256];
	/* The value at fault as JSON (cut to a short one), "null" if none. */
	char input[128];
};

struct faults {
	struct fault v[FAULTS_MAX];
	size_t n; /* kept */
	size_t total; /* found */
	/* Put before every loc: "body", or "rules[3]" for an import. */
	char prefix[64];
};

void faults_init(struct faults *f, const char *prefix);
/* Note one fault; j is the value at fault or NULL. Returns -1. */
int faults_add(struct faults *f, const char *type, const char *loc,
    const struct json *j, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Append the list as a JSON array. */
int faults_print_json(const struct faults *f, struct buf *out);
/* Append one sentence a line: "config.threshold: must be above 0". */
int faults_print_text(const struct faults *f, struct buf *out);

#endif
