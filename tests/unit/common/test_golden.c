/*
 * The indicators against recorded reference values:
 *
 *  golden/NAME.csv             exact values of the Pine definitions, rounded
 *                              once (columns pine_*)
 *  golden/tradingview/         columns exported from TradingView charts
 *
 * below $PULSE_REAL_DATA, which is not part of the project; without it this
 * is skipped. The series syn_drift is the end of a million invented bars,
 * made here; what a window says at its end is checked without data too.
 */
#include <stdlib.h>

#include "common/indicators/indicator.h"
#include "tests/unit/common/reference.h"
#include "tests/unit/tap.h"

#define DRIFT_ROWS 1000000
#define COLUMNS	   64
#define LINE_BYTES 8192
#define ROWS_MAX   4000

/* A column of the reference and the line of an indicator that is meant. */
struct column {
	const char *name, *spec;
	int line;
};

static const struct column pine[] = {
    {"pine_sma", "sma:20", 0},
    {"pine_ema", "ema:20", 0},
    {"pine_wma", "wma:20", 0},
    {"pine_rma", "rma:14", 0},
    {"pine_rsi_chart", "rsi:14", 0},
    {"pine_macd", "macd:12:26:9", 0},
    {"pine_macd_signal", "macd:12:26:9", 1},
    {"pine_macd_hist", "macd:12:26:9", 2},
    {"pine_bb_mid", "bb:20:2", 0},
    {"pine_bb_up", "bb:20:2", 1},
    {"pine_bb_lo", "bb:20:2", 2},
    {"pine_tr", "tr", 0},
    {"pine_atr", "atr:14", 0},
    {"pine_pdi", "dmi:14:14", 0},
    {"pine_mdi", "dmi:14:14", 1},
    {"pine_adx", "dmi:14:14", 2},
    {"pine_stoch_raw", "stoch:14:3:3", 0},
    {"pine_stoch_k", "stoch:14:3:3", 1},
    {"pine_stoch_d", "stoch:14:3:3", 2},
    {"pine_cci", "cci:20", 0},
    {"pine_mfi", "mfi:14", 0},
    {"pine_obv", "obv", 0},
    {"pine_roc", "roc:10", 0},
    {"pine_don_hi", "donchian:20", 0},
    {"pine_don_lo", "donchian:20", 1},
    {"pine_don_mid", "donchian:20", 2},
    {"pine_st", "supertrend:10:3", 0},
    {"pine_st_dir", "supertrend:10:3", 1},
    {"pine_vwap", "vwap", 0},
};

/* What the exports call what we have. */
static const struct column exported[] = {
    {"ta.sma(close, 10)", "sma:10", 0},
    {"ta.ema(close, 20)", "ema:20", 0},
    {"ta.wma(close, 5)", "wma:5", 0},
    {"ta.wma(close, 20)", "wma:20", 0},
    {"ta.bb(close, 20, 2).base", "bb:20:2", 0},
    {"ta.bb(close, 20, 2).upper", "bb:20:2", 1},
    {"ta.bb(close, 20, 2).lower", "bb:20:2", 2},
    {"ta.macd(close, 12, 26, 9).macd", "macd:12:26:9", 0},
    {"ta.macd(close, 12, 26, 9).signal", "macd:12:26:9", 1},
    {"ta.macd(close, 12, 26, 9).hist", "macd:12:26:9", 2},
    {"ta.rsi(close, 14)", "rsi:14", 0},
    {"ta.stoch(close, high, low, 20)", "stoch:20:1:1", 0},
    {"ta.supertrend(3, 10).up", "supertrend:10:3", 0},
    {"ta.supertrend(3, 10).down", "supertrend:10:3", 0},
};

/* ---- CSV ----------------------------------------------------------------- */

/* Cut a line of CSV into fields, in place; quotes may hold commas. */
static size_t
cut(char *line, char *field[COLUMNS])
{
	size_t n = 0;
	char *p = line;

	line[strcspn(line, "\r\n")] = '\0';
	while (n < COLUMNS) {
		if (*p == '"') {
			field[n++] = ++p;
			p = strchr(p, '"');
			if (p == NULL)
				break;
			*p++ = '\0';
		} else {
			field[n++] = p;
			p += strcspn(p, ",");
		}
		if (*p != ',')
			break;
		*p++ = '\0';
	}
	return n;
}

