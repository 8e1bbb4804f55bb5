#include <string.h>

#include "tests/sim/deed.h"
#include "tests/sim/frame.h"

static void
text_frame(struct buf *out, const char *text)
{
	frame_add(out, FRAME_TEXT, text, strlen(text));
}

static void
error_frame(struct buf *out, const char *text)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_adds(&b, "{\"channel\":\"error\",\"data\":");
	buf_adds_json(&b, text[0] != '\0' ? text : "Internal error");
	buf_addc(&b, '}');
	frame_add(out, FRAME_TEXT, b.p, b.len);
	buf_release(&b);
}

/* Shaped like allDexsAssetCtxs, whose frames are 111 to 177 KB. */
static void
big_frame(struct buf *out, size_t size)
{
	static const char head[] =
	    "{\"channel\":\"allDexsAssetCtxs\",\"data\":{\"ctxs\":[[\"\",[";
	static const char item[] = "{\"markPx\":\"64378.0\"}";
	struct buf b;

	buf_init(&b, (size_t)1 << 27);
	buf_adds(&b, head);
	buf_adds(&b, item);
	while (b.len + sizeof(item) + 6 < size) {
		buf_addc(&b, ',');
		buf_adds(&b, item);
	}
	while (b.len + 5 < size)
		buf_addc(&b, ' ');
	buf_adds(&b, "]]]}}");
	frame_add(out, FRAME_TEXT, b.p, b.len);
	buf_release(&b);
}

static void
garbage_frame(struct buf *out, const char *how)
{
	static const char bad_utf8[] = "{\"channel\":\"\xff\xfe\"}";

	if (strcmp(how, "json") == 0) {
		text_frame(out, "{\"channel\":\"candle\",\"data\":{\"t\":17");
	} else if (strcmp(how, "types") == 0) {
		text_frame(out, "{\"channel\":\"candle\",\"data\":[]}");
		text_frame(out, "{\"channel\":\"candle\",\"data\":null}");
		text_frame(out, "{\"channel\":7,\"data\":\"x\"}");
		text_frame(out,
		    "{\"channel\":\"candle\",\"data\":{\"t\":\"soon\",\"T\":"
		    "true,\"s\":5,\"i\":[],\"o\":{},\"c\":\"-\",\"h\":\"\","
		    "\"l\":null,\"v\":\"1e999\",\"n\":-1}}");
		text_frame(out, "[]");
		text_frame(out, "null");
	} else if (strcmp(how, "binary") == 0) {
		frame_add(out, FRAME_BINARY, "\0\1\2\3", 4);
	} else if (strcmp(how, "utf8") == 0) {
		frame_add(out, FRAME_TEXT, bad_utf8, sizeof(bad_utf8) - 1);
	} else if (strcmp(how, "empty") == 0) {
		text_frame(out, "");
	} else if (strcmp(how, "opcode") == 0) {
		frame_add(out, 5, "?", 1);
	} else {
		text_frame(out, "Websocket connection established.");
		text_frame(out, "\x01\x02 not JSON at all }{");
	}
}

void
deed_frame(struct buf *out, const struct fault *f)
{
	switch (f->kind) {
	case FAULT_ERROR:
		error_frame(out, f->text);
		break;
	case FAULT_BIG:
		big_frame(out, f->size > 0 ? (size_t)f->size : 200000);
		break;
	case FAULT_GARBAGE:
		garbage_frame(out, f->how);
		break;
	case FAULT_WSPING:
		frame_add(out, FRAME_PING, "sim", 3);
		break;
	default:
		break;
	}
}
