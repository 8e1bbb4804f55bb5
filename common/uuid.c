#include <string.h>

#include "common/digest.h"
#include "common/uuid.h"

static struct uuid
stamp(const unsigned char *bytes, unsigned version)
{
	struct uuid u;

	memcpy(u.b, bytes, sizeof(u.b));
	u.b[6] = (unsigned char)((u.b[6] & 0x0f) | version << 4);
	u.b[8] = (unsigned char)((u.b[8] & 0x3f) | 0x80);
	return u;
}

struct uuid
uuid_random(void)
{
	unsigned char bytes[16];

	digest_random(bytes, sizeof(bytes));
	return stamp(bytes, 4);
}

struct uuid
uuid_at(int64_t time_ms)
{
	unsigned char bytes[16];

	digest_random(bytes, sizeof(bytes));
	bytes[0] = (unsigned char)((uint64_t)time_ms >> 16);
	return stamp(bytes, 8);
}

struct uuid
uuid_named(const struct uuid *ns, const void *name, size_t n)
{
	unsigned char sum[DIGEST_SHA1_LEN];

	digest_sha1_2(ns->b, sizeof(ns->b), name, n, sum);
	return stamp(sum, 5);
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

int
uuid_parse(struct uuid *u, const char *s, size_t n)
{
	size_t i, k = 0;
	int hi, lo;

	if (n != UUID_TEXT_MAX - 1)
		return -1;
	for (i = 0; i < n;) {
		if (dash_at(i)) {
			if (s[i++] != '-')
				return -1;
			continue;
		}
		hi = nibble(s[i]);
		lo = nibble(s[i + 1]);
		if (hi < 0 || lo < 0)
			return -1;
		u->b[k++] = (unsigned char)(hi << 4 | lo);
		i += 2;
	}
	return 0;
}

void
uuid_print(const struct uuid *u, char out[UUID_TEXT_MAX])
{
	static const char hex[] = "0123456789abcdef";
	size_t i, k = 0;

	for (i = 0; i < sizeof(u->b); i++) {
		if (dash_at(k))
			out[k++] = '-';
		out[k++] = hex[u->b[i] >> 4];
		out[k++] = hex[u->b[i] & 15];
	}
	out[k] = '\0';
}

int
uuid_cmp(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}
