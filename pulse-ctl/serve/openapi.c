#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/channel.h"
#include "common/rules/rule_type.h"
#include "pulse-ctl/serve/openapi.h"
#include "pulse-ctl/serve/routes.h"

/* ---- schemas as text ------------------------------------------------------ */

#define S_UUID "{\"type\":\"string\",\"format\":\"uuid\"}"
#define S_TIME "{\"type\":\"string\",\"format\":\"date-time\"}"
#define S_TIME_OR_NULL                                                         \
	"{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}"
#define S_TEXT	       "{\"type\":\"string\"}"
#define S_TEXT_OR_NULL "{\"type\":[\"string\",\"null\"]}"
#define S_COUNT	       "{\"type\":\"integer\",\"minimum\":0}"
#define S_INTEGER      "{\"type\":\"integer\"}"
#define S_DECIMAL      "{\"type\":\"string\",\"pattern\":\"^-?[0-9.]+$\"}"
#define S_LIST(schema)                                                         \
	"{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/"              \
	"schemas/" schema "\"}}"
#define S_OBJECT "{\"type\":\"object\"}"

/* ---- small parts --------------------------------------------------------- */

static void
add_comma(struct buf *b)
{
	if (b->len > 0 && strchr("{[,", b->p[b->len - 1]) == NULL)
		buf_addc(b, ',');
}

static void
add_name(struct buf *b, const char *name)
{
	add_comma(b);
	buf_adds_json(b, name);
	buf_addc(b, ':');
}

static void
add_text(struct buf *b, const char *name, const char *text)
{
	add_name(b, name);
	buf_adds_json(b, text);
}

static void
add_ref(struct buf *b, const char *schema)
{
	buf_addf(b, "{\"$ref\":\"#/components/schemas/%s\"}", schema);
}

/* "a|b" as ["a","b"]. */
static void
add_choices(struct buf *b, const char *choices)
{
	size_t n;

	add_name(b, "enum");
	buf_addc(b, '[');
	for (;; choices += n + 1) {
		n = strcspn(choices, "|");
		add_comma(b);
		buf_add_json(b, choices, n);
		if (choices[n] == '\0')
			break;
	}
	buf_addc(b, ']');
}

/* ---- rule members -------------------------------------------------------- */

static void
add_range(struct buf *b, const struct rule_member *m, const char *low,
    const char *high)
{
	if (m->min != NULL) {
		if (m->above_min)
			buf_addf(b, ",\"exclusiveMinimum\":%s", m->min);
		else
			buf_addf(b, ",\"%s\":%s", low, m->min);
	}
	if (m->max != NULL) {
		if (m->below_max)
			buf_addf(b, ",\"exclusiveMaximum\":%s", m->max);
		else
			buf_addf(b, ",\"%s\":%s", high, m->max);
	}
}

static void
add_member_choices(struct buf *b, const struct rule_member *m)
{
	size_t i;

	add_name(b, "enum");
	buf_addc(b, '[');
	for (i = 0; m->choices[i] != NULL; i++) {
		add_comma(b);
		buf_adds_json(b, m->choices[i]);
	}
	buf_addc(b, ']');
}

/* Numbers are given as JSON numbers or as strings (then without rounding),
 * and are shown as strings. */
static void
add_decimal(struct buf *b, const struct rule_member *m)
{
	buf_adds(b, "\"oneOf\":[{\"type\":\"number\"");
	add_range(b, m, "minimum", "maximum");
	buf_adds(b, "},{\"type\":\"string\",\"pattern\":"
		    "\"^-?[0-9]+(\\\\.[0-9]+)?([eE][+-]?[0-9]+)?$\"}]");
}

