# Prints the messages of the last response, one a line: the events of a stream, or the document.
messages() {
    if grep -qi '^content-type: *text/event-stream' "$dir/head"; then
        tr -d '\r' <"$dir/body" | awk '
            sub(/^data: ?/, "") { text = text $0; next }
            $0 == "" { if (text != "") print text; text = "" }' | objects
    else
        (tr -d '\r\n' <"$dir/body" && echo) | objects
    fi
}

# Prints each outermost object on a line of its own: some servers put messages into an array.
objects() {
    awk '{
        depth = 0; text = 0; quoted = 0; start = 1
        for (at = 1; at <= length($0); at++) {
            c = substr($0, at, 1)
            if (quoted) { quoted = 0 }
            else if (text && c == "\\") { quoted = 1 }
            else if (c == "\"") { text = !text }
            else if (!text && c == "{" && depth++ == 0) { start = at }
            else if (!text && c == "}" && --depth == 0) { print substr($0, start, at - start + 1) }
        }
    }'
}

# Prints the members of each message as <name>, without what is in them.
outline() {
    sed -e 's/\\.//g' -e 's/"\([a-z]*\)" *:/<\1>/g' -e 's/<[a-z]*> *null//g' -e 's/"[^"]*"//g' \
        -e 's/^ *{//' -e 's/} *$//' -e ':in' -e 's/[{[][^][{}]*[]}]//g' -e 'tin'
}

# Prints the response, and fails if it is an error or if there is none.
answer() {
    case $status in
        2*) ;;
        *)
            echo "HTTP $status: $(cat "$dir/body")" >&2
            exit 1
            ;;
    esac
    messages >"$dir/messages"
    while read -r message; do
        case $(printf '%s' "$message" | outline) in
            *'<method>'*) ;;
            *'<error>'*) printf '%s\n' "$message" >&2 && exit 1 ;;
            *'<result>'*) printf '%s\n' "$message" && return ;;
        esac
    done <"$dir/messages"
    echo 'no response' >&2
    exit 1
}
