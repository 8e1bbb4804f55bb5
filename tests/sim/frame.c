#include <stdint.h>
#include <string.h>

#include "common/digest.h"
#include "tests/sim/frame.h"

void
frame_accept_key(const char *key, size_t n, char out[FRAME_ACCEPT_MAX])
{
	/* RFC 6455, section 1.3. */
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char sum[DIGEST_SHA1_LEN];

	digest_sha1_2(key, n, guid, sizeof(guid) - 1, sum);
	digest_base64(sum, sizeof(sum), out);
}

int
frame_parse(struct frame *f, char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t head = 2;
	uint64_t len;

	if (n < 2)
		return 0;
	if ((u[0] & 0x70) != 0 || (u[1] & 0x80) == 0)
		return -1;
	f->opcode = u[0] & 0x0f;
	f->fin = (u[0] & 0x80) != 0;
	len = u[1] & 0x7f;
	if (f->opcode >= 8 && (len > 125 || !f->fin))
		return -1;
	if (len >= 126) {
		size_t more = len == 126 ? 2 : 8;

		if (n < 2 + more)
			return 0;
		len = 0;
		for (size_t i = 0; i < more; i++)
			len = len << 8 | u[2 + i];
		head += more;
	}
	if (len > (1U << 24))
		return -1;
	if (n < head + 4 + len)
		return 0;
	f->payload = p + head + 4;
	f->len = (size_t)len;
	f->size = head + 4 + (size_t)len;
	for (size_t i = 0; i < f->len; i++)
		f->payload[i] = (char)(f->payload[i] ^ p[head + i % 4]);
	return 1;
}

void
frame_head(struct buf *out, unsigned opcode, bool fin, size_t len)
{
	unsigned char h[10];
	size_t n = 2;

	h[0] = (unsigned char)((fin ? 0x80 : 0) | opcode);
	if (len < 126) {
		h[1] = (unsigned char)len;
	} else if (len < 65536) {
		h[1] = 126;
		h[2] = (unsigned char)(len >> 8);
		h[3] = (unsigned char)len;
		n = 4;
	} else {
		h[1] = 127;
		for (int i = 0; i < 8; i++)
			h[2 + i] =
			    (unsigned char)((uint64_t)len >> (56 - 8 * i));
		n = 10;
	}
	buf_add(out, h, n);
}

void
frame_add(struct buf *out, unsigned opcode, const void *p, size_t len)
{
	frame_head(out, opcode, true, len);
	buf_add(out, p, len);
}

void
frame_add_pieces(
    struct buf *out, unsigned opcode, const char *p, size_t len, size_t size)
{
	size_t done = 0;

	if (size == 0)
		size = 1;
	do {
		size_t n = len - done < size ? len - done : size;

		frame_head(
		    out, done == 0 ? opcode : FRAME_MORE, done + n == len, n);
		buf_add(out, p + done, n);
		done += n;
	} while (done < len);
}

void
frame_add_close(struct buf *out, unsigned code, const char *reason)
{
	char body[125];
	size_t n = 0;

	if (code != 0) {
		n = strlen(reason);
		if (n > sizeof(body) - 2)
			n = sizeof(body) - 2;
		body[0] = (char)(code >> 8);
		body[1] = (char)code;
		memcpy(body + 2, reason, n);
		n += 2;
	}
	frame_add(out, FRAME_CLOSE, body, n);
}
