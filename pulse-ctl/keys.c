#include <string.h>

#include "common/clock.h"
#include "common/digest.h"
#include "pulse-ctl/keys.h"

int
keys_create(struct store *st, const char *name, bool admin, int64_t rate,
    char id[KEY_ID_MAX], char text[KEY_TEXT_MAX], struct err *e)
{
	struct store_key k = {.name = name, .admin = admin};
	unsigned char secret[32], tag[6];

	digest_random(secret, sizeof(secret));
	digest_random(tag, sizeof(tag));
	memcpy(text, "pk_", 3);
	digest_base64url(secret, sizeof(secret), text + 3);
	memcpy(id, "k_", 2);
	digest_base64url(tag, sizeof(tag), id + 2);
	k.id = id;
	k.rate_per_min = rate;
	k.created_ms = clock_now_ms();
	digest_sha256(text, strlen(text), k.hash);
	return store_key_put(st, &k, e);
}
