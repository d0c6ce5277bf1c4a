# shellcheck shell=bash disable=SC2154 # common_setup and the server set these
# What a web server that hands over SPOOLCAST_CHANNELS=news makes certain.  To
# be loaded after common.

# mount_holds [CURL OPTION...]: at $URL only the channel news can be heard.
mount_holds()
{
	local path
	echo n1 >"$SPOOL/news"
	echo p1 >"$SPOOL/private"
	for path in private 'news?channel=private' news,private x/private \
		'news?channel=news&channel=private'; do
		get "$URL/$path" "$@"
		same "404 $path" "$STATUS $path"
		grep -F 'no channel "private" here: SPOOLCAST_CHANNELS' "$BODY"
	done
	get "$URL/private" -H 'Spoolcast-Channels: private' "$@"
	same 404 "$STATUS"
	sse_begin "$URL/*?history=all" "$T/mount" \
		-H 'Spoolcast-Channels: *' "$@"
	wait_line "$T/mount" n1
	echo p2 >>"$SPOOL/private"
	echo n2 >>"$SPOOL/news"
	wait_line "$T/mount" n2
	sse_close
	same '"n1","n2"' "$(texts "$T/mount")"
}