/* A field's number; NaN for an empty one and for NaN. */
static double
number(const char *s)
{
	return *s == '\0' ? NAN : strtod(s, NULL);
}

/* A field as the decimal that was meant: exports print doubles. */
static struct decimal
to_decimal(const char *s)
{
	struct decimal d = {0, 0};

	if (decimal_parse(&d, s, strlen(s)) < 0 ||
	    strcspn(s, ".") + 15 < strlen(s))
		decimal_from_double(&d, strtod(s, NULL));
	return d;
}

/* ---- series -------------------------------------------------------------- */

struct series {
	struct candle *candles;
	double *want; /* [row * columns + column] */
	size_t rows, columns;
	char names[COLUMNS][64];
};

static void
series_release(struct series *s)
{
	free(s->candles);
	free(s->want);
}

/* Columns t o h l c v of the reference; time open high low close … Volume of
 * the exports, where volume stands last. */
static void
read_row(struct series *s, char *field[COLUMNS], size_t n)
{
	struct candle *c = &s->candles[s->rows];
	size_t volume = strcmp(s->names[5], "v") == 0 ? 5 : n, i;

	for (i = 0; i < n && volume == n; i++)
		if (strcmp(s->names[i], "Volume") == 0)
			volume = i;
	*c = (struct candle){.open_ms = strtoll(field[0], NULL, 10) * 1000,
	    .open = to_decimal(field[1]),
	    .high = to_decimal(field[2]),
	    .low = to_decimal(field[3]),
	    .close = to_decimal(field[4])};
	if (volume < n)
		c->volume = to_decimal(field[volume]);
	for (i = 0; i < s->columns; i++)
		s->want[s->rows * s->columns + i] =
		    i < n ? number(field[i]) : NAN;
	s->rows++;
}

static int
series_read(struct series *s, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[LINE_BYTES], *field[COLUMNS];
	size_t n, i;

	memset(s, 0, sizeof(*s));
	if (f == NULL)
		return -1;
	if (fgets(line, sizeof(line), f) != NULL) {
		s->columns = cut(line, field);
		for (i = 0; i < s->columns; i++)
			(void)snprintf(
			    s->names[i], sizeof(s->names[i]), "%s", field[i]);
	}
	s->candles = calloc(ROWS_MAX, sizeof(*s->candles));
	s->want = calloc(ROWS_MAX * COLUMNS, sizeof(*s->want));
	while (s->candles != NULL && s->want != NULL && s->rows < ROWS_MAX &&
	       fgets(line, sizeof(line), f) != NULL) {
		n = cut(line, field);
		if (n > 5)
			read_row(s, field, n);
	}
	fclose(f);
	return s->rows > 0 ? 0 : -1;
}

static long
find_column(const struct series *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->columns; i++)
		if (strcmp(s->names[i], name) == 0)
			return (long)i;
	return -1;
}

/* ---- comparing ----------------------------------------------------------- */

/* An indicator on its way over a series. */
struct study {
	const struct column *c;
	struct indicator_spec spec;
	char name[16];
	void *state;
	double out[INDICATOR_LINES_MAX];
	double largest; /* of any line so far */
	size_t wrong, seen;
};

static void
study_start(struct study *s, const struct column *c)
{
	*s = (struct study){.c = c};
	(void)snprintf(s->name, sizeof(s->name), "%.*s",
	    (int)strcspn(c->spec, ":"), c->spec);
	if (indicator_spec_parse(&s->spec, c->spec, strlen(c->spec), NULL) < 0)
		abort();
	s->state = malloc(indicator_size(&s->spec));
	if (s->state == NULL)
		abort();
	indicator_start(&s->spec, s->state);
}

