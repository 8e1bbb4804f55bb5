#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulse-ctl/serve/lane.h"
#include "pulse-ctl/serve/routes.h"

/* Of the store: an index is walked once, from end to end. */
#define CACHE_BYTES (INT64_C(2) * 1024 * 1024)

struct request {
	uint32_t head_len;
	uint32_t secrets;
};

struct reply {
	uint32_t status;
	uint32_t body_len;
};

/* ---- the process --------------------------------------------------------- */

/* All n bytes. 0, or -1 at the end of the socket. */
static int
read_all(int fd, void *p, size_t n)
{
	char *to = p;

	while (n > 0) {
		ssize_t got = read(fd, to, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		to += got;
		n -= (size_t)got;
	}
	return 0;
}

static int
write_all(int fd, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t put = send(fd, from, n, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return -1;
		from += put;
		n -= (size_t)put;
	}
	return 0;
}

/* The store and what answers from it, opened when first needed. */
static int
open_api(struct api *a, const char *db, const struct api_config *config,
    struct err *e)
{
	struct store *st;

	if (a->st != NULL)
		return 0;
	if (store_open(&st, db, 0, e) < 0)
		return -1;
	store_set_cache(st, CACHE_BYTES);
	if (api_init(a, st, config, e) < 0) {
		store_close(st);
		a->st = NULL;
		return -1;
	}
	return 0;
}

/* The head was judged: key, rate, route and body are as they must be. */
static void
run(struct api *a, struct exchange *x, size_t n)
{
	char allow[64];
	const char *why;
	struct err e;

	if (message_parse(x->head_text, n, &x->head, &why) != 0 ||
	    (x->route = routes_find(x, "GET", allow)) == NULL) {
		api_detail(x, 503, "The request was not understood twice");
		return;
	}
	store_set_budget(a->st, LANE_LIMIT_US);
	if (api_run(a, x, &e) == 0)
		return;
	if (store_overran(a->st))
		api_detail(x, 503,
		    "This takes too long: ask for less, or go on with "
		    "next_cursor instead of offset");
	else
		api_store_failed(a, x, &e);
}

static int
serve_one(
    int fd, struct api *a, const char *db, const struct api_config *config)
{
	struct exchange *x;
	struct request q;
	struct reply r;
	struct err e;
	int rc;

	if (read_all(fd, &q, sizeof(q)) < 0 || q.head_len > MESSAGE_HEAD_MAX)
		return -1;
	x = exchange_new();
	if (x == NULL || (x->head_text = malloc(q.head_len + 1)) == NULL ||
	    read_all(fd, x->head_text, q.head_len) < 0) {
		exchange_free(x);
		return -1;
	}
	x->secrets = q.secrets != 0;
	if (open_api(a, db, config, &e) == 0)
		run(a, x, q.head_len);
	else
		api_detail(x, 503, "The store is not available: %s", e.msg);
	if (buf_failed(&x->out) || x->out.len < API_HEAD_ROOM)
		api_detail(x, 503, "Out of memory");
	r.status = (uint32_t)x->status;
	r.body_len = (uint32_t)(x->out.len - API_HEAD_ROOM);
	rc = write_all(fd, &r, sizeof(r));
	if (rc == 0)
		rc = write_all(fd, x->out.p + API_HEAD_ROOM, r.body_len);
	exchange_free(x);
	return rc;
}

/* Signals are the server's; this ends with it. */
static void
live(int fd, const char *db, const struct api_config *config)
{
	struct api *a = calloc(1, sizeof(*a));

	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	while (a != NULL && serve_one(fd, a, db, config) == 0)
		;
	_exit(0);
}

/* ---- the server's side --------------------------------------------------- */

int
lane_open(struct lane *l, const char *db, const struct api_config *config,
    struct err *e)
{
	int fds[2];

	*l = (struct lane){.fd = -1};
	buf_init(&l->in, sizeof(struct reply) + API_ANSWER_MAX);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_set(e, "socketpair: %s", strerror(errno));
	l->pid = fork();
	if (l->pid < 0) {
		(void)err_set(e, "fork: %s", strerror(errno));
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	if (l->pid == 0) {
		close(fds[0]);
		live(fds[1], db, config);
	}
	close(fds[1]);
	l->fd = fds[0];
	return 0;
}

void
lane_close(struct lane *l)
{
	if (l->fd < 0)
		return;
	close(l->fd);
	l->fd = -1;
	/* It may be in the middle of a long read that nobody waits for. */
	(void)kill(l->pid, SIGKILL);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
	buf_release(&l->in);
}

int
lane_ask(struct lane *l, const struct exchange *x, const char *head, size_t n,
    struct err *e)
{
	struct request q = {.head_len = (uint32_t)n, .secrets = x->secrets};

	/* It is idle, so there is room for a head in its socket. */
	buf_reset(&l->in);
	if (l->fd < 0 || write_all(l->fd, &q, sizeof(q)) < 0 ||
	    write_all(l->fd, head, n) < 0)
		return err_set(e, "the process for long reads is gone");
	return 0;
}

int
lane_answer(struct lane *l, struct exchange *x, struct err *e)
{
	char part[16384];
	struct reply r;
	ssize_t n = recv(l->fd, part, sizeof(part), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0 || buf_add(&l->in, part, (size_t)n) < 0)
		return err_set(e, "the process for long reads is gone");
	if (l->in.len < sizeof(r))
		return 0;
	memcpy(&r, l->in.p, sizeof(r));
	if (l->in.len < sizeof(r) + r.body_len)
		return 0;
	if (x != NULL)
		buf_add(api_json(x, (int)r.status), l->in.p + sizeof(r),
		    r.body_len);
	buf_release(&l->in);
	return 1;
}
