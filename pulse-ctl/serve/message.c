#include <string.h>

#include "pulse-ctl/serve/message.h"

#define METHOD_LEN_MAX 16

long
message_head_len(const char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4);

	if (end != NULL && (size_t)(end - p) + 4 <= MESSAGE_HEAD_MAX)
		return end - p + 4;
	return end != NULL || n >= MESSAGE_HEAD_MAX ? -1 : 0;
}

/* RFC 9110 section 5.6.2. */
static bool
is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decode %XX in place ('+' is a blank in a query). -1 for a bad or NUL byte. */
static int
decode(char *s, bool query)
{
	char *out = s;

	for (; *s != '\0'; s++) {
		if (*s == '+' && query) {
			*out++ = ' ';
		} else if (*s == '%') {
			int hi = hex(s[1]);
			int lo = hi >= 0 ? hex(s[2]) : -1;

			if (lo < 0 || hi * 16 + lo == 0)
				return -1;
			*out++ = (char)(hi * 16 + lo);
			s += 2;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
	return 0;
}

static int
parse_query(char *s, struct message_head *head)
{
	while (s != NULL && *s != '\0') {
		char *amp = strchr(s, '&'), *eq;

		if (amp != NULL)
			*amp++ = '\0';
		eq = strchr(s, '=');
		if (eq != NULL)
			*eq++ = '\0';
		if (*s != '\0') {
			if (head->nquery == MESSAGE_QUERY_MAX)
				return -1;
			if (decode(s, true) < 0 ||
			    (eq != NULL && decode(eq, true) < 0))
				return -1;
			head->query[head->nquery++] =
			    (struct message_header){s, eq != NULL ? eq : ""};
		}
		s = amp;
	}
	return 0;
}

/* The request target: the path form, or the absolute form of a proxy. */
static int
parse_target(char *s, struct message_head *head, const char **why)
{
	char *mark;

	if (strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0) {
		s = strchr(strchr(s, ':') + 3, '/');
		if (s == NULL) {
			head->path = "/";
			return 0;
		}
	}
	head->path = s;
	/* "host:port" of CONNECT and "*" of OPTIONS name no resource here; the
	 * router answers for them. */
	if (*s != '/')
		return 0;
	mark = strchr(s, '?');
	if (mark != NULL)
		*mark++ = '\0';
	if (decode(s, false) < 0 || parse_query(mark, head) < 0) {
		*why = "the request target is malformed";
		return 400;
	}
	return 0;
}

/* method SP target SP version, NUL-terminated without its line end. */
static int
parse_line(char *line, struct message_head *head, const char **why)
{
	char *target = strchr(line, ' '), *version, *p;

	*why = "the request line is malformed";
	if (target == NULL || target == line || target - line > METHOD_LEN_MAX)
		return 400;
	*target++ = '\0';
	for (p = line; *p != '\0'; p++)
		if (!is_token((unsigned char)*p))
			return 400;
	version = strchr(target, ' ');
	if (version == NULL || version == target)
		return 400;
	*version++ = '\0';
	for (p = target; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			return 400;
	head->method = line;
	if (strncmp(version, "HTTP/", 5) != 0)
		return 400;
	if (strcmp(version + 5, "1.1") != 0 &&
	    strcmp(version + 5, "1.0") != 0) {
		*why = "only HTTP/1.1 and HTTP/1.0 are spoken here";
		return 505;
	}
	head->is_old = version[7] == '0';
	head->keep_alive = !head->is_old;
	return parse_target(target, head, why);
}

/* name ":" value, NUL-terminated: in place. */
static int
parse_header(char *line, struct message_head *head, const char **why)
{
	char *value = strchr(line, ':'), *end, *p;

	*why = "a header line is malformed";
	if (value == NULL || value == line)
		return 400;
	*value++ = '\0';
	for (p = line; *p != '\0'; p++) {
		if (!is_token((unsigned char)*p))
			return 400;
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 'a' - 'A');
	}
	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	for (p = value; *p != '\0'; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return 400;
	if (head->nheaders == MESSAGE_HEADERS_MAX) {
		*why = "there are more than 64 header lines";
		return 431;
	}
	head->headers[head->nheaders++] = (struct message_header){line, value};
	return 0;
}

static size_t
count(const struct message_head *head, const char *name)
{
	size_t n = 0, i;

	for (i = 0; i < head->nheaders; i++)
		n += strcmp(head->headers[i].name, name) == 0;
	return n;
}

/* True when word is one of a comma-separated list, case ignored. */
static bool
lists(const char *value, const char *word)
{
	size_t n = strlen(word);

	while (value != NULL && *value != '\0') {
		value += strspn(value, " \t,");
		if (strncasecmp(value, word, n) == 0 &&
		    strspn(value + n, " \t,") + (value[n] == '\0') > 0)
			return true;
		value += strcspn(value, ",");
	}
	return false;
}

static int
judge_length(struct message_head *head, const char **why)
{
	const char *s = message_header(head, "content-length");
	int64_t v = 0;

	head->content_length = -1;
	if (message_header(head, "transfer-encoding") != NULL) {
		*why = s != NULL ? "Transfer-Encoding and Content-Length "
				   "exclude each other"
				 : "a body needs a Content-Length here";
		return s != NULL ? 400 : 411;
	}
	if (s == NULL)
		return 0;
	*why = "Content-Length must be given once, as a whole number";
	if (count(head, "content-length") != 1 || *s == '\0' || strlen(s) > 15)
		return 400;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return 400;
		v = v * 10 + (*s - '0');
	}
	head->content_length = v;
	return 0;
}

/* What the headers together say about the message. */
static int
judge(struct message_head *head, const char **why)
{
	const char *connection = message_header(head, "connection");
	const char *expect = message_header(head, "expect");
	size_t hosts = count(head, "host");

	if (hosts > 1 || (hosts == 0 && head->keep_alive)) {
		*why = "there must be exactly one Host header";
		return 400;
	}
	if (lists(connection, "close"))
		head->keep_alive = false;
	else if (lists(connection, "keep-alive"))
		head->keep_alive = true;
	if (expect != NULL && strcasecmp(expect, "100-continue") != 0) {
		*why = "this expectation cannot be met";
		return 417;
	}
	/* HTTP/1.0 does not know the interim answer (RFC 9110, 10.1.1). */
	head->expects_continue = expect != NULL && !head->is_old;
	return judge_length(head, why);
}

int
message_parse(char *p, size_t n, struct message_head *head, const char **why)
{
	char *end = p + n - 2; /* the empty line */
	int status = 0;
	bool first = true;

	head->method = head->path = NULL;
	head->nquery = head->nheaders = 0;
	head->content_length = -1;
	head->keep_alive = head->expects_continue = head->is_old = false;
	*why = "a NUL byte stands in the head";
	if (memchr(p, '\0', n) != NULL)
		return 400;
	while (p < end && status == 0) {
		char *cr = memchr(p, '\r', (size_t)(end - p) + 1);
		char *lf = memchr(p, '\n', (size_t)(end - p) + 2);

		if (cr == NULL || lf != cr + 1) {
			*why = "lines must end with CR LF";
			return 400;
		}
		*cr = '\0';
		status = first ? parse_line(p, head, why)
			       : parse_header(p, head, why);
		first = false;
		p = lf + 1;
	}
	if (first) {
		*why = "the request line is missing";
		return 400;
	}
	return status != 0 ? status : judge(head, why);
}

const char *
message_header(const struct message_head *head, const char *name)
{
	size_t i;

	for (i = 0; i < head->nheaders; i++)
		if (strcmp(head->headers[i].name, name) == 0)
			return head->headers[i].value;
	return NULL;
}

const char *
message_query(const struct message_head *head, const char *name)
{
	const char *value = NULL;
	size_t i;

	for (i = 0; i < head->nquery; i++)
		if (strcmp(head->query[i].name, name) == 0)
			value = head->query[i].value;
	return value;
}

const char *
message_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} table[] = {
	    {200, "OK"},
	    {201, "Created"},
	    {202, "Accepted"},
	    {204, "No Content"},
	    {304, "Not Modified"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {408, "Request Timeout"},
	    {409, "Conflict"},
	    {411, "Length Required"},
	    {412, "Precondition Failed"},
	    {413, "Content Too Large"},
	    {415, "Unsupported Media Type"},
	    {417, "Expectation Failed"},
	    {422, "Unprocessable Content"},
	    {429, "Too Many Requests"},
	    {431, "Request Header Fields Too Large"},
	    {500, "Internal Server Error"},
	    {503, "Service Unavailable"},
	    {505, "HTTP Version Not Supported"},
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].status == status)
			return table[i].reason;
	return "Status";
}
