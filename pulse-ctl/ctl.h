/*
 * ctl: what every command of pulse-ctl is given, and the small things they
 * share: opening the store, printing records, finding a rule.
 */
#ifndef PULSE_CTL_CTL_H
#define PULSE_CTL_CTL_H

#include <stdbool.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/faults.h"
#include "common/json.h"
#include "common/opt.h"
#include "common/rules/rule.h"
#include "common/uuid.h"
#include "db/store.h"

struct command;

/* Keys of the options that have no short form; unique over all commands, so
 * that commands may share rows of their option tables. */
enum ctl_key {
	KEY_JSON = 256,
	KEY_NAME,
	KEY_SYMBOL,
	KEY_TYPE,
	KEY_ACTIVE,
	KEY_PAUSED,
	KEY_COOLDOWN,
	KEY_INTERVAL,
	KEY_DISCORD_FILE,
	KEY_WEBHOOK_FILE,
	KEY_NO_DISCORD,
	KEY_NO_WEBHOOK,
	KEY_NO_CHANNEL,
	KEY_ON,
	KEY_INACTIVE,
	KEY_ALLOW_PRIVATE,
	KEY_SECRETS,
	KEY_REDACT,
	KEY_RULE,
	KEY_STATUS,
	KEY_SINCE,
	KEY_UNTIL,
	KEY_CHANNEL,
	KEY_ALL,
	KEY_ASC,
	KEY_ADMIN,
	KEY_RATE,
	KEY_KEEP_CANDLES,
	KEY_KEEP_ALERTS,
	KEY_RECOUNT,
	KEY_REPLACE,
	KEY_ALERT,
	KEY_STALE,
	KEY_LISTEN,
	KEY_API_KEY_FILE,
	KEY_PUBLIC_READS,
	KEY_CORS_ORIGIN,
	KEY_TLS_CERT,
	KEY_TLS_KEY,
	KEY_MAX_CONNECTIONS,
	KEY_ADMIN_RATE,
	KEY_BEHIND_PROXY,
	KEY_OLD,
	KEY_SET,
	KEY_UNSET,
	KEY_FILE,
	KEY_SIGN,
	KEY_SECRET_FILE,
	KEY_ID,
	KEY_TIMESTAMP,
	KEY_SIGNATURE,
};

/* The row of an option that lists share. */
#define OPT_ROW_JSON                                                           \
	{                                                                      \
		KEY_JSON, "json", NULL,                                        \
		    "one JSON object a line, on a terminal too"                \
	}
#define OPT_ROW_END                                                            \
	{                                                                      \
		0, NULL, NULL, NULL                                            \
	}

/* One run of one command. */
struct ctl {
	const struct command *command;
	struct opt_program program;
	struct opt_common common;
	struct opt_state options;
	/* --json was given. */
	bool json;
	struct store *store;
};

/* The next option of this command, or -1 (common/opt.h); --json is taken. */
int ctl_next(struct ctl *c);
/* The operands left after the options, and how many. */
char **ctl_operands(struct ctl *c, int *n);
/* Refuse operands beyond max or fewer than min: usage error. */
void ctl_expect(struct ctl *c, int min, int max, const char *what);
/* An option's whole number or duration, or a usage error. */
int64_t ctl_number(struct ctl *c, const char *name, int64_t min, int64_t max);
int64_t ctl_duration_ms(
    struct ctl *c, const char *name, int64_t min_ms, int64_t max_ms);
/* A time: as clock_parse() reads it, or a duration before now ("2h"). */
int64_t ctl_time_ms(struct ctl *c, const char *name);

/* "BTC:1h": cut the symbol off in place and return the interval, or NULL when
 * the text is a symbol alone, as "xyz:TSLA" is. What can only be meant as an
 * interval and is none ("BTC:7m", "BTC:1H", "BTC:") is a usage error. */
const char *ctl_split_series(struct ctl *c, char *text);

/* Open the store (STORE_CREATE or 0). 0, or the exit code after a message. */
int ctl_open(struct ctl *c, unsigned flags);
/* "pulse-ctl …: sentence" on stderr; returns code. */
int ctl_fail(struct ctl *c, int code, const struct err *e);
/* Print all faults on stderr, one a line; returns EXIT_SOME_FAILED. */
int ctl_faults(struct ctl *c, const struct faults *f);
/* True when lists are tables: stdout is a terminal and --json is absent. */
bool ctl_tabular(const struct ctl *c);
/* Write one line to stdout. A reader that left ends the program quietly. */
void ctl_line(const struct buf *b);
/* Flush stdout at the end; EXIT_SOME_FAILED when it could not be written. */
int ctl_flush(struct ctl *c, int code);

/* All of a file ("-": stdin), at most max bytes, into out. 0 or -1. */
int ctl_read_file(const char *path, size_t max, struct buf *out, struct err *e);
/* The first line of a file, without blanks around it: a secret. */
int
ctl_read_secret(const char *path, size_t max, struct buf *out, struct err *e);
/* The rule that text names: its id, the beginning of its id (4 characters or
 * more) or its whole name, when only one rule fits. 0 (release r) or -1. */
int
ctl_find_rule(struct ctl *c, const char *text, struct rule *r, struct err *e);
/* The same for who takes something else as well: 1, 0 when there is none, or
 * -1. */
int ctl_look_for_rule(
    struct ctl *c, const char *text, struct rule *r, struct err *e);

/* "2026-11-22 14:38:00" in UTC, or "-" for 0. */
void ctl_print_time(int64_t ms, struct buf *out);
/* "3s", "5m", "2h", "4d": an age or duration for people. */
void ctl_print_span(int64_t ms, struct buf *out);
/* True when private webhook addresses are allowed by the environment. */
bool ctl_private_allowed(void);

#endif
