#!/bin/sh
# @TITLE@, with curl alone.
set -eu
url=@URL@
dir=$(mktemp -d)
session='' version=''
trap end EXIT

# Ends the session, if the server permits it.
end() {
    [ -z "$session" ] || curl -gsS --max-time 60 -o "$dir/body" -X DELETE "$url" \
@HEADERS@        -H "Mcp-Session-Id: $session" -H "MCP-Protocol-Version: $version" || true
    rm -rf "$dir"
}

# send BODY: POSTs it, in the session if there is one. Sets $status; the headers are in $dir/head, the
# body is in $dir/body.
send() {
    status=$(curl -gsS --max-time 60 -D "$dir/head" -o "$dir/body" -w '%{http_code}' "$url" \
        -H 'Content-Type: application/json' \
        -H 'Accept: application/json, text/event-stream' \
@HEADERS@        ${session:+-H "Mcp-Session-Id: $session"} \
        ${version:+-H "MCP-Protocol-Version: $version"} \
        --data-binary "$1")
}

@MESSAGES@

# Sends initialize without a session, keeps the session id, and confirms the handshake.
handshake() {
    session='' version=''
    send '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"@VERSION@","capabilities":{},"clientInfo":{"name":"recipe","version":"1"}}}'
    answer >"$dir/initialized"
    # In a header, never in the body.
    session=$(sed -n 's/^[Mm][Cc][Pp]-[Ss][Ee][Ss][Ss][Ii][Oo][Nn]-[Ii][Dd]: *//p' "$dir/head" | tr -d '\r' | tail -n 1)
    version=$(sed -n 's/.*"protocolVersion" *: *"\([^"]*\)".*/\1/p' "$dir/initialized")
    # Some servers refuse it and work nevertheless.
    send '{"jsonrpc":"2.0","method":"notifications/initialized"}'
}

request=@MESSAGE@
handshake
send "$request"
case $status in
    # The statuses with which this server refuses an unknown session.
    @LOST@)
        if [ -n "$session" ]; then
            handshake
            send "$request"
        fi
        ;;
esac
answer
