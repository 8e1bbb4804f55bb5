#include <stdio.h>
#include <string.h>

#include "pulse-ctl/commands.h"

/* ---- options ------------------------------------------------------------- */

static const struct opt json_only[] = {OPT_ROW_JSON, OPT_ROW_END};
static const struct opt no_options[] = {OPT_ROW_END};

/* What makes up a rule; add and edit share it. */
#define RULE_ROWS                                                              \
	{KEY_NAME, "name", "NAME", "what the rule is called"},                 \
	    {KEY_INTERVAL, "interval",                                         \
		"1m|3m|5m|15m|30m|1h|2h|4h|8h|12h|1d|3d|1w|1M",                \
		"candle interval (default 1m)"},                               \
	    {KEY_COOLDOWN, "cooldown", "DURATION",                             \
		"no second alert within it (30s, 5m, 1h)"},                    \
	    {KEY_ON, "on", "tick|close",                                       \
		"judge every update, or closed bars only"},                    \
	    {KEY_DISCORD_FILE, "discord-file", "FILE",                         \
		"file with the Discord webhook URL (- for stdin)"},            \
	    {KEY_WEBHOOK_FILE, "webhook-file", "FILE",                         \
		"file with the generic webhook URL (- for stdin)"},            \
	    {KEY_CHANNEL, "channel", "CHANNEL",                                \
		"named channels, with commas between them"},                   \
	    {KEY_ALLOW_PRIVATE, "allow-private", NULL,                         \
		"take webhook addresses of private networks"},                 \
	{                                                                      \
		KEY_SECRETS, "secrets", NULL, "show webhook URLs whole"        \
	}

