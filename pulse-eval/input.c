#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/candle_scan.h"
#include "common/clock.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/sig.h"
#include "pulse-eval/input.h"

/* A batch ends after so many lines, or so long after its first. */
#define BATCH_LINES 8192
#define BATCH_MS    50
/* Bad lines said one by one; after those at most one a second. */
#define SAID_MAX	20
#define SAY_INTERVAL_MS 1000

struct input {
	const struct input_calls *calls;
	struct input_counts *n;
	struct lines lines;
	struct candle_scan scan;
	int signals;
	bool stopped;
	uint64_t batch; /* lines since the last flush */
	int64_t batch_ms; /* when the first of them came */
	int64_t tick_ms;
	uint64_t said, unsaid;
	int64_t said_ms;
};

static void
say_bad(struct input *in, const struct err *why)
{
	int64_t now_ms = clock_mono_ms();

	in->n->bad++;
	if (in->said >= SAID_MAX && now_ms - in->said_ms < SAY_INTERVAL_MS) {
		in->unsaid++;
		return;
	}
	if (in->unsaid > 0)
		log_warn(
		    "stdin: %" PRIu64 " more bad lines, not named", in->unsaid);
	log_warn("stdin:%" PRIu64 ": %s", in->lines.number, why->msg);
	in->unsaid = 0;
	in->said++;
	in->said_ms = now_ms;
}

static int
take_event(struct input *in, const char *line, size_t len, struct err *e)
{
	struct json *j = json_parse(line, len, NULL);
	int rc = 0;

	in->n->events++;
	if (j != NULL && in->calls->event != NULL)
		rc = in->calls->event(in->calls->arg, j, e);
	json_free(j);
	return rc;
}

static int
take_line(struct input *in, const char *line, size_t len, struct err *e)
{
	int rc = 0;

	in->n->lines++;
	if (in->batch++ == 0)
		in->batch_ms = clock_mono_ms();
	switch (candle_scan_line(&in->scan, line, len, e)) {
	case CANDLE_LINE_CANDLE:
		rc = in->calls->candle(in->calls->arg, &in->scan.c, e);
		if (rc > 0)
			say_bad(in, e);
		break;
	case CANDLE_LINE_EVENT:
		rc = take_event(in, line, len, e);
		break;
	case CANDLE_LINE_BAD:
		say_bad(in, e);
		break;
	}
	return rc < 0 ? -1 : 0;
}

static int
flush(struct input *in, struct err *e)
{
	in->batch = 0;
	return in->calls->flush(in->calls->arg, e);
}

static int
tick_if_due(struct input *in, struct err *e)
{
	int64_t now_ms = clock_mono_ms();

	if (in->calls->tick == NULL || now_ms < in->tick_ms)
		return 0;
	if (in->batch > 0 && flush(in, e) < 0)
		return -1;
	in->tick_ms = now_ms + in->calls->period_ms;
	return in->calls->tick(in->calls->arg, e);
}

static int
idle(struct input *in, struct err *e)
{
	return in->calls->idle != NULL ? in->calls->idle(in->calls->arg, e) : 0;
}

static int
wait_ms(const struct input *in)
{
	int64_t left;

	if (in->calls->tick == NULL)
		return -1;
	left = in->tick_ms - clock_mono_ms();
	return left < 0 ? 0 : (int)left;
}

static void
take_signals(struct input *in)
{
	int sig;

	while ((sig = sig_read(in->signals)) != 0)
		if (sig == SIGTERM || sig == SIGINT)
			in->stopped = true;
	/* Blocked as it is, it waits for those who ask sig_stop_waits(). */
	if (in->stopped)
		(void)raise(SIGTERM);
}

/* Read more. First without waiting; if nothing is there, the batch ends. */
static int
fill(struct input *in, struct err *e)
{
	struct pollfd p[2] = {
	    {.fd = in->lines.fd, .events = POLLIN},
	    {.fd = in->signals, .events = POLLIN},
	};
	bool stale =
	    in->batch >= BATCH_LINES ||
	    (in->batch > 0 && clock_mono_ms() - in->batch_ms >= BATCH_MS);
	int ready = poll(p, 2, 0);

	if ((ready == 0 || stale) && in->batch > 0 && flush(in, e) < 0)
		return -1;
	if (tick_if_due(in, e) < 0)
		return -1;
	if (ready == 0 && idle(in, e) < 0)
		return -1;
	if (ready == 0)
		ready = poll(p, 2, wait_ms(in));
	if (ready < 0 && errno != EINTR)
		return err_set(e, "poll: %s", strerror(errno));
	if (ready <= 0)
		return 0;
	if (p[1].revents != 0)
		take_signals(in);
	if (in->stopped || p[0].revents == 0)
		return 0;
	if (lines_fill(&in->lines) < 0 && errno != EAGAIN && errno != EINTR)
		return err_set(e, "stdin: %s", strerror(errno));
	return 0;
}

static int
too_long(struct input *in, size_t len, struct err *e)
{
	in->n->lines++;
	(void)err_set(e, "a line of %zu bytes is too long (at most %zu)", len,
	    in->lines.max);
	say_bad(in, e);
	return 0;
}

static enum input_end
loop(struct input *in, struct err *e)
{
	const char *line;
	size_t len;
	int rc;

	for (;;) {
		switch (lines_next(&in->lines, &line, &len)) {
		case LINES_LINE:
			rc = take_line(in, line, len, e);
			break;
		case LINES_TOO_LONG:
			rc = too_long(in, len, e);
			break;
		case LINES_MORE:
			rc = fill(in, e);
			break;
		default:
			return flush(in, e) < 0 ? INPUT_FAILED : INPUT_ENDED;
		}
		if (rc < 0)
			return INPUT_FAILED;
		if (in->stopped)
			return flush(in, e) < 0 ? INPUT_FAILED : INPUT_STOPPED;
	}
}

enum input_end
input_run(
    const struct input_calls *calls, struct input_counts *n, struct err *e)
{
	struct input in = {.calls = calls, .n = n, .signals = -1};
	enum input_end end;

	*n = (struct input_counts){.lines = 0};
	candle_scan_init(&in.scan);
	if (lines_init(&in.lines, STDIN_FILENO, LINES_MAX_DEFAULT) < 0)
		return (enum input_end)err_set(e, "out of memory");
	in.signals = sig_open();
	if (in.signals < 0) {
		lines_release(&in.lines);
		return (enum input_end)err_set(
		    e, "signals: %s", strerror(errno));
	}
	end = loop(&in, e);
	if (in.unsaid > 0)
		log_warn(
		    "stdin: %" PRIu64 " more bad lines, not named", in.unsaid);
	close(in.signals);
	lines_release(&in.lines);
	return end;
}
