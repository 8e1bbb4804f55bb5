#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/wire/tls.h"

/* The context itself; the type is only a name for OpenSSL's. */
struct tls_server {
	SSL_CTX *ctx;
};

struct tls_server *
tls_server_new(const char *cert_file, const char *key_file, struct err *e)
{
	struct tls_server *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->ctx = SSL_CTX_new(TLS_server_method())) == NULL) {
		free(t);
		err_set(e, "out of memory");
		return NULL;
	}
	/* The output buffer may move between two tries of one write. */
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				     SSL_MODE_ENABLE_PARTIAL_WRITE);
	if (SSL_CTX_use_certificate_chain_file(t->ctx, cert_file) != 1 ||
	    SSL_CTX_use_PrivateKey_file(t->ctx, key_file, SSL_FILETYPE_PEM) !=
		1) {
		err_set(e, "cannot use certificate %s with key %s: %s",
		    cert_file, key_file,
		    ERR_reason_error_string(ERR_peek_last_error()));
		tls_server_free(t);
		return NULL;
	}
	return t;
}

void
tls_server_free(struct tls_server *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

void *
tls_accept(struct tls_server *t, int fd)
{
	SSL *ssl = SSL_new(t->ctx);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	return ssl;
}

void
tls_free(void *ssl)
{
	SSL_free(ssl);
}

static ssize_t
outcome(SSL *ssl, int r)
{
	if (r > 0)
		return r;
	switch (SSL_get_error(ssl, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		ERR_clear_error();
		errno = EPROTO;
		return -1;
	}
}

ssize_t
tls_read(void *ssl, char *p, size_t n)
{
	return outcome(ssl, SSL_read(ssl, p, n > INT_MAX ? INT_MAX : (int)n));
}

ssize_t
tls_write(void *ssl, const char *p, size_t n)
{
	return outcome(ssl, SSL_write(ssl, p, n > INT_MAX ? INT_MAX : (int)n));
}

bool
tls_pending(void *ssl)
{
	return SSL_pending(ssl) > 0;
}
