#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/address.h"

/* ---- addresses ----------------------------------------------------------- */

struct range4 {
	uint32_t net;
	int bits;
};

static const struct range4 blocked4[] = {
    {0x00000000, 8}, /* this network */
    {0x0a000000, 8}, /* private */
    {0x64400000, 10}, /* shared (carrier NAT) */
    {0x7f000000, 8}, /* loopback */
    {0xa9fe0000, 16}, /* link-local, cloud metadata */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* IETF protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relay */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 4}, /* multicast */
    {0xf0000000, 4}, /* reserved, broadcast */
};

struct range6 {
	unsigned char net[16];
	int bits;
};

/* What wraps an IPv4 address is blocked whole: no webhook needs it, and what
 * it unwraps to depends on the network. ::ffff:0:0/96 is unwrapped before. */
static const struct range6 blocked6[] = {
    {{0}, 96}, /* unspecified, loopback, IPv4-compatible */
    {{0x00, 0x64, 0xff, 0x9b}, 96}, /* NAT64 */
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, /* local NAT64 */
    {{0x01, 0x00}, 64}, /* discard */
    {{0x20, 0x01, 0x00, 0x00}, 32}, /* Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16}, /* 6to4 */
    {{0x3f, 0xff}, 20}, /* documentation */
    {{0x5f, 0x00}, 16}, /* segment routing */
    {{0xfc, 0x00}, 7}, /* unique local */
    {{0xfe, 0x80}, 10}, /* link-local */
    {{0xfe, 0xc0}, 10}, /* site-local */
    {{0xff, 0x00}, 8}, /* multicast */
};

static bool
blocked_ipv4(uint32_t a)
{
	size_t i;

	for (i = 0; i < sizeof(blocked4) / sizeof(blocked4[0]); i++)
		if (((a ^ blocked4[i].net) >> (32 - blocked4[i].bits)) == 0)
			return true;
	return false;
}

static bool
same_bits(const unsigned char *a, const unsigned char *b, int bits)
{
	int whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, (size_t)whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool
blocked_ipv6(const struct in6_addr *a)
{
	size_t i;

	if (IN6_IS_ADDR_V4MAPPED(a)) {
		const unsigned char *b = a->s6_addr + 12;

		return blocked_ipv4((uint32_t)b[0] << 24 |
				    (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
				    b[3]);
	}
	for (i = 0; i < sizeof(blocked6) / sizeof(blocked6[0]); i++)
		if (same_bits(a->s6_addr, blocked6[i].net, blocked6[i].bits))
			return true;
	return false;
}

bool
address_blocked(const struct sockaddr *sa)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET) {
		memcpy(&in4, sa, sizeof(in4));
		return blocked_ipv4(ntohl(in4.sin_addr.s_addr));
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		return blocked_ipv6(&in6.sin6_addr);
	}
	return true;
}

/* ---- URLs ---------------------------------------------------------------- */

static bool
ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), k = strlen(tail);

	return n >= k && strcasecmp(s + n - k, tail) == 0;
}

/* A name whose last label is a number is meant as an IPv4 address (WHATWG
 * URL, "ends in a number"). */
static bool
ends_in_number(const char *host)
{
	const char *last = strrchr(host, '.');

	last = last == NULL ? host : last + 1;
	if (last[0] == '0' && (last[1] == 'x' || last[1] == 'X'))
		return strspn(last + 2, "0123456789abcdefABCDEF") ==
		       strlen(last + 2);
	return last[0] != '\0' && strspn(last, "0123456789") == strlen(last);
}

static int
refuse_private(bool allow_private, struct err *e)
{
	if (allow_private)
		return 0;
	return err_set(e, "points to a private or local address "
			  "(--allow-private permits that)");
}

static int
check_literal6(const char *host, bool allow_private, struct err *e)
{
	struct in6_addr a;

	if (inet_pton(AF_INET6, host, &a) != 1)
		return err_set(e, "has no valid IPv6 address between []");
	return blocked_ipv6(&a) ? refuse_private(allow_private, e) : 0;
}

/* host without brackets, its trailing dot removed. */
static int
check_name(const char *host, bool allow_private, struct err *e)
{
	static const char *const local[] = {
	    ".localhost", ".local", ".internal"};
	struct in_addr a;
	size_t i;

	if (inet_pton(AF_INET, host, &a) == 1)
		return blocked_ipv4(ntohl(a.s_addr))
			   ? refuse_private(allow_private, e)
			   : 0;
	if (ends_in_number(host))
		return err_set(e, "has an IPv4 address in an odd spelling: "
				  "write four decimal numbers");
	if (host[0] == '.' || strstr(host, "..") != NULL ||
	    strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789-_.") != strlen(host))
		return err_set(e, "has no valid host name");
	if (strcasecmp(host, "localhost") == 0)
		return refuse_private(allow_private, e);
	for (i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (ends_with(host, local[i]))
			return refuse_private(allow_private, e);
	return 0;
}

static int
check_port(const char *s, size_t n, struct err *e)
{
	long port = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || port > 65535)
			return err_set(e, "has no valid port");
		port = port * 10 + (s[i] - '0');
	}
	if (n == 0 || port < 1 || port > 65535)
		return err_set(e, "has no valid port");
	return 0;
}

/* The n bytes between "//" and the path. */
static int
check_authority(const char *s, size_t n, bool allow_private, struct err *e)
{
	char host[256];
	const char *colon, *end = s + n, *host_end;
	bool six = n > 0 && *s == '[';

	if (memchr(s, '@', n) != NULL)
		return err_set(e, "must not hold a user name or password");
	host_end = six ? memchr(s, ']', n) : memchr(s, ':', n);
	if (six && host_end == NULL)
		return err_set(e, "has no valid IPv6 address between []");
	s += six;
	if (host_end == NULL)
		host_end = end;
	colon = six ? host_end + 1 : host_end;
	if (colon < end &&
	    (*colon != ':' ||
		check_port(colon + 1, (size_t)(end - colon - 1), e) < 0))
		return err_set(e, "has no valid port");
	n = (size_t)(host_end - s);
	if (!six && n > 0 && s[n - 1] == '.')
		n--;
	if (n == 0 || n >= sizeof(host))
		return err_set(e, "has no valid host name");
	memcpy(host, s, n);
	host[n] = '\0';
	return six ? check_literal6(host, allow_private, e)
		   : check_name(host, allow_private, e);
}

int
webhook_check(const char *url, size_t n, bool allow_private, struct err *e)
{
	const char *authority;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char ch = (unsigned char)url[i];

		if (ch <= ' ' || ch >= 0x7f || ch == '\\' || ch == '"' ||
		    ch == '<' || ch == '>')
			return err_set(
			    e, "holds a byte that no URL may hold unescaped");
	}
	if (memchr(url, '#', n) != NULL)
		return err_set(e, "must not have a fragment (#)");
	if (n >= 8 && strncasecmp(url, "https://", 8) == 0)
		authority = url + 8;
	else if (n >= 7 && strncasecmp(url, "http://", 7) == 0)
		authority = url + 7;
	else
		return err_set(e, "must begin with https:// or http://");
	for (i = 0; i < n - (size_t)(authority - url); i++)
		if (authority[i] == '/' || authority[i] == '?')
			break;
	return check_authority(authority, i, allow_private, e);
}
