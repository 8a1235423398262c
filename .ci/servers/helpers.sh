# What the scripts beside this one share: servers that are started and ended, and expectations that are
# counted. To be sourced from the project's root.
here=$PWD
poke=$here/target/release/mcpoke
work=$(mktemp -d)
npm=$here/target/ci/npm/node_modules
everything=$npm/@modelcontextprotocol/server-everything/dist/index.js
examples=$npm/@modelcontextprotocol/sdk/dist/esm/examples/server
server='' log='' passed=0 failed=0 started=()

stop() {
    if [ -n "$server" ]; then
        kill -- "-$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        # Until the port is free again; what does not go by itself is made to.
        for try in $(seq 100); do
            listening "${started[0]}" || break
            [ "$try" = 50 ] && kill -9 -- "-$server" 2>/dev/null || true
            sleep 0.1
        done
        server=''
    fi
}
trap 'stop; rm -rf "$work"' EXIT

listening() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# start PORT COMMAND...: in a process group of its own, for five minutes at most
start() {
    local port=$1
    started=("$@")
    shift
    log=$work/server.log
    setsid timeout 300 "$@" >"$log" 2>&1 </dev/null &
    server=$!
    for _ in $(seq 300); do
        if listening "$port"; then return; fi
        sleep 0.2
    done
    echo "nothing listens on $port:"
    cat "$log"
    exit 1
}

# is WHAT ACTUAL EXPECTED
is() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s\n  got      %q\n  expected %q\n' "$1" "$2" "$3"
    fi
}

has() { # WHAT TEXT PART
    case $2 in
    *"$3"*) passed=$((passed + 1)) ;;
    *)
        failed=$((failed + 1))
        printf 'FAILED %s\n  %q\n  lacks %q\n' "$1" "$2" "$3"
        ;;
    esac
}