static const struct opt rule_add_options[] = {
    RULE_ROWS,
    {KEY_INACTIVE, "inactive", NULL, "create it paused"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

static const struct opt rule_edit_options[] = {
    RULE_ROWS,
    {KEY_SYMBOL, "symbol", "SYMBOL", "watch another market"},
    {KEY_NO_DISCORD, "no-discord", NULL, "no Discord webhook any more"},
    {KEY_NO_WEBHOOK, "no-webhook", NULL, "no generic webhook any more"},
    {KEY_NO_CHANNEL, "no-channel", NULL, "no named channel any more"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

#define RULE_FILTER_ROWS                                                       \
	{KEY_SYMBOL, "symbol", "SYMBOL", "only rules of this market"},         \
	    {KEY_TYPE, "type",                                                 \
		"price_threshold|percent_move|candle_close|macd_cross|rsi|"    \
		"bollinger_bands",                                             \
		"only rules of this type"},                                    \
	    {KEY_ACTIVE, "active", NULL, "only active rules"},                 \
	{                                                                      \
		KEY_PAUSED, "paused", NULL, "only paused rules"                \
	}

static const struct opt rule_list_options[] = {
    RULE_FILTER_ROWS,
    {'l', "limit", "N", "at most N (default: all)"},
    {KEY_SECRETS, "secrets", NULL, "show webhook URLs whole"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

static const struct opt rule_show_options[] = {
    {KEY_SECRETS, "secrets", NULL, "show webhook URLs whole"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

static const struct opt rule_import_options[] = {
    {KEY_ALLOW_PRIVATE, "allow-private", NULL,
	"take webhook addresses of private networks"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

static const struct opt rule_export_options[] = {
    RULE_FILTER_ROWS,
    {KEY_REDACT, "redact", NULL,
	"hide webhook URLs (the result cannot be imported)"},
    OPT_ROW_END,
};

static const struct opt backtest_options[] = {
    {KEY_SINCE, "since", "TIME", "only alerts from this time or age on"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

static const struct opt verify_options[] = {
    {KEY_SECRET_FILE, "secret-file", "FILE", "file with the whsec_… secret"},
    {KEY_ID, "id", "TEXT", "the header webhook-id"},
    {KEY_TIMESTAMP, "timestamp", "SECONDS", "the header webhook-timestamp"},
    {KEY_SIGNATURE, "signature", "TEXT", "the header webhook-signature"},
    {KEY_OLD, "old", NULL, "do not mind when the call was made"},
    OPT_ROW_END,
};

static const struct opt alert_list_options[] = {
    {KEY_RULE, "rule", "RULE", "only alerts of this rule (id or name)"},
    {KEY_SYMBOL, "symbol", "SYMBOL", "only alerts of this market"},
    {KEY_STATUS, "status", "pending|delivered|failed|none",
	"only with this delivery status"},
    {KEY_SINCE, "since", "TIME", "from this time or age on (2h)"},
    {KEY_UNTIL, "until", "TIME", "up to this time or age"},
    {'l', "limit", "N", "at most N, newest first (default 50; 0: all)"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

static const struct opt alert_tail_options[] = {
    {'l', "last", "N", "begin with the last N alerts (default 10)"},
    {KEY_RULE, "rule", "RULE", "only alerts of this rule (id or name)"},
    {KEY_SYMBOL, "symbol", "SYMBOL", "only alerts of this market"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

#define DELIVERY_FILTER_ROWS                                                   \
	{KEY_ALERT, "alert", "ID", "only of this alert"},                      \
	    {KEY_RULE, "rule", "RULE", "only of this rule (id or name)"},      \
	    {KEY_CHANNEL, "channel", "CHANNEL", "only through this channel"},  \
	    {KEY_SINCE, "since", "TIME", "created from this time or age on"},  \
	{                                                                      \
		KEY_UNTIL, "until", "TIME", "created up to this time or age"   \
	}

static const struct opt delivery_list_options[] = {
    DELIVERY_FILTER_ROWS,
    {KEY_STATUS, "status", "pending|retrying|delivered|dead|held",
	"only with this status"},
    {'l', "limit", "N", "at most N, newest first (default 50; 0: all)"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

static const struct opt delivery_change_options[] = {
    DELIVERY_FILTER_ROWS,
    {KEY_ALL, "all", NULL, "every one, when nothing else is given"},
    OPT_ROW_END,
};

static const struct opt candle_list_options[] = {
    {KEY_SINCE, "since", "TIME", "bars that open at this time or later"},
    {KEY_UNTIL, "until", "TIME", "bars that open up to this time"},
    {'l', "limit", "N", "at most N (default 50; 0: all)"},
    {KEY_ASC, "asc", NULL, "oldest first"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

static const struct opt key_create_options[] = {
    {KEY_RATE, "rate", "N", "requests a minute (default 60)"},
    {KEY_ADMIN, "admin", NULL, "may see webhook URLs; 1000 requests a minute"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

/* What makes up a channel; add and edit share it. */
#define CHANNEL_ROWS                                                           \
	{KEY_SET, "set", "MEMBER=VALUE", "set a member that is no secret"},    \
	    {KEY_FILE, "file", "MEMBER=FILE",                                  \
		"set a member from a file (- for stdin)"},                     \
	    {KEY_SIGN, "sign", NULL,                                           \
		"make a signing secret; it is shown once"},                    \
	    {KEY_ALLOW_PRIVATE, "allow-private", NULL,                         \
		"take addresses of private networks"},                         \
	{                                                                      \
		KEY_SECRETS, "secrets", NULL, "show secrets whole"             \
	}

static const struct opt channel_add_options[] = {
    CHANNEL_ROWS,
    OPT_ROW_END,
};

static const struct opt channel_edit_options[] = {
    CHANNEL_ROWS,
    {KEY_UNSET, "unset", "MEMBER", "back to its default"},
    OPT_ROW_END,
};

static const struct opt channel_show_options[] = {
    {KEY_SECRETS, "secrets", NULL, "show secrets whole"},
    OPT_ROW_END,
};

static const struct opt channel_test_options[] = {
    {KEY_ALLOW_PRIVATE, "allow-private", NULL,
	"call addresses of private networks"},
    OPT_ROW_END,
};

static const struct opt check_options[] = {
    {KEY_RECOUNT, "recount", NULL,
	"first count alerts and deliveries anew, as after a change by hand"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

static const struct opt prune_options[] = {
    {KEY_KEEP_CANDLES, "keep-candles", "N",
	"closed bars to keep a series (default 5000)"},
    {KEY_KEEP_ALERTS, "keep-alerts", "DURATION",
	"age of settled alerts to keep (default 90d)"},
    OPT_ROW_END,
};

static const struct opt status_options[] = {
    {KEY_STALE, "stale-after", "DURATION",
	"a tool is missing when silent for so long (default 30s)"},
    OPT_ROW_JSON,
    OPT_ROW_END,
};

static const struct opt serve_options[] = {
    {'l', "listen", "ADDRESS",
	"HOST:PORT or unix:PATH (default 127.0.0.1:8000; port 0: any)"},
    {KEY_API_KEY_FILE, "api-key-file", "FILE",
	"file with the admin key (or $PULSE_API_KEY)"},
    {KEY_PUBLIC_READS, "public-reads", NULL,
	"reads need no key on any address"},
    {KEY_ALLOW_PRIVATE, "allow-private", NULL,
	"take webhook addresses of private networks"},
    {KEY_ADMIN_RATE, "admin-rate", "N",
	"requests a minute of the admin key (default 1000)"},
    {KEY_CORS_ORIGIN, "cors-origin", "ORIGIN",
	"let pages of this origin read answers"},
    {KEY_BEHIND_PROXY, "behind-proxy", NULL,
	"the client's address is the last one of X-Forwarded-For"},
    {KEY_TLS_CERT, "tls-cert", "FILE", "serve HTTPS with this chain"},
    {KEY_TLS_KEY, "tls-key", "FILE", "and this private key"},
    {KEY_MAX_CONNECTIONS, "max-connections", "N",
	"more are turned away with 503 (default 2048)"},
    OPT_ROW_END,
};

/* ---- the table ----------------------------------------------------------- */

const struct command commands[] = {
    {"rule add", "create a rule from words, or from JSON on stdin",
	"[SYMBOL[:INTERVAL] CONDITION]",
	"  pulse-ctl rule add BTC 'price >= 50000' --discord-file url.txt "
	"--cooldown 1h\n"
	"  pulse-ctl rule add ETH:1h 'rsi(14) < 30' --name 'ETH oversold'\n"
	"  pulse-ctl rule add '*' 'down 5% in 15m' --channel desk\n"
	"  echo '{\"name\":\"x\",\"symbol\":\"BTC\",\"rule_type\":\"rsi\","
	"\"config\":{\"direction\":\"oversold\"}}' | pulse-ctl rule add\n",
	"Conditions (case does not matter):\n"
	"  price >= N            also <= > <, above, below\n"
	"  price crosses N       crosses above N, crosses below N\n"
	"  close >= N            the close of a closed bar, same operators\n"
	"  move 5% in 1h         up 5% in 1h, down 5% in 1h\n"
	"  rsi > 70              rsi(21) < 25, rsi oversold\n"
	"  macd bullish          macd(12,26,9) bearish\n"
	"  bollinger touch upper bollinger(20,2) break lower\n"
	"each may end with 'on tick' or 'on close'. The rule is printed.\n",
	rule_add_options, NULL, command_rule_add},
    {"rule list", "rules, newest first", "",
	"  pulse-ctl rule list --symbol BTC --active\n"
	"  pulse-ctl rule list | jq -r .name\n",
	NULL, rule_list_options, NULL, command_rule_list},
    {"rule show", "rules, whole", "RULE...",
	"  pulse-ctl rule show 'BTC breakout'\n"
	"  pulse-ctl rule show 7323 --secrets\n",
	"RULE is an id, the first four or more characters of one, or a name.\n",
	rule_show_options, "rule", command_rule_show},
    {"rule edit", "change a rule by options, words, or JSON on stdin",
	"RULE [CONDITION]",
	"  pulse-ctl rule edit 7323 --cooldown 30m\n"
	"  pulse-ctl rule edit 7323 'price >= 60000'\n"
	"  echo '{\"cooldown_seconds\":60}' | pulse-ctl rule edit 7323\n",
	"JSON on stdin is a partial update, as PUT of the HTTP API takes it:\n"
	"only members present change, null clears a webhook URL.\n",
	rule_edit_options, "rule", command_rule_edit},
    {"rule rm", "delete rules and their alerts", "RULE...",
	"  pulse-ctl rule rm 7323\n", NULL, no_options, "rule",
	command_rule_rm},
    {"rule enable", "let rules fire again", "RULE...",
	"  pulse-ctl rule enable 7323\n", NULL, no_options, "rule",
	command_rule_enable},
    {"rule disable", "pause rules", "RULE...",
	"  pulse-ctl rule disable 7323\n", NULL, no_options, "rule",
	command_rule_disable},
    {"rule import", "create or replace rules from JSON, all or none", "[FILE]",
	"  pulse-ctl rule import rules.json\n"
	"  pulse-ctl -d old.db rule export | pulse-ctl -d new.db rule import\n",
	"FILE holds one object, an array, or one object a line; - or no FILE\n"
	"reads stdin. Ids and times given are kept: a rule whose id exists is\n"
	"replaced. When one rule is at fault, every fault is listed and\n"
	"nothing is written.\n",
	rule_import_options, "file", command_rule_import},
    {"rule export", "rules with their secrets, for import", "[RULE...]",
	"  pulse-ctl rule export > rules.json && chmod 600 rules.json\n"
	"  pulse-ctl rule export --redact | jq .name\n",
	NULL, rule_export_options, "rule", command_rule_export},
    {"rule test", "what a rule would have said; or test cases of rules",
	"FILE | RULE | SYMBOL[:INTERVAL] CONDITION",
	"  pulse-ctl rule test 7323 --since 7d\n"
	"  pulse-ctl rule test BTC:15m 'rsi < 30' | jq -r .message\n"
	"  pulse-ctl rule test cases.json\n",
	"Every closed candle of the store is judged; nothing is written. The\n"
	"alerts are printed as pulse-eval would have printed them. Of a FILE\n"
	"of cases: what came against what was expected, exit 1 if it "
	"differs.\n",
	backtest_options, "rule", command_rule_test},
    {"rule diff", "where two rules would have differed",
	"RULE RULE | RULE CONDITION | OLD-FILE NEW-FILE",
	"  pulse-ctl rule diff 7323 'rsi < 25'\n"
	"  pulse-ctl rule diff old-rule new-rule --since 30d\n"
	"  pulse-ctl rule diff old.json new.json < candles.ndjson\n",
	"Prints the alerts that only one of the two makes on the stored\n"
	"candles: {\"only\":\"old\"|\"new\",\"alert\":…}.\n",
	backtest_options, "rule", command_rule_diff},
    {"alert list", "alerts, newest first", "",
	"  pulse-ctl alert list --since 2h --symbol BTC\n"
	"  pulse-ctl alert list --status failed\n",
	NULL, alert_list_options, NULL, command_alert_list},
    {"alert show", "alerts with every delivery and attempt", "ID...",
	"  pulse-ctl alert show 0b2f7c1e-7d4e-5b0a-9b1c-2f3a4b5c6d7e\n", NULL,
	json_only, NULL, command_alert_show},
    {"alert tail", "the last alerts, then new ones as they come", "",
	"  pulse-ctl alert tail\n"
	"  pulse-ctl alert tail --last 0 | jq .message\n",
	NULL, alert_tail_options, NULL, command_alert_tail},
    {"delivery list", "deliveries, newest first", "",
	"  pulse-ctl delivery list --status dead\n", NULL,
	delivery_list_options, NULL, command_delivery_list},
    {"delivery show", "deliveries, whole", "ID...",
	"  pulse-ctl delivery show 0b2f7c1e-7d4e-5b0a-9b1c-2f3a4b5c6d7e\n",
	NULL, json_only, NULL, command_delivery_show},
    {"delivery retry", "make dead deliveries due again", "[ID...]",
	"  pulse-ctl delivery retry --channel discord --since 1d\n"
	"  pulse-ctl delivery retry --all\n",
	"Attempts are counted anew; pulse-retry | pulse-send sends them.\n",
	delivery_change_options, NULL, command_delivery_retry},
    {"delivery drop", "give up deliveries that are not settled", "[ID...]",
	"  pulse-ctl delivery drop --rule 7323\n", NULL,
	delivery_change_options, NULL, command_delivery_drop},
    {"candle list", "closed candles in the store; its series without operand",
	"[SYMBOL[:INTERVAL]]",
	"  pulse-ctl candle list\n"
	"  pulse-ctl candle list BTC:1h --limit 24\n",
	NULL, candle_list_options, NULL, command_candle_list},
    {"key create", "make an API key; it is printed once", "NAME",
	"  pulse-ctl key create grafana --rate 120\n", NULL, key_create_options,
	NULL, command_key_create},
    {"key list", "API keys, without their secrets", "",
	"  pulse-ctl key list\n", NULL, json_only, NULL, command_key_list},
    {"key revoke", "end API keys at once", "ID...",
	"  pulse-ctl key revoke k_x7mQ2bLp\n", NULL, no_options, NULL,
	command_key_revoke},
    {"channel add", "create a named channel, by operands or JSON on stdin",
	"[NAME KIND [PROGRAM [ARG...]]]",
	"  pulse-ctl channel add desk slack --file url=slack-url.txt\n"
	"  pulse-ctl channel add ops generic --file url=url.txt --sign "
	"--set rate=10/1s\n"
	"  pulse-ctl channel add bot telegram --file token=token.txt "
	"--set chat_id=-1001234\n"
	"  pulse-ctl channel add bell exec -- /usr/local/bin/ring --loud\n",
	"KIND is discord, generic, slack, telegram, ntfy, pagerduty or exec.\n"
	"Members are those of pulse-channel(5); times may be given as 30s or "
	"5m.\nRules name channels: rule add --channel desk.\n",
	channel_add_options, NULL, command_channel_add},
    {"channel list", "named channels and how they do", "",
	"  pulse-ctl channel list\n", NULL, json_only, NULL,
	command_channel_list},
    {"channel show", "named channels, whole", "NAME...",
	"  pulse-ctl channel show desk --secrets\n", NULL, channel_show_options,
	"channel", command_channel_show},
    {"channel edit", "change a channel by options or JSON on stdin", "NAME",
	"  pulse-ctl channel edit desk --set timeout_ms=5s --unset rate\n"
	"  pulse-ctl channel edit ops --sign\n",
	"--sign puts a new secret before the newest: both sign from then on.\n",
	channel_edit_options, "channel", command_channel_edit},
    {"channel rm", "delete channels", "NAME...",
	"  pulse-ctl channel rm desk\n",
	"Deliveries still on their way to it die.\n", no_options, "channel",
	command_channel_rm},
    {"channel test", "send a made-up alert to a channel", "NAME",
	"  pulse-ctl channel test desk\n",
	"Prints what came of it; nothing is stored.\n", channel_test_options,
	"channel", command_channel_test},
    {"channel pause", "keep what comes for later", "NAME...",
	"  pulse-ctl channel pause desk\n", NULL, no_options, "channel",
	command_channel_pause},
    {"channel resume", "end a pause, or enable what was disabled", "NAME...",
	"  pulse-ctl channel resume desk\n",
	"What waits for it becomes due at once. A webhook of a rule is named\n"
	"by its key (discord:HASH), as pulse-ctl status says.\n",
	no_options, "channel", command_channel_resume},
    {"db init", "make the store, or bring it to this version", "",
	"  pulse-ctl db init\n  pulse-ctl -d /var/lib/pulse/pulse.db db init\n",
	NULL, json_only, NULL, command_db_init},
    {"db check", "look for damage", "", "  pulse-ctl db check\n", NULL,
	check_options, NULL, command_db_check},
    {"db prune", "delete old candles and settled alerts, bit by bit", "",
	"  pulse-ctl db prune --keep-alerts 30d\n", NULL, prune_options, NULL,
	command_db_prune},
    {"db backup", "copy the store while it is in use", "FILE",
	"  pulse-ctl db backup /backup/pulse-$(date +%F).db\n", NULL,
	no_options, "file", command_db_backup},
    {"status", "one screen: what runs, and what is wrong", "",
	"  pulse-ctl status\n  pulse-ctl status --json | jq .problems\n",
	"Exit status 1 when something is wrong.\n", status_options, NULL,
	command_status},
    {"verify", "check the signature of a webhook that arrived", "",
	"  pulse-ctl verify --secret-file whsec --id \"$id\" --timestamp "
	"\"$time\" --signature \"$signature\" < body\n",
	"The body is read from stdin. Exit status 1 when no signature fits.\n",
	verify_options, NULL, command_verify},
    {"completion", "completion script for a shell", "bash|zsh|fish",
	"  pulse-ctl completion bash > "
	"/usr/share/bash-completion/completions/pulse-ctl\n"
	"  source <(pulse-ctl completion bash)\n",
	NULL, no_options, "bash|zsh|fish", command_completion},
    {"serve", "HTTP API and admin page", "",
	"  pulse-ctl serve\n"
	"  pulse-ctl serve --listen unix:/run/pulse/api.sock\n"
	"  curl -H \"X-API-Key: $key\" localhost:8000/api/v1/rules\n",
	"Without $PULSE_API_KEY and --api-key-file, and with no admin key in\n"
	"the store, an admin key is made and printed on stdout, once.\n",
	serve_options, NULL, command_serve},
    {"help", "this list, or one command's help", "[COMMAND]",
	"  pulse-ctl help rule add\n", NULL, no_options, NULL, command_help},
};

const size_t commands_count = sizeof(commands) / sizeof(commands[0]);

/* ---- finding ------------------------------------------------------------- */

static void
join(char out[64], const char *first, const char *second)
{
	(void)snprintf(out, 64, "%s%s%s", first, second != NULL ? " " : "",
	    second != NULL ? second : "");
}

const struct command *
commands_find(const char *first, const char *second)
{
	char name[64];
	size_t i;

	join(name, first, second);
	for (i = 0; i < commands_count; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int
commands_is_group(const char *first)
{
	size_t n = strlen(first), i;

	for (i = 0; i < commands_count; i++)
		if (strncmp(commands[i].name, first, n) == 0 &&
		    commands[i].name[n] == ' ')
			return 1;
	return 0;
}

void
commands_print_group(const char *first, FILE *out)
{
	size_t n = strlen(first), i;
	const char *between = ": ";

	for (i = 0; i < commands_count; i++)
		if (strncmp(commands[i].name, first, n) == 0 &&
		    commands[i].name[n] == ' ') {
			fprintf(out, "%s%s", between, commands[i].name + n + 1);
			between = ", ";
		}
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance: changed, missing and additional characters. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b), i, j;

	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 0; a[i] != '\0'; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (j = 0; j < n; j++) {
			size_t above = row[j + 1];

			row[j + 1] = least(
			    row[j] + 1, above + 1, corner + (a[i] != b[j]));
			corner = above;
		}
	}
	return row[n];
}

const char *
commands_guess(const char *first, const char *second)
{
	const char *best = NULL;
	size_t least_far = 4, far, i, n = strlen(first);
	char name[64];

	/* "rules": rather the list than the "rule rm" that is as near. */
	for (i = 0; second == NULL && n > 0 && i < commands_count; i++)
		if (strncmp(commands[i].name, first, n - 1) == 0 &&
		    strcmp(commands[i].name + n - 1, " list") == 0 &&
		    first[n - 1] == 's')
			return commands[i].name;
	join(name, first, second);
	for (i = 0; i < commands_count; i++) {
		far = distance(name, commands[i].name);
		/* "ad" for "rule add" is no guess worth making. */
		if (far < least_far && far * 2 < strlen(commands[i].name)) {
			least_far = far;
			best = commands[i].name;
		}
	}
	/* "status extra": the first word alone may be what was meant. */
	if (best == NULL && second != NULL)
		return commands_guess(first, NULL);
	return best;
}

/* ---- help ---------------------------------------------------------------- */

/* The lines of the commands of a group, or of all (NULL). */
static void
print_lines(const char *group)
{
	size_t n = group != NULL ? strlen(group) : 0, i;

	for (i = 0; i < commands_count; i++)
		if (group == NULL ||
		    (strncmp(commands[i].name, group, n) == 0 &&
			commands[i].name[n] == ' '))
			printf("  %-16s %s\n", commands[i].name,
			    commands[i].summary);
	puts("\nEach has examples: pulse-ctl help COMMAND. The manual: man "
	     "pulse-ctl.");
}

void
commands_print_group_help(const char *first)
{
	printf(
	    "Usage: pulse-ctl %s COMMAND [OPTION...] [OPERAND...]\n\n", first);
	print_lines(first);
}

void
commands_print_all(void)
{
	puts("Examples:\n"
	     "  pulse-ctl rule add BTC 'price >= 50000' --discord-file "
	     "url.txt\n"
	     "  pulse-ctl alert tail\n"
	     "  pulse-ctl status\n\n"
	     "Usage: pulse-ctl [-d URL] COMMAND [OPTION...] [OPERAND...]\n");
	print_lines(NULL);
}

void
commands_program(const struct command *cmd, struct buf *name,
    struct buf *synopsis, struct opt_program *p)
{
	buf_addf(name, "pulse-ctl %s", cmd->name);
	buf_addf(synopsis, "%s%s%s%s", name->p,
	    cmd->options[0].name != NULL ? " [OPTION...]" : "",
	    cmd->operands[0] != '\0' ? " " : "", cmd->operands);
	if (cmd->text != NULL)
		buf_addf(synopsis, "\n\n%.*s", (int)strlen(cmd->text) - 1,
		    cmd->text);
	*p = (struct opt_program){
	    .name = name->p,
	    .manual = "pulse-ctl",
	    .synopsis = synopsis->p,
	    .examples = cmd->examples,
	    .options = cmd->options,
	};
}

int
command_help(struct ctl *c)
{
	const struct command *cmd;
	struct buf name, synopsis;
	struct opt_program p;
	char **v;
	int n;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 0, 2, "a command");
	v = ctl_operands(c, &n);
	if (n == 0) {
		commands_print_all();
		return EXIT_DONE;
	}
	cmd = commands_find(v[0], n > 1 ? v[1] : NULL);
	if (cmd == NULL && n == 1 && commands_is_group(v[0])) {
		commands_print_group_help(v[0]);
		return EXIT_DONE;
	}
	if (cmd == NULL) {
		const char *guess = commands_guess(v[0], n > 1 ? v[1] : NULL);

		opt_usage_error(&c->program, "no such command%s%s%s",
		    guess != NULL ? "; did you mean '" : "",
		    guess != NULL ? guess : "", guess != NULL ? "'?" : "");
	}
	buf_init(&name, 64);
	buf_init(&synopsis, 4096);
	commands_program(cmd, &name, &synopsis, &p);
	opt_print_help(&p);
	buf_release(&name);
	buf_release(&synopsis);
	return EXIT_DONE;
}
