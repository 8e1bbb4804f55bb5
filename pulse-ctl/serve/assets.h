/*
 * assets: the admin page and the page of the API, as embedded files of
 * pulse-ctl/web/. Every name is served as /ui/NAME; index.html is /, and
 * docs.html is /docs.
 */
#ifndef PULSE_CTL_SERVE_ASSETS_H
#define PULSE_CTL_SERVE_ASSETS_H

#include "common/embed.h"

/* What the pages may load: themselves, and nothing of any other host. */
#define ASSETS_POLICY                                                          \
	"default-src 'none'; script-src 'self'; style-src 'self'; "            \
	"img-src 'self' data:; connect-src 'self'; font-src 'self'; "          \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* The file of that name, or NULL. */
const struct embed *assets_find(const char *name);
/* By the name's ending. */
const char *assets_type(const char *name);

#endif
