/*
 * commands: THE table of pulse-ctl's commands. The command line, help, the
 * completions and the "did you mean" all come from it.
 */
#ifndef PULSE_CTL_COMMANDS_H
#define PULSE_CTL_COMMANDS_H

#include <stddef.h>

#include "common/opt.h"
#include "pulse-ctl/ctl.h"

struct command {
	/* "rule add", or one word. */
	const char *name;
	const char *summary;
	/* What follows the name in the usage line. */
	const char *operands;
	/* One example a line, each with two blanks before it. */
	const char *examples;
	/* More to say in help, or NULL. */
	const char *text;
	/* Ends with OPT_ROW_END. */
	const struct opt *options;
	/* What the operands are, for completion: "rule", "file", words
	 * separated by '|', or NULL. */
	const char *complete;
	int (*run)(struct ctl *c);
};

extern const struct command commands[];
extern const size_t commands_count;

/* The command named by the words (second NULL if there is one word), or
 * NULL. */
const struct command *commands_find(const char *first, const char *second);
/* True when first begins commands of two words. */
int commands_is_group(const char *first);
/* ": add, list, ...": the second words of a group. */
void commands_print_group(const char *first, FILE *out);
/* What "pulse-ctl help rule" says. */
void commands_print_group_help(const char *first);
/* The name closest to what was typed, or NULL when none is close. */
const char *commands_guess(const char *first, const char *second);
/* The whole list, for "pulse-ctl help". */
void commands_print_all(void);
/* "pulse-ctl rule add" as struct opt_program says it. Strings belong to the
 * buffers, which must live as long. */
void commands_program(const struct command *cmd, struct buf *name,
    struct buf *synopsis, struct opt_program *p);

int command_rule_add(struct ctl *c);
int command_rule_list(struct ctl *c);
int command_rule_show(struct ctl *c);
int command_rule_edit(struct ctl *c);
int command_rule_rm(struct ctl *c);
int command_rule_enable(struct ctl *c);
int command_rule_disable(struct ctl *c);
int command_rule_import(struct ctl *c);
int command_rule_export(struct ctl *c);
int command_rule_test(struct ctl *c);
int command_rule_diff(struct ctl *c);
int command_alert_list(struct ctl *c);
int command_alert_show(struct ctl *c);
int command_alert_tail(struct ctl *c);
int command_delivery_list(struct ctl *c);
int command_delivery_show(struct ctl *c);
int command_delivery_retry(struct ctl *c);
int command_delivery_drop(struct ctl *c);
int command_candle_list(struct ctl *c);
int command_key_create(struct ctl *c);
int command_key_list(struct ctl *c);
int command_key_revoke(struct ctl *c);
int command_channel_add(struct ctl *c);
int command_channel_list(struct ctl *c);
int command_channel_show(struct ctl *c);
int command_channel_edit(struct ctl *c);
int command_channel_rm(struct ctl *c);
int command_channel_test(struct ctl *c);
int command_channel_pause(struct ctl *c);
int command_channel_resume(struct ctl *c);
int command_db_init(struct ctl *c);
int command_db_check(struct ctl *c);
int command_db_prune(struct ctl *c);
int command_db_backup(struct ctl *c);
int command_status(struct ctl *c);
int command_completion(struct ctl *c);
int command_help(struct ctl *c);
int command_verify(struct ctl *c);
int command_serve(struct ctl *c);

#endif
