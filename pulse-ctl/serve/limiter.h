/*
 * limiter: the generic cell rate algorithm (ITU-T I.371, as virtual
 * scheduling): one time per bucket, no counters to reset.
 *
 * A bucket that takes rate cells a minute, burst at once, keeps tat, the time
 * at which it would be empty again. A cell that comes at now is taken when
 * max(tat, now) + T - now <= T * burst, with T = 60 s / rate.
 */
#ifndef PULSE_CTL_SERVE_LIMITER_H
#define PULSE_CTL_SERVE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

struct limiter_answer {
	bool allowed;
	int64_t limit; /* the burst */
	int64_t remaining; /* cells that would be taken now */
	int64_t reset_s; /* until all of the burst is there again */
	int64_t retry_s; /* until one cell is; 0 when allowed */
};

/* One cell at now_us (a clock that does not jump). *tat_us starts as 0. */
struct limiter_answer
limiter_take(int64_t *tat_us, int64_t now_us, int64_t rate, int64_t burst);
/* The same question without taking a cell. */
bool limiter_would(int64_t tat_us, int64_t now_us, int64_t rate, int64_t burst);

/*
 * Buckets by address for keys that failed. A fixed table: an attacker with
 * many addresses pushes out the emptiest of a row, and costs no memory.
 */
#define LIMITER_ROWS 256
#define LIMITER_WAYS 4

struct limiter_table {
	struct {
		uint64_t address; /* hash of its text; 0: free */
		int64_t tat_us;
	} v[LIMITER_ROWS][LIMITER_WAYS];
};

/* Where the bucket of an address is; made when there is none. */
int64_t *
limiter_bucket(struct limiter_table *t, const char *address, int64_t now_us);

#endif