static void
add_member_type(struct buf *b, const struct rule_member *m)
{
	switch (m->kind) {
	case RULE_MEMBER_DECIMAL:
		add_decimal(b, m);
		break;
	case RULE_MEMBER_INTEGER:
		buf_adds(b, "\"type\":\"integer\"");
		add_range(b, m, "minimum", "maximum");
		break;
	case RULE_MEMBER_CHOICE:
		buf_adds(b, "\"type\":\"string\"");
		add_member_choices(b, m);
		break;
	case RULE_MEMBER_STRING:
		buf_adds(b, "\"type\":\"string\"");
		add_range(b, m, "minLength", "maxLength");
		if (m->choices != NULL)
			add_member_choices(b, m);
		break;
	case RULE_MEMBER_URL:
		buf_adds(b, "\"type\":[\"string\",\"null\"]");
		add_range(b, m, "minLength", "maxLength");
		break;
	case RULE_MEMBER_BOOLEAN:
		buf_adds(b, "\"type\":\"boolean\"");
		break;
	case RULE_MEMBER_UUID:
		buf_adds(b, "\"type\":\"string\",\"format\":\"uuid\"");
		break;
	case RULE_MEMBER_TIME:
		buf_adds(b, "\"type\":\"string\",\"format\":\"date-time\"");
		break;
	case RULE_MEMBER_OBJECT:
		buf_adds(b, "\"type\":\"object\"");
		break;
	case RULE_MEMBER_NAMES:
		buf_adds(b, "\"type\":[\"array\",\"null\"],\"maxItems\":16,"
			    "\"uniqueItems\":true,\"items\":{\"type\":"
			    "\"string\"}");
		break;
	}
}

static bool
is_word(enum rule_member_kind kind)
{
	return kind == RULE_MEMBER_CHOICE || kind == RULE_MEMBER_STRING ||
	       kind == RULE_MEMBER_DECIMAL;
}

static void
add_member(struct buf *b, const struct rule_member *m)
{
	add_name(b, m->name);
	buf_addc(b, '{');
	add_member_type(b, m);
	add_text(b, "description", m->doc);
	if (m->fallback != NULL) {
		add_name(b, "default");
		if (is_word(m->kind))
			buf_adds_json(b, m->fallback);
		else
			buf_adds(b, m->fallback);
	}
	if (m->read_only)
		buf_adds(b, ",\"readOnly\":true");
	buf_addc(b, '}');
}

/* ---- schemas of rules ---------------------------------------------------- */

static void
add_config_schema(struct buf *b, const struct rule_type *t)
{
	const struct rule_member *m;
	struct buf name;
	bool some = false;
	size_t i;

	buf_init(&name, 100);
	buf_addf(&name, "Config_%s", rule_type_name(t));
	add_name(b, name.p);
	buf_release(&name);
	buf_adds(b, "{\"type\":\"object\",\"additionalProperties\":false");
	add_text(b, "title", rule_type_title(t));
	add_text(b, "description", rule_type_doc(t));
	add_name(b, "properties");
	buf_addc(b, '{');
	for (i = 0; (m = rule_type_member(t, i)) != NULL; i++)
		add_member(b, m);
	buf_addc(b, '}');
	for (i = 0; (m = rule_type_member(t, i)) != NULL; i++) {
		if (!m->required)
			continue;
		buf_adds(b, some ? "," : ",\"required\":[");
		buf_adds_json(b, m->name);
		some = true;
	}
	buf_adds(b, some ? "]}" : "}");
}

/* The members of a rule. which: 'R' shown, 'C' created, 'U' updated. */
static void
add_rule_members(struct buf *b, char which)
{
	const struct rule_member *m;
	size_t i;

	add_name(b, "properties");
	buf_addc(b, '{');
	for (i = 0; (m = rule_member_at(i)) != NULL; i++) {
		if (which != 'R' && m->read_only)
			continue;
		add_member(b, m);
	}
	buf_addc(b, '}');
}

static void
add_rule_required(struct buf *b, bool created)
{
	const struct rule_member *m;
	size_t i;

	add_name(b, "required");
	buf_addc(b, '[');
	for (i = 0; (m = rule_member_at(i)) != NULL; i++) {
		if (created ? !m->required : strcmp(m->name, "channels") == 0)
			continue;
		add_comma(b);
		buf_adds_json(b, m->name);
	}
	buf_addc(b, ']');
}

