/*
 * json: a JSON text as a tree to look at. The wall around libjq's parser:
 * jv.h is included in json.c and nowhere else.
 *
 * json_parse() takes exactly what RFC 8259 allows and less: one value, valid
 * UTF-8, no NaN, no lone surrogate, no \u0000, no number beyond a double, no
 * deeper nesting than JSON_DEPTH_MAX. libjq alone would let each of these
 * through, changed.
 *
 * Ownership: json_parse() gives a tree that json_free() frees at once. All
 * that the tree points to lives as long as the tree; every function here
 * takes NULL for "no value" and answers as for an absent one.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

#define JSON_DEPTH_MAX 64

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_type type;
	bool boolean;
	double number;
	/* JSON_STRING: the bytes, NUL-terminated, without NUL inside. */
	char *string;
	/* Length of the string, or number of items or members. */
	size_t len;
	/* Items of an array, values of an object (members in order of key). */
	struct json *items;
	char **keys;
	char *text; /* json.c's own */
};

struct json *json_parse(const char *text, size_t n, struct err *e);
/* The same by the library alone, without the short way that json_parse()
 * knows for plain texts: what it must agree with, for tests. */
struct json *json_parse_library(const char *text, size_t n, struct err *e);
void json_free(struct json *j);

/* The strict check alone: 0, or -1 with the fault and its byte offset. */
int json_check(const char *text, size_t n, struct err *e);

/* The member of an object, or NULL when it is absent or j is no object. */
const struct json *json_get(const struct json *j, const char *key);
/* The item of an array, or NULL. */
const struct json *json_at(const struct json *j, size_t i);
/* The string, or NULL when j is no string. */
const char *json_string(const struct json *j);
/* "null", "boolean", "number", … for messages. */
const char *json_type_name(const struct json *j);

/* Append the tree as compact JSON, object members in order of key; numbers
 * in their shortest form that reads back the same. */
int json_print(const struct json *j, struct buf *out);

#endif
