#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/wire/loop.h"

static void
on_signal(struct loop_watch *w, uint32_t events)
{
	struct loop *l = CONTAINER_OF(w, struct loop, signals);
	struct signalfd_siginfo info;

	(void)events;
	if (read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		l->stop = true;
}

int
loop_init(struct loop *l, struct err *e)
{
	sigset_t set;

	*l = (struct loop){.epfd = -1, .sigfd = -1};
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd < 0)
		return err_set(e, "epoll_create1: %s", strerror(errno));
	l->sigfd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->sigfd < 0) {
		close(l->epfd);
		return err_set(e, "signalfd: %s", strerror(errno));
	}
	l->signals = (struct loop_watch){.fd = l->sigfd, .ready = on_signal};
	return loop_add(l, &l->signals, EPOLLIN);
}

void
loop_release(struct loop *l)
{
	close(l->sigfd);
	close(l->epfd);
	timerq_release(&l->timers);
}

int
loop_add(struct loop *l, struct loop_watch *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	w->events = events;
	return epoll_ctl(l->epfd, EPOLL_CTL_ADD, w->fd, &ev);
}

void
loop_change(struct loop *l, struct loop_watch *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	if (w->events == events)
		return;
	w->events = events;
	(void)epoll_ctl(l->epfd, EPOLL_CTL_MOD, w->fd, &ev);
}

void
loop_remove(struct loop *l, struct loop_watch *w)
{
	(void)epoll_ctl(l->epfd, EPOLL_CTL_DEL, w->fd, NULL);
}

void
loop_bury(
    struct loop *l, struct loop_grave *g, void (*release)(struct loop_grave *))
{
	g->release = release;
	g->next = l->graves;
	l->graves = g;
}

static void
empty_graves(struct loop *l)
{
	struct loop_grave *g;

	while ((g = l->graves) != NULL) {
		l->graves = g->next;
		g->release(g);
	}
}

/* How long to sleep: the owner's wish, cut by the first timer; in ms, rounded
 * up so that the loop does not spin through the last one. */
static int
wait_ms(struct loop *l)
{
	const struct timer *first = timerq_first(&l->timers);
	int64_t us = l->before_wait != NULL ? l->before_wait(l->arg) : -1;

	if (first != NULL) {
		int64_t left = first->due_us - clock_mono_us();

		if (left < 0)
			left = 0;
		if (us < 0 || left < us)
			us = left;
	}
	if (us < 0)
		return -1;
	us = (us + 999) / 1000;
	return us > INT_MAX ? INT_MAX : (int)us;
}

void
loop_run(struct loop *l)
{
	struct epoll_event evs[256];

	while (!l->stop) {
		int n = epoll_wait(l->epfd, evs, 256, wait_ms(l));

		for (int i = 0; i < n; i++) {
			struct loop_watch *w = evs[i].data.ptr;

			w->ready(w, evs[i].events);
		}
		timerq_run(&l->timers, clock_mono_us());
		empty_graves(l);
	}
}
