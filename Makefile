# spoolcast: build, test, try, install.  `make help` lists what there is.

VERSION = 0.1.0
PREFIX ?= /usr/local
CC ?= cc
B ?= build

CFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wundef -Wvla \
	-Wimplicit-fallthrough
# What the compiler here has of further guards: none is a warning where it is
# missing.  Of -fcf-protection that is the shadow stack, which costs nothing: the
# marks of the other half are 4 % of a delivery, and no Linux heeds them in
# programs.  takes FLAG: FLAG, if ${CC} takes it on this kind of machine.
takes = $(shell echo | $(CC) -Werror $1 -fsyntax-only -x c - 2>/dev/null && \
	echo '$1')
fortify := $(shell echo 'int is_so[__USE_FORTIFY_LEVEL == 3 ? 1 : -1];' | \
	$(CC) -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -include stdio.h \
	-fsyntax-only -x c - 2>/dev/null && echo 3 || echo 2)
GUARD := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(fortify) \
	$(call takes,-fstack-clash-protection) $(call takes,-fcf-protection=return)
HARDEN = $(GUARD) -fPIE
STD = -std=c17 -D_GNU_SOURCE -DSPOOLCAST_VERSION='"$(VERSION)"'
ALL_CFLAGS = $(STD) -Isrc $(WARN) $(HARDEN) $(CFLAGS) $(SAN)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS) $(SAN)
LIBS = -lev -linih

