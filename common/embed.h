/*
 * embed: files that the build turned into bytes (common/embed.sh).
 */
#ifndef COMMON_EMBED_H
#define COMMON_EMBED_H

#include <stddef.h>

/*
 * One embedded file: its base name, its bytes (followed by one NUL that len
 * does not count, so a text can be used as a string), its length.
 */
struct embed {
	const char *name;
	const unsigned char *bytes;
	size_t len;
};

/* The numbered migrations of the SQLite store, in order of their number. */
extern const struct embed migrations_sqlite[];
extern const size_t migrations_sqlite_count;

/* The pages that pulse-ctl serves (pulse-ctl/web/). */
extern const struct embed web_files[];
extern const size_t web_files_count;

#endif
