#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "tests/sim/dice.h"
#include "tests/sim/fault.h"

static const struct {
	const char *name;
	bool deed; /* acts once, when it begins */
	const char *help;
} kinds[FAULT_COUNT] = {
    [FAULT_DROP] = {"drop", true,
	"end the connection without a close frame; how=fin|rst|mid (mid: in "
	"the middle of a frame)"},
    [FAULT_CLOSE] = {"close", true,
	"close frame; code=1000 text=Expired, then the end"},
    [FAULT_ERROR] = {"error", true, "an error frame with text="},
    [FAULT_BIG] = {"big", true,
	"a well-formed frame of size= bytes (200000), of a channel that "
	"nobody asked for"},
    [FAULT_GARBAGE] = {"garbage", true,
	"how=text|json|types|binary|utf8|empty|opcode (opcode and utf8 break "
	"the protocol)"},
    [FAULT_WSPING] = {"wsping", true, "a protocol-level ping"},
    [FAULT_RESTART] = {"restart", true,
	"all connections dropped, forming bars lose what they had; how=ws: "
	"REST does not"},
    [FAULT_REGRESS] = {"regress", true,
	"forming bars lose what they had, in REST for ever; how=ws: REST "
	"does not"},
    [FAULT_STALL] = {"stall", false,
	"nothing is sent (pongs neither); how=keep delivers it afterwards, "
	"lose does not"},
    [FAULT_HALFOPEN] = {"halfopen", false,
	"connections open now are dead for ever, but stay open"},
    [FAULT_REFUSE] = {"refuse", false,
	"WebSocket handshakes are answered with code= (502)"},
    [FAULT_ACCEPTDROP] = {"acceptdrop", false,
	"connections are dropped ms= after the handshake (0), or how=tcp "
	"before it"},
    [FAULT_FRAGMENT] = {"fragment", false,
	"frames in pieces of size= bytes (20); how=ping puts a ping between"},
    [FAULT_ACKLOST] = {"acklost", false,
	"subscriptions are taken (how=not: not even that), never confirmed"},
    [FAULT_ACKDELAY] = {"ackdelay", false, "acks come ms= later (1000)"},
    [FAULT_ACKREORDER] = {"ackreorder", false,
	"acks come size= at a time (8), last first"},
    [FAULT_DEAD] = {"dead", false,
	"live subscriptions get no frames until they are made anew; how=conn: "
	"on another connection; how=always: until the fault ends"},
    [FAULT_LOSE] = {"lose", false, "candle frames are not sent"},
    [FAULT_DUPLICATE] = {"duplicate", false, "candle frames come twice"},
    [FAULT_REORDER] = {"reorder", false,
	"candle frames come after their successor of the same series"},
    [FAULT_STALE] = {"stale", false,
	"after each frame an old one (of the bar before) comes again"},
    [FAULT_NOPONG] = {"nopong", false, "pings are not answered"},
    [FAULT_STATUS] = {"status", false,
	"REST answers code= (429); body null, how=html a CDN's page, "
	"text= as given"},
    [FAULT_SLOW] = {"slow", false,
	"REST answers ms= later (1000); how=drip: then a byte every 5 ms"},
    [FAULT_HANG] = {"hang", false, "REST never answers"},
    [FAULT_RESET] = {"reset", false, "REST connections end with RST"},
    [FAULT_TRUNCATE] = {"truncate", false,
	"REST answers end after half of the body"},
    [FAULT_CHUNKED] = {"chunked", false, "REST bodies are chunked"},
    [FAULT_CLOSEIDLE] = {"closeidle", false,
	"REST connections are closed after an answer that promised to keep "
	"them"},
    [FAULT_LATE] = {"late", false,
	"flat rows are absent from REST until up to ms= (15000) after their "
	"close"},
    [FAULT_HOLE] = {"hole", false,
	"REST leaves out the newest size= rows "
	"(1) that are closed"},
    [FAULT_NULLCOIN] = {"nullcoin", false,
	"REST answers null for a coin that exists"},
    [FAULT_UNLISTED] = {"unlisted", false,
	"the coin is not listed (yet): not known to anything"},
    [FAULT_LAG] = {"lag", false, "REST knows only what traded until ms= ago"},
    [FAULT_SKEW] = {"skew", false,
	"Date and exchangeStatus are off by ms= (may be negative)"},
    [FAULT_HALT] = {"halt", false, "nothing trades (needs for=)"},
    [FAULT_OUTAGE] = {"outage", false,
	"connections dropped, none accepted (needs for=); how=refuse|html; "
	"trading goes on"},
};

