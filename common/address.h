/*
 * address: where a webhook may point. One list serves the check when a rule
 * is written (literal addresses and names that say what they are) and the
 * check when a request is sent (whatever the name resolved to).
 */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

struct sockaddr;

/*
 * True for every address that is not on the public Internet: this host,
 * private, link-local, shared, documentation, benchmark, multicast and
 * reserved ranges (IANA special-purpose registries), and the same wrapped in
 * IPv6 (mapped, compatible, NAT64, 6to4, Teredo). Families other than IPv4
 * and IPv6 are blocked.
 */
bool address_blocked(const struct sockaddr *sa);

/*
 * Check a webhook's URL: http or https, a host, no user:password@, no
 * fragment, no spaces, control or non-ASCII bytes, no IPv4 address in an odd
 * spelling (2130706433, 0x7f.1, 127.1). Unless allow_private, addresses that
 * address_blocked() names and localhost, *.localhost, *.local, *.internal are
 * refused. 0, or -1 with a sentence that does not repeat the URL.
 */
int webhook_check(const char *url, size_t n, bool allow_private, struct err *e);

#endif