/* A rule to be created: its config fits its rule_type. */
static void
add_type_choices(struct buf *b)
{
	const struct rule_type *t;
	size_t i;

	add_name(b, "oneOf");
	buf_addc(b, '[');
	for (i = 0; (t = rule_type_at(i)) != NULL; i++) {
		add_comma(b);
		buf_addf(b,
		    "{\"properties\":{\"rule_type\":{\"const\":\"%s\"},"
		    "\"config\":{\"$ref\":\"#/components/schemas/Config_%s\"}"
		    "}}",
		    rule_type_name(t), rule_type_name(t));
	}
	buf_addc(b, ']');
}

static void
add_rule_schemas(struct buf *b)
{
	const struct rule_type *t;
	size_t i;

	for (i = 0; (t = rule_type_at(i)) != NULL; i++)
		add_config_schema(b, t);
	add_name(b, "Rule");
	buf_adds(b, "{\"type\":\"object\"");
	add_rule_members(b, 'R');
	add_rule_required(b, false);
	buf_addc(b, '}');
	add_name(b, "RuleCreate");
	buf_adds(b, "{\"type\":\"object\"");
	add_rule_members(b, 'C');
	add_rule_required(b, true);
	add_type_choices(b);
	buf_addc(b, '}');
	add_name(b, "RuleUpdate");
	buf_adds(b, "{\"type\":\"object\"");
	add_rule_members(b, 'U');
	buf_addc(b, '}');
}

/* ---- channels ------------------------------------------------------------ */

/* The schema of a channel's member without its braces; or_null: null, too,
 * which takes it back to its default. */
static void
add_channel_type(struct buf *b, const struct channel_member *m, bool or_null)
{
	static const char *const types[] = {
	    [CHANNEL_MEMBER_TEXT] = "string",
	    [CHANNEL_MEMBER_URL] = "string",
	    [CHANNEL_MEMBER_NUMBER] = "integer",
	    [CHANNEL_MEMBER_MS] = "integer",
	    [CHANNEL_MEMBER_FLAG] = "boolean",
	    [CHANNEL_MEMBER_UNFLAG] = "boolean",
	    [CHANNEL_MEMBER_RATE] = "string",
	    [CHANNEL_MEMBER_CHOICE] = "string",
	    [CHANNEL_MEMBER_TEXTS] = "array",
	    [CHANNEL_MEMBER_TIMES] = "array",
	    [CHANNEL_MEMBER_MAP] = "object",
	};

	buf_addf(b, or_null ? "\"type\":[\"%s\",\"null\"]" : "\"type\":\"%s\"",
	    types[m->type]);
	switch (m->type) {
	case CHANNEL_MEMBER_TEXT:
	case CHANNEL_MEMBER_URL:
		buf_addf(b, ",\"minLength\":%" PRId64 ",\"maxLength\":%" PRId64,
		    m->min, m->max);
		break;
	case CHANNEL_MEMBER_NUMBER:
	case CHANNEL_MEMBER_MS:
		buf_addf(b, ",\"minimum\":%" PRId64 ",\"maximum\":%" PRId64,
		    m->min, m->max);
		break;
	case CHANNEL_MEMBER_RATE:
		buf_adds(b, ",\"pattern\":\"^[0-9]{1,4}/[0-9].*$\"");
		break;
	case CHANNEL_MEMBER_CHOICE:
		buf_addf(b, ",\"enum\":[\"retry\",\"hold\"%s]",
		    or_null ? ",null" : "");
		break;
	case CHANNEL_MEMBER_TEXTS:
		buf_adds(b, ",\"minItems\":1,\"items\":{\"type\":\"string\"}");
		break;
	case CHANNEL_MEMBER_TIMES:
		buf_addf(b,
		    ",\"maxItems\":%d,\"items\":{\"type\":\"integer\","
		    "\"minimum\":%" PRId64 ",\"maximum\":%" PRId64 "}",
		    CHANNEL_SCHEDULE_MAX, m->min, m->max);
		break;
	case CHANNEL_MEMBER_MAP:
		buf_addf(b,
		    ",\"maxProperties\":%d,\"additionalProperties\":"
		    "{\"type\":\"string\"}",
		    CHANNEL_HEADERS_MAX);
		break;
	default:
		break;
	}
}

