#include "common/faults.h"
#include "tests/unit/tap.h"

int
main(void)
{
	const char text[] =
	    "{\"threshold\":-1,\"long\":\"0123456789012345678901"
	    "23456789012345678901234567890123456789012345678901"
	    "23456789012345678901234567890123456789012345678901"
	    "2345678901234567890123456789\"}";
	struct json *j = json_parse(text, sizeof(text) - 1, NULL);
	static struct faults f;
	struct buf out;
	int i;

	buf_init(&out, (size_t)64 * 1024);
	faults_init(&f, "body");
	ok(faults_add(&f, "value_error", "config.threshold",
	       json_get(j, "threshold"), "must be above %d", 0) == -1,
	    "faults_add gives -1");
	faults_add(&f, "missing", "name", NULL, "is missing");
	ok(faults_print_json(&f, &out) == 0, "prints as JSON");
	is_str(out.p,
	    "[{\"type\":\"value_error\",\"loc\":[\"body\",\"config\","
	    "\"threshold\"],\"msg\":\"must be above 0\",\"input\":-1},"
	    "{\"type\":\"missing\",\"loc\":[\"body\",\"name\"],"
	    "\"msg\":\"is missing\",\"input\":null}]",
	    "as the API shows it");
	buf_reset(&out);
	faults_print_text(&f, &out);
	is_str(out.p,
	    "body.config.threshold: must be above 0\nbody.name: is missing\n",
	    "as the command line shows it");
	faults_init(&f, "");
	faults_add(&f, "value_error", "long", json_get(j, "long"), "too long");
	buf_reset(&out);
	faults_print_json(&f, &out);
	is_str(out.p,
	    "[{\"type\":\"value_error\",\"loc\":[\"long\"],\"msg\":\"too "
	    "long\","
	    "\"input\":\"(string)\"}]",
	    "a long value is named by its type");
	for (i = 0; i < 2 * FAULTS_MAX; i++)
		faults_add(&f, "value_error", "x", NULL, "number %d", i);
	is_int((int64_t)f.n, FAULTS_MAX, "so many are kept");
	is_int((int64_t)f.total, 2 * FAULTS_MAX + 1, "all are counted");
	buf_reset(&out);
	ok(faults_print_text(&f, &out) == 0 &&
		strstr(out.p, "and 65 more faults\n") != NULL,
	    "and the rest is mentioned");
	buf_release(&out);
	json_free(j);
	return tap_done();
}
