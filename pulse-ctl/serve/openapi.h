/*
 * openapi: the OpenAPI 3.1 document, made from the table of routes and the
 * tables of rule members, so that it says what is served.
 */
#ifndef PULSE_CTL_SERVE_OPENAPI_H
#define PULSE_CTL_SERVE_OPENAPI_H

#include "common/buf.h"

#define OPENAPI_MAX ((size_t)512 * 1024)

int openapi_print(struct buf *out);

#endif
