#!/bin/sh
# @TITLE@, with curl alone.
set -eu
url=@URL@
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# A request that says everything by itself: no handshake before it, no session around it. The server
# compares the headers with the body.
status=$(curl -gsS --max-time 60 -o "$dir/body" -w '%{http_code}' "$url" \
    -H 'Content-Type: application/json' \
    -H 'Accept: application/json, text/event-stream' \
    -H 'MCP-Protocol-Version: @VERSION@' \
@HEADERS@    --data-binary @MESSAGE@)

case $status in
    2*) ;;
    *)
        echo "HTTP $status: $(cat "$dir/body")" >&2
        exit 1
        ;;
esac
# The messages of the answer: the events of a stream, or the document.
if grep -q '^data:' "$dir/body"; then
    sed -n 's/^data: *//p' "$dir/body" | tr -d '\r' | grep .
else
    cat "$dir/body"
    echo
fi
