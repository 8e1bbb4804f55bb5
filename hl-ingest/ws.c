#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/log.h"
#include "hl-ingest/ws.h"

/* Pieces that a message is received in. */
#define RX_BYTES ((size_t)16 * 1024)

struct ws {
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct lws *wsi; /* the connection, or NULL */
	lws_sorted_usec_list_t timer;
	const struct ws_ops *ops;
	void *arg;
	struct buf in; /* the message so far */
	/* What is to be sent: for each message its length, then LWS_PRE
	 * bytes for the library, then the text. */
	struct buf out;
	bool open;
	int close_code;
	char reason[160];
};

struct ws_watch {
	struct lws *wsi;
	int fd; /* a duplicate: the library closes it */
	void (*ready)(void *arg);
	void *arg;
};

/* ---- watched descriptors ------------------------------------------------- */

static int
on_watched(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t len)
{
	struct ws_watch *w = lws_get_opaque_user_data(wsi);

	(void)user;
	(void)in;
	(void)len;
	if (w == NULL)
		return 0;
	if (reason == LWS_CALLBACK_RAW_RX_FILE)
		w->ready(w->arg);
	else if (reason == LWS_CALLBACK_RAW_CLOSE_FILE)
		w->wsi = NULL;
	return 0;
}

struct ws_watch *
ws_watch(struct ws *ws, int fd, void (*ready)(void *arg), void *arg)
{
	struct ws_watch *w = calloc(1, sizeof(*w));
	lws_sock_file_fd_type u;

	if (w == NULL)
		return NULL;
	w->ready = ready;
	w->arg = arg;
	w->fd = dup(fd);
	if (w->fd < 0) {
		free(w);
		return NULL;
	}
	u.filefd = w->fd;
	w->wsi = lws_adopt_descriptor_vhost(
	    ws->vhost, LWS_ADOPT_RAW_FILE_DESC, u, "watch", NULL);
	if (w->wsi == NULL) {
		free(w);
		return NULL;
	}
	lws_set_opaque_user_data(w->wsi, w);
	return w;
}

void
ws_unwatch(struct ws_watch *w)
{
	if (w == NULL)
		return;
	if (w->wsi != NULL) {
		lws_set_opaque_user_data(w->wsi, NULL);
		lws_set_timeout(
		    w->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
	}
	free(w);
}

/* ---- the connection ------------------------------------------------------ */

static void
drop_connection(struct ws *ws, int code, const char *reason)
{
	ws->wsi = NULL;
	ws->open = false;
	buf_reset(&ws->in);
	buf_reset(&ws->out);
	ws->ops->closed(ws->arg, code, reason);
}

/* Collect the pieces of a message; the exchange sends text only. */
static int
receive(struct ws *ws, struct lws *wsi, const char *p, size_t n)
{
	if (buf_add(&ws->in, p, n) < 0) {
		(void)snprintf(ws->reason, sizeof(ws->reason),
		    "a message of more than %zu bytes", ws->in.max);
		return -1;
	}
	if (!lws_is_final_fragment(wsi) ||
	    lws_remaining_packet_payload(wsi) > 0)
		return 0;
	ws->ops->message(ws->arg, ws->in.p != NULL ? ws->in.p : "", ws->in.len);
	buf_reset(&ws->in);
	return 0;
}

static int
send_one(struct ws *ws, struct lws *wsi)
{
	uint32_t n;
	unsigned char *text;

	if (ws->out.len == 0)
		return 0;
	memcpy(&n, ws->out.p, sizeof(n));
	text = (unsigned char *)ws->out.p + sizeof(n) + LWS_PRE;
	if (lws_write(wsi, text, n, LWS_WRITE_TEXT) < (int)n)
		return -1;
	buf_consume(&ws->out, sizeof(n) + LWS_PRE + n);
	if (ws->out.len > 0)
		lws_callback_on_writable(wsi);
	return 0;
}

/* The other side's close frame: two bytes of code, then its reason. */
static void
note_close(struct ws *ws, const unsigned char *p, size_t n)
{
	if (n < 2)
		return;
	ws->close_code = p[0] << 8 | p[1];
	n = n - 2 < sizeof(ws->reason) ? n - 2 : sizeof(ws->reason) - 1;
	memcpy(ws->reason, p + 2, n);
	ws->reason[n] = '\0';
}

static int
on_connection(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t len)
{
	struct ws *ws = lws_context_user(lws_get_context(wsi));

	(void)user;
	if (ws == NULL || wsi != ws->wsi)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		ws->open = true;
		ws->ops->opened(ws->arg);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return receive(ws, wsi, in, len);
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return send_one(ws, wsi);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		note_close(ws, in, len);
		return 0;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		drop_connection(ws, 0, in != NULL ? in : "no connection");
		return 0;
	/* Whatever way it goes, this comes last. */
	case LWS_CALLBACK_WSI_DESTROY:
	case LWS_CALLBACK_CLIENT_CLOSED:
		drop_connection(ws, ws->close_code,
		    ws->reason[0] != '\0' ? ws->reason : "connection lost");
		return 0;
	default:
		return 0;
	}
}