/* The members that those kinds (bits) have; local ones are only shown. */
static void
add_channel_members(struct buf *b, unsigned kinds, bool local, bool or_null)
{
	const struct channel_member *m;
	size_t i;

	for (i = 0; (m = channel_member_at(i)) != NULL; i++) {
		if (!(m->kinds & kinds) || (m->local && !local))
			continue;
		add_name(b, m->name);
		buf_addc(b, '{');
		add_channel_type(b, m, or_null);
		add_text(b, "description", m->doc);
		buf_addc(b, '}');
	}
}

#define S_CHANNEL_NAME                                                         \
	"\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":63,"      \
	"\"pattern\":\"^[a-z0-9][a-z0-9_.-]*$\"}"

/* A channel to be made: what its kind has and needs. */
static void
add_channel_kind(struct buf *b, enum channel_kind kind)
{
	const struct channel_member *m;
	size_t i;

	buf_addf(b,
	    ",\"Channel_%s\":{\"type\":\"object\","
	    "\"additionalProperties\":false,\"properties\":{" S_CHANNEL_NAME
	    ",\"kind\":{\"const\":\"%s\"}",
	    channel_kind_name(kind), channel_kind_name(kind));
	add_channel_members(b, 1u << kind, false, false);
	buf_adds(b, "},\"required\":[\"name\",\"kind\"");
	for (i = 0; (m = channel_member_at(i)) != NULL; i++)
		if (m->needed & 1u << kind)
			buf_addf(b, ",\"%s\"", m->name);
	buf_adds(b, "]}");
}

static void
add_channel_kinds(struct buf *b, const char *form)
{
	int k;

	for (k = 0; k < CHANNEL_KINDS; k++) {
		/* Made on the machine, never over HTTP. */
		if (k == CHANNEL_KIND_EXEC)
			continue;
		add_comma(b);
		buf_addf(b, form, channel_kind_name((enum channel_kind)k));
	}
}

static void
add_channel_schemas(struct buf *b)
{
	int k;

	for (k = 0; k < CHANNEL_KINDS; k++)
		if (k != CHANNEL_KIND_EXEC)
			add_channel_kind(b, (enum channel_kind)k);
	buf_adds(b, ",\"ChannelCreate\":{\"type\":\"object\",\"oneOf\":[");
	add_channel_kinds(b, "{\"$ref\":\"#/components/schemas/Channel_%s\"}");
	buf_adds(
	    b, "]},\"ChannelUpdate\":{\"type\":\"object\",\"properties\":{");
	add_channel_members(b, ~0u, false, true);
	buf_adds(b,
	    "}},\"Channel\":{\"type\":\"object\",\"required\":[\"name\","
	    "\"kind\",\"state\",\"reason\",\"until\",\"created_at\","
	    "\"updated_at\"],\"properties\":{" S_CHANNEL_NAME
	    ",\"kind\":{\"enum\":[\"exec\"");
	add_channel_kinds(b, "\"%s\"");
	buf_adds(b, "]}");
	add_channel_members(b, ~0u, true, false);
	buf_adds(b, ",\"state\":{\"enum\":[\"ok\",\"paused\",\"disabled\","
		    "\"failing\",\"waiting\"]},\"reason\":" S_TEXT_OR_NULL
		    ",\"until\":" S_TIME_OR_NULL ",\"created_at\":" S_TIME
		    ",\"updated_at\":" S_TIME "}}");
}

/* ---- the other schemas --------------------------------------------------- */

