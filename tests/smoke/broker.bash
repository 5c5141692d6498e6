# Sourced by the scripts beside and in ../real-input: finds the programs, starts, kills and stops a broker, cleans up.
# shellcheck shell=bash
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
configuration=${CONFIGURATION:-Release}
logbroker=$root/client/LogBroker.Cli/bin/$configuration/net10.0/logbroker
logbrokerd=$root/broker/LogBroker.Server/bin/$configuration/net10.0/logbrokerd
if [ ! -x "$logbroker" ] || [ ! -x "$logbrokerd" ]; then
  dotnet build "$root/broker/LogBroker.Server" -c "$configuration" --nologo -v quiet >&2
  dotnet build "$root/client/LogBroker.Cli" -c "$configuration" --nologo -v quiet >&2
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/logbroker-XXXXXX")
broker_pid=
broker_starts=0
broker_flags=()
declare -a children=()

cleanup() {
  local status=$?
  trap - EXIT
  for pid in "${children[@]}" $broker_pid; do
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  if [ "$status" -ne 0 ]; then
    echo "FAIL: $(basename "$(dirname "$0")") ended with $status" >&2
    tail -n 20 "$work"/*.err "$work"/broker.*.log 2>/dev/null >&2 || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

pass() { echo "PASS: $*"; }
fail() { echo "FAIL: $*" >&2; exit 1; }

# Starts the broker in $work and waits for its line; sets broker_pid and LOGBROKER_SERVERS.
start_broker() {
  broker_starts=$((broker_starts + 1))
  local out=$work/broker.$broker_starts.log waited=0
  : > "$out"
  (cd "$work" && exec "$logbrokerd" "${broker_flags[@]}") > "$out" 2> "$work/broker.$broker_starts.err" &
  broker_pid=$!
  until grep -q '^LogBroker ready: ' "$out"; do
    kill -0 "$broker_pid" 2>/dev/null || fail "the broker ended at start $broker_starts"
    waited=$((waited + 1))
    [ "$waited" -lt 600 ] || fail "the broker was not ready after 60 s"
    sleep 0.1
  done
  LOGBROKER_SERVERS=$(sed -n 's/^LogBroker ready: .*grpc=\([^ ]*\).*/\1/p' "$out")
  export LOGBROKER_SERVERS
}

kill_broker() {
  kill -9 "$broker_pid"
  wait "$broker_pid" 2>/dev/null || true
  broker_pid=
}

# Asks it to stop; it must end with 0.
stop_broker() {
  local pid=$broker_pid status=0
  kill -TERM "$pid"
  wait "$pid" || status=$?
  broker_pid=
  [ "$status" -eq 0 ] || fail "the broker ended with $status after SIGTERM"
}
