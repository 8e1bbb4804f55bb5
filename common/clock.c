#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/num.h"

/* What tests did to the clocks: 0 and 1 in service. With a speed, each clock
 * runs from its base: the real time at which the speed was set. */
static int64_t wall_offset_ms;
static int64_t speed = 1;
static int64_t wall_base_us, mono_base_us;

static int64_t
read_clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* The real time us as it reads at the speed. */
static int64_t
hasten(int64_t us, int64_t base_us)
{
	return speed == 1 ? us : base_us + (us - base_us) * speed;
}

static int64_t
wall_ms(void)
{
	return hasten(read_clock_us(CLOCK_REALTIME), wall_base_us) / 1000;
}

int64_t
clock_now_ms(void)
{
	return wall_ms() + wall_offset_ms;
}

int64_t
clock_mono_ms(void)
{
	return hasten(read_clock_us(CLOCK_MONOTONIC), mono_base_us) / 1000;
}

int64_t
clock_mono_us(void)
{
	return read_clock_us(CLOCK_MONOTONIC);
}

void
clock_set(int64_t now_ms)
{
	wall_offset_ms = now_ms - wall_ms();
}

void
clock_set_speed(int64_t n)
{
	speed = n;
	wall_base_us = read_clock_us(CLOCK_REALTIME);
	mono_base_us = read_clock_us(CLOCK_MONOTONIC);
}

int64_t
clock_real_ms(int64_t duration_ms)
{
	if (duration_ms <= 0)
		return 0;
	return (duration_ms + speed - 1) / speed;
}

void
clock_from_environment(void)
{
	const char *s = getenv("PULSE_SPEED");
	int64_t n, now;

	if (s != NULL && *s != '\0' &&
	    num_parse(&n, s, 1, CLOCK_SPEED_MAX, "PULSE_SPEED", NULL) == 0)
		clock_set_speed(n);
	s = getenv("PULSE_NOW");
	if (s != NULL && *s != '\0' &&
	    num_parse(&now, s, 0, CLOCK_MS_MAX, "PULSE_NOW", NULL) == 0)
		clock_set(now);
}

/*
 * Days since 1970-01-01 and back, in the proleptic Gregorian calendar: the
 * well-known era arithmetic (400 years are 146,097 days), with March as the
 * first month so that the leap day comes last.
 */
