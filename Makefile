# Pulse: one Makefile, no recursion. Objects, generated files and programs all
# live under $(BUILD). Nothing here lists source files: a new file in the right
# directory is built, tested, fuzzed or measured because of where it lies.
#
#   common/**.c db/**.c            -> $(BUILD)/libpulse.a
#   PROGRAM/**.c                   -> $(BUILD)/lib/PROGRAM.a (all but main.c)
#   PROGRAM/main.c                 -> $(BUILD)/bin/PROGRAM
#   tests/sim, tests/sink          -> $(BUILD)/tests/hl-sim, $(BUILD)/tests/sink
#   tests/unit/DIR/test_X.c        -> $(BUILD)/tests/unit/DIR/test_X
#   tests/fuzz/DIR/fuzz_X.c        -> $(BUILD)/fuzz/DIR/fuzz_X   (clang)
#   tests/bench/DIR/bench_X.c      -> $(BUILD)/bench/DIR/bench_X
# where DIR is a program (linked with its archive) or common, db.

VERSION = 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/pulse
BUILD ?= build
CC ?= cc
FUZZ_CC ?= clang
SANITIZE ?=

PROGRAMS = $(patsubst %/main.c,%,$(sort $(wildcard */main.c)))

# V=1 shows the commands.
Q = $(if $(V),,@)

WARN = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Werror
OPT ?= -O2
CFLAGS ?= $(OPT) -g
BASE_CFLAGS = -std=c17 -D_GNU_SOURCE -I. -I$(BUILD)/gen $(WARN) \
	-DPULSE_VERSION='"$(VERSION)"' -DPULSE_DATADIR='"$(DATADIR)"' \
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
LIBPULSE = $(BUILD)/libpulse.a
PROGRAM_LIBS = $(PROGRAMS:%=$(BUILD)/lib/%.a)
BINS = $(PROGRAMS:%=$(BUILD)/bin/%)
TEST_BINS = $(if $(wildcard tests/sim/*.c),$(BUILD)/tests/hl-sim) \
	$(if $(wildcard tests/sink/*.c),$(BUILD)/tests/sink)
UNIT_SRC = $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_BINS = $(UNIT_SRC:%.c=$(BUILD)/%)
BENCH_SRC = $(sort $(wildcard tests/bench/*/bench_*.c))
BENCH_BINS = $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)
FUZZ_SRC = $(sort $(wildcard tests/fuzz/*/fuzz_*.c))
FUZZ_BINS = $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)

.PHONY: all programs unit-programs demo check lint regen fuzz coverage bench \
	soak install uninstall dist distcheck clean format
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

$(BUILD)/tests/hl-sim: $(call obj,$(call sources,tests/sim)) $(LIBPULSE)
$(BUILD)/tests/sink: $(call obj,$(call sources,tests/sink)) $(LIBPULSE)
$(BUILD)/tests/hl-sim $(BUILD)/tests/sink:
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

unit-programs: $(UNIT_BINS)

# --- tests -----------------------------------------------------------------
check: all unit-programs
	BUILD=$(BUILD) tests/check.sh

lint: programs
	BUILD=$(BUILD) tests/lint/run.sh

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
