#include "common/uuid.h"
#include "tests/unit/tap.h"

static const char *const refused[] = {
    "",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c88",
    "6ba7b8109dad11d180b400c04fd430c8",
    "6ba7b810-9dad-11d1-80b4_00c04fd430c8",
    "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
    "{6ba7b810-9dad-11d1-80b4-00c04fd430c}",
};

int
main(void)
{
	/* RFC 9562, appendix A.4: the DNS namespace and www.example.com. */
	const char *dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
	struct uuid ns, u, other;
	char text[UUID_TEXT_MAX];
	size_t i;
	int seen = 0;

	ok(uuid_parse(&ns, dns, 36) == 0, "the DNS namespace parses");
	u = uuid_named(&ns, "www.example.com", 15);
	uuid_print(&u, text);
	is_str(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2",
	    "the version 5 example of RFC 9562");
	ok(uuid_parse(&other, "2ED6657D-E927-568B-95E1-2665A8AEA6A2", 36) ==
		    0 &&
		uuid_cmp(&u, &other) == 0,
	    "upper case is the same one");
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ok(uuid_parse(&u, refused[i], strlen(refused[i])) < 0,
		    "'%s' is refused", refused[i]);
	for (i = 0; i < 256; i++) {
		u = uuid_random();
		other = uuid_random();
		if ((u.b[6] & 0xf0) != 0x40 || (u.b[8] & 0xc0) != 0x80 ||
		    uuid_cmp(&u, &other) == 0)
			break;
		seen |= u.b[0];
	}
	ok(i == 256 && seen == 0xff, "random ones are version 4 and differ");
	for (i = 0, seen = 0; i < 256; i++) {
		u = uuid_at(INT64_C(0x017f22e279b0));
		if (u.b[0] != 0xe2 || (u.b[6] & 0xf0) != 0x80 ||
		    (u.b[8] & 0xc0) != 0x80)
			break;
		seen |= u.b[1];
	}
	ok(i == 256 && seen == 0xff, "those of one minute are version 8, share "
				     "the first byte and differ");
	u = uuid_at(INT64_C(0x017f22e379b0));
	ok(u.b[0] == 0xe3, "those of the next one have the next");
	ok(uuid_cmp(&ns, &ns) == 0, "one equals itself");
	u = ns;
	u.b[15]++;
	ok(uuid_cmp(&ns, &u) < 0 && uuid_cmp(&u, &ns) > 0,
	    "they have an order");
	return tap_done();
}