static int64_t
days_from_civil(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
civil_from_days(int64_t z, int *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = z / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

static char *
put(char *out, int64_t v, int width)
{
	int i;

	for (i = width - 1; i >= 0; i--) {
		out[i] = (char)('0' + v % 10);
		v /= 10;
	}
	return out + width;
}

size_t
clock_print(int64_t time_ms, char *out)
{
	int64_t ms = time_ms % 86400000;
	int y, m, d;
	char *p = out;

	civil_from_days(time_ms / 86400000, &y, &m, &d);
	p = put(p, y, 4);
	*p++ = '-';
	p = put(p, m, 2);
	*p++ = '-';
	p = put(p, d, 2);
	*p++ = 'T';
	p = put(p, ms / 3600000, 2);
	*p++ = ':';
	p = put(p, ms / 60000 % 60, 2);
	*p++ = ':';
	p = put(p, ms / 1000 % 60, 2);
	*p++ = '.';
	p = put(p, ms % 1000, 3);
	*p++ = 'Z';
	*p = '\0';
	return (size_t)(p - out);
}

/* Exactly width digits at *p, advanced past them. */
static int
take(const char **p, const char *end, int width, int *out)
{
	int v = 0;

	if (end - *p < width)
		return -1;
	for (; width > 0; width--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		v = v * 10 + (**p - '0');
	}
	*out = v;
	return 0;
}

static bool
eat(const char **p, const char *end, char c)
{
	if (*p == end || **p != c)
		return false;
	(*p)++;
	return true;
}

/* [:SS[.fraction]] after HH:MM, in ms. */
static int
take_seconds(const char **p, const char *end, int64_t *ms)
{
	int s, digit, weight = 100;

	*ms = 0;
	if (!eat(p, end, ':'))
		return 0;
	if (take(p, end, 2, &s) < 0 || s > 60)
		return -1;
	*ms = s * 1000;
	if (!eat(p, end, '.'))
		return 0;
	if (take(p, end, 1, &digit) < 0)
		return -1;
	do {
		*ms += digit * weight;
		weight /= 10;
	} while (take(p, end, 1, &digit) == 0);
	return 0;
}

/* Z, +HH:MM, -HHMM, +HH or nothing: minutes east of UTC. */
static int
take_zone(const char **p, const char *end, int *minutes)
{
	int sign, h, m = 0;

	*minutes = 0;
	if (*p == end || eat(p, end, 'Z') || eat(p, end, 'z'))
		return 0;
	if (**p != '+' && **p != '-')
		return -1;
	sign = *(*p)++ == '-' ? -1 : 1;
	if (take(p, end, 2, &h) < 0 || h > 23)
		return -1;
	if (*p != end) {
		(void)eat(p, end, ':');
		if (take(p, end, 2, &m) < 0 || m > 59)
			return -1;
	}
	*minutes = sign * (h * 60 + m);
	return 0;
}

static int
parse_number(int64_t *time_ms, const char *s, size_t n)
{
	char text[20];
	int64_t v;

	if (n == 0 || n >= sizeof(text))
		return -1;
	memcpy(text, s, n);
	text[n] = '\0';
	if (num_parse(&v, text, 0, CLOCK_MS_MAX, "time", NULL) < 0)
		return -1;
	*time_ms = v < INT64_C(100000000000) ? v * 1000 : v;
	return 0;
}

int
clock_parse(int64_t *time_ms, const char *s, size_t n)
{
	static const int month_days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const char *p = s, *end = s + n;
	int y, m, d, last, hour = 0, minute = 0, zone = 0;
	int64_t sec_ms = 0, t;

	if (memchr(s, '-', n) == NULL)
		return parse_number(time_ms, s, n);
	if (take(&p, end, 4, &y) < 0 || !eat(&p, end, '-') ||
	    take(&p, end, 2, &m) < 0 || !eat(&p, end, '-') ||
	    take(&p, end, 2, &d) < 0 || m < 1 || m > 12)
		return -1;
	last = month_days[m - 1];
	if (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
		last = 29;
	if (d < 1 || d > last)
		return -1;
	if (p != end) {
		if (!eat(&p, end, 'T') && !eat(&p, end, 't') &&
		    !eat(&p, end, ' '))
			return -1;
		if (take(&p, end, 2, &hour) < 0 || hour > 23 ||
		    !eat(&p, end, ':') || take(&p, end, 2, &minute) < 0 ||
		    minute > 59 || take_seconds(&p, end, &sec_ms) < 0 ||
		    take_zone(&p, end, &zone) < 0 || p != end)
			return -1;
	}
	t = days_from_civil(y, m, d) * 86400000 + hour * INT64_C(3600000) +
	    (minute - zone) * INT64_C(60000) + sec_ms;
	if (t < 0 || t > CLOCK_MS_MAX)
		return -1;
	*time_ms = t;
	return 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun
 * Nov  6 08:49:37 1994". */
int
clock_parse_http(int64_t *time_ms, const char *s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4] = "", iso[96];
	int day = -1, year = -1, h = -1, m = -1, sec = -1, end = 0;
	const char *at;

	(void)sscanf(s, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n",
	    &day, month, &year, &h, &m, &sec, &end);
	if (end == 0) {
		(void)sscanf(s,
		    "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &day,
		    month, &year, &h, &m, &sec, &end);
		/* More than 50 years ahead is the past (until 2076). */
		year += year < 70 ? 2000 : 1900;
	}
	if (end == 0)
		(void)sscanf(s, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n",
		    month, &day, &h, &m, &sec, &year, &end);
	if (end == 0 || s[end] != '\0' || strlen(month) != 3)
		return -1;
	at = strstr(months, month);
	if (at == NULL || (at - months) % 3 != 0)
		return -1;
	if (day < 0 || year < 0 || h < 0 || m < 0 || sec < 0)
		return -1;
	(void)snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%02d:%02d:%02dZ", year,
	    (int)(at - months) / 3 + 1, day, h, m, sec);
	return clock_parse(time_ms, iso, strlen(iso));
}
