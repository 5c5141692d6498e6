#!/bin/sh
# The SDK compiled ahead of time: builds the smoke program as a native binary, with every trim and AOT warning an error, and lets it
# produce to and read from a started broker. Where the native toolchain or its packages are missing it says SKIP for that, and the
# same program runs on the runtime instead, built with the same analyzers as errors. Prints PASS, FAIL and SKIP lines; exits 1
# when one is FAIL.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
project=$root/tests/aot-smoke/LogBroker.AotSmoke.csproj
work=$(mktemp -d)
broker=
trap 'if [ -n "$broker" ]; then kill -9 "$broker" 2>/dev/null; fi; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

fail()
{
    echo "FAIL aot-smoke: $*"
    exit 1
}

case $(uname -m) in
    aarch64) rid=linux-arm64 ;;
    *) rid=linux-x64 ;;
esac

native()
{
    command -v clang > /dev/null || command -v gcc > /dev/null || { echo "SKIP aot-smoke native: no linker (clang or gcc)"; return 1; }
    dotnet restore "$project" -r "$rid" --artifacts-path "$work/native" > "$work/restore.log" 2>&1 \
        || { echo "SKIP aot-smoke native: its compiler packages cannot be restored ($(grep -m 1 -o 'error .*' "$work/restore.log"))"; return 1; }
    dotnet publish "$project" -c Release -r "$rid" --artifacts-path "$work/native" -o "$work/program" > "$work/build.log" 2>&1 \
        || { tail -n 20 "$work/build.log"; fail "publishing as a native binary, see above"; }
    [ ! -e "$work/program/aot-smoke.dll" ] || fail "the program is not native"
    echo "PASS aot-smoke native: no trim or AOT warning, $(wc -c < "$work/program/aot-smoke") bytes"
}

analyzed()
{
    dotnet build "$project" -c Release -p:PublishAot=false -p:IsAotCompatible=true --artifacts-path "$work/build" -o "$work/program" \
        > "$work/build.log" 2>&1 || { tail -n 20 "$work/build.log"; fail "building with the trim and AOT analyzers, see above"; }
    echo "PASS aot-smoke analyzers: no trim or AOT warning"
}

start_broker()
{
    dotnet build "$root/broker/LogBroker.Server" -c Release > "$work/broker-build.log" 2>&1 \
        || { tail -n 20 "$work/broker-build.log"; fail "building the broker, see above"; }
    : > "$work/ready"
    dotnet "$root/broker/LogBroker.Server/bin/Release/net10.0/logbrokerd.dll" --data-dir "$work/data" --grpc 127.0.0.1:0 \
        --http 127.0.0.1:0 > "$work/ready" 2> "$work/broker.log" &
    broker=$!
    rounds=0
    until grep -q '^LogBroker ready:' "$work/ready"
    do
        kill -0 "$broker" 2>/dev/null || { cat "$work/broker.log"; fail "the broker ended"; }
        rounds=$((rounds + 1))
        [ $rounds -lt 300 ] || { cat "$work/broker.log"; fail "the broker is not ready after a minute"; }
        sleep 0.2
    done
    server=$(grep -o '127\.0\.0\.1:[0-9]*' "$work/ready" | head -n 1)
}

native || analyzed
start_broker
timeout 120 "$work/program/aot-smoke" "$server" || fail "exit code $? of the program"
