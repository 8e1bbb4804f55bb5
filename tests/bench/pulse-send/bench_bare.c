/*
 * bench_bare URL CONNECTIONS REQUESTS: the least that posting by libcurl-multi
 * costs: so many keep-alive connections, handles used again, nothing stored,
 * nothing looked at but the status. Prints requests a second. Without
 * arguments it does nothing: bench_send.sh runs it.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY 450
#define MOST 1000

static size_t
drop(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return size * n;
}

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static CURL *
make(const char *url, struct curl_slist *headers, const char *body)
{
	CURL *y = curl_easy_init();

	if (y == NULL)
		exit(1);
	curl_easy_setopt(y, CURLOPT_URL, url);
	curl_easy_setopt(y, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(y, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(y, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(y, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(y, CURLOPT_PROXY, "");
	return y;
}

static long
run(CURLM *m, long requests, long started)
{
	long done = 0, good = 0, status;
	int running, left;
	CURLMsg *msg;

	while (done < requests) {
		curl_multi_perform(m, &running);
		while ((msg = curl_multi_info_read(m, &left)) != NULL) {
			CURL *y = msg->easy_handle;

			curl_easy_getinfo(y, CURLINFO_RESPONSE_CODE, &status);
			good += status == 200;
			done++;
			curl_multi_remove_handle(m, y);
			if (started++ < requests)
				curl_multi_add_handle(m, y);
		}
		if (done < requests)
			curl_multi_poll(m, NULL, 0, 100, NULL);
	}
	return good;
}

int
main(int argc, char **argv)
{
	static char body[BODY + 1];
	static CURL *handles[MOST];
	struct curl_slist *headers;
	long connections, requests, i;
	double from;
	CURLM *m;

	if (argc < 4)
		return 0;
	connections = strtol(argv[2], NULL, 10);
	requests = strtol(argv[3], NULL, 10);
	if (connections < 1 || connections > MOST || requests < connections)
		return 2;
	memset(body, 'x', BODY);
	headers = curl_slist_append(NULL, "Content-Type: application/json");
	m = curl_multi_init();
	from = now_s();
	for (i = 0; i < connections; i++) {
		handles[i] = make(argv[1], headers, body);
		curl_multi_add_handle(m, handles[i]);
	}
	i = run(m, requests, connections);
	printf("%.0f\n", (double)i / (now_s() - from));
	for (i = 0; i < connections; i++)
		curl_easy_cleanup(handles[i]);
	curl_multi_cleanup(m);
	curl_slist_free_all(headers);
	return 0;
}
