#include <errno.h>
#include <fcntl.h>
#include <jq.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/filter.h"

/* Memory and CPU seconds that a worker may use. */
#define MEMORY_MAX ((rlim_t)192 * 1024 * 1024)
#define CPU_MAX_S  600
/* To compile: 20 ms on an idle machine, most of it jq's own library. */
#define COMPILE_MS 10000
#define INPUT_MAX  ((size_t)64 * 1024)
#define SAID_MAX   200

extern char **environ;

struct filter {
	char *program;
	pid_t pid; /* 0: no worker */
	int fd;
};

/* ---- the list of words --------------------------------------------------- */

static const char *const allowed[] = {"add", "all", "and", "any", "arrays",
    "as", "ascii", "ascii_downcase", "ascii_upcase", "booleans", "ceil",
    "contains", "del", "elif", "else", "empty", "end", "endswith", "error",
    "explode", "fabs", "false", "first", "flatten", "floor", "from_entries",
    "fromdate", "fromdateiso8601", "fromjson", "gmtime", "has", "if", "implode",
    "in", "index", "indices", "inside", "isnan", "join", "keys", "last",
    "length", "ltrimstr", "map", "map_values", "max", "max_by", "min", "min_by",
    "mktime", "not", "now", "null", "nulls", "numbers", "objects", "or",
    "reverse", "rindex", "round", "rtrimstr", "scalars", "select", "sort",
    "sort_by", "split", "sqrt", "startswith", "strftime", "strings", "then",
    "to_entries", "todate", "todateiso8601", "tojson", "tonumber", "tostring",
    "true", "try", "catch", "type", "unique", "unique_by", "utf8bytelength",
    "values", "with_entries"};

static bool
word_allowed(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strlen(allowed[i]) == n && memcmp(allowed[i], s, n) == 0)
			return true;
	return false;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= '0' && c <= '9');
}

static const char *
skip_word(const char *p)
{
	while (is_word(*p))
		p++;
	return p;
}

/* Digits, perhaps with an exponent: what follows at once is a word again. */
static const char *
skip_number(const char *p)
{
	p += strspn(p, "0123456789");
	if ((*p == 'e' || *p == 'E') && p[1] >= '0' && p[1] <= '9')
		p += 1 + strspn(p + 1, "0123456789");
	return p;
}

#define NESTING_MAX    32
#define OPEN_MAX_DEPTH 64

/* What the scanner is inside of: a string, or the "\(" of one with so many
 * open parentheses. */
struct scan {
	const char *p;
	int depth[NESTING_MAX];
	int level; /* strings with an open "\(" */
	char open[OPEN_MAX_DEPTH]; /* brackets around, innermost last */
	int nopen;
	bool string;
	char last; /* the last character of code that was no blank */
};

static int
push(struct scan *s, char c, struct err *e)
{
	if (s->nopen == OPEN_MAX_DEPTH)
		return err_set(e, "brackets are nested too deep");
	s->open[s->nopen++] = c;
	return 0;
}

static int
scan_string(struct scan *s, struct err *e)
{
	if (*s->p == '"') {
		s->string = false;
		s->last = '"';
	} else if (*s->p == '\\' && s->p[1] == '(') {
		if (s->level == NESTING_MAX)
			return err_set(e, "strings are nested too deep");
		s->depth[s->level++] = 0;
		if (push(s, '(', e) < 0)
			return -1;
		s->string = false;
		s->last = '(';
		s->p++;
	} else if (*s->p == '\\' && s->p[1] != '\0') {
		s->p++;
	}
	s->p++;
	return 0;
}

static int
scan_word(struct scan *s, struct err *e)
{
	bool number = *s->p >= '0' && *s->p <= '9';
	const char *end = number ? skip_number(s->p) : skip_word(s->p);
	size_t n = (size_t)(end - s->p);

	/* .name, $name and @name, keys of objects: "name:" */
	if (s->last == '.' || number) {
	} else if (s->last == '$') {
		if (strncmp(s->p, "ENV", n) == 0 || s->p[0] == '_')
			return err_set(
			    e, "$%.*s may not be used", (int)n, s->p);
	} else if (s->last != '@' && *(end + strspn(end, " \t\n")) == ':' &&
		   (s->last == '{' || s->last == ',') && s->nopen > 0 &&
		   s->open[s->nopen - 1] == '{') {
	} else if (s->last == '@') {
	} else if (!word_allowed(s->p, n)) {
		return err_set(e, "'%.*s' may not be used in a template",
		    (int)(n < 40 ? n : 40), s->p);
	}
	s->p = end;
	s->last = 'a';
	return 0;
}

