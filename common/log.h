/*
 * log: what a program says to people, on stderr.
 *
 * Words ("hl-ingest: connected") or one JSON object a line ({"time","level",
 * "tool","msg"}), by --log; the default is words on a terminal and JSON
 * otherwise. A message never holds a secret.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

enum log_format {
	LOG_FORMAT_AUTO,
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON,
};

/* Name the program (the pointer is kept) and say what is shown. Default:
 * warnings and worse, as words. */
void log_init(const char *tool, enum log_level shown, enum log_format format);
/* "text" or "json" as --log gives it: 0, or -1. */
int log_format_parse(enum log_format *f, const char *s);
bool log_shows(enum log_level level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