static void
study_step(struct study *s, const struct indicator_bar *b)
{
	int k;

	indicator_step(&s->spec, s->state, b, s->out);
	for (k = 0; k < indicator_lines(&s->spec); k++)
		if (fabs(s->out[k]) > s->largest)
			s->largest = fabs(s->out[k]);
}

/* least: what TradingView's own rounding of doubles allows besides. */
static void
study_check(struct study *s, double want, double close, double volume,
    double least, size_t row)
{
	double got = s->out[s->c->line];
	double limit =
	    ref_limit(s->name, s->c->line, want, close, s->largest, volume);

	s->seen += isnan(want) ? 0 : 1;
	if (isnan(want) ? isnan(got) : fabs(got - want) <= limit + least)
		return;
	if (s->wrong++ == 0)
		printf("# %s row %zu: got %.17g, want %.17g\n", s->c->name, row,
		    got, want);
}

/* Exports draw a supertrend as two columns, one of them empty, and a 0 at the
 * first bar of the chart. True when this one is not the line's; the line's
 * must be on the side that dir says. */
static bool
is_half(struct study *s, double want, size_t row)
{
	bool up = strstr(s->c->name, ".up") != NULL;

	if (strcmp(s->name, "supertrend") != 0 ||
	    strncmp(s->c->name, "ta.", 3) != 0)
		return false;
	if (isnan(want) || row == 0)
		return true;
	s->wrong += (s->out[1] < 0) == up ? 0 : 1;
	return false;
}

/* Every column of the table that the file has. Returns how many. */
static size_t
compare(const struct series *s, const char *what, const struct column *table,
    size_t n, double least)
{
	size_t i, row, found = 0;

	for (i = 0; i < n; i++) {
		long at = find_column(s, table[i].name);
		struct indicator_scale ticks = {0};
		double volume = 0, want;
		struct indicator_bar b;
		struct study d;

		if (at < 0)
			continue;
		found++;
		study_start(&d, &table[i]);
		for (row = 0; row < s->rows; row++) {
			indicator_bar(&ticks, &s->candles[row], &b);
			volume += b.volume;
			study_step(&d, &b);
			want = s->want[row * s->columns + (size_t)at];
			/* The side of the line is not defined once the range
			 * has decayed below an ulp of the price. */
			if (strcmp(what, "syn_const") == 0 && row >= 1000 &&
			    strcmp(d.name, "supertrend") == 0)
				continue;
			if (is_half(&d, want, row))
				continue;
			study_check(&d, want, b.price, volume, least, row);
		}
		ok(d.wrong == 0 && d.seen > 0, "%s %s: %zu values", what,
		    table[i].name, d.seen);
		free(d.state);
	}
	return found;
}

/* ---- a million bars ------------------------------------------------------ */

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* One step of the walk that syn_drift is the end of: hundredths around
 * 64,250.50, one bar a minute. */
static void
drift_next(struct row *b, int64_t *close, uint64_t *state, int64_t i)
{
	int64_t open = *close, step = open / 500;
	uint64_t r[4];
	int k;

	for (k = 0; k < 4; k++)
		r[k] = next_random(state);
	*close = open + (int64_t)(r[0] % (uint64_t)(2 * step + 1)) - step;
	*close += (6425050 - *close) / 1000;
	*b = (struct row){.open_ms = (1700006400 + i * 60) * 1000,
	    .open = open,
	    .high = (open > *close ? open : *close) +
		    (int64_t)(r[1] % (uint64_t)(step / 2 + 1)),
	    .low = (open < *close ? open : *close) -
		   (int64_t)(r[2] % (uint64_t)(step / 2 + 1)),
	    .close = *close,
	    .volume = 1 + (int64_t)(r[3] % 1000000)};
}

#define TAIL 1000

/* All studies over the walk; their last TAIL values against the file's
 * columns, if there is one, and windows against their definition. */
