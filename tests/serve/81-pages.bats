#!/usr/bin/env bats
# What README gives to paste, taken from there, in browsers; `make check-long`
# has each page in each of them, by EVERY=1.

load ../helpers/common
load ../helpers/readers

setup()
{
	common_setup
	: >"$SPOOL/news"
}
teardown() { stop_all; }

# snippet WORDS: prints the block of README in which these stand.
snippet()
{
	awk -v words="$1" '
		/^```/ {
			if (inside && index(block, words)) printf "%s", block
			inside = !inside
			block = ""
			next
		}
		inside { block = block $0 "\n" }' "$ROOT/README.md"
}

# readme_page [SED SCRIPT]: native.html is the page of README that comes back,
# and tells the reader what it sees.
readme_page()
{
	snippet 'function listen' >"$T/snippet"
	grep -q 'console.log(data)' "$T/snippet"
	grep -q 'console.warn(.*, data)' "$T/snippet"
	{
		echo '<!DOCTYPE html><meta charset="utf-8">'
		echo '<link rel="icon" href="data:,"><script>'
		cat <<-'PAGE'
		let batch = [];
		const take = () => batch.splice(0);
		const Native = EventSource;
		window.EventSource = class extends Native {
			constructor(url) {
				super(url);
				this.addEventListener("open", () => batch.push(["open", ""]));
			}
		};
		PAGE
		sed -e 's/console.log(data)/batch.push(["message", data])/' \
			-e 's/console.warn(.*, data)/batch.push(["spoolcast.gap", data])/' \
			-e "$1" "$T/snippet"
		echo '</script>'
	} >"$T/www/native.html"
}

# long: the rest of a test is for where there is time for all.
long()
{
	[[ -n ${EVERY:-} ]] || skip 'make check-long has it'
}

# comes_back BROWSER: its EventSource meets a 503 and gives up, the page does not.
comes_back()
{
	ini '[stream]' 'retry = 100ms'
	readme_page 's/5000/200/g'
	start_serve
	start_lighttpd_socket
	printf '%s\n' hello second third >"$T/lines"
	follow "$URL/news" --reader "$1"
	wait_for 60 progress_is 0 1
	echo hello >>"$SPOOL/news"
	wait_for 60 has_read 1
	kill "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	wait_for 60 grep -q 'are down' "$T/lighttpd.log"
	echo second >>"$SPOOL/news"
	start_serve
	wait_for 60 has_read 2
	echo third >>"$SPOOL/news"
	read_end
}

@test "README's page comes back after any status in Chromium" {
	long
	comes_back chromium
}

@test "README's page comes back after any status in Firefox" {
	comes_back firefox
}

@test "README's page comes back after any status in WebKit" {
	long
	comes_back webkit
}

@test "README's page with two channels in one stream knows which is which" {
	# shellcheck disable=SC2016 # of JavaScript
	readme_page 's|"/events/news", {|"/events/news,deploy?event=channel", {\
		news: data => batch.push(["message", `news ${data}`]),\
		deploy: data => batch.push(["message", `deploy ${data}`]),|'
	start_lighttpd
	: >"$SPOOL/deploy"
	printf '%s\n' 'news one' 'deploy two' 'news three' >"$T/lines"
	follow "$URL/news" --reader firefox
	wait_for 60 progress_is 0 1
	echo one >>"$SPOOL/news"
	wait_for 60 has_read 1
	echo two >>"$SPOOL/deploy"
	wait_for 60 has_read 2
	echo three >>"$SPOOL/news"
	read_end
}

# notices BROWSER: connections that stay open and pass on nothing more.
notices()
{
	ini '[stream]' 'retry = 100ms' 'heartbeat = 500ms'
	readme_page 's/40000/3000/'
	start_lighttpd
	seq -f 'line %g' 1500 >"$T/lines"
	cut_off "$1" "$URL/news" --cuts 3 --deaf
}

@test "README's page notices a proxy that is half dead in Chromium" {
	long
	notices chromium
}

@test "README's page notices a proxy that is half dead in Firefox" {
	long
	notices firefox
}

@test "README's page notices a proxy that is half dead in WebKit" {
	notices webkit
}

@test "a service worker with README's line loses nothing in Chromium" {
	ini '[stream]' 'retry = 100ms'
	{
		cat <<-'WORKER'
		self.addEventListener("install", () => self.skipWaiting());
		self.addEventListener("activate", e => e.waitUntil(self.clients.claim()));
		self.addEventListener("fetch", event => {
		WORKER
		snippet 'event.request.headers' | tee "$T/snippet"
		echo 'event.respondWith(fetch(event.request)); });'
	} >"$T/www/worker.js"
	[[ -s $T/snippet ]]
	# It listens once the worker sees what the page asks for.
	sed 's|^source = \(.*\);$|source = { readyState: 0 };\
navigator.serviceWorker.register("/worker.js");\
navigator.serviceWorker.oncontrollerchange = () => {\
source = \1;|; s|^</script>|};\n&|' "$WEB/native.html" >"$T/www/native.html"
	grep -q '^};' "$T/www/native.html"
	start_lighttpd 'mimetype.assign += (".js" => "text/javascript")'
	seq -f 'line %g' 1500 >"$T/lines"
	cut_off chromium "$URL/news" --cuts 3
}
