/*
 * fault: misbehaviour on demand.
 *
 * A fault is one line of members, from the command line, a file or
 * POST /sim/fault:
 *
 *	kind=KIND[,at=WHEN][,after=COUNTER:N][,for=TIME][,n=COUNT][,p=SHARE]
 *	  [,coin=C][,interval=I][,conn=N][,type=T][,how=H][,code=N][,ms=N]
 *	  [,size=N][,text=…]
 *
 * at is simulated time since the clock first ran ("90s", "4h"), after waits
 * for a counter of GET /sim/stats to have grown by N; without either it acts
 * at once. Some kinds are one deed (drop, restart); the others stand until
 * "for" is over (simulated time), or "n" applications are used up, or
 * POST /sim/clear. p is the share of the occasions on which it applies,
 * decided by the seed. coin, interval, conn and type narrow it down.
 * text is the last member: it goes on to the end of the line.
 */
#ifndef TESTS_SIM_FAULT_H
#define TESTS_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "tests/sim/stats.h"
#include "tests/wire/timerq.h"

enum fault_kind {
	/* deeds, on every WebSocket connection or on conn=N */
	FAULT_DROP,
	FAULT_CLOSE,
	FAULT_ERROR,
	FAULT_BIG,
	FAULT_GARBAGE,
	FAULT_WSPING,
	/* deeds on the exchange */
	FAULT_RESTART,
	FAULT_REGRESS,
	/* WebSocket connections, while it stands */
	FAULT_STALL,
	FAULT_HALFOPEN,
	FAULT_REFUSE,
	FAULT_ACCEPTDROP,
	FAULT_FRAGMENT,
	/* subscriptions and frames */
	FAULT_ACKLOST,
	FAULT_ACKDELAY,
	FAULT_ACKREORDER,
	FAULT_DEAD,
	FAULT_LOSE,
	FAULT_DUPLICATE,
	FAULT_REORDER,
	FAULT_STALE,
	FAULT_NOPONG,
	/* REST */
	FAULT_STATUS,
	FAULT_SLOW,
	FAULT_HANG,
	FAULT_RESET,
	FAULT_TRUNCATE,
	FAULT_CHUNKED,
	FAULT_CLOSEIDLE,
	FAULT_LATE,
	FAULT_HOLE,
	FAULT_NULLCOIN,
	FAULT_UNLISTED,
	FAULT_LAG,
	/* the exchange */
	FAULT_SKEW,
	FAULT_HALT,
	FAULT_OUTAGE,
	FAULT_COUNT
};

struct fault {
	struct fault *next;
	struct faults *owner;
	unsigned id;
	enum fault_kind kind;
	bool active;
	struct timer timer; /* simulated time: begin, then end */
	enum stats_id counter; /* after= */
	uint64_t counter_goal; /* 0: none */
	int64_t at_us; /* -1: now */
	int64_t for_us; /* -1: no end */
	int64_t left; /* -1: no limit */
	int64_t applied;
	int64_t p_ppm;
	int64_t conn; /* -1: any */
	char coin[48];
	char interval[4];
	char type[32];
	char how[16];
	int64_t code;
	int64_t ms;
	int64_t size;
	char text[512];
};

/* What an occasion is about; NULL or -1 where it does not matter. */
struct fault_occasion {
	int64_t conn;
	const char *coin;
	const char *interval;
	const char *type;
};

struct faults {
	struct fault *list;
	unsigned next_id;
	unsigned standing[FAULT_COUNT]; /* active ones of each kind */
	unsigned waiting; /* for a counter */
	uint64_t seed;
	/* Called when a fault begins and when it ends. */
	void (*began)(void *arg, struct fault *f);
	void (*ended)(void *arg, struct fault *f);
	void *arg;
	struct timerq *events;
	struct stats *stats;
	int64_t (*now_us)(void *arg); /* simulated */
	int64_t origin_us; /* when the clock first ran; at= counts from it */
};

/* Parse a line and set it going. Its id, or -1 with a sentence. */
int faultset_add(struct faults *fs, const char *line, struct err *e);
/* Lines of a file; empty ones and those that begin with # are skipped. */
int faultset_add_file(struct faults *fs, const char *path, struct err *e);
/* End all, or (id > 0) one. How many there were. */
int faultset_clear(struct faults *fs, unsigned id);
/* The fault that applies to an occasion, used once; or NULL. */
struct fault *faultset_take(
    struct faults *fs, enum fault_kind kind, const struct fault_occasion *o);
/* Whether one stands, without using it up. */
struct fault *faultset_stands(
    struct faults *fs, enum fault_kind kind, const struct fault_occasion *o);
/* A counter moved: let those begin that wait for it. */
void faultset_counted(struct faults *fs);
/* The clock began to run at sim_us: arm those that wait for a time. */
void faultset_start(struct faults *fs, int64_t sim_us);
const char *fault_name(enum fault_kind kind);
/* Append the list of kinds for --help, a line each. */
void faultset_help(struct buf *out);
/* Append all faults as JSON objects, a line each. */
void faultset_print(const struct faults *fs, struct buf *out);

#endif
