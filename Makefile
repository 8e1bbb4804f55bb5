# Pulse: one Makefile, no recursion. Objects, generated files and programs all
# live under $(BUILD). Nothing here lists source files: a new file in the right
# directory is built, tested, fuzzed or measured because of where it lies.
#
#   common/**.c db/**.c            -> $(BUILD)/libpulse.a
#   PROGRAM/**.c                   -> $(BUILD)/lib/PROGRAM.a (all but main.c)
#   PROGRAM/main.c                 -> $(BUILD)/bin/PROGRAM
#   tests/sim, tests/sink          -> $(BUILD)/tests/hl-sim, $(BUILD)/tests/sink,
#                                     each with tests/wire, the servers' ground
#   tests/unit/DIR/test_X.c        -> $(BUILD)/tests/unit/DIR/test_X
#   tests/fuzz/DIR/fuzz_X.c        -> $(BUILD)/replay/DIR/fuzz_X (corpus replay)
#                                  -> build-fuzz/fuzz/DIR/fuzz_X (clang libFuzzer)
#   tests/bench/DIR/bench_X.c      -> $(BUILD)/bench/DIR/bench_X
# where DIR is a program (linked with its archive) or common, db.
#
#   make                  the five programs and the test helpers
#   make demo             the whole service on this machine, for you to watch
#                         (DEMO_SECONDS=30 ends it, LIVE=1: the real exchange)
#   make check            every test; make check ONLY=unit runs a part
#   make lint             what the compiler does not see
#   make regen            write the golden files anew
#   make fuzz             each fuzz target for FUZZ_SECONDS
#   make coverage         lines reached by make check, file by file
#   make bench, soak, soak-feed   speed; endurance for SOAK_SECONDS
#   make install          PREFIX=/usr/local DESTDIR=
#   make dist, distcheck  a tarball; and proof that it is complete
#
# SANITIZE=address,undefined builds into a directory of its own; with another
# compiler give one: make CC=clang BUILD=build-clang.

VERSION = 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/pulse
UNITDIR = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR = $(PREFIX)/share/zsh/site-functions
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d
comma = ,
SANITIZE ?=
BUILD ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
CC ?= cc
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 10
SOAK_SECONDS ?= 3600
# What of the tests to run: all, unit, golden, bats, or one bats file.
ONLY ?= all

PROGRAMS = $(patsubst %/main.c,%,$(sort $(wildcard */main.c)))

# V=1 shows the commands.
Q = $(if $(V),,@)

WARN = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Werror
OPT ?= -O2
CFLAGS ?= $(OPT) -g
# No fused multiplications: indicators give the same digits on every machine.
# Nobody asks errno about a square root, so it may be one instruction.
BASE_CFLAGS = -std=c17 -ffp-contract=off -fno-math-errno -D_GNU_SOURCE \
	-I. -I$(BUILD)/gen $(WARN) \
	-DPULSE_VERSION='"$(VERSION)"' \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer) $(EXTRA_CFLAGS)