int
ws_connect(struct ws *ws, const struct ws_target *t, struct err *e)
{
	struct lws_client_connect_info info;
	char host[300];

	memset(&info, 0, sizeof(info));
	/* The default ports are not named in the Host header. */
	if (t->port == (t->tls ? 443 : 80))
		(void)snprintf(host, sizeof(host), "%s", t->host);
	else
		(void)snprintf(host, sizeof(host), "%s:%d", t->host, t->port);
	info.context = ws->context;
	info.vhost = ws->vhost;
	info.address = t->address;
	info.port = t->port;
	info.path = t->path;
	info.host = info.origin = host;
	info.ssl_connection = t->tls ? LCCSCF_USE_SSL : 0;
	info.alpn = "http/1.1";
	info.local_protocol_name = "connection";
	info.pwsi = &ws->wsi;
	ws->close_code = 0;
	ws->reason[0] = '\0';
	buf_reset(&ws->in);
	buf_reset(&ws->out);
	/* When this fails, the callback has already told why. */
	if (lws_client_connect_via_info(&info) == NULL && ws->wsi != NULL) {
		ws->wsi = NULL;
		return err_set(e, "no connection to %s", t->address);
	}
	return 0;
}

int
ws_send(struct ws *ws, const char *text, size_t n)
{
	static const char room[LWS_PRE];
	uint32_t length = (uint32_t)n;

	if (!ws->open ||
	    ws->out.len + sizeof(length) + LWS_PRE + n > ws->out.max)
		return -1;
	buf_add(&ws->out, &length, sizeof(length));
	buf_add(&ws->out, room, sizeof(room));
	buf_add(&ws->out, text, n);
	lws_callback_on_writable(ws->wsi);
	return buf_failed(&ws->out) ? -1 : 0;
}

void
ws_hang_up(struct ws *ws)
{
	if (ws->wsi != NULL)
		lws_set_timeout(
		    ws->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
	ws->wsi = NULL;
	ws->open = false;
}

/* ---- the loop ------------------------------------------------------------ */

static const struct lws_protocols protocols[] = {
    {.name = "connection",
	.callback = on_connection,
	.rx_buffer_size = RX_BYTES},
    {.name = "watch", .callback = on_watched},
    {.name = NULL},
};

/* What the library says is for whoever debugs. */
static void
library_log(int level, const char *line)
{
	size_t n = strcspn(line, "\n");

	(void)level;
	log_debug("libwebsockets: %.*s", (int)n, line);
}

/* The library would serve its timers and wait on: make the wait end. */
static void
on_timer(lws_sorted_usec_list_t *sul)
{
	lws_cancel_service(lws_container_of(sul, struct ws, timer)->context);
}

int
ws_open(struct ws **out, const char *ca_file, const struct ws_ops *ops,
    void *arg, struct err *e)
{
	struct lws_context_creation_info info;
	struct ws *ws = calloc(1, sizeof(*ws));

	if (ws == NULL)
		return err_set(e, "out of memory");
	ws->ops = ops;
	ws->arg = arg;
	buf_init(&ws->in, WS_MESSAGE_MAX);
	buf_init(&ws->out, WS_QUEUE_MAX);
	lws_set_log_level(LLL_ERR | LLL_WARN, library_log);
	memset(&info, 0, sizeof(info));
	info.port = CONTEXT_PORT_NO_LISTEN;
	info.protocols = protocols;
	info.user = ws;
	info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
		       LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
	info.client_ssl_ca_filepath = ca_file;
	info.pt_serv_buf_size = (unsigned int)RX_BYTES;
	info.fd_limit_per_thread = 64;
	ws->context = lws_create_context(&info);
	if (ws->context != NULL)
		ws->vhost = lws_create_vhost(ws->context, &info);
	if (ws->vhost == NULL) {
		ws_free(ws);
		return err_set(e, "libwebsockets does not start");
	}
	*out = ws;
	return 0;
}

void
ws_free(struct ws *ws)
{
	if (ws == NULL)
		return;
	ws->wsi = NULL;
	if (ws->context != NULL)
		lws_context_destroy(ws->context);
	buf_release(&ws->in);
	buf_release(&ws->out);
	free(ws);
}

void
ws_wake_in(struct ws *ws, int64_t real_ms)
{
	lws_sul_schedule(ws->context, 0, &ws->timer, on_timer,
	    real_ms <= 0 ? 1 : real_ms * LWS_US_PER_MS);
}

int
ws_service(struct ws *ws)
{
	return lws_service(ws->context, 0) < 0 ? -1 : 0;
}
