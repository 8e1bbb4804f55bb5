/*
 * replay: a main for fuzz targets without libFuzzer. Gives the target every
 * file of the directories and files named, and the empty input.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Largest corpus file. */
#define INPUT_MAX ((size_t)4 << 20)

static int
replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p;
	size_t n;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	p = malloc(INPUT_MAX);
	if (p == NULL) {
		fclose(f);
		return -1;
	}
	n = fread(p, 1, INPUT_MAX, f);
	fclose(f);
	/* Exactly n bytes, so that a sanitizer sees a read past them. */
	p = realloc(p, n > 0 ? n : 1);
	if (p != NULL)
		LLVMFuzzerTestOneInput(p, n);
	free(p);
	return 0;
}

/* The files of a directory, not of those below it. */
static int
replay_directory(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *entry;
	char name[4096];
	int count = 0;

	if (d == NULL) {
		perror(path);
		return -1;
	}
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(
		    name, sizeof(name), "%s/%s", path, entry->d_name);
		if (replay_file(name) < 0) {
			count = -1;
			break;
		}
		count++;
	}
	closedir(d);
	return count;
}

int
main(int argc, char **argv)
{
	int i, n, total = 0;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (i = 1; i < argc; i++) {
		n = replay_directory(argv[i]);
		if (n < 0)
			return 1;
		total += n;
	}
	printf("# %d inputs\n", total);
	return total == 0;
}
