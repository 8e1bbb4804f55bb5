/*
 * frame: WebSocket on the wire (RFC 6455), the server's side, spelled out so
 * that it can also be spelled wrong.
 *
 *	byte 0	FIN(1) reserved(3) opcode(4)
 *	byte 1	mask(1) length(7); 126: 2 more bytes, 127: 8 more, big-endian
 *	then	4 bytes of mask (client frames only), the payload
 */
#ifndef TESTS_SIM_FRAME_H
#define TESTS_SIM_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

enum frame_opcode {
	FRAME_MORE = 0,
	FRAME_TEXT = 1,
	FRAME_BINARY = 2,
	FRAME_CLOSE = 8,
	FRAME_PING = 9,
	FRAME_PONG = 10,
};

struct frame {
	unsigned opcode;
	bool fin;
	char *payload;
	size_t len;
	size_t size; /* of the whole frame */
};

#define FRAME_ACCEPT_MAX 32

/* The answer to a Sec-WebSocket-Key (n bytes at key), NUL-terminated. */
void frame_accept_key(const char *key, size_t n, char out[FRAME_ACCEPT_MAX]);
/*
 * Parse a client's frame at the start of n bytes; the payload is unmasked in
 * place. 1 = complete, 0 = more bytes needed, -1 = a violation (no mask,
 * reserved bits, a long control frame).
 */
int frame_parse(struct frame *f, char *p, size_t n);
/* Append the head of a frame with len bytes to follow, or a whole one. */
void frame_head(struct buf *out, unsigned opcode, bool fin, size_t len);
void frame_add(struct buf *out, unsigned opcode, const void *p, size_t len);
/* The same cut into pieces of at most size bytes. */
void frame_add_pieces(
    struct buf *out, unsigned opcode, const char *p, size_t len, size_t size);
/* A close frame; code 0 leaves the payload out. */
void frame_add_close(struct buf *out, unsigned code, const char *reason);

#endif