const char *
fault_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

void
faultset_help(struct buf *out)
{
	for (int i = 0; i < FAULT_COUNT; i++)
		buf_addf(out, "  %-11s %s\n", kinds[i].name, kinds[i].help);
}

/* --- reading one --------------------------------------------------------- */

static int
copy(char *to, size_t size, const char *v, struct err *e)
{
	if (strlen(v) >= size)
		return err_set(e, "\"%s\" is too long", v);
	memcpy(to, v, strlen(v) + 1);
	return 0;
}

static int
parse_kind(struct fault *f, const char *v, struct err *e)
{
	for (int i = 0; i < FAULT_COUNT; i++)
		if (strcmp(kinds[i].name, v) == 0) {
			f->kind = (enum fault_kind)i;
			return 0;
		}
	return err_set(e, "there is no fault \"%s\"", v);
}

static int
parse_after(struct fault *f, const char *v, struct err *e)
{
	char name[32];
	size_t n = strcspn(v, ":");
	int64_t goal;
	int id;

	if (n >= sizeof(name) || v[n] != ':')
		return err_set(e, "after=COUNTER:N, not \"%s\"", v);
	memcpy(name, v, n);
	name[n] = '\0';
	id = stats_find(name);
	if (id < 0)
		return err_set(e, "there is no counter \"%s\"", name);
	if (num_parse(&goal, v + n + 1, 1, INT64_MAX / 2, "after", e) != 0)
		return -1;
	f->counter = (enum stats_id)id;
	f->counter_goal = (uint64_t)goal;
	return 0;
}

static int
parse_share(struct fault *f, const char *v, struct err *e)
{
	char *end;
	double p = strtod(v, &end);

	if (*v == '\0' || *end != '\0' || p < 0 || p > 1)
		return err_set(e, "p is a share between 0 and 1");
	f->p_ppm = (int64_t)(p * 1e6 + 0.5);
	return 0;
}

static int
parse_duration(int64_t *us, const char *v, const char *what, struct err *e)
{
	if (num_parse_duration(us, v, 0, INT64_C(400) * 86400000, what, e) != 0)
		return -1;
	*us *= 1000;
	return 0;
}

static int
parse_member(struct fault *f, const char *key, const char *v, struct err *e)
{
	if (strcmp(key, "kind") == 0)
		return parse_kind(f, v, e);
	if (strcmp(key, "at") == 0)
		return parse_duration(&f->at_us, v, key, e);
	if (strcmp(key, "for") == 0)
		return parse_duration(&f->for_us, v, key, e);
	if (strcmp(key, "after") == 0)
		return parse_after(f, v, e);
	if (strcmp(key, "p") == 0)
		return parse_share(f, v, e);
	if (strcmp(key, "coin") == 0)
		return copy(f->coin, sizeof(f->coin), v, e);
	if (strcmp(key, "interval") == 0)
		return copy(f->interval, sizeof(f->interval), v, e);
	if (strcmp(key, "type") == 0)
		return copy(f->type, sizeof(f->type), v, e);
	if (strcmp(key, "how") == 0)
		return copy(f->how, sizeof(f->how), v, e);
	if (strcmp(key, "text") == 0)
		return copy(f->text, sizeof(f->text), v, e);
	if (strcmp(key, "n") == 0)
		return num_parse(&f->left, v, 1, INT64_MAX / 2, key, e);
	if (strcmp(key, "conn") == 0)
		return num_parse(&f->conn, v, 0, INT64_MAX / 2, key, e);
	if (strcmp(key, "code") == 0)
		return num_parse(&f->code, v, 0, 4999, key, e);
	if (strcmp(key, "ms") == 0)
		return num_parse(
		    &f->ms, v, -(INT64_C(1) << 40), INT64_C(1) << 40, key, e);
	if (strcmp(key, "size") == 0)
		return num_parse(&f->size, v, 0, 1 << 26, key, e);
	return err_set(e, "a fault has no member \"%s\"", key);
}

