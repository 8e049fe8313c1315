#!/bin/bash
# clients.sh [LANGUAGE...]: real OpenTelemetry SDKs send known traces every way they can; what weft gives back is compared field by field.
#
# LANGUAGE: python node go java rust (default: those whose tools are here). Installs into build-clients/ once.
# WEFT names the binary. VERBOSE=1 prints what each client said. The last line is "N passed, N failed".
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
: "${WEFT:=$root/build/weft}"
build=${CLIENTS_DIR:-$root/build-clients}
mkdir -p "$build"
passed=0 failed=0
run=$(mktemp -d)
pid=
cleanup() { [ -z "$pid" ] || kill "$pid" 2>/dev/null; [ -z "$pid" ] || wait "$pid" 2>/dev/null; rm -rf "$run"; }
trap cleanup EXIT

has() { command -v "$1" >/dev/null 2>&1; }
languages=("$@")
if [ ${#languages[@]} = 0 ]; then
    has python3 && languages+=(python)
    has node && has npm && languages+=(node)
    has go && languages+=(go)
    has mvn && languages+=(java)
    has cargo && languages+=(rust)
fi

setup() {
    cp -r "$here/clients/." "$build/"
    cd "$build" || return
    case $1 in
    python) [ -x venv/bin/python ] || { python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check -r requirements.txt; } ;;
    node) [ -d node_modules ] || npm install --silent --no-fund --no-audit ;;
    go) go build -C go_otlp -buildvcs=false -o "$build/bin/go_otlp" . ;;
    java) mvn -q -B -f java_otlp/pom.xml package ;;
    rust) cargo build -q --manifest-path rust_otlp/Cargo.toml ;;
    *) echo "clients.sh: unknown language $1" >&2; return 2 ;;
    esac
}

start_weft() {
    local set=()
    for key in receivers.otlp.protocols.grpc receivers.otlp.protocols.http server.http server.tempo server.jaeger_grpc server.zipkin; do
        set+=(--set "$key.endpoint=127.0.0.1:0")
    done
    "$WEFT" serve --data "$run/store" --addresses "$run/addresses.json" "${set[@]}" >"$run/log" 2>&1 &
    pid=$!
    for _ in $(seq 200); do [ -e "$run/addresses.json" ] && return; sleep 0.05; done
    cat "$run/log" >&2
    return 1
}
address() { sed -n "s/.*\"$1.endpoint\": *\"\([^\"]*\)\".*/\1/p" "$run/addresses.json"; }

# way LANGUAGE PROTOCOL COMPRESSION COMMAND...: one client, then what weft says it got.
way() {
    local language=$1 protocol=$2 compression=$3 port count=5; shift 3
    local service="$language $protocol $compression" said
    [ "$protocol" = grpc ] && port=receivers.otlp.protocols.grpc || port=receivers.otlp.protocols.http
    if said=$("$@" --protocol "$protocol" --endpoint "http://$(address $port)" --compression "$compression" \
            --count $count --service "$service" 2>&1) &&
        "$here/clients/fetch.py" "http://$(address server.http)" "$service" >"$run/fetched.jsonl" &&
        said+=$(python3 "$here/clients/check_known.py" "$run/fetched.jsonl" "$service" $count 2>&1); then
        passed=$((passed + 1)); echo "ok      $service"; [ -z "${VERBOSE:-}" ] || echo "        $said"
    else
        failed=$((failed + 1)); echo "FAILED  $service: $(tail -n 5 <<<"$said")"
    fi
}

ways() {    # ways LANGUAGE "PROTOCOLS" "COMPRESSIONS" COMMAND...
    local language=$1 protocols=$2 compressions=$3 p z; shift 3
    for p in $protocols; do for z in $compressions; do way "$language" "$p" "$z" "$@"; done; done
}

start_weft || exit 2
for language in "${languages[@]}"; do
    setup "$language" || { echo "FAILED  $language: setup"; failed=$((failed + 1)); continue; }
    case $language in
    python) ways python "grpc http/protobuf" "none gzip deflate" venv/bin/python python_otlp.py ;;
    node) ways node "grpc http/protobuf http/json" "none gzip" node node_otlp.mjs ;;
    go) ways go "grpc http/protobuf" "none gzip" bin/go_otlp ;;
    java) ways java "grpc http/protobuf" "none gzip" java -jar java_otlp/target/java_otlp.jar ;;
    rust) ways rust "grpc http/protobuf http/json" "none gzip" rust_otlp/target/debug/rust_otlp ;;
    esac
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
