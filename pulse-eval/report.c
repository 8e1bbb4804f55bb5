#include "pulse-eval/eval.h"

int
report_run(const struct eval_options *o)
{
	(void)o;
	return 1;
}