static int
parse(struct fault *f, const char *line, struct err *e)
{
	char text[1024], *p = text;
	bool named = false;

	if (copy(text, sizeof(text), line, e) != 0)
		return -1;
	text[strcspn(text, "\r\n")] = '\0';
	while (*p != '\0') {
		char *key = p, *v = strchr(p, '=');

		if (v == NULL)
			return err_set(e, "\"%s\" is not KEY=VALUE", key);
		*v++ = '\0';
		p = strcmp(key, "text") == 0 ? v + strlen(v)
					     : v + strcspn(v, ",");
		if (*p != '\0')
			*p++ = '\0';
		named |= strcmp(key, "kind") == 0;
		if (parse_member(f, key, v, e) != 0)
			return -1;
	}
	if (!named)
		return err_set(e, "a fault needs kind=");
	if ((f->kind == FAULT_HALT || f->kind == FAULT_OUTAGE) && f->for_us < 0)
		return err_set(e, "%s needs for=", fault_name(f->kind));
	return 0;
}

/* --- life ---------------------------------------------------------------- */

static void
end(struct faults *fs, struct fault *f)
{
	struct fault **at = &fs->list;

	timerq_clear(fs->events, &f->timer);
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	if (f->counter_goal != 0 && !f->active)
		fs->waiting--;
	if (f->active) {
		fs->standing[f->kind]--;
		f->active = false;
		fs->ended(fs->arg, f);
	}
	free(f);
}

static void
on_timer(struct timer *t)
{
	struct fault *f = CONTAINER_OF(t, struct fault, timer);
	struct faults *fs = f->owner;

	if (f->active) {
		end(fs, f);
		return;
	}
	f->active = true;
	fs->standing[f->kind]++;
	fs->stats->value[STATS_FAULTS]++;
	if (f->for_us >= 0)
		timerq_set(fs->events, t, fs->now_us(fs->arg) + f->for_us);
	fs->began(fs->arg, f);
	if (kinds[f->kind].deed) {
		fs->stats->value[STATS_APPLIED]++;
		end(fs, f);
	}
}

static void
begin(struct fault *f)
{
	on_timer(&f->timer);
}

int
faultset_add(struct faults *fs, const char *line, struct err *e)
{
	struct fault *f = calloc(1, sizeof(*f));
	unsigned id;

	if (f == NULL)
		return err_set(e, "out of memory");
	*f = (struct fault){.owner = fs,
	    .at_us = -1,
	    .for_us = -1,
	    .left = -1,
	    .conn = -1,
	    .p_ppm = 1000000,
	    .code = -1,
	    .ms = INT64_MIN,
	    .size = -1,
	    .timer = {.fire = on_timer}};
	if (parse(f, line, e) != 0) {
		free(f);
		return -1;
	}
	id = f->id = ++fs->next_id;
	f->next = fs->list;
	fs->list = f;
	if (f->counter_goal != 0) {
		f->counter_goal += fs->stats->value[f->counter];
		fs->waiting++;
	} else if (f->at_us < 0) {
		begin(f);
	} else if (fs->origin_us >= 0) {
		timerq_set(fs->events, &f->timer, fs->origin_us + f->at_us);
	}
	return (int)id;
}

