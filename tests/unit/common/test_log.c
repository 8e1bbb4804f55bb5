#include <fcntl.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "tests/unit/tap.h"

/* What one message comes to on stderr. */
static const char *
said(enum log_level shown, enum log_format format, const char *word)
{
	static char text[16384];
	int fds[2], kept = dup(STDERR_FILENO);
	ssize_t n;

	text[0] = '\0';
	if (pipe(fds) < 0 || kept < 0)
		return text;
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	log_init("pulse-test", shown, format);
	log_error("an error with \"%s\"", word);
	log_info("a note");
	log_debug("a detail");
	dup2(kept, STDERR_FILENO);
	close(kept);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	n = read(fds[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	return text;
}

int
main(void)
{
	enum log_format format;
	const char *text;
	struct json *j;

	is_str(said(LOG_LEVEL_WARN, LOG_FORMAT_TEXT, "it"),
	    "pulse-test: an error with \"it\"\n", "words, and only errors");
	is_str(said(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, "it"),
	    "pulse-test: an error with \"it\"\npulse-test: a note\n",
	    "notes too when they are asked for");
	ok(log_shows(LOG_LEVEL_INFO) && !log_shows(LOG_LEVEL_DEBUG),
	    "log_shows tells what is shown");
	clock_set(0);
	text = said(LOG_LEVEL_WARN, LOG_FORMAT_AUTO, "a\nb\\");
	j = json_parse(text, strlen(text), NULL);
	ok(j != NULL, "off a terminal a line of JSON");
	is_str(json_string(json_get(j, "msg")), "an error with \"a\nb\\\"",
	    "with the message");
	is_str(json_string(json_get(j, "tool")), "pulse-test", "the tool");
	is_str(json_string(json_get(j, "level")), "error", "the level");
	ok(strncmp(
	       json_string(json_get(j, "time")), "1970-01-01T00:00:0", 18) == 0,
	    "and the time");
	json_free(j);
	ok(log_format_parse(&format, "json") == 0 &&
		format == LOG_FORMAT_JSON &&
		log_format_parse(&format, "text") == 0 &&
		format == LOG_FORMAT_TEXT &&
		log_format_parse(&format, "xml") < 0,
	    "formats have names");
	return tap_done();
}
