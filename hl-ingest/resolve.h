/*
 * resolve: a host name's addresses without stopping the loop.
 *
 * getaddrinfo(3) blocks, for many seconds when a name server is away, and
 * pings would stop meanwhile. So a child process asks and writes the
 * addresses into a pipe. A host that is written as an address needs no child.
 */
#ifndef HL_INGEST_RESOLVE_H
#define HL_INGEST_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/err.h"

#define RESOLVE_ADDRESSES   8
#define RESOLVE_ADDRESS_MAX 64
#define RESOLVE_HOST_MAX    256

struct resolve {
	pid_t child; /* 0: none */
	int fd; /* readable when the answer is there; -1: none */
	size_t n;
	char addresses[RESOLVE_ADDRESSES][RESOLVE_ADDRESS_MAX];
};

void resolve_init(struct resolve *r);
/*
 * Begin with a host (IPv6 in brackets or not). 1: the answer is there already
 * (a literal address). 0: r->fd will be readable. -1: no child could be made.
 */
int resolve_start(struct resolve *r, const char *host, struct err *e);
/* When fd is readable: the number of addresses; 0 or -1 with a sentence. */
int resolve_finish(struct resolve *r, const char *host, struct err *e);
/* Kill the child, if any. */
void resolve_cancel(struct resolve *r);

#endif