static int
scan_code(struct scan *s, struct err *e)
{
	char c = *s->p;

	if (is_word(c))
		return scan_word(s, e);
	if (c == '*')
		return err_set(e, "'*' may not be used in a template");
	if (c == '#')
		return err_set(e, "a template has no comments");
	if (c == '.' && s->p[1] == '.')
		return err_set(e, "'..' may not be used in a template");
	if (c == ':' && s->p[1] == ':')
		return err_set(e, "'::' may not be used in a template");
	if (c == '?' && s->p[1] == '/')
		return err_set(e, "'?//' may not be used in a template");
	if (strchr("([{", c) != NULL && push(s, c, e) < 0)
		return -1;
	if (strchr(")]}", c) != NULL && s->nopen > 0)
		s->nopen--;
	if (c == '"') {
		s->string = true;
	} else if (c == '(' && s->level > 0) {
		s->depth[s->level - 1]++;
	} else if (c == ')' && s->level > 0 && s->depth[s->level - 1]-- == 0) {
		/* The end of a "\(": back in its string. */
		s->level--;
		s->string = true;
	}
	if (c != ' ' && c != '\t' && c != '\n')
		s->last = c;
	s->p++;
	return 0;
}

int
filter_check(const char *program, struct err *e)
{
	struct scan s = {.p = program};

	if (strlen(program) > FILTER_PROGRAM_MAX)
		return err_set(
		    e, "a template has at most %d bytes", FILTER_PROGRAM_MAX);
	while (*s.p != '\0')
		if ((s.string ? scan_string(&s, e) : scan_code(&s, e)) < 0)
			return -1;
	return 0;
}

/* ---- the worker ---------------------------------------------------------- */

/* An answer: whether it is one, its length, its bytes. */
struct head {
	uint32_t good;
	uint32_t len;
};

