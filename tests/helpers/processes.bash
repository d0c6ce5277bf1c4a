# shellcheck shell=bash disable=SC2034,SC2153
# spoolcast serve --processes, beside what common.bash has.

# Prints the ids of the responders, the oldest first.
children()
{
	pgrep -P "$SERVE_PID" | sort -n
}

# has_children N: so many serve now.
has_children()
{
	local pid serving=0
	for pid in $(children); do
		if grep -qs "spoolcast\[$pid\]: .*event=serving" \
			"$T/serve.log"; then
			serving=$((serving + 1))
		fi
	done
	((serving == $1))
}

# start_processes N [OPTION...]: as start_serve; SERVE_PID is the parent.
start_processes()
{
	: >"$T/serve.log"
	background "$T/serve.log" "$SPOOLCAST" serve \
		--listen "unix:$T/serve.sock" --processes "$@"
	SERVE_PID=$PID
	wait_for 10 has_children "$1"
}

# stop_processes SIGNAL: and all have ended, with success.
stop_processes()
{
	local pids pid
	mapfile -t pids < <(children)
	kill -s "$1" "$SERVE_PID"
	wait_for 20 gone "$SERVE_PID"
	wait "$SERVE_PID"
	for pid in "${pids[@]}"; do
		gone "$pid"
	done
}
