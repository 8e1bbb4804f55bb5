#include <string.h>

#include "common/channel_name.h"

bool
channel_name_valid(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < CHANNEL_NAME_MAX && name[0] != '_' &&
	       name[0] != '.' && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n &&
	       strcmp(name, CHANNEL_DISCORD) != 0 &&
	       strcmp(name, CHANNEL_GENERIC) != 0;
}
