/* histogram: where values are counted, and how it is printed. */
#include "common/histogram.h"
#include "tests/unit/tap.h"

int
main(void)
{
	static const int64_t bounds_ms[] = {1, 25, 1000};
	struct histogram h;
	struct buf b;

	buf_init(&b, 256);
	histogram_init(&h, bounds_ms, 3);
	histogram_print(&h, &b);
	is_str(b.p,
	    "{\"le\":[0.001,0.025,1],\"counts\":[0,0,0,0],\"sum\":0.000000}",
	    "empty");
	histogram_note(&h, -5, 1);
	histogram_note(&h, 1, 1);
	histogram_note(&h, 1.001, 2);
	histogram_note(&h, 25, 1);
	histogram_note(&h, 1000, 1);
	histogram_note(&h, 1001, 3);
	buf_reset(&b);
	histogram_print(&h, &b);
	is_str(b.p,
	    "{\"le\":[0.001,0.025,1],\"counts\":[2,3,1,3],\"sum\":4.031002}",
	    "a bound belongs to its bucket, less than nothing is nothing");
	buf_release(&b);
	return tap_done();
}
