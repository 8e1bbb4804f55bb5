/*
 * exclock: the time at the exchange.
 *
 * Bars are the exchange's, so they close by its clock, not by ours. The
 * offset is measured by exchangeStatus (ms, halfway between question and
 * answer); until there is one, our clock is taken. Every answer's Date
 * header, cut to seconds, then checks that for the moment of the question: the
 * answer is not older, and only that decides whether a row in it is final.
 */
#ifndef HL_INGEST_EXCLOCK_H
#define HL_INGEST_EXCLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* How often to measure. */
#define EXCLOCK_EVERY_MS 60000

struct exclock {
	bool known;
	int64_t offset_ms; /* exchange - ours */
	int64_t error_ms; /* half the round trip of that measurement */
	int64_t measured_ms; /* our clock */
};

int64_t exclock_now(const struct exclock *x);
/* Asked at sent_ms, answered at got_ms (our clock), the exchange said
 * server_ms. Of several measurements the one with the shortest way is kept
 * for a while. */
void exclock_measure(
    struct exclock *x, int64_t sent_ms, int64_t got_ms, int64_t server_ms);
/* By a Date header (whole seconds): taken only as long as nothing better is
 * known, or when it contradicts. */
void exclock_measure_date(
    struct exclock *x, int64_t sent_ms, int64_t got_ms, int64_t date_ms);
/* The exchange's time when it looked for an answer with this Date (or -1), at
 * the earliest. The Date is of the end of that, which may have taken long: the
 * time of the sending is what counts. That is our estimate of it, unless the
 * Date shows that to be wrong; then the Date less the whole way. */
int64_t exclock_answered(
    const struct exclock *x, int64_t sent_ms, int64_t got_ms, int64_t date_ms);

/*
 * A time at the exchange that is surely over at our_ms (our clock), when the
 * exchange's clock says server_ms: that, unless the two are far apart. Then
 * one of them is wrong, nobody knows which, and the earlier one is taken: bars
 * then close when the data proves that they are over.
 */
int64_t exclock_surely(int64_t our_ms, int64_t server_ms);

#endif
