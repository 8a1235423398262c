#!/bin/sh
# @TITLE@, with curl alone.
set -eu
url=@URL@
dir=$(mktemp -d)
session='' version=''
trap end EXIT

# Lets the server forget the session, which it may refuse.
end() {
    [ -z "$session" ] || curl -gsS --max-time 60 -o "$dir/body" -X DELETE "$url" \
@HEADERS@        -H "Mcp-Session-Id: $session" -H "MCP-Protocol-Version: $version" || true
    rm -rf "$dir"
}

# send BODY: POSTs it, in the session if there is one. The status is in $status afterwards, the headers
# are in $dir/head, the body is in $dir/body.
send() {
    status=$(curl -gsS --max-time 60 -D "$dir/head" -o "$dir/body" -w '%{http_code}' "$url" \
        -H 'Content-Type: application/json' \
        -H 'Accept: application/json, text/event-stream' \
@HEADERS@        ${session:+-H "Mcp-Session-Id: $session"} \
        ${version:+-H "MCP-Protocol-Version: $version"} \
        --data-binary "$1")
}

# The messages of the last answer: the events of a stream, or the document.
messages() {
    if grep -q '^data:' "$dir/body"; then
        sed -n 's/^data: *//p' "$dir/body" | tr -d '\r' | grep .
    else
        cat "$dir/body"
        echo
    fi
}

refused() {
    echo "HTTP $status: $(cat "$dir/body")" >&2
    exit 1
}

# initialize without a session; its header kept; notifications/initialized with it.
handshake() {
    session='' version=''
    send '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"@VERSION@","capabilities":{},"clientInfo":{"name":"recipe","version":"1"}}}'
    case $status in 2*) ;; *) refused ;; esac
    # A header, never the body.
    session=$(sed -n 's/^[Mm][Cc][Pp]-[Ss][Ee][Ss][Ss][Ii][Oo][Nn]-[Ii][Dd]: *//p' "$dir/head" | tr -d '\r' | tail -n 1)
    version=$(messages | sed -n 's/.*"protocolVersion" *: *"\([^"]*\)".*/\1/p' | head -n 1)
    send '{"jsonrpc":"2.0","method":"notifications/initialized"}'
    case $status in 2*) ;; *) refused ;; esac
}

request=@MESSAGE@
handshake
send "$request"
case $status in
    2*) ;;
    # What this server answers when it does not know a session (any more).
    @LOST@)
        [ -n "$session" ] || refused
        handshake
        send "$request"
        ;;
esac
case $status in 2*) ;; *) refused ;; esac
messages
