#include <stdlib.h>

#include "common/engine/sleepers.h"

void
sleepers_release(struct sleepers *s)
{
	free(s->v);
	*s = (struct sleepers){.v = NULL};
}

int
sleepers_add(struct sleepers *s, const struct sleeper *x)
{
	struct sleeper *v;
	uint32_t cap;

	if (s->n == s->cap) {
		cap = s->cap < 4 ? 4 : s->cap + s->cap / 2;
		v = realloc(s->v, cap * sizeof(*v));
		if (v == NULL)
			return -1;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = *x;
	return 0;
}

int
sleepers_push(struct sleepers *s, const struct sleeper *x)
{
	uint32_t i, up;

	if (sleepers_add(s, x) < 0)
		return -1;
	for (i = s->n - 1; i > 0; i = up) {
		up = (i - 1) / 2;
		if (s->v[up].wake_ms <= x->wake_ms)
			break;
		s->v[i] = s->v[up];
	}
	s->v[i] = *x;
	return 0;
}

struct sleeper
sleepers_pop(struct sleepers *s)
{
	struct sleeper first = s->v[0], last = s->v[--s->n];
	uint32_t i = 0, down;

	for (;;) {
		down = 2 * i + 1;
		if (down >= s->n)
			break;
		if (down + 1 < s->n &&
		    s->v[down + 1].wake_ms < s->v[down].wake_ms)
			down++;
		if (last.wake_ms <= s->v[down].wake_ms)
			break;
		s->v[i] = s->v[down];
		i = down;
	}
	s->v[i] = last;
	return first;
}
