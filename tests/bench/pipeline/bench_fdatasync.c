/*
 * The least that a durable commit can cost: 4 KiB appended to a file and
 * fdatasync(2), $BENCH_SYNCS (300) times in the directory of the argument (the
 * one for temporary files): p50 and p99 in us. 10 ms of rest lie between two, as
 * alerts come: a disk that is never idle answers sooner.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/num.h"

#define SYNCS_MAX 100000

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int
measure(int fd, double *us, int64_t n)
{
	static const char page[4096];
	int64_t i;

	for (i = 0; i < n; i++) {
		double from = now_us();

		if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page) ||
		    fdatasync(fd) < 0)
			return -1;
		us[i] = now_us() - from;
		(void)usleep(10000);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *want = getenv("BENCH_SYNCS"), *tmp = getenv("TMPDIR");
	const char *dir = argc > 1 ? argv[1] : tmp != NULL ? tmp : "/tmp";
	char path[512];
	int64_t n = 300;
	double *us;
	int fd;

	if (want != NULL &&
	    num_parse(&n, want, 1, SYNCS_MAX, "BENCH_SYNCS", NULL) < 0)
		return 2;
	(void)snprintf(path, sizeof(path), "%s/fdatasync-XXXXXX", dir);
	us = calloc((size_t)n, sizeof(*us));
	fd = mkstemp(path);
	if (us == NULL || fd < 0 || unlink(path) < 0 ||
	    measure(fd, us, n) < 0) {
		perror(path);
		return 1;
	}
	qsort(us, (size_t)n, sizeof(*us), compare);
	printf("fdatasync: p50 %.0f us, p99 %.0f us\n", us[n / 2],
	    us[n * 99 / 100]);
	free(us);
	return close(fd);
}