int
faultset_add_file(struct faults *fs, const char *path, struct err *e)
{
	FILE *fp = fopen(path, "r");
	char line[1024];
	int number = 0, rc = 0;

	if (fp == NULL)
		return err_set(e, "%s: %s", path, strerror(errno));
	while (rc >= 0 && fgets(line, sizeof(line), fp) != NULL) {
		number++;
		if (line[0] == '#' || line[strspn(line, " \t\r\n")] == '\0')
			continue;
		rc = faultset_add(fs, line, e);
		if (rc < 0)
			err_prefix(e, "%s:%d", path, number);
	}
	fclose(fp);
	return rc < 0 ? -1 : 0;
}

int
faultset_clear(struct faults *fs, unsigned id)
{
	struct fault *f = fs->list, *next;
	int n = 0;

	for (; f != NULL; f = next) {
		next = f->next;
		if (id == 0 || f->id == id) {
			end(fs, f);
			n++;
		}
	}
	return n;
}

void
faultset_counted(struct faults *fs)
{
	struct fault *f = fs->list, *next;

	if (fs->waiting == 0)
		return;
	for (; f != NULL; f = next) {
		next = f->next;
		if (f->active || f->counter_goal == 0 ||
		    fs->stats->value[f->counter] < f->counter_goal)
			continue;
		fs->waiting--;
		f->counter_goal = 0;
		begin(f);
	}
}

void
faultset_start(struct faults *fs, int64_t sim_us)
{
	fs->origin_us = sim_us;
	for (struct fault *f = fs->list; f != NULL; f = f->next)
		if (!f->active && f->counter_goal == 0 && f->at_us >= 0)
			timerq_set(fs->events, &f->timer, sim_us + f->at_us);
}

/* --- use ----------------------------------------------------------------- */

static bool
concerns(const struct fault *f, const struct fault_occasion *o)
{
	if (f->conn >= 0 && f->conn != o->conn)
		return false;
	if (f->coin[0] != '\0' &&
	    (o->coin == NULL || strcmp(f->coin, o->coin) != 0))
		return false;
	if (f->interval[0] != '\0' &&
	    (o->interval == NULL || strcmp(f->interval, o->interval) != 0))
		return false;
	return f->type[0] == '\0' ||
	       (o->type != NULL && strcmp(f->type, o->type) == 0);
}

struct fault *
faultset_stands(
    struct faults *fs, enum fault_kind kind, const struct fault_occasion *o)
{
	if (fs->standing[kind] == 0)
		return NULL;
	for (struct fault *f = fs->list; f != NULL; f = f->next)
		if (f->kind == kind && f->active && f->left != 0 &&
		    concerns(f, o))
			return f;
	return NULL;
}

struct fault *
faultset_take(
    struct faults *fs, enum fault_kind kind, const struct fault_occasion *o)
{
	struct fault *f = faultset_stands(fs, kind, o);

	if (f == NULL)
		return NULL;
	if ((int64_t)dice_below(
		dice_roll(fs->seed, f->id, (uint64_t)f->applied++), 1000000) >=
	    f->p_ppm)
		return NULL;
	fs->stats->value[STATS_APPLIED]++;
	/* One that is used up stays in the list, harmless, so that the
	 * caller may look at it. */
	if (f->left > 0)
		f->left--;
	return f;
}

void
faultset_print(const struct faults *fs, struct buf *out)
{
	for (const struct fault *f = fs->list; f != NULL; f = f->next)
		buf_addf(out,
		    "{\"id\":%u,\"kind\":\"%s\",\"active\":%s,"
		    "\"occasions\":%" PRId64 ",\"left\":%" PRId64 "}\n",
		    f->id, fault_name(f->kind),
		    f->active && f->left != 0 ? "true" : "false", f->applied,
		    f->left);
}