ALL_CFLAGS = $(BASE_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -Wl,--as-needed \
	$(LDFLAGS)
LIBS = -lwebsockets -lcurl -ljq -lonig -lsqlite3 -lssl -lcrypto -lm

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
sources = $(sort $(wildcard $(1)/*.c $(1)/*/*.c))

LIB_SRC = $(call sources,common) $(call sources,db)
GEN_SRC = $(BUILD)/gen/migrations_sqlite.c
GEN_OBJ = $(GEN_SRC:.c=.o)
WEB_FILES = $(sort $(wildcard pulse-ctl/web/*.*))
NPM_FILES = $(addprefix packaging/npm/,package.json package-lock.json .npmrc \
	install.sh)
UPLOT = $(BUILD)/npm/pages/node_modules/uplot
pulse-ctl_extra = $(BUILD)/gen/web_files.o
LIBPULSE = $(BUILD)/libpulse.a
PROGRAM_LIBS = $(PROGRAMS:%=$(BUILD)/lib/%.a)
BINS = $(PROGRAMS:%=$(BUILD)/bin/%)
TEST_BINS = $(if $(wildcard tests/sim/*.c),$(BUILD)/tests/hl-sim) \
	$(if $(wildcard tests/sink/*.c),$(BUILD)/tests/sink) \
	$(if $(wildcard tests/wscat/*.c),$(BUILD)/tests/wscat)
UNIT_SRC = $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_BINS = $(UNIT_SRC:%.c=$(BUILD)/%)
BENCH_SRC = $(sort $(wildcard tests/bench/*/bench_*.c))
BENCH_BINS = $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)
FUZZ_SRC = $(sort $(wildcard tests/fuzz/*/fuzz_*.c))
FUZZ_BINS = $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
REPLAY_BINS = $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/replay/%)

.PHONY: all programs test-programs demo check lint regen fuzz fuzz-programs \
	coverage bench soak soak-feed install uninstall dist distcheck clean format \
	completions clean-npm npm-lock FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: programs $(TEST_BINS)
programs: $(BINS)

# --- compiling -------------------------------------------------------------
# A change of compiler or flags rebuilds everything: the stamp changes only
# when its text does.
FLAGS_TEXT = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS_TEXT" | cmp -s - $@ || \
	    printf '%s\n' "$$FLAGS_TEXT" > $@
export FLAGS_TEXT
FORCE:

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/migrations_sqlite.c: common/embed.sh \
    $(wildcard db/migrations/sqlite/*.sql)
	@mkdir -p $(@D)
	sh common/embed.sh migrations_sqlite db/migrations/sqlite/*.sql > $@

# The pages, and the chart library with its licence if npm brought it.
$(BUILD)/gen/web_files.c: common/embed.sh $(WEB_FILES) $(BUILD)/npm/pages.done
	@mkdir -p $(@D)
	@rm -f $(BUILD)/npm/uPlot.*
	@if [ -d $(UPLOT) ]; then \
	    cp $(UPLOT)/dist/uPlot.iife.min.js $(UPLOT)/dist/uPlot.min.css \
	        $(BUILD)/npm/ && \
	    cp $(UPLOT)/LICENSE $(BUILD)/npm/uPlot.LICENSE.txt; fi
	sh common/embed.sh web_files $(WEB_FILES) \
	    $$(ls $(BUILD)/npm/uPlot.* 2>/dev/null) > $@

# npm packages, pinned by packaging/npm/package-lock.json, which names no
# address: npm knows its registry. Never part of this repository.
$(BUILD)/npm/%.done: $(NPM_FILES)
	@mkdir -p $(@D)
	packaging/npm/install.sh $* $(BUILD)/npm/$*
	@touch $@
clean-npm:
	rm -rf $(BUILD)/npm $(BUILD)/gen/web_files.* $(BUILD)/lib/pulse-ctl.a \
	    $(BUILD)/bin/pulse-ctl

# After a change of package.json. Who pays whom is not ours to repeat.
npm-lock:
	cd packaging/npm && npm install --package-lock-only && \
	    jq --tab 'del(.packages[].funding)' package-lock.json \
	        > package-lock.new && mv package-lock.new package-lock.json

$(LIBPULSE): $(call obj,$(LIB_SRC)) $(GEN_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

# A program's archive holds all but its main.c, for its tests to link.
define program_rules
$(BUILD)/lib/$(1).a: $(call obj,$(filter-out $(1)/main.c,$(call sources,$(1)) \
    $(wildcard $(1)/*/*/*.c))) $$($(1)_extra)
	@mkdir -p $$(@D)
	@rm -f $$@
	$(AR) rcs $$@ $$^
$(BUILD)/bin/$(1): $(BUILD)/obj/$(1)/main.o $(BUILD)/lib/$(1).a $(LIBPULSE)
	@mkdir -p $$(@D)
	$$(Q)$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rules,$(p))))

WIRE_OBJ = $(call obj,$(call sources,tests/wire))
$(BUILD)/tests/hl-sim: $(call obj,$(call sources,tests/sim)) $(WIRE_OBJ) \
    $(LIBPULSE)
$(BUILD)/tests/sink: $(call obj,$(call sources,tests/sink)) $(WIRE_OBJ) \
    $(LIBPULSE)
$(BUILD)/tests/wscat: $(call obj,$(call sources,tests/wscat)) $(LIBPULSE)
$(BUILD)/tests/hl-sim $(BUILD)/tests/sink $(BUILD)/tests/wscat:
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# The archive of the program whose tests these are; common and db have none.
archive_of = $(filter $(BUILD)/lib/$(1).a,$(PROGRAM_LIBS))
.SECONDEXPANSION:
$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o \
    $$(call archive_of,$$(*D)) $(LIBPULSE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o \
    $$(call archive_of,$$(*D)) $(LIBPULSE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# A fuzz target with a main of our own, which gives it the files of its corpus:
# needs no clang, so every make check replays what fuzzing once found.
$(BUILD)/replay/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/replay.o \
    $$(call archive_of,$$(*D)) $(LIBPULSE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $$(call archive_of,$$(*D)) \
    $(LIBPULSE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

test-programs: $(UNIT_BINS) $(REPLAY_BINS)

# --- tests -----------------------------------------------------------------
demo:
	tests/demo.sh

$(BUILD)/promtool/done: tests/promtool.sh
	tests/promtool.sh $(@D)

# Only bats files run what npm and others bring for tests.
check: all test-programs $(if $(filter all bats %.bats,$(ONLY)), \
    $(BUILD)/npm/test.done $(BUILD)/promtool/done)
	BUILD=$(BUILD) tests/check.sh $(ONLY)

lint: programs
	BUILD=$(BUILD) CC=$(CC) tests/lint/run.sh

regen: all
	BUILD=$(BUILD) tests/golden.sh --regen

fuzz-programs: $(FUZZ_BINS)
fuzz:
	$(MAKE) CC=$(FUZZ_CC) BUILD=build-fuzz OPT=-O1 \
	    SANITIZE=fuzzer-no-link,address,undefined fuzz-programs
	BUILD=build-fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh

# The tests decide what runs; their verdict is not this target's.
coverage:
	rm -rf build-coverage
	$(MAKE) CC=gcc BUILD=build-coverage OPT=-O0 EXTRA_CFLAGS=--coverage \
	    LDFLAGS=--coverage all test-programs
	-BUILD=build-coverage tests/check.sh $(ONLY)
	BUILD=build-coverage tests/coverage.sh

bench: all $(BENCH_BINS)
	BUILD=$(BUILD) tests/bench/run.sh

soak: all
	BUILD=$(BUILD) SOAK_SECONDS=$(SOAK_SECONDS) tests/soak.sh
soak-feed: all
	BUILD=$(BUILD) SOAK_SECONDS=$(SOAK_SECONDS) tests/soak-feed.sh

format:
	git ls-files '*.c' '*.h' | xargs clang-format-14 -i

# --- installing ------------------------------------------------------------
MAN1 = $(wildcard man/*.1)
MAN5 = $(wildcard man/*.5)
MAN7 = $(wildcard man/*.7)
UNITS = $(wildcard packaging/systemd/*.service packaging/systemd/*.timer)
DOCS = README.md CHANGELOG.md LICENSE
EXAMPLES = packaging/nginx/pulse.conf packaging/prometheus/pulse.rules.yml \
	packaging/grafana/pulse.json
COMPLETIONS = $(if $(wildcard pulse-ctl/main.c),bash zsh fish)

completions: $(COMPLETIONS:%=$(BUILD)/completions/pulse-ctl.%)
$(BUILD)/completions/pulse-ctl.%: $(BUILD)/bin/pulse-ctl
	@mkdir -p $(@D)
	$(BUILD)/bin/pulse-ctl completion $* > $@

to = $(DESTDIR)$(1)
install: programs completions
	install -d $(call to,$(BINDIR)) $(call to,$(MANDIR))/man1 \
	    $(call to,$(MANDIR))/man5 $(call to,$(MANDIR))/man7 \
	    $(call to,$(DOCDIR)) $(call to,$(UNITDIR)) \
	    $(call to,$(SYSUSERSDIR)) $(call to,$(BASHDIR)) \
	    $(call to,$(ZSHDIR)) $(call to,$(FISHDIR))
	for f in $(BINS); do \
	    install -m 755 $$f $(call to,$(BINDIR)) || exit 1; done
	for f in $(MAN1) $(MAN5) $(MAN7); do \
	    install -m 644 $$f $(call to,$(MANDIR))/man$${f##*.} || exit 1; done
	install -m 644 $(DOCS) $(call to,$(DOCDIR))
	install -d $(call to,$(DOCDIR))/examples
	install -m 644 $(EXAMPLES) $(call to,$(DOCDIR))/examples
	install -m 644 packaging/sysusers.d/pulse.conf \
	    $(call to,$(SYSUSERSDIR))
	for f in $(UNITS); do \
	    sed 's|@BINDIR@|$(BINDIR)|g' $$f > \
	        $(call to,$(UNITDIR))/$${f##*/} && \
	    chmod 644 $(call to,$(UNITDIR))/$${f##*/} || exit 1; done
	$(if $(COMPLETIONS),install -m 644 $(BUILD)/completions/pulse-ctl.bash \
	    $(call to,$(BASHDIR))/pulse-ctl)
	$(if $(COMPLETIONS),install -m 644 $(BUILD)/completions/pulse-ctl.zsh \
	    $(call to,$(ZSHDIR))/_pulse-ctl)
	$(if $(COMPLETIONS),install -m 644 $(BUILD)/completions/pulse-ctl.fish \
	    $(call to,$(FISHDIR))/pulse-ctl.fish)

# Leaves what install did not make: directories of others, the store.
uninstall:
	rm -f $(PROGRAMS:%=$(call to,$(BINDIR))/%)
	rm -f $(MAN1:man/%=$(call to,$(MANDIR))/man1/%) \
	    $(MAN5:man/%=$(call to,$(MANDIR))/man5/%) \
	    $(MAN7:man/%=$(call to,$(MANDIR))/man7/%)
	rm -f $(DOCS:%=$(call to,$(DOCDIR))/%)
	rm -rf $(call to,$(DOCDIR))/examples
	rm -f $(UNITS:packaging/systemd/%=$(call to,$(UNITDIR))/%)
	rm -f $(call to,$(SYSUSERSDIR))/pulse.conf
	rm -f $(call to,$(BASHDIR))/pulse-ctl $(call to,$(ZSHDIR))/_pulse-ctl \
	    $(call to,$(FISHDIR))/pulse-ctl.fish
	-rmdir $(call to,$(DOCDIR)) 2>/dev/null

# --- distributing ----------------------------------------------------------
# The files that git knows, as the last commit left them, dated by it: the
# same commit gives the same bytes.
DIST = pulse-$(VERSION)
dist:
	@mkdir -p $(BUILD)
	git archive --format=tar --prefix=$(DIST)/ HEAD | \
	    gzip -n -9 > $(BUILD)/$(DIST).tar.gz
	@echo $(BUILD)/$(DIST).tar.gz

# Unpack, build, test (ONLY=unit for a part), install, uninstall: nothing is
# missing in the tarball and nothing is left behind.
distcheck: dist
	rm -rf $(BUILD)/distcheck
	mkdir -p $(BUILD)/distcheck/root
	tar -xzf $(BUILD)/$(DIST).tar.gz -C $(BUILD)/distcheck
	cd $(BUILD)/distcheck/$(DIST) && \
	    $(MAKE) BUILD=build DESTDIR= check ONLY=$(ONLY) && \
	    $(MAKE) BUILD=build DESTDIR=$(CURDIR)/$(BUILD)/distcheck/root \
	        install && \
	    $(MAKE) BUILD=build DESTDIR=$(CURDIR)/$(BUILD)/distcheck/root \
	        uninstall && \
	    $(MAKE) BUILD=build clean
	@left=$$(find $(BUILD)/distcheck/root ! -type d); \
	    test -z "$$left" || { echo "uninstall left: $$left"; exit 1; }
	@test ! -e $(BUILD)/distcheck/$(DIST)/build
	rm -rf $(BUILD)/distcheck
	@echo "$(BUILD)/$(DIST).tar.gz is complete"

clean:
	rm -rf $(BUILD) build build-*

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)
