/*
 * names: pairs resolved, suggestions made; with PULSE_REAL_DATA out of the
 * exchange's own lists. Also out: a reader that is slow; and the state file
 * of --history.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/json.h"
#include "hl-ingest/history.h"
#include "hl-ingest/names.h"
#include "hl-ingest/out.h"
#include "tests/unit/tap.h"

static const char meta[] =
    "{\"universe\":[{\"name\":\"BTC\"},{\"name\":\"kPEPE\"},"
    "{\"name\":\"FTM\",\"isDelisted\":true},{\"name\":7},{}]}";
static const char dex[] = "{\"universe\":[{\"name\":\"xyz:NVDA\"},"
			  "{\"name\":\"abc:NVDA\"}]}";
/* Positions and indexes differ, tokens are out of order. */
static const char spot[] =
    "{\"universe\":[{\"tokens\":[1,0],\"name\":\"PURR/USDC\",\"index\":0},"
    "{\"tokens\":[150,0],\"name\":\"@107\",\"index\":107},"
    "{\"tokens\":[999,0],\"name\":\"@9\",\"index\":9}],"
    "\"tokens\":[{\"name\":\"HYPE\",\"index\":150},"
    "{\"name\":\"PURR\",\"index\":1},{\"name\":\"USDC\",\"index\":0}]}";

static void
add(struct names *s, const char *text, int kind)
{
	struct json *j = json_parse(text, strlen(text), NULL);

	if (kind == NAME_SPOT)
		names_add_spot(s, j);
	else
		names_add_meta(s, j, kind == NAME_DEX);
	json_free(j);
}

static const struct {
	const char *asked, *want;
} suggestions[] = {
    {"PEPE", "kPEPE"},
    {"KPEPE", "kPEPE"},
    {"btc", "BTC"},
    {"BTX", "BTC"},
    {"NVDA", "xyz:NVDA abc:NVDA"},
    {"xyz:nvda", "xyz:NVDA"},
    {"HYPE", "@107"},
    {"hype/usdc", "@107"},
    {"FTM", ""},
    {"QQQQQ", ""},
};

static void
suggest(const struct names *s, const char *asked, char *out)
{
	const struct name *like[NAMES_SUGGESTIONS];
	size_t i, n = names_suggest(s, asked, like);

	out[0] = '\0';
	for (i = 0; i < n; i++) {
		if (i > 0)
			strncat(out, " ", 2);
		strncat(out, like[i]->coin, SYMBOL_TEXT_MAX);
	}
}

static void
test_names(void)
{
	struct names s;
	char text[256];
	size_t i;

	names_init(&s);
	add(&s, meta, NAME_PERP);
	add(&s, dex, NAME_DEX);
	add(&s, spot, NAME_SPOT);
	is_int((int64_t)s.n, 8, "names of three lists");
	is_str(names_find_pair(&s, "HYPE/USDC")->coin, "@107", "HYPE/USDC");
	ok(names_find_pair(&s, "HYPE/USDT") == NULL, "another quote is none");
	ok(names_find(&s, "@107") != NULL && names_find(&s, "pepe") == NULL,
	    "exact names, case counts");
	ok(names_find(&s, "FTM")->delisted, "delisted ones are marked");
	for (i = 0; i < sizeof(suggestions) / sizeof(suggestions[0]); i++) {
		suggest(&s, suggestions[i].asked, text);
		is_str(text, suggestions[i].want, suggestions[i].asked);
	}
	names_release(&s);
}

static bool
add_file(struct names *s, const char *dir, const char *name, int kind)
{
	static char text[1 << 20];
	char path[1024];
	size_t n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/data/rest/%s", dir, name);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	add(s, text, kind);
	return true;
}

static void
test_real(const char *dir)
{
	struct names s;
	char text[256];

	names_init(&s);
	ok(add_file(&s, dir, "go_Meta_0_meta.json", NAME_PERP) && s.n > 150,
	    "%zu recorded perpetuals", s.n);
	ok(add_file(&s, dir, "go_SpotMeta_0_spotMeta.json", NAME_SPOT) &&
		s.n > 350,
	    "%zu with the spot pairs", s.n);
	is_str(names_find_pair(&s, "HYPE/USDC")->coin, "@107",
	    "HYPE/USDC is @107");
	is_str(names_find_pair(&s, "UBTC/USDC")->coin, "@142",
	    "UBTC/USDC is @142");
	suggest(&s, "PEPE", text);
	ok(strncmp(text, "kPEPE", 5) == 0, "PEPE: did you mean %s?", text);
	names_release(&s);
}

/* ---- out ----------------------------------------------------------------- */

static void
test_out(void)
{
	static char line[1000], sink[1 << 16];
	struct out o;
	int fds[2], n = 0, got = 0;
	ssize_t r;

	memset(line, 'x', sizeof(line));
	if (pipe(fds) < 0 || out_open(&o, fds[1]) < 0) {
		ok(false, "a pipe");
		return;
	}
	ok((fcntl(fds[1], F_GETFL) & O_NONBLOCK) == 0,
	    "who shares the pipe keeps a blocking one");
	for (; out_room(&o) && n < 10000; n++) {
		out_line(&o, line, sizeof(line));
		out_flush(&o);
	}
	ok(out_blocked(&o) && n < 3000, "%d lines until there is no room", n);
	while (out_blocked(&o) && (r = read(fds[0], sink, sizeof(sink))) > 0) {
		got += (int)r;
		out_flush(&o);
	}
	(void)close(fds[1]);
	out_close(&o);
	while ((r = read(fds[0], sink, sizeof(sink))) > 0)
		got += (int)r;
	is_int(got, n * 1001, "all of them come, whole");
	(void)close(fds[0]);
}

/* ---- the state file ------------------------------------------------------ */

static void
test_state(void)
{
	struct history_series v[2] = {
	    {"BTC", 0, 60000}, {"xyz:NVDA", 5, 7200000}};
	struct history_series w[2] = {{"xyz:NVDA", 5, -1}, {"BTC", 0, -1}};
	char path[] = "/tmp/pulse_state_XXXXXX";
	struct err e;
	int fd = mkstemp(path);

	if (fd >= 0)
		(void)close(fd);
	is_int(history_save(path, v, 2, &e), 0, "a state is saved");
	is_int(history_load(path, w, 2, &e), 0, "and loaded");
	ok(w[0].next_ms == 7200000 && w[1].next_ms == 60000,
	    "each series by its name");
	(void)unlink(path);
	w[0].next_ms = -1;
	is_int(history_load(path, w, 2, &e), 0, "a missing file is none");
	is_int(w[0].next_ms, -1, "and changes nothing");
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	ok(fd >= 0 && write(fd, "BTC soon\n", 9) == 9 && close(fd) == 0 &&
		history_load(path, w, 2, &e) < 0,
	    "another file is refused: %s", e.msg);
	(void)unlink(path);
}

int
main(void)
{
	const char *dir = getenv("PULSE_REAL_DATA");

	test_names();
	if (dir != NULL)
		test_real(dir);
	else
		skip("recorded names", "PULSE_REAL_DATA is not set");
	test_out();
	test_state();
	return tap_done();
}
