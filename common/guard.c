#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "common/guard.h"
#include "common/http.h"

/* A range that is refused. home: allowed with allow_private. */
struct range {
	unsigned char prefix[16];
	unsigned bits;
	bool home;
	const char *what;
};

static const struct range ranges4[] = {
    {{127}, 8, true, "a loopback address"},
    {{10}, 8, true, "a private address"},
    {{172, 16}, 12, true, "a private address"},
    {{192, 168}, 16, true, "a private address"},
    {{100, 64}, 10, true, "a shared (carrier) address"},
    {{0}, 8, false, "an address of this network"},
    {{169, 254}, 16, false, "a link-local address"},
    {{192, 0, 0}, 24, false, "a protocol assignment"},
    {{192, 0, 2}, 24, false, "a documentation address"},
    {{192, 88, 99}, 24, false, "a 6to4 relay"},
    {{198, 18}, 15, false, "a benchmark address"},
    {{198, 51, 100}, 24, false, "a documentation address"},
    {{203, 0, 113}, 24, false, "a documentation address"},
    {{224}, 4, false, "a multicast address"},
    {{240}, 4, false, "a reserved address"},
};

static const struct range ranges6[] = {
    {{[15] = 1}, 128, true, "a loopback address"},
    {{0xfc}, 7, true, "a private address"},
    {{0xfe, 0x80}, 10, true, "a link-local address"},
    {{0}, 96, false, "an address of no host"}, /* ::, IPv4-compatible */
    {{0xfe, 0xc0}, 10, false, "a site-local address"},
    {{0xff}, 8, false, "a multicast address"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, false, "a documentation address"},
    {{0x3f, 0xff}, 20, false, "a documentation address"},
    {{0x01, 0x00}, 64, false, "a discard address"},
    {{0x20, 0x02}, 16, false, "a 6to4 address"},
    {{0x20, 0x01, 0, 0}, 32, false, "a Teredo address"},
    {{0, 0x64, 0xff, 0x9b}, 96, false, "a NAT64 address"},
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, false, "a NAT64 address"},
    {{0x5f, 0x00}, 16, false, "a segment routing address"},
};

static bool
within(const unsigned char *a, const struct range *r)
{
	unsigned whole = r->bits / 8, rest = r->bits % 8;
	unsigned mask = 0xffu << (8 - rest) & 0xffu;

	return memcmp(a, r->prefix, whole) == 0 &&
	       (rest == 0 || (a[whole] & mask) == r->prefix[whole]);
}

static int
check(const unsigned char *a, const struct range *table, size_t n, int family,
    bool allow_private, struct err *e)
{
	char text[INET6_ADDRSTRLEN] = "?";
	size_t i;

	for (i = 0; i < n; i++) {
		if (!within(a, &table[i]))
			continue;
		if (table[i].home && allow_private)
			return 0;
		inet_ntop(family, a, text, sizeof(text));
		return err_set(e, "%s is %s%s", text, table[i].what,
		    table[i].home ? "; see --allow-private" : "");
	}
	return 0;
}

static int
check4(const unsigned char *a, bool allow_private, struct err *e)
{
	return check(a, ranges4, sizeof(ranges4) / sizeof(ranges4[0]), AF_INET,
	    allow_private, e);
}

/* An IPv4-mapped address is judged as the IPv4 address that it stands for. */
static int
check6(const unsigned char *a, bool allow_private, struct err *e)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(a, mapped, sizeof(mapped)) == 0)
		return check4(a + 12, allow_private, e);
	return check(a, ranges6, sizeof(ranges6) / sizeof(ranges6[0]), AF_INET6,
	    allow_private, e);
}

int
guard_address(void *arg, const struct sockaddr *to, socklen_t n, struct err *e)
{
	const bool *allow_private = arg;
	struct sockaddr_in a4;
	struct sockaddr_in6 a6;

	if (to->sa_family == AF_INET && n >= sizeof(a4)) {
		memcpy(&a4, to, sizeof(a4));
		return check4((unsigned char *)&a4.sin_addr, *allow_private, e);
	}
	if (to->sa_family == AF_INET6 && n >= sizeof(a6)) {
		memcpy(&a6, to, sizeof(a6));
		return check6(a6.sin6_addr.s6_addr, *allow_private, e);
	}
	return err_set(e, "an address that is neither IPv4 nor IPv6");
}

static bool
ends_with(const char *host, size_t n, const char *end)
{
	size_t k = strlen(end);

	return n >= k && strncasecmp(host + n - k, end, k) == 0 &&
	       (n == k || host[n - k - 1] == '.');
}

static int
check_literal(const char *host, bool allow_private, struct err *e)
{
	unsigned char a[16];
	char text[HTTP_HOST_MAX];
	size_t n = strlen(host);

	if (inet_pton(AF_INET, host, a) == 1)
		return check4(a, allow_private, e);
	if (n < 3 || host[0] != '[')
		return err_set(e, "the host is no address");
	memcpy(text, host + 1, n - 2);
	text[n - 2] = '\0';
	text[strcspn(text, "%")] = '\0';
	if (inet_pton(AF_INET6, text, a) != 1)
		return err_set(e, "the host is no address");
	return check6(a, allow_private, e);
}

static int
check_parts(const struct http_url *u, bool allow_private, struct err *e)
{
	size_t n = strlen(u->host);

	if (u->has_user)
		return err_set(e, "a URL with a user name is not accepted");
	if (u->has_fragment)
		return err_set(e, "a URL with a fragment (#) is not accepted");
	if (u->odd_address)
		return err_set(e,
		    "the address must be four decimal numbers, as in %s",
		    u->host);
	if (u->literal)
		return check_literal(u->host, allow_private, e);
	if (n > 0 && u->host[n - 1] == '.')
		n--;
	if (!allow_private && (ends_with(u->host, n, "localhost") ||
				  ends_with(u->host, n, "internal")))
		return err_set(e,
		    "%.64s is a name of this network; "
		    "see --allow-private",
		    u->host);
	return 0;
}

int
guard_url(const char *url, bool allow_private, struct err *e)
{
	size_t n = strlen(url);
	struct http_url u;
	int rc;

	if (n >= 3 && strcmp(url + n - 3, "***") == 0)
		return err_set(e, "an address whose secret is hidden (***) is "
				  "no address");
	if (http_url_parse(&u, url, e) < 0)
		return -1;
	rc = check_parts(&u, allow_private, e);
	http_url_release(&u);
	return rc;
}