static int
move_all(int fd, void *p, size_t n, bool out)
{
	char *q = p;

	while (n > 0) {
		ssize_t k = out ? write(fd, q, n) : read(fd, q, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return -1;
		q += k;
		n -= (size_t)k;
	}
	return 0;
}

static void
answer(int fd, bool good, const char *p, size_t n)
{
	struct head h = {good, (uint32_t)n};

	if (move_all(fd, &h, sizeof(h), true) < 0 ||
	    move_all(fd, (void *)(uintptr_t)p, n, true) < 0)
		_exit(0);
}

static void
answer_value(int fd, bool good, jv v)
{
	jv text = jv_get_kind(v) == JV_KIND_STRING ? v : jv_dump_string(v, 0);
	size_t n = (size_t)jv_string_length_bytes(jv_copy(text));

	if (n > FILTER_OUTPUT_MAX)
		answer(fd, false, "the result is too large", 23);
	else
		answer(fd, good, jv_string_value(text), n);
	jv_free(text);
}

static void
run_one(jq_state *jq, int fd, const char *json, size_t n)
{
	jv input = jv_parse_sized(json, (int)n), result, more, message;

	if (!jv_is_valid(input)) {
		jv_free(input);
		answer(fd, false, "the input is not JSON", 21);
		return;
	}
	jq_start(jq, input, 0);
	result = jq_next(jq);
	if (!jv_is_valid(result)) {
		message = jv_invalid_get_msg(result);
		if (jv_get_kind(message) == JV_KIND_NULL) {
			jv_free(message);
			answer(fd, false, "it gives no result", 18);
		} else {
			answer_value(fd, false, message);
		}
		return;
	}
	more = jq_next(jq);
	if (jv_is_valid(more)) {
		jv_free(result);
		answer(fd, false, "it gives more than one result", 29);
	} else {
		answer_value(fd, true, result);
	}
	jv_free(more);
}

struct said {
	char text[SAID_MAX];
};

static void
on_error(void *arg, jv message)
{
	struct said *said = arg;

	if (said->text[0] == '\0' && jv_get_kind(message) == JV_KIND_STRING)
		(void)snprintf(said->text, sizeof(said->text), "%s",
		    jv_string_value(message));
	jv_free(message);
	said->text[strcspn(said->text, "\r\n")] = '\0';
}

static void
shut_in(void)
{
	struct rlimit cpu = {CPU_MAX_S, CPU_MAX_S}, none = {0, 0};
	sigset_t set;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
	/* The address sanitizer's shadow alone is far larger. */
	setrlimit(RLIMIT_AS, &(struct rlimit){MEMORY_MAX, MEMORY_MAX});
#endif
}

static _Noreturn void
work(int fd, const char *program)
{
	struct said said = {""};
	char *input;
	uint32_t n;
	jq_state *jq;
	int null = open("/dev/null", O_RDWR);
	char *no_environment[] = {NULL};

	shut_in();
	environ = no_environment;
	/* What libjq prints when it aborts is nobody's business. */
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
	(void)dup2(fd, 3);
	(void)close_range(4, ~0u, 0);
	fd = 3;
	jq = jq_init();
	input = malloc(INPUT_MAX + 1);
	if (jq == NULL || input == NULL)
		_exit(0);
	jq_set_error_cb(jq, on_error, &said);
	jq_set_attr(jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
	if (!jq_compile(jq, program)) {
		answer(fd, false, said.text, strlen(said.text));
		_exit(0);
	}
	answer(fd, true, "", 0);
	while (move_all(fd, &n, sizeof(n), false) == 0 && n <= INPUT_MAX &&
	       move_all(fd, input, n, false) == 0)
		run_one(jq, fd, input, n);
	_exit(0);
}

/* ---- our side ------------------------------------------------------------ */

static void
stop(struct filter *f)
{
	if (f->pid == 0)
		return;
	kill(f->pid, SIGKILL);
	(void)waitpid(f->pid, NULL, 0);
	close(f->fd);
	f->pid = 0;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Read all of n bytes before the deadline: 0, -1 gone, -2 too late. */
static int
read_by(int fd, void *p, size_t n, int64_t deadline_ms)
{
	char *q = p;

	while (n > 0) {
		struct pollfd w = {.fd = fd, .events = POLLIN};
		int64_t left = deadline_ms - now_ms();
		ssize_t k;

		if (left <= 0 || poll(&w, 1, (int)left) == 0)
			return -2;
		k = read(fd, q, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return -1;
		q += k;
		n -= (size_t)k;
	}
	return 0;
}

/* The answer's text into out (or, when it is none, into e). */
static int
take_answer(struct filter *f, int64_t time_ms, struct buf *out, struct err *e)
{
	int64_t deadline = now_ms() + time_ms;
	struct head h = {0, 0};
	char *text = NULL;
	int rc = read_by(f->fd, &h, sizeof(h), deadline);

	if (rc == 0 && h.len > FILTER_OUTPUT_MAX)
		rc = -1;
	if (rc == 0 && (text = malloc(h.len + 1)) == NULL)
		rc = -1;
	if (rc == 0)
		rc = read_by(f->fd, text, h.len, deadline);
	if (rc < 0) {
		free(text);
		stop(f);
		return err_set(e, rc == -2 ? "it takes too long"
					   : "it needs too much memory");
	}
	text[h.len] = '\0';
	if (!h.good)
		rc = err_set(e, "%.*s", SAID_MAX, text);
	else if (out != NULL && buf_add(out, text, h.len) < 0)
		rc = err_set(e, "the result is too large");
	free(text);
	return rc;
}

static int
begin(struct filter *f, struct err *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_local(e, "socketpair: %s", strerror(errno));
	f->pid = fork();
	if (f->pid == 0)
		work(pair[1], f->program);
	close(pair[1]);
	f->fd = pair[0];
	if (f->pid < 0) {
		f->pid = 0;
		close(f->fd);
		return err_local(e, "fork: %s", strerror(errno));
	}
	if (take_answer(f, COMPILE_MS, NULL, e) < 0) {
		stop(f);
		return -1;
	}
	return 0;
}

int
filter_open(struct filter **out, const char *program, struct err *e)
{
	struct filter *f;

	*out = NULL;
	if (filter_check(program, e) < 0)
		return -1;
	f = calloc(1, sizeof(*f));
	if (f == NULL || (f->program = strdup(program)) == NULL) {
		free(f);
		return err_local(e, "out of memory");
	}
	if (begin(f, e) < 0) {
		filter_close(f);
		return -1;
	}
	*out = f;
	return 0;
}

void
filter_close(struct filter *f)
{
	if (f == NULL)
		return;
	stop(f);
	free(f->program);
	free(f);
}

int
filter_run(struct filter *f, const char *json, size_t n, struct buf *out,
    struct err *e)
{
	uint32_t len = (uint32_t)n;

	if (n > INPUT_MAX)
		return err_set(e, "the input is too large");
	if (f->pid == 0 && begin(f, e) < 0)
		return -1;
	if (send(f->fd, &len, sizeof(len), MSG_NOSIGNAL) !=
		(ssize_t)sizeof(len) ||
	    send(f->fd, json, n, MSG_NOSIGNAL) != (ssize_t)n) {
		/* Killed while it was idle: another one next time. */
		stop(f);
		return err_local(e, "its process ended");
	}
	return take_answer(f, FILTER_TIME_MS, out, e);
}
