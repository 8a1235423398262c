# Prints the messages of the last response, one a line: the events of a stream, or the document.
messages() {
    if grep -qi '^content-type: *text/event-stream' "$dir/head"; then
        tr -d '\r' <"$dir/body" | awk '
            sub(/^data: ?/, "") { text = text $0 }
            $0 == "" { if (text != "") print text; text = "" }'
    else
        tr -d '\r\n' <"$dir/body"
        echo
    fi
}

# Prints the members of each message as <name>, without what is in them.
outline() {
    sed -e 's/^ *\[\(.*\)\] *$/\1/' -e 's/\\.//g' -e 's/"\([a-z]*\)" *:/<\1>/g' -e 's/"[^"]*"//g' \
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
            *'<result>'*) printf '%s\n' "$message" && return ;;
            *'<error>'*) printf '%s\n' "$message" >&2 && exit 1 ;;
        esac
    done <"$dir/messages"
    echo 'no response' >&2
    exit 1
}
