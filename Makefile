# spoolcast: build, test, try, install.  `make help` lists what there is.

VERSION = 0.1.0
PREFIX ?= /usr/local
CC ?= cc
B ?= build

CFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wundef -Wvla \
	-Wimplicit-fallthrough
HARDEN = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
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
# One file without libraries.  Not position-independent: relocating it would
# cost each process 20 kB of its own.
STATIC = HARDEN='-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fno-pie' \
	CFLAGS='-O2 -g -ffunction-sections -DSPOOLCAST_NO_RESOLVER' \
	ALL_LDFLAGS='-static -no-pie -Wl,--gc-sections -Wl,--fatal-warnings'
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -U_FORTIFY_SOURCE

.PHONY: all help static deps deps-build deps-demo deps-check deps-bench demo check \
	check-built tests-built asan-built bench bench-built fuzz torture soak lint install \
	clean conf
.DELETE_ON_ERROR:

all: $B/spoolcast $B/spoolcast.fcgi

help:
	@echo 'make          build/spoolcast and build/spoolcast.fcgi'
	@echo 'make static   build/static/spoolcast.fcgi, one file that needs nothing'
	@echo 'make demo     install what is missing, start lighttpd with spoolcast'
	@echo '              on loopback, print the URL of a page to watch'
	@echo 'make check    install what is missing, build, run every test'
	@echo 'make deps     only install what is missing (Debian, as root or by sudo)'
	@echo 'make bench    install what is missing, measure for 20 minutes, print'
	@echo '              tables; ONLY="return pages" picks measurements, QUICK=1'
	@echo '              looks for 3 minutes whether all can be measured'
	@echo 'make fuzz     run each fuzzer for SECONDS=60'
	@echo 'make torture  writers, rotation, kill -9 and viewers that come and go, all'
	@echo '              at once for MINUTES=10; SEED= repeats what one has drawn'
	@echo 'make soak     5,000 viewers who come and go for HOURS=1: what the responder'
	@echo '              takes, and whether anything is lost; SEED= as above'
	@echo 'make conf     write conf/spoolcast.ini anew from the table of settings'
	@echo 'make install  DESTDIR= PREFIX=$(PREFIX)'

$B/spoolcast: $B/obj/main.o $B/libspoolcast.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$B/spoolcast.fcgi: $B/spoolcast
	ln -sf spoolcast $@

static: $B/static/spoolcast.fcgi
$B/static/spoolcast.fcgi: $B/static/parts/spoolcast
	strip -o $@.new $<
	mv $@.new $@
$B/static/parts/spoolcast: FORCE
	@$(MAKE) --no-print-directory B=$B/static/parts $(STATIC) $@
FORCE:

# Everything but main(), so that tests link what the program links.
$B/libspoolcast.a: $(OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$B/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$B/unit/%: tests/unit/%.c $B/libspoolcast.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP $(ALL_LDFLAGS) -o $@ $< \
		$B/libspoolcast.a $(LIBS) -lcmocka -lfcgi

$B/helpers/%: tests/helpers/%.c $B/libspoolcast.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $(ALL_LDFLAGS) -o $@ $< $B/libspoolcast.a

$B/bench/%: tests/bench/%.c $B/libspoolcast.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP $(ALL_LDFLAGS) -o $@ $< \
		$B/libspoolcast.a -lfcgi

$B/soak/%: tests/soak/%.c $B/libspoolcast.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP $(ALL_LDFLAGS) -o $@ $< \
		$B/libspoolcast.a

# It would look up names to listen, which it never does.
$B/bench/static/hello: tests/bench/hello.c Makefile
	@mkdir -p $(@D)
	$(CC) $(STD) -O2 -static -o $@ $< -lfcgi 2>$@.warnings

# The corpus is replayed by `make check` through the same entry (see
# tests/fuzz/replay.c); `make fuzz` explores with clang's libFuzzer.
$B/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $B/libspoolcast.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $(ALL_LDFLAGS) -o $@ $< \
		tests/fuzz/replay.c $B/libspoolcast.a $(LIBS) -lfcgi

$B/libfuzzer/%: tests/fuzz/%.c $(SRC)
	@mkdir -p $(@D)
	clang $(STD) -Isrc -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $< $(SRC) $(LIBS) -lfcgi

SECONDS ?= 60
fuzz: $(patsubst tests/fuzz/%.c,$B/libfuzzer/%,$(wildcard tests/fuzz/fuzz_*.c))
	@for f in $^; do n=$${f##*/fuzz_}; mkdir -p $B/corpus/$$n; \
		echo "== $$n"; \
		$$f -max_total_time=$(SECONDS) -timeout=5 -print_final_stats=0 \
			-verbosity=0 $B/corpus/$$n tests/fuzz/corpus/$$n || exit 1; \
	done

MINUTES ?= 10
SEED ?=
torture: deps-check
	@$(MAKE) --no-print-directory -s all
	@MINUTES=$(MINUTES) SEED=$(SEED) bash tests/torture/run.sh

HOURS ?= 1
soak: deps-check
	@$(MAKE) --no-print-directory -s all $(SOAK)
	@HOURS=$(HOURS) SEED=$(SEED) bash tests/soak/run.sh

conf: $B/spoolcast
	$B/spoolcast help settings >conf/spoolcast.ini.new
	mv conf/spoolcast.ini.new conf/spoolcast.ini

deps: deps-check
deps-build deps-demo deps-check deps-bench:
	sh tests/deps.sh $@

demo: deps-demo
	@$(MAKE) --no-print-directory all
	@exec env --default-signal=INT,TERM,HUP sh examples/demo.sh $B

# Two makes: the first may install the compiler that the second needs.
check: deps-check
	@$(MAKE) --no-print-directory check-built
check-built: all static tests-built asan-built
	@bash tests/run.sh
tests-built: all $(UNIT) $(PEERS) $(FUZZ) $(SOAK)
asan-built:
	@$(MAKE) --no-print-directory B=$B/asan SAN="$(SANITIZE)" \
		CFLAGS='-O1 -g' tests-built

# A server that cannot be had is named, and the others are measured.
bench:
	-@sh tests/deps.sh deps-bench
	@$(MAKE) --no-print-directory -s bench-built
	@bash tests/bench/run.sh $(ONLY)
bench-built: all static $(BENCH) $B/bench/static/hello $B/helpers/inotify_hog

SHARE = $(DESTDIR)$(PREFIX)/share
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(SHARE)/man/man5 \
		$(SHARE)/doc/spoolcast $(UNITS) \
		$(SHARE)/bash-completion/completions
	install -m 755 $B/spoolcast $(DESTDIR)$(PREFIX)/bin/spoolcast
	ln -sf spoolcast $(DESTDIR)$(PREFIX)/bin/spoolcast.fcgi
	install -m 644 src/spoolcast.1 $(SHARE)/man/man1/
	install -m 644 src/spoolcast.ini.5 src/spoolcast.spool.5 \
		$(SHARE)/man/man5/
	install -m 644 conf/*.ini conf/*.conf conf/Caddyfile conf/htaccess-* \
		conf/spoolcast.logrotate README.md LICENSE \
		$(SHARE)/doc/spoolcast/
	install -m 644 conf/spoolcast.bash \
		$(SHARE)/bash-completion/completions/spoolcast
	install -m 644 conf/spoolcast.socket $(UNITS)/
	sed 's,@PREFIX@,$(PREFIX),' conf/spoolcast.service \
		>$(UNITS)/spoolcast.service

clean:
	rm -rf $B

-include $(OBJ:.o=.d) $B/obj/main.d $(wildcard $B/*/*.d)
