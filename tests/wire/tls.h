/*
 * tls: the server side of TLS for stream, by OpenSSL. Plain functions over
 * non-blocking sockets that report like send(2) and recv(2).
 */
#ifndef TESTS_WIRE_TLS_H
#define TESTS_WIRE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/err.h"

struct tls_server;

/* A certificate chain and its key, both PEM files. NULL with a sentence. */
struct tls_server *
tls_server_new(const char *cert_file, const char *key_file, struct err *e);
void tls_server_free(struct tls_server *t);

/* A session on a connected socket (the handshake happens with the first
 * read); NULL when out of memory. */
void *tls_accept(struct tls_server *t, int fd);
void tls_free(void *ssl);
/* Bytes read or written, 0 at the end, -1 with errno (EAGAIN, EPROTO). */
ssize_t tls_read(void *ssl, char *p, size_t n);
ssize_t tls_write(void *ssl, const char *p, size_t n);
bool tls_pending(void *ssl);

#endif