static void
test_drift(const struct series *file)
{
	static struct row tail[TAIL];
	struct study d[sizeof(pine) / sizeof(pine[0])];
	struct indicator_scale ticks = {0};
	int64_t close = 6425050, i;
	uint64_t state = 107;
	struct indicator_bar b;
	double volume = 1e9;
	size_t k, n = sizeof(pine) / sizeof(pine[0]);

	for (k = 0; k < n; k++)
		study_start(&d[k], &pine[k]);
	for (i = 0; i < DRIFT_ROWS; i++) {
		struct row *r = &tail[i % TAIL];
		struct candle c = {.volume = {0, 3}};

		drift_next(r, &close, &state, i);
		c.open_ms = r->open_ms;
		c.high = decimal_normal((struct decimal){r->high, 2});
		c.low = decimal_normal((struct decimal){r->low, 2});
		c.close = decimal_normal((struct decimal){r->close, 2});
		c.volume.mant = r->volume;
		indicator_bar(&ticks, &c, &b);
		for (k = 0; k < n; k++) {
			long at =
			    file != NULL ? find_column(file, pine[k].name) : -1;

			study_step(&d[k], &b);
			if (i >= DRIFT_ROWS - TAIL && at >= 0)
				study_check(&d[k],
				    file->want[(size_t)(i - DRIFT_ROWS + TAIL) *
						   file->columns +
					       (size_t)at],
				    b.price, volume, 0, (size_t)i);
		}
	}
	for (k = 0; k < n; k++) {
		static const char *const windows[] = {"sma", "wma", "bb", "cci",
		    "donchian", "stoch", "mfi", "roc"};
		const struct rows r = {tail, TAIL, 100};
		struct ref want = {{NULL, NULL, NULL}};
		size_t w;

		if (file != NULL)
			ok(d[k].wrong == 0 && d[k].seen == TAIL,
			    "syn_drift %s: %zu values", pine[k].name,
			    d[k].seen);
		for (w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
			double v;

			if (strcmp(windows[w], d[k].name) != 0)
				continue;
			ref_find(d[k].name)(&r, d[k].spec.param, &want);
			v = (double)want.v[pine[k].line][TAIL - 1];
			d[k].wrong = d[k].seen = 0;
			study_check(&d[k], v, 64250, 1, 0, DRIFT_ROWS);
			ok(d[k].wrong == 0,
			    "%s after a million bars is what its window says",
			    pine[k].name);
		}
		for (w = 0; w < REF_LINES; w++)
			free(want.v[w]);
		free(d[k].state);
	}
}

int
main(void)
{
	static const char *const names[] = {"real_eurusd_60m", "real_hl_ace_1m",
	    "real_hl_btc_15m", "real_hl_hype_15m", "real_xlm_btc_5m",
	    "syn_const", "syn_edges", "syn_large", "syn_spike", "syn_tiny",
	    "syn_walk"};
	static const char *const charts[] = {
	    "bb", "ma", "macd", "mfi+rsi+stoch", "supertrend"};
	const char *data = getenv("PULSE_REAL_DATA");
	struct series s;
	char path[4096];
	size_t i, n = sizeof(pine) / sizeof(pine[0]);

	if (data == NULL) {
		skip("recorded reference values", "PULSE_REAL_DATA is not set");
		test_drift(NULL);
		return tap_done();
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/golden/%s.csv", data, names[i]);
		if (ok(series_read(&s, path) == 0, "%s is read", names[i]))
			ok(compare(&s, names[i], pine, n, 0) == n,
			    "%s has every column", names[i]);
		series_release(&s);
	}
	for (i = 0; i < sizeof(charts) / sizeof(charts[0]); i++) {
		(void)snprintf(path, sizeof(path),
		    "%s/golden/tradingview/%s.csv", data, charts[i]);
		if (ok(series_read(&s, path) == 0, "%s is read", charts[i]))
			ok(compare(&s, charts[i], exported,
			       sizeof(exported) / sizeof(exported[0]),
			       6e-12) > 0,
			    "%s has columns to compare", charts[i]);
		series_release(&s);
	}
	(void)snprintf(path, sizeof(path), "%s/golden/syn_drift.csv", data);
	if (ok(series_read(&s, path) == 0, "syn_drift is read"))
		test_drift(&s);
	series_release(&s);
	return tap_done();
}
