/* common/guard: every range by its first, last and neighbouring addresses. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "common/guard.h"
#include "tests/unit/tap.h"

static int
ask(const char *text, bool allow_private, struct err *e)
{
	struct sockaddr_in a4 = {.sin_family = AF_INET};
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6};

	e->msg[0] = '\0';
	if (inet_pton(AF_INET, text, &a4.sin_addr) == 1)
		return guard_address(
		    &allow_private, (struct sockaddr *)&a4, sizeof(a4), e);
	if (inet_pton(AF_INET6, text, &a6.sin6_addr) == 1)
		return guard_address(
		    &allow_private, (struct sockaddr *)&a6, sizeof(a6), e);
	return 1;
}

static void
test_addresses(void)
{
	/* '-': never; 'h': with allow_private; '+': always. */
	static const struct {
		const char *address;
		char want;
	} t[] = {
	    {"0.0.0.0", '-'},
	    {"0.255.255.255", '-'},
	    {"1.0.0.0", '+'},
	    {"9.255.255.255", '+'},
	    {"10.0.0.0", 'h'},
	    {"10.255.255.255", 'h'},
	    {"11.0.0.0", '+'},
	    {"100.63.255.255", '+'},
	    {"100.64.0.0", 'h'},
	    {"100.127.255.255", 'h'},
	    {"100.128.0.0", '+'},
	    {"126.255.255.255", '+'},
	    {"127.0.0.1", 'h'},
	    {"127.255.255.255", 'h'},
	    {"128.0.0.0", '+'},
	    {"169.253.255.255", '+'},
	    {"169.254.169.254", '-'},
	    {"169.255.0.0", '+'},
	    {"172.15.255.255", '+'},
	    {"172.16.0.0", 'h'},
	    {"172.31.255.255", 'h'},
	    {"172.32.0.0", '+'},
	    {"192.0.0.1", '-'},
	    {"192.0.1.0", '+'},
	    {"192.0.2.255", '-'},
	    {"192.88.99.1", '-'},
	    {"192.167.255.255", '+'},
	    {"192.168.0.0", 'h'},
	    {"192.168.255.255", 'h'},
	    {"192.169.0.0", '+'},
	    {"198.17.255.255", '+'},
	    {"198.18.0.0", '-'},
	    {"198.19.255.255", '-'},
	    {"198.20.0.0", '+'},
	    {"198.51.100.7", '-'},
	    {"203.0.113.7", '-'},
	    {"223.255.255.255", '+'},
	    {"224.0.0.0", '-'},
	    {"239.255.255.255", '-'},
	    {"240.0.0.0", '-'},
	    {"255.255.255.255", '-'},
	    {"::", '-'},
	    {"::1", 'h'},
	    {"::2", '-'},
	    {"::7f00:1", '-'},
	    {"::ffff:127.0.0.1", 'h'},
	    {"::ffff:169.254.169.254", '-'},
	    {"::ffff:8.8.8.8", '+'},
	    {"64:ff9b::7f00:1", '-'},
	    {"64:ff9b:1::1", '-'},
	    {"64:ff9b:2::1", '+'},
	    {"100::1", '-'},
	    {"100:0:0:1::1", '+'},
	    {"2001::1", '-'},
	    {"2001:1::1", '+'},
	    {"2001:db8::1", '-'},
	    {"2001:db9::1", '+'},
	    {"2002:7f00:1::", '-'},
	    {"2606:4700::1111", '+'},
	    {"3ffe::1", '+'},
	    {"3fff::1", '-'},
	    {"3fff:fff::1", '-'},
	    {"3fff:1000::1", '+'},
	    {"5f00::1", '-'},
	    {"fbff::1", '+'},
	    {"fc00::1", 'h'},
	    {"fdff::1", 'h'},
	    {"fe7f::1", '+'},
	    {"fe80::1", 'h'},
	    {"febf::1", 'h'},
	    {"fec0::1", '-'},
	    {"feff::1", '-'},
	    {"ff02::1", '-'},
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int strict = t[i].want == '+' ? 0 : -1;
		int home = t[i].want == '-' ? -1 : 0;

		ok(ask(t[i].address, false, &e) == strict &&
			(strict == 0) == (e.msg[0] == '\0'),
		    "%s: %s", t[i].address, e.msg);
		ok(ask(t[i].address, true, &e) == home, "%s with allow_private",
		    t[i].address);
	}
}

static void
test_urls(void)
{
	static const struct {
		const char *url;
		char want;
	} t[] = {
	    {"https://discord.com/api/webhooks/1/x", '+'},
	    {"http://93.184.216.34:8080/hook?a=b", '+'},
	    {"http://127.0.0.1/", 'h'},
	    {"http://localhost/", 'h'},
	    {"http://LOCALHOST./", 'h'},
	    {"http://a.localhost:1/", 'h'},
	    {"http://notlocalhost/", '+'},
	    {"http://metadata.google.internal/", 'h'},
	    {"http://[::1]/", 'h'},
	    {"http://[::ffff:127.0.0.1]/", 'h'},
	    {"http://[fe80::1%25eth0]/", 'h'},
	    {"http://169.254.169.254/", '-'},
	    {"http://[::ffff:169.254.169.254]/", '-'},
	    {"http://2130706433/", '-'},
	    {"http://0x7f000001/", '-'},
	    {"http://0177.0.0.1/", '-'},
	    {"http://127.1/", '-'},
	    {"http://user@example.com/", '-'},
	    {"http://user:pw@example.com/", '-'},
	    {"http://example.com/#f", '-'},
	    {"https://example.com/***", '-'},
	    {"https://example.com/?***", '-'},
	    {"https://example.com/***/x", '+'},
	    {"file:///etc/passwd", '-'},
	    {"gopher://example.com/", '-'},
	    {"//example.com/", '-'},
	    {"http:///", '-'},
	    {"", '-'},
	    {"http://exa mple.com/", '-'},
	    {"http://example.com/\tX", '-'},
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		ok(guard_url(t[i].url, false, &e) ==
			(t[i].want == '+' ? 0 : -1),
		    "%s", t[i].url);
		ok(guard_url(t[i].url, true, &e) == (t[i].want == '-' ? -1 : 0),
		    "%s with allow_private", t[i].url);
	}
}

int
main(void)
{
	test_addresses();
	test_urls();
	return tap_done();
}
