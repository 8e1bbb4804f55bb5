/*
 * channel: what pulse-send must know of a kind of receiver. A kind is one
 * file, channel_KIND.c, and one row in channels.c.
 */
#ifndef PULSE_SEND_CHANNEL_H
#define PULSE_SEND_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/alert.h"
#include "common/buf.h"
#include "common/channel.h"
#include "common/err.h"
#include "common/http.h"
#include "pulse-send/delivery_state.h"
#include "pulse-send/pacing.h"
#include "pulse-send/process.h"
#include "pulse-send/template.h"

/* Alerts in one request at most. */
#define DIGEST_MAX 10
/* Longest body sent. */
#define OUTGOING_MAX ((size_t)512 * 1024)

/* One alert to be sent. */
struct channel_alert {
	const char *id; /* of the delivery, as text: the webhook-id */
	const char *record; /* the alert as the store has it */
	size_t len;
	const struct alert_record *parsed;
};

/* A request in the making. */
struct outgoing {
	const char *method; /* NULL: POST */
	struct buf url;
	struct buf body;
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t nheaders;
	struct templates *templates;
	/* The answer to the last try asked for the plain form (telegram). */
	bool plain;
	int64_t now_ms;
};

void outgoing_init(struct outgoing *m);
void outgoing_release(struct outgoing *m);
/* Add a header; both are copied. 0, or -1 when there are too many, or one may
 * not be sent. */
int outgoing_header(
    struct outgoing *m, const char *name, const char *value, struct err *e);

/* What an answer came to. */
struct verdict {
	enum verdict_kind kind;
	int64_t wait_us; /* asked for by the receiver; -1: nothing */
	bool global; /* the wait holds for the whole host */
	bool plain; /* VERDICT_AGAIN: in plain form */
	char moved[64]; /* VERDICT_AGAIN: chat id to use from now on */
	/* Learned: requests left until the window ends; -1: not said. */
	int remaining;
	int64_t reset_after_us;
	/* Why, in words, for the audit. Empty when kind is OK. */
	char reason[200];
};

struct channel_kind_ops {
	enum channel_kind kind;
	/* The receiver's own limits. */
	struct pacing_window windows[PACING_WINDOWS];
	/* Requests at once; alerts in one request at most. */
	int concurrency;
	int digest;
	/* A wait that it asks for may hold for its whole host. */
	bool host_waits;
	/* build does without the parsed record. */
	bool raw;
	/* Make the request for n alerts (1 unless digest allows more), all but
	 * the channel's own headers. -1: they cannot be sent, and why. */
	int (*build)(const struct channel *c, const struct channel_alert *a,
	    size_t n, struct outgoing *m, struct err *e);
	/* judge wants the answer parsed. */
	bool reads_answer;
	/* Judge an answer (outcome HTTP_ANSWERED); v is set to its defaults.
	 * body is the answer parsed, or NULL when it is no JSON or nobody
	 * reads it. */
	void (*judge)(const struct http_response *r, const struct json *body,
	    struct verdict *v);
};

/* Say why, in words. */
void verdict_say(struct verdict *v, const char *why);

const struct channel_kind_ops *channel_ops(enum channel_kind kind);

/* Judge whatever came of a request: the outcome, then the kind's judge. */
void channel_judge(const struct channel_kind_ops *ops,
    const struct http_response *r, struct verdict *v);

/* What a program's end comes to. */
void channel_exec_judge(const struct process_result *r, struct verdict *v);
/* Run the program of an exec channel with that input; as process_start(). */
int channel_exec_start(const struct channel *c, struct processes *ps,
    const char *delivery_id, const struct buf *input, process_done_fn *done,
    void *arg, struct process **p, struct err *e);

/* The kinds. */
extern const struct channel_kind_ops channel_discord, channel_generic,
    channel_slack, channel_telegram, channel_ntfy, channel_pagerduty,
    channel_exec;

#endif