static const struct schema {
	const char *name, *required, *properties;
} schemas[] = {
    {"Error", "\"detail\"", "\"detail\":" S_TEXT},
    {"ValidationError", "\"detail\"", "\"detail\":" S_LIST("Fault")},
    {"Fault", "\"type\",\"loc\",\"msg\"",
	"\"type\":" S_TEXT ",\"loc\":{\"type\":\"array\",\"items\":" S_TEXT
	"},\"msg\":" S_TEXT ",\"input\":{}"},
    {"Health", "\"status\",\"timestamp\"",
	"\"status\":{\"const\":\"healthy\"},\"timestamp\":" S_TIME},
    {"Ready", "\"status\",\"missing\"",
	"\"status\":{\"enum\":[\"ready\",\"not ready\"]},\"missing\":{"
	"\"type\":\"array\",\"items\":" S_TEXT "}"},
    {"Metrics", "\"rules_active\",\"alerts_pending_delivery\"",
	"\"rules_active\":" S_COUNT ",\"alerts_pending_delivery\":" S_COUNT
	",\"database_status\":" S_TEXT},
    {"OpenAPI", "\"openapi\"", "\"openapi\":" S_TEXT},
    {"RuleList", "\"rules\",\"total\",\"next_cursor\"",
	"\"rules\":" S_LIST("Rule") ",\"total\":" S_COUNT
				    ",\"next_cursor\":" S_TEXT_OR_NULL},
    {"Alert",
	"\"id\",\"rule_id\",\"rule_name\",\"rule_type\",\"symbol\","
	"\"interval\",\"state\",\"window_start\",\"window_end\","
	"\"triggered_at\",\"trigger_value\",\"message\",\"severity\","
	"\"delivery_status\",\"delivery_attempts\",\"created_at\"",
	"\"id\":" S_UUID ",\"rule_id\":" S_UUID ",\"rule_name\":" S_TEXT
	",\"rule_type\":" S_TEXT ",\"symbol\":" S_TEXT ",\"interval\":" S_TEXT
	",\"state\":" S_TEXT ",\"window_start\":" S_TIME
	",\"window_end\":" S_TIME ",\"triggered_at\":" S_TIME
	",\"trigger_value\":" S_DECIMAL ",\"message\":" S_TEXT
	",\"values\":" S_OBJECT ",\"candle\":" S_OBJECT ",\"severity\":" S_TEXT
	",\"late\":{\"type\":\"boolean\"},\"delivery_status\":{\"enum\":["
	"\"pending\",\"delivered\",\"failed\",\"none\"]},"
	"\"delivery_attempts\":" S_COUNT ",\"created_at\":" S_TIME},
    {"AlertWhole", "\"id\",\"deliveries\",\"attempts\"",
	"\"id\":" S_UUID ",\"deliveries\":" S_LIST(
	    "Delivery") ",\"attempts\":" S_LIST("Attempt")},
    {"AlertList", "\"alerts\",\"total\",\"next_cursor\"",
	"\"alerts\":" S_LIST("Alert") ",\"total\":" S_COUNT
				      ",\"next_cursor\":" S_TEXT_OR_NULL},
    {"Delivery", "\"id\",\"alert_id\",\"channel\",\"status\",\"attempts\"",
	"\"id\":" S_UUID ",\"alert_id\":" S_UUID ",\"rule_id\":" S_UUID
	",\"channel\":" S_TEXT ",\"status\":" S_TEXT ",\"attempts\":" S_COUNT
	",\"next_attempt_at\":" S_TIME_OR_NULL ",\"error\":" S_TEXT_OR_NULL
	",\"created_at\":" S_TIME_OR_NULL ",\"updated_at\":" S_TIME_OR_NULL},
    {"Attempt",
	"\"id\",\"alert_id\",\"attempt_no\",\"channel\",\"status\","
	"\"response_code\",\"latency_ms\",\"error\",\"created_at\"",
	"\"id\":" S_INTEGER ",\"alert_id\":" S_UUID ",\"attempt_no\":" S_COUNT
	",\"channel\":" S_TEXT
	",\"status\":{\"enum\":[\"success\",\"failed\"]},"
	"\"response_code\":{\"type\":[\"integer\",\"null\"]},"
	"\"latency_ms\":" S_COUNT ",\"error\":" S_TEXT_OR_NULL
	",\"address\":" S_TEXT_OR_NULL ",\"created_at\":" S_TIME},
    {"AttemptList", "\"attempts\",\"total\"",
	"\"attempts\":" S_LIST("Attempt") ",\"total\":" S_COUNT},
    {"ChannelList", "\"channels\",\"next_cursor\"",
	"\"channels\":" S_LIST("Channel") ",\"next_cursor\":" S_TEXT_OR_NULL},
    {"Redelivered", "\"redelivered\"", "\"redelivered\":" S_COUNT},
    {"Candle",
	"\"id\",\"symbol\",\"timestamp\",\"open\",\"high\",\"low\","
	"\"close\",\"volume\",\"interval\",\"interval_seconds\","
	"\"created_at\"",
	"\"id\":" S_TEXT ",\"symbol\":" S_TEXT ",\"timestamp\":" S_TIME
	",\"open\":" S_DECIMAL ",\"high\":" S_DECIMAL ",\"low\":" S_DECIMAL
	",\"close\":" S_DECIMAL ",\"volume\":" S_DECIMAL ",\"interval\":" S_TEXT
	",\"interval_seconds\":" S_COUNT ",\"created_at\":" S_TIME
	",\"values\":" S_OBJECT},
    {"CandleList", "\"candles\",\"total\",\"limit\",\"offset\",\"order\"",
	"\"candles\":" S_LIST(
	    "Candle") ",\"total\":" S_COUNT ",\"limit\":" S_COUNT
		      ",\"offset\":" S_COUNT
		      ",\"order\":{\"enum\":[\"asc\",\"desc\"]}"},
};

