/* pulse-ctl serve: options, keys, and the server of serve/. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sig.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/keys.h"
#include "pulse-ctl/serve/api.h"
#include "pulse-ctl/serve/lane.h"
#include "pulse-ctl/serve/listen.h"
#include "pulse-ctl/serve/server.h"

#define ADMIN_KEY_LEN_MAX 512
/* Shorter ones can be guessed. */
#define ADMIN_KEY_LEN_MIN 16

struct wish {
	struct api_config api;
	struct server_config server;
	const char *key_file;
	int64_t admin_rate;
};

static void
read_wish(struct ctl *c, struct wish *w)
{
	const char *arg;
	struct err e;
	int key;

	while ((key = ctl_next(c)) != -1) {
		arg = c->options.arg;
		if (key == 'l')
			w->server.listen = arg;
		else if (key == KEY_API_KEY_FILE)
			w->key_file = arg;
		else if (key == KEY_PUBLIC_READS)
			w->api.open_reads = true;
		else if (key == KEY_ALLOW_PRIVATE)
			w->api.allow_private = true;
		else if (key == KEY_ADMIN_RATE)
			w->admin_rate =
			    ctl_number(c, "--admin-rate", 1, 60000000);
		else if (key == KEY_CORS_ORIGIN)
			w->api.cors_origin = arg;
		else if (key == KEY_BEHIND_PROXY)
			w->api.behind_proxy = true;
		else if (key == KEY_TLS_CERT)
			w->server.tls_cert = arg;
		else if (key == KEY_TLS_KEY)
			w->server.tls_key = arg;
		else if (key == KEY_MAX_CONNECTIONS)
			w->server.max_connections =
			    ctl_number(c, "--max-connections", 1, 100000);
	}
	ctl_expect(c, 0, 0, "");
	if (listen_check(w->server.listen, &e) < 0)
		opt_usage_error(&c->program, "%s", e.msg);
	if ((w->server.tls_cert == NULL) != (w->server.tls_key == NULL))
		opt_usage_error(
		    &c->program, "--tls-cert and --tls-key belong together");
	w->api.tls = w->server.tls_cert != NULL;
	arg = w->api.cors_origin;
	if (arg != NULL && (strlen(arg) > 200 || strpbrk(arg, " \r\n") != NULL))
		opt_usage_error(
		    &c->program, "--cors-origin: '%s' is no origin", arg);
}

/* The configured admin key, if there is one. 0 or -1. */
static int
take_admin_key(struct wish *w, struct api *api, struct err *e)
{
	const char *key = getenv("PULSE_API_KEY");
	struct buf text;
	int rc = 0;

	buf_init(&text, ADMIN_KEY_LEN_MAX + 2);
	if (w->key_file != NULL) {
		rc = ctl_read_secret(w->key_file, ADMIN_KEY_LEN_MAX, &text, e);
		key = text.p;
	}
	if (rc == 0 && key != NULL && key[0] != '\0') {
		if (strlen(key) < ADMIN_KEY_LEN_MIN)
			rc = err_set(e,
			    "the admin key is shorter than %d characters",
			    ADMIN_KEY_LEN_MIN);
		else
			auth_set_admin(&api->auth, key, w->admin_rate);
	}
	buf_release(&text);
	return rc;
}

/* No admin key at all: make one and show it, this once. */
static int
make_admin_key(struct ctl *c, struct wish *w, struct api *api, struct err *e)
{
	char id[KEY_ID_MAX], text[KEY_TEXT_MAX];
	struct buf b;

	if (auth_any_admin(&api->auth))
		return 0;
	if (keys_create(c->store, "first admin key", true, w->admin_rate, id,
		text, e) < 0 ||
	    auth_refresh(&api->auth, e) < 0)
		return -1;
	buf_init(&b, 256);
	if (isatty(STDOUT_FILENO))
		buf_addf(&b, "admin key (shown once): %s", text);
	else
		buf_addf(&b, "{\"id\":\"%s\",\"admin_key\":\"%s\"}", id, text);
	ctl_line(&b);
	buf_release(&b);
	return ctl_flush(c, 0) == 0 ? 0
				    : err_set(e, "nobody took the admin key");
}

/* What the library would say in words of its own. */
static int
check_tls(const struct wish *w, struct err *e)
{
	const char *const files[] = {w->server.tls_cert, w->server.tls_key};
	size_t i;

	for (i = 0; i < 2; i++)
		if (files[i] != NULL && access(files[i], R_OK) < 0)
			return err_set(
			    e, "cannot read %s: %s", files[i], strerror(errno));
	return 0;
}

static int
serve(struct ctl *c, struct wish *w, struct lane *lane)
{
	struct api *api = malloc(sizeof(*api));
	int signal_fd = sig_open(), code = 0;
	struct err e;

	if (api == NULL || signal_fd < 0) {
		free(api);
		err_set(&e, "out of memory");
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	}
	if (api_init(api, c->store, &w->api, &e) < 0) {
		free(api);
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	}
	if (check_tls(w, &e) < 0 || take_admin_key(w, api, &e) < 0 ||
	    make_admin_key(c, w, api, &e) < 0 ||
	    server_run(api, &w->server, lane, signal_fd, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	api_release(api);
	free(api);
	close(signal_fd);
	return code;
}

int
command_serve(struct ctl *c)
{
	struct wish w = {
	    .server = {.listen = "127.0.0.1:8000", .max_connections = 2048},
	    .admin_rate = KEY_RATE_ADMIN,
	};
	struct lane lane;
	struct err e;
	int code;

	read_wish(c, &w);
	w.api.allow_private = w.api.allow_private || ctl_private_allowed();
	opt_start_log(&c->program, &c->common, LOG_LEVEL_INFO);
	w.server.log_requests = log_shows(LOG_LEVEL_INFO);
	w.server.log_json =
	    c->common.log == LOG_FORMAT_JSON ||
	    (c->common.log == LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
	/* Before the store is opened: see lane.h. */
	if (lane_open(&lane, c->common.db, &w.api, &e) < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	code = ctl_open(c, STORE_CREATE);
	if (code == 0)
		code = serve(c, &w, &lane);
	lane_close(&lane);
	return code;
}
