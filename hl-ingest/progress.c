#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "hl-ingest/progress.h"

#define WIDTH	      20
#define DRAW_EVERY_MS 200

void
progress_begin(struct progress *p, double total)
{
	memset(p, 0, sizeof(*p));
	p->shown = isatty(STDERR_FILENO) == 1;
	p->begun_ms = clock_mono_ms();
	p->total = total > 0 ? total : 1;
}

/* "1:07", "2:03:04", or "?" while nobody can know. */
static void
print_left(const struct progress *p, int64_t elapsed_ms, char *out, size_t size)
{
	int64_t s;

	if (p->done <= 0 || elapsed_ms < 1000) {
		(void)snprintf(out, size, "?");
		return;
	}
	s = (int64_t)((p->total - p->done) * (double)elapsed_ms / p->done /
		      1000);
	if (s >= 3600)
		(void)snprintf(out, size,
		    "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600,
		    s / 60 % 60, s % 60);
	else
		(void)snprintf(
		    out, size, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
}

void
progress_print(const struct progress *p, int64_t elapsed_ms, const char *what,
    char out[PROGRESS_TEXT_MAX])
{
	char bar[WIDTH + 1], left[32];
	double share = p->done / p->total;
	int full;

	share = share < 0 ? 0 : share > 1 ? 1 : share;
	full = (int)(share * WIDTH);
	memset(bar, '.', WIDTH);
	memset(bar, '#', (size_t)full);
	bar[WIDTH] = '\0';
	print_left(p, elapsed_ms, left, sizeof(left));
	(void)snprintf(out, PROGRESS_TEXT_MAX,
	    "%-14.40s [%s] %3d %%  %" PRId64 " bars  %" PRId64 "/s  %s left",
	    what, bar, (int)(share * 100), p->bars,
	    elapsed_ms > 0 ? p->bars * 1000 / elapsed_ms : 0, left);
}

static void
draw(const char *text)
{
	char line[PROGRESS_TEXT_MAX + 8];
	int n = snprintf(line, sizeof(line), "\r\033[K%s", text);

	if (write(STDERR_FILENO, line, (size_t)n) < 0) {
		/* A line that nobody sees is no loss. */
	}
}

void
progress_show(struct progress *p, double done, int64_t bars, const char *what)
{
	int64_t now = clock_mono_ms();
	char text[PROGRESS_TEXT_MAX];

	p->done = done;
	p->bars = bars;
	if (!p->shown || now - p->drawn_ms < DRAW_EVERY_MS)
		return;
	p->drawn_ms = now;
	progress_print(p, now - p->begun_ms, what, text);
	draw(text);
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		draw("");
	p->shown = false;
}