static void
add_schemas(struct buf *b)
{
	size_t i;

	buf_adds(b, ",\"components\":{\"securitySchemes\":{\"key\":{\"type\":"
		    "\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"},"
		    "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}},"
		    "\"schemas\":{");
	add_rule_schemas(b);
	add_channel_schemas(b);
	for (i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
		add_name(b, schemas[i].name);
		buf_addf(b,
		    "{\"type\":\"object\",\"required\":[%s],\"properties\":{%s"
		    "}}",
		    schemas[i].required, schemas[i].properties);
	}
	buf_adds(b, "}}");
}

/* ---- operations ---------------------------------------------------------- */

static void
add_param_schema(struct buf *b, const struct param *p)
{
	switch (p->type) {
	case PARAM_INTEGER:
		buf_addf(b,
		    "{\"type\":\"integer\",\"minimum\":%" PRId64
		    ",\"maximum\":%" PRId64,
		    p->min, p->max);
		if (p->fallback != 0)
			buf_addf(b, ",\"default\":%" PRId64, p->fallback);
		break;
	case PARAM_TEXT:
		buf_addf(b,
		    "{\"type\":\"string\",\"minLength\":%" PRId64
		    ",\"maxLength\":%" PRId64,
		    p->min, p->max);
		break;
	case PARAM_CHOICE:
		buf_adds(b, "{\"type\":\"string\"");
		add_choices(b, p->choices);
		break;
	case PARAM_BOOLEAN:
		buf_adds(b, "{\"type\":\"boolean\"");
		break;
	case PARAM_UUID:
		buf_adds(b, "{\"type\":\"string\",\"format\":\"uuid\"");
		break;
	case PARAM_TIME:
		buf_adds(b, "{\"anyOf\":[{\"type\":\"string\",\"format\":"
			    "\"date-time\"},{\"type\":\"integer\"}]");
		break;
	case PARAM_CURSOR:
		buf_adds(b, "{\"type\":\"string\",\"minLength\":32,"
			    "\"maxLength\":32");
		break;
	}
	buf_addc(b, '}');
}

