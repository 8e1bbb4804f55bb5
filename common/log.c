#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"

#define LINE_MAX_BYTES 8192

static struct {
	const char *tool;
	enum log_level shown;
	bool json;
} state = {"pulse", LOG_LEVEL_WARN, false};

void
log_init(const char *tool, enum log_level shown, enum log_format format)
{
	state.tool = tool;
	state.shown = shown;
	state.json = format == LOG_FORMAT_JSON ||
		     (format == LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
}

int
log_format_parse(enum log_format *f, const char *s)
{
	if (strcmp(s, "text") == 0)
		*f = LOG_FORMAT_TEXT;
	else if (strcmp(s, "json") == 0)
		*f = LOG_FORMAT_JSON;
	else
		return -1;
	return 0;
}

bool
log_shows(enum log_level level)
{
	return level <= state.shown;
}

/* One write(2) a message, so that lines of several programs do not mix. */
static void
say(enum log_level level, const char *fmt, va_list ap)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	struct buf line, msg;
	char now[CLOCK_TEXT_MAX];

	if (!log_shows(level))
		return;
	buf_init(&line, LINE_MAX_BYTES);
	buf_init(&msg, LINE_MAX_BYTES / 2);
	buf_vaddf(&msg, fmt, ap);
	if (state.json) {
		clock_print(clock_now_ms(), now);
		buf_addf(&line,
		    "{\"time\":\"%s\",\"level\":\"%s\",\"tool\":\"%s\","
		    "\"msg\":",
		    now, names[level], state.tool);
		buf_add_json(&line, msg.p != NULL ? msg.p : "", msg.len);
		buf_adds(&line, "}\n");
	} else {
		buf_addf(
		    &line, "%s: %s\n", state.tool, msg.p != NULL ? msg.p : "");
	}
	if (line.len > 0 && write(STDERR_FILENO, line.p, line.len) < 0) {
		/* Nowhere is left to say it. */
	}
	buf_release(&line);
	buf_release(&msg);
}

#define LOG_FUNCTION(name, level)                                              \
	void name(const char *fmt, ...)                                        \
	{                                                                      \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, fmt);                                             \
		say(level, fmt, ap);                                           \
		va_end(ap);                                                    \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