SRC := $(wildcard src/*/*.c)
OBJ := $(SRC:src/%.c=$B/obj/%.o)
UNIT := $(patsubst tests/unit/%.c,$B/unit/%,$(wildcard tests/unit/test_*.c))
PEERS := $(patsubst tests/helpers/%.c,$B/helpers/%,$(wildcard tests/helpers/*.c))
BENCH := $(patsubst tests/bench/%.c,$B/bench/%,$(wildcard tests/bench/*.c))
SOAK := $B/soak/soak
FUZZ := $(patsubst tests/fuzz/%.c,$B/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
DISORDER := $B/disorder/disorder
# One file without libraries.  Not position-independent: relocating it would
# cost each process 20 kB of its own.
STATIC = HARDEN='$(GUARD) -fno-pie' \
	CFLAGS='-O2 -g -ffunction-sections -DSPOOLCAST_NO_RESOLVER' \
	ALL_LDFLAGS='-static -no-pie -Wl,--gc-sections -Wl,--fatal-warnings'
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -U_FORTIFY_SOURCE

# `make` tells what it makes, `make V=1` by which commands, `make -s` nothing.
ifdef V
Q =
else
Q = @
ifeq ($(findstring s,$(firstword -$(MAKEFLAGS))),)
tell = @printf '%-4s %s\n' '$1' '$@'
endif
endif

.PHONY: all help static deps deps-build deps-demo deps-check deps-long deps-bench demo \
	check check-long check-built tests-built asan-built bench bench-built fuzz disorder disorder-built torture soak \
	install clean conf
.DELETE_ON_ERROR:

all: $B/spoolcast $B/spoolcast.fcgi

help:
	@echo 'make          build/spoolcast and build/spoolcast.fcgi'
	@echo 'make static   build/static/spoolcast.fcgi, one file that needs nothing'
	@echo 'make demo     install what is missing, start lighttpd with spoolcast'
	@echo '              on loopback, print the URL of a page to watch'
	@echo 'make check    install what is missing, build, run every test'
	@echo 'make check-long  all clients and all pairs of web servers, half an hour'
	@echo 'make deps     only install what is missing (Debian, as root or by sudo)'
	@echo 'make bench    install what is missing, measure for 25 minutes, print'
	@echo '              tables; ONLY="return pages" picks measurements, QUICK=1'
	@echo '              looks for 5 minutes whether all can be measured;'
	@echo '              BEFORE=OTHER/spoolcast measures that build beside it'
	@echo 'make fuzz     run each fuzzer for SECONDS=60'
	@echo 'make disorder one of them alone for MINUTES=10: peers who ask nonsense while'
	@echo '              all sorts of things happen to the spool; SEED= repeats what'
	@echo '              one has drawn, SPOOLCAST= tries another program'
	@echo 'make torture  writers, rotation, kill -9 and viewers that come and go, all'
	@echo '              at once for MINUTES=10; SEED= repeats what one has drawn'
	@echo 'make soak     5,000 viewers who come and go for HOURS=1: what the responder'
	@echo '              takes, and whether anything is lost; SEED= as above'
	@echo 'make conf     write conf/spoolcast.ini anew from the table of settings'
	@echo 'make install  DESTDIR= PREFIX=$(PREFIX)'

$B/spoolcast: $B/obj/main.o $B/libspoolcast.a
	$(call tell,LD)
	$Q$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$B/spoolcast.fcgi: $B/spoolcast
	$Qln -sf spoolcast $@

static: $B/static/spoolcast.fcgi
$B/static/spoolcast.fcgi: $B/static/parts/spoolcast
	$(call tell,LD)
	$Qstrip -o $@.new $<
	$Qmv $@.new $@
$B/static/parts/spoolcast: FORCE
	@$(MAKE) --no-print-directory B=$B/static/parts $(STATIC) $@
FORCE:

# Everything but main(), so that tests link what the program links.
$B/libspoolcast.a: $(OBJ)
	$(call tell,AR)
	$Qrm -f $@
	$Q$(AR) rcs $@ $^

# What to install where something is missing, in place of a compiler's word.
$B/have:
	@mkdir -p $(@D)
	@command -v $(firstword $(CC)) >/dev/null || { \
		echo 'there is no C compiler $(firstword $(CC)): `make deps-build`' \
		'(on Debian, as root or by sudo) installs one' >&2; exit 1; }
	@for header in ev ini; do echo "#include <$$header.h>" | \
		$(CC) -E -x c - >/dev/null 2>&1 || { \
		echo "<$$header.h> is missing: \`make deps-build\` (on Debian, as" \
		'root or by sudo) installs libev and inih for development' >&2; \
		exit 1; }; done
	@touch $@

$B/obj/%.o: src/%.c Makefile | $B/have
	@mkdir -p $(@D)
	$(call tell,CC)
	$Q$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$B/unit/%: tests/unit/%.c $B/libspoolcast.a
	@mkdir -p $(@D)
	$(call tell,LD)
	$Q$(CC) $(ALL_CFLAGS) -Itests -MMD -MP $(ALL_LDFLAGS) -o $@ $< \
		$B/libspoolcast.a $(LIBS) -lcmocka -lfcgi

$B/helpers/%: tests/helpers/%.c $B/libspoolcast.a
	@mkdir -p $(@D)
	$(call tell,LD)
	$Q$(CC) $(ALL_CFLAGS) -Itests -MMD -MP $(ALL_LDFLAGS) -o $@ $< \
		$B/libspoolcast.a

$B/bench/%: tests/bench/%.c $B/libspoolcast.a
	@mkdir -p $(@D)
	$(call tell,LD)
	$Q$(CC) $(ALL_CFLAGS) -Itests -MMD -MP $(ALL_LDFLAGS) -o $@ $< \
		$B/libspoolcast.a -lfcgi

$B/soak/%: tests/soak/%.c $B/libspoolcast.a
	@mkdir -p $(@D)
	$(call tell,LD)
	$Q$(CC) $(ALL_CFLAGS) -Itests -MMD -MP $(ALL_LDFLAGS) -o $@ $< \
		$B/libspoolcast.a

# It would look up names to listen, which it never does.
$B/bench/static/hello: tests/bench/hello.c Makefile
	@mkdir -p $(@D)
	$(call tell,LD)
	$Q$(CC) $(STD) -O2 -static -o $@ $< -lfcgi 2>$@.warnings

# The corpus is replayed by `make check` through the same entry (see
# tests/fuzz/replay.c); `make fuzz` explores with clang's libFuzzer.
$B/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $B/libspoolcast.a
	@mkdir -p $(@D)
	$(call tell,LD)
	$Q$(CC) $(ALL_CFLAGS) -MMD -MP $(ALL_LDFLAGS) -o $@ $< \
		tests/fuzz/replay.c $B/libspoolcast.a $(LIBS) -lfcgi

$B/libfuzzer/%: tests/fuzz/%.c $(SRC)
	@mkdir -p $(@D)
	$(call tell,LD)
	$Qclang $(STD) -Isrc -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $< $(SRC) $(LIBS) -lfcgi

# Peer and spool at once, of any responder.
$(DISORDER): $(wildcard tests/fuzz/disorder/*.[ch]) $B/libspoolcast.a
	@mkdir -p $(@D)
	$(call tell,LD)
	$Q$(CC) $(ALL_CFLAGS) -Itests $(ALL_LDFLAGS) -o $@ \
		$(filter %.c,$^) $B/libspoolcast.a

SECONDS ?= 60
LIBFUZZER := $(patsubst tests/fuzz/%.c,$B/libfuzzer/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz: $(LIBFUZZER) disorder-built
	@for f in $(LIBFUZZER); do n=$${f##*/fuzz_}; mkdir -p $B/corpus/$$n; \
		echo "== $$n"; \
		$$f -max_total_time=$(SECONDS) -timeout=5 -print_final_stats=0 \
			-verbosity=0 $B/corpus/$$n tests/fuzz/corpus/$$n || exit 1; \
	done
	@echo '== disorder'
	@SECONDS_IN_ALL=$(SECONDS) SEED=$(SEED) B=$B bash tests/fuzz/disorder/run.sh

