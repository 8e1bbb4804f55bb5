/*
 * sink: a webhook receiver to test against. It takes any request on a
 * loopback port, records it, and answers as its script says (script.h) or as
 * the service would that the path belongs to (persona.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/num.h"
#include "tests/sink/sink.h"
#include "tests/wire/tls.h"

static const char usage[] =
    "Examples:\n"
    "  sink --port-file port --record requests.ndjson\n"
    "  sink --answer '{\"path\":\"/a\",\"n\":2,\"status\":500}' \\\n"
    "       --answer '{\"path\":\"/a\",\"status\":204}'\n"
    "  sink --answer '{\"path\":\"/b*\",\"status\":429,\n"
    "       \"headers\":{\"Retry-After\":\"2\"},\"body\":\"slow down\"}'\n"
    "  curl \"http://127.0.0.1:$(cat port)/_sink/wait?requests=3&path=/a\"\n"
    "\n"
    "Usage: sink [OPTION...]\n"
    "Prints \"listening 127.0.0.1:PORT\" (on stderr when the record goes to\n"
    "stdout) and answers until SIGTERM.\n"
    "\n"
    "  --listen ADDRESS  127.0.0.1; any loopback address, as ::1\n"
    "  --port N          port; 0, the default: the kernel chooses\n"
    "  --port-file FILE  write the port there, once ready\n"
    "  --record FILE     append a line for each request; - is stdout\n"
    "  --answer JSON     a line of script; repeated\n"
    "  --script FILE     lines of script\n"
    "  --limits          enforce the rate limits of the services\n"
    "  --plain           answer 200 to everything that is not scripted\n"
    "  --tls-cert FILE --tls-key FILE   speak TLS (PEM)\n"
    "  -h, --help\n"
    "\n"
    "A line of script is an object with any of: path (\"/x\", \"/x*\", "
    "\"*\"),\n"
    "n, status, type, headers, body, size, redirect, as (discord slack\n"
    "telegram ntfy pagerduty), limits, delay_ms, drip_ms, chunked, end (close\n"
    "reset hang early after half). Answers of one path come in order, the\n"
    "last one repeats. Unscripted paths: /api/webhooks/ and /api/v… are\n"
    "Discord, /services/ Slack, /bot… Telegram, /v2/enqueue PagerDuty,\n"
    "/ntfy… ntfy; all others 200 {\"ok\":true}.\n"
    "Its own paths: /_sink/stats wait script clear quit (sink.h).\n"
    "A record: us mono_us seq conn method path query headers body\n"
    "(body_base64 when not UTF-8).\n";

static _Noreturn void
fail(const char *why)
{
	fprintf(stderr, "sink: %s\n", why);
	exit(2);
}

enum {
	OPT_PORT = 256,
	OPT_PORT_FILE,
	OPT_RECORD,
	OPT_ANSWER,
	OPT_SCRIPT,
	OPT_LIMITS,
	OPT_PLAIN,
	OPT_CERT,
	OPT_KEY,
	OPT_LISTEN,
};

static const struct option longs[] = {
    {"port", required_argument, NULL, OPT_PORT},
    {"port-file", required_argument, NULL, OPT_PORT_FILE},
    {"record", required_argument, NULL, OPT_RECORD},
    {"answer", required_argument, NULL, OPT_ANSWER},
    {"script", required_argument, NULL, OPT_SCRIPT},
    {"limits", no_argument, NULL, OPT_LIMITS},
    {"plain", no_argument, NULL, OPT_PLAIN},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"tls-cert", required_argument, NULL, OPT_CERT},
    {"tls-key", required_argument, NULL, OPT_KEY},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct command {
	const char *port_file;
	const char *cert, *key;
};

static int
open_record(const char *path)
{
	int fd =
	    strcmp(path, "-") == 0
		? STDOUT_FILENO
		: open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		fail("cannot write the record");
	return fd;
}

static void
take(struct command *c, struct sink *s, int key, const char *v)
{
	struct err e;
	int64_t x;
	int rc = 0;

	switch (key) {
	case OPT_PORT:
		rc = num_parse(&x, v, 0, 65535, "--port", &e);
		s->opt.port = (int)x;
		break;
	case OPT_LISTEN:
		s->opt.address = v;
		break;
	case OPT_PORT_FILE:
		c->port_file = v;
		break;
	case OPT_RECORD:
		s->record_fd = open_record(v);
		break;
	case OPT_ANSWER:
		rc = script_add(&s->script, v, strlen(v), &e);
		break;
	case OPT_SCRIPT:
		rc = script_add_file(&s->script, v, &e);
		break;
	case OPT_LIMITS:
		s->opt.limits = true;
		break;
	case OPT_PLAIN:
		s->opt.plain = true;
		break;
	case OPT_CERT:
		c->cert = v;
		break;
	case OPT_KEY:
		c->key = v;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		exit(2);
	}
	if (rc != 0)
		fail(e.msg);
}

/* By a rename, so that nobody reads half a number. */
static void
write_port(const char *path, int port)
{
	char part[4096];
	FILE *fp;

	if ((size_t)snprintf(part, sizeof(part), "%s.part", path) >=
	    sizeof(part))
		fail("--port-file: too long a path");
	fp = fopen(part, "w");
	if (fp == NULL || fprintf(fp, "%d\n", port) < 0 || fclose(fp) != 0 ||
	    rename(part, path) != 0)
		fail("cannot write the port file");
}

int
main(int argc, char **argv)
{
	static struct sink s = {
	    .record_fd = -1, .opt = {.address = "127.0.0.1"}};
	struct command c = {NULL, NULL, NULL};
	struct err e;
	FILE *say;
	int key;

	while ((key = getopt_long(argc, argv, "h", longs, NULL)) != -1)
		take(&c, &s, key, optarg);
	if (optind < argc)
		fail("no operands are taken; see --help");
	if ((c.cert == NULL) != (c.key == NULL))
		fail("--tls-cert and --tls-key go together");
	if (c.cert != NULL &&
	    (s.tls = tls_server_new(c.cert, c.key, &e)) == NULL)
		fail(e.msg);
	if (sink_init(&s, &e) != 0)
		fail(e.msg);
	if (c.port_file != NULL)
		write_port(c.port_file, s.listener.port);
	say = s.record_fd == STDOUT_FILENO ? stderr : stdout;
	fprintf(say, "listening %s:%d\n", s.opt.address, s.listener.port);
	fflush(say);
	loop_run(&s.loop);
	sink_release(&s);
	return 0;
}
