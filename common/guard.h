/*
 * guard: where a webhook may go (protection against server-side request
 * forgery).
 *
 * Asked twice. When a URL is written (rules, channels): its shape, and its
 * host if that is an address. When a request is sent: the address that is
 * dialled, whatever the name resolved to just now, so a name that changes its
 * address between the two gains nothing.
 *
 * The ranges are those of the IANA special-purpose registries (RFC 6890 and
 * its followers), with the IPv6 forms that carry an IPv4 address inside.
 */
#ifndef COMMON_GUARD_H
#define COMMON_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

#include "common/err.h"

/*
 * 0, or -1 with the reason: only http and https; no user or password; no
 * fragment; not what webhook_redact() shows of one; no IPv4 address in
 * another form than four decimal numbers; and no address that guard_address()
 * refuses, no "localhost" or ".internal" name (unless allow_private). Never
 * names more of the URL than its host.
 */
int guard_url(const char *url, bool allow_private, struct err *e);

/*
 * The http_guard_fn: arg points to a bool, allow_private. With it loopback
 * and private networks are allowed; what is no host's address (multicast,
 * reserved) or serves cloud metadata (link-local IPv4) never is.
 */
int
guard_address(void *arg, const struct sockaddr *to, socklen_t n, struct err *e);

#endif