MINUTES ?= 10
SEED ?=
disorder: deps-check
	@$(MAKE) --no-print-directory -s disorder-built
	@MINUTES=$(MINUTES) SEED=$(SEED) B=$B bash tests/fuzz/disorder/run.sh
disorder-built: all $(DISORDER)
	@$(MAKE) --no-print-directory B=$B/asan SAN="$(SANITIZE)" \
		CFLAGS='-O1 -g' all

torture: deps-check
	@$(MAKE) --no-print-directory -s all
	@MINUTES=$(MINUTES) SEED=$(SEED) bash tests/torture/run.sh

HOURS ?= 1
soak: deps-check
	@$(MAKE) --no-print-directory -s all $(SOAK)
	@HOURS=$(HOURS) SEED=$(SEED) bash tests/soak/run.sh

conf: $B/spoolcast
	$Q$B/spoolcast help settings >conf/spoolcast.ini.new
	$Qmv conf/spoolcast.ini.new conf/spoolcast.ini

deps: deps-check
deps-build deps-demo deps-check deps-long deps-bench:
	sh tests/deps.sh $@

demo: deps-demo
	@$(MAKE) --no-print-directory all
	@exec env --default-signal=INT,TERM,HUP sh examples/demo.sh $B

# Two makes: the first may install the compiler that the second needs.
check: deps-check
	@$(MAKE) --no-print-directory check-built
check-built: all static tests-built asan-built
	@BUILT=1 bash tests/run.sh
# What takes too long for each time, with what only that needs.
check-long: deps-long
	@$(MAKE) --no-print-directory all static tests-built asan-built
	@BUILT=1 EVERY=1 bash tests/run.sh servers/rows servers/clients \
		servers/modes-lighttpd serve/81-pages
tests-built: all $(UNIT) $(PEERS) $(FUZZ) $(SOAK) $(DISORDER)
asan-built:
	@$(MAKE) --no-print-directory B=$B/asan SAN="$(SANITIZE)" \
		CFLAGS='-O1 -g' tests-built

# A server that cannot be had is named, and the others are measured.
bench:
	-@sh tests/deps.sh deps-bench
	@$(MAKE) --no-print-directory -s bench-built
	@bash tests/bench/run.sh $(ONLY)
bench-built: all static $(BENCH) $B/bench/static/hello \
	$B/helpers/inotify_hog $B/helpers/beside

SHARE = $(DESTDIR)$(PREFIX)/share
# systemd looks in /usr/local/lib and /usr/lib for both kinds; with another
# PREFIX, link or copy them to /etc/systemd/system and /etc/tmpfiles.d.
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
TMPFILES = $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(SHARE)/man/man5 \
		$(SHARE)/doc/spoolcast $(UNITS) $(TMPFILES) \
		$(SHARE)/bash-completion/completions
	install -m 755 $B/spoolcast $(DESTDIR)$(PREFIX)/bin/spoolcast
	ln -sf spoolcast $(DESTDIR)$(PREFIX)/bin/spoolcast.fcgi
	install -m 644 src/spoolcast.1 $(SHARE)/man/man1/
	install -m 644 src/spoolcast.ini.5 src/spoolcast.spool.5 \
		$(SHARE)/man/man5/
	install -m 644 conf/*.ini conf/*.conf conf/Caddyfile conf/htaccess-* conf/away.* \
		conf/spoolcast.logrotate README.md LICENSE \
		$(SHARE)/doc/spoolcast/
	install -m 644 conf/spoolcast.bash \
		$(SHARE)/bash-completion/completions/spoolcast
	install -m 644 conf/spoolcast.tmpfiles $(TMPFILES)/spoolcast.conf
	install -m 644 conf/spoolcast.socket $(UNITS)/
	sed 's,@PREFIX@,$(PREFIX),g' conf/spoolcast.service \
		>$(UNITS)/spoolcast.service

clean:
	rm -rf $B

-include $(OBJ:.o=.d) $B/obj/main.d $(wildcard $B/*/*.d)
