/*
 * alert: the record that pulse-eval prints, the store keeps and pulse-send
 * delivers (pulse-alert.5). This is the only file that knows its members.
 *
 * The identity of an alert is computed, never drawn: two machines that see
 * the same candle name it the same.
 */
#ifndef COMMON_ALERT_H
#define COMMON_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/candle.h"
#include "common/err.h"
#include "common/uuid.h"

/* Longest printed alert. */
#define ALERT_TEXT_MAX ((size_t)16 * 1024)

/*
 * An alert to be printed. Strings are borrowed. values is the JSON object of
 * the operands, already printed. candle may be NULL (no member then).
 */
struct alert {
	struct uuid id;
	struct uuid rule_id;
	const char *rule_name;
	const char *rule_type;
	const char *symbol;
	interval_id interval;
	const char *state; /* "firing" */
	const char *severity; /* "info" */
	int64_t window_start_ms;
	int64_t window_end_ms;
	int64_t triggered_ms;
	struct decimal trigger_value;
	const char *message;
	const char *values;
	const struct candle *candle;
	bool late; /* printed as "late":true, absent otherwise */
};

/* UUIDv5, namespace rule_id, name "symbol|interval|start|end|state" with the
 * times in ms since 1970. */
struct uuid
alert_id(const struct uuid *rule_id, const char *symbol, interval_id interval,
    int64_t window_start_ms, int64_t window_end_ms, const char *state);

/* Append the record, without a newline. */
int alert_print(const struct alert *a, struct buf *out);

/*
 * What a reader needs of an alert record: the whole record stays the text it
 * was, these are its parts. Strings belong to the tree, which the caller
 * frees with alert_record_release().
 */
struct alert_record {
	struct json *tree;
	struct uuid id;
	struct uuid rule_id;
	const char *rule_name, *rule_type, *symbol, *state, *severity, *message;
	const char *trigger_value;
	interval_id interval;
	int64_t window_start_ms, window_end_ms, triggered_ms;
	bool late;
	/* Of a line that pulse-retry printed: the claimed delivery and its
	 * lease (members "delivery":{"id","lease"}), else NULL. */
	const char *delivery_id, *lease;
};

/* 0, or -1 with the member and the reason. */
int alert_record_parse(
    struct alert_record *r, const char *line, size_t n, struct err *e);
void alert_record_release(struct alert_record *r);
/*
 * The id of a line that begins as pulse-eval prints alerts, {"id":"…", ends
 * as an object does and carries no claim, without a look at the rest: enough
 * for who has the record already. false: parse the line.
 */
bool alert_record_id(struct uuid *id, const char *line, size_t n);

#endif
