/*
 * answer: one request in memory to its answer in memory, as server.c would
 * have it, without sockets. For the unit tests and the fuzzer of the API.
 */
#ifndef TESTS_UNIT_PULSE_CTL_ANSWER_H
#define TESTS_UNIT_PULSE_CTL_ANSWER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pulse-ctl/serve/api.h"

#define ANSWER_KEY "unit-test-admin-key"

struct answering {
	struct store *st;
	struct api api;
	char dir[64];
};

/* A store of its own in a directory of its own; answering_close() removes
 * both. */
__attribute__((unused)) static int
answering_open(struct answering *a, const struct api_config *config)
{
	char path[96];
	struct err e;

	(void)snprintf(a->dir, sizeof(a->dir), "/tmp/pulse-answer-XXXXXX");
	if (mkdtemp(a->dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/t.db", a->dir);
	if (store_open(&a->st, path, STORE_CREATE, &e) < 0 ||
	    api_init(&a->api, a->st, config, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return -1;
	}
	auth_set_admin(&a->api.auth, ANSWER_KEY, 60000000);
	return 0;
}

/* The same store by a connection of its own, as another process has it. */
__attribute__((unused)) static struct store *
answering_other(struct answering *a)
{
	struct store *st;
	char path[96];
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/t.db", a->dir);
	return store_open(&st, path, 0, &e) < 0 ? NULL : st;
}

/* Remove the files; what is open stays usable. For processes that may not
 * live to close it. */
__attribute__((unused)) static void
answering_unlink(struct answering *a)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[96];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/t.db%s", a->dir, ends[i]);
		(void)unlink(path);
	}
	(void)rmdir(a->dir);
}

__attribute__((unused)) static void
answering_close(struct answering *a)
{
	api_release(&a->api);
	store_close(a->st);
	answering_unlink(a);
}

/* Run it as the server does: writes in a transaction. */
static void
answer_run(struct answering *a, struct exchange *x, bool write)
{
	struct err e;
	int rc = write ? store_begin(a->st, false, &e) : 0;

	if (rc == 0)
		rc = api_run(&a->api, x, &e);
	if (write && rc == 0)
		rc = store_commit(a->st, &e);
	if (rc < 0) {
		store_rollback(a->st);
		api_store_failed(&a->api, x, &e);
	}
}

/*
 * The answer to the first request of n bytes at p, which the caller frees with
 * exchange_free(), and in *used how many bytes it took (its body, even when
 * it was refused before). NULL when there is no whole request.
 */
__attribute__((unused)) static struct exchange *
answer(struct answering *a, const char *p, size_t n, size_t *used)
{
	long head = message_head_len(p, n);
	struct exchange *x;
	const char *why;
	enum api_next next;
	int status;

	if (head == 0)
		return NULL;
	x = exchange_new();
	if (x == NULL)
		abort();
	(void)snprintf(x->peer, sizeof(x->peer), "192.0.2.1");
	*used = n;
	if (head < 0) {
		api_refuse(&a->api, x, 431, "too long");
		api_finish(&a->api, x);
		return x;
	}
	x->head_text = malloc((size_t)head);
	if (x->head_text == NULL)
		abort();
	memcpy(x->head_text, p, (size_t)head);
	status = message_parse(x->head_text, (size_t)head, &x->head, &why);
	if (status != 0) {
		api_refuse(&a->api, x, status, why);
		api_finish(&a->api, x);
		return x;
	}
	next = api_begin(&a->api, x);
	*used = (size_t)head;
	if (x->head.content_length > 0)
		*used += (size_t)x->head.content_length;
	if (next != API_ANSWERED) {
		if (*used > n) {
			exchange_free(x);
			return NULL;
		}
		x->body = p + head;
		x->body_len = *used - (size_t)head;
		answer_run(a, x, next == API_WRITE);
	}
	api_finish(&a->api, x);
	return x;
}

#endif