static void
add_params(struct buf *b, const struct route *r)
{
	const struct param *p;

	if (r->params == NULL)
		return;
	add_name(b, "parameters");
	buf_addc(b, '[');
	for (p = r->params; p->name != NULL; p++) {
		const char *brace = strchr(r->path, '{');
		bool path = brace != NULL && strstr(brace, p->name) != NULL;

		add_comma(b);
		buf_addf(b, "{\"name\":\"%s\",\"in\":\"%s\",\"required\":%s",
		    p->name,
		    p->header ? "header"
		    : path    ? "path"
			      : "query",
		    p->required ? "true" : "false");
		add_text(b, "description", p->doc);
		buf_adds(b, ",\"schema\":");
		add_param_schema(b, p);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

/* The media types of one answer. */
static void
add_content(struct buf *b, const struct route *r, const struct answer *a)
{
	const char *type =
	    a->status < 300 && r->type != NULL ? r->type : "application/json";

	if (a->schema == NULL)
		return;
	buf_addf(b, ",\"content\":{\"%s\":{\"schema\":", type);
	if (strncmp(type, "text/", 5) == 0)
		buf_adds(b, "{\"type\":\"string\"}");
	else
		add_ref(b, a->schema);
	buf_addc(b, '}');
	if (strncmp(type, "text/", 5) == 0) {
		buf_addf(b, ",\"%s\":{\"schema\":",
		    strcmp(type, "text/event-stream") == 0
			? "application/x-ndjson"
			: "application/json");
		add_ref(b, a->schema);
		buf_addc(b, '}');
	}
	buf_addc(b, '}');
}

static void
add_operation(struct buf *b, const struct route *r)
{
	const struct answer *a;
	size_t i;

	buf_addc(b, '"');
	for (i = 0; r->method[i] != '\0'; i++)
		buf_addc(b, (char)(r->method[i] + 'a' - 'A'));
	buf_addf(
	    b, "\":{\"operationId\":\"%s\",\"tags\":[\"%s\"]", r->id, r->tag);
	add_text(b, "summary", r->summary);
	buf_adds(b, (r->flags & ROUTE_PUBLIC) != 0 ? ",\"security\":[]"
		    : (r->flags & ROUTE_WRITE) != 0
			? ",\"security\":[{\"key\":[]},{\"bearer\":[]}]"
			: ",\"security\":[{},{\"key\":[]},{\"bearer\":[]}]");
	add_params(b, r);
	if (r->body_schema != NULL) {
		buf_adds(b, ",\"requestBody\":{\"required\":true,\"content\":{"
			    "\"application/json\":{\"schema\":");
		add_ref(b, r->body_schema);
		buf_adds(b, "}}}");
	}
	buf_adds(b, ",\"responses\":{");
	for (a = r->answers; a->status != 0; a++) {
		buf_addf(b,
		    "%s\"%d\":{\"description\":", a != r->answers ? "," : "",
		    a->status);
		buf_adds_json(b, a->doc);
		add_content(b, r, a);
		buf_addc(b, '}');
	}
	buf_adds(b, "}}");
}

/* Routes of one path stand together in the document. */
static void
add_paths(struct buf *b)
{
	size_t i, j;

	buf_adds(b, ",\"paths\":{");
	for (i = 0; i < routes_count; i++) {
		if ((routes[i].flags & ROUTE_HIDDEN) != 0)
			continue;
		for (j = 0; j < i; j++)
			if (strcmp(routes[j].path, routes[i].path) == 0)
				break;
		if (j < i)
			continue;
		add_name(b, routes[i].path);
		buf_addc(b, '{');
		for (j = i; j < routes_count; j++) {
			if (strcmp(routes[j].path, routes[i].path) != 0)
				continue;
			add_comma(b);
			add_operation(b, &routes[j]);
		}
		buf_addc(b, '}');
	}
	buf_addc(b, '}');
}

int
openapi_print(struct buf *out)
{
	buf_adds(out,
	    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Pulse\","
	    "\"version\":\"" PULSE_VERSION "\",\"summary\":\"Price alerts on "
	    "Hyperliquid\",\"description\":\"Rules, alerts, deliveries and "
	    "candles of one Pulse. Webhook URLs are shown shortened unless "
	    "the key may see them. Answers with a key carry "
	    "X-RateLimit-Limit, -Remaining and -Reset.\",\"license\":{"
	    "\"name\":\"MIT\",\"identifier\":\"MIT\"}},"
	    "\"servers\":[{\"url\":\"/\"}],"
	    "\"tags\":[{\"name\":\"rules\",\"description\":\"What to watch "
	    "for\"},{\"name\":\"alerts\",\"description\":\"What was seen, and "
	    "its delivery\"},{\"name\":\"channels\",\"description\":\"Where "
	    "alerts go "
	    "besides\"},{\"name\":\"candles\",\"description\":\"Closed "
	    "candles\"},{\"name\":\"system\",\"description\":\"The service "
	    "itself\"}]");
	add_paths(out);
	add_schemas(out);
	return buf_addc(out, '}');
}
