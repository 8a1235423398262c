#!/bin/sh
# @TITLE@, with curl alone.
set -eu
url=@URL@
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

@MESSAGES@

# A self-contained request: no handshake, no session. The server compares the headers with the body.
status=$(curl -gsS --max-time 60 -D "$dir/head" -o "$dir/body" -w '%{http_code}' "$url" \
    -H 'Content-Type: application/json' \
    -H 'Accept: application/json, text/event-stream' \
    -H 'MCP-Protocol-Version: @VERSION@' \
@HEADERS@    --data-binary @MESSAGE@)
answer
