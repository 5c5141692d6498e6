#!/usr/bin/env bash
# The first minutes of a new user: a broker with no configuration, a topic, records in and out, a kill -9 in between.
set -euo pipefail
# shellcheck source=tests/smoke/broker.bash
source "$(dirname "$0")/broker.bash"

# With no flags it takes the ports 7070 and 7080: only if they are free here.
for port in 7070 7080; do
  if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "port $port is taken here; using others" >&2
    broker_flags=(--grpc 127.0.0.1:0 --http 127.0.0.1:0)
  fi
done

start_broker
pass "the broker serves at $LOGBROKER_SERVERS, with its data in ./data"
[ -f "$work/data/meta.json" ] || fail "there is no ./data/meta.json"

"$logbroker" topic create orders -p 1
printf 'one\ntwo\nthree\n' > "$work/records"
"$logbroker" produce orders < "$work/records"
"$logbroker" consume orders > "$work/consumed"
cmp "$work/records" "$work/consumed" || fail "consumed records differ"
pass "three records in and out"

kill_broker
start_broker
"$logbroker" consume orders > "$work/consumed"
cmp "$work/records" "$work/consumed" || fail "records differ after kill -9"
pass "the same records after kill -9"

echo 'four' | "$logbroker" produce orders -k 4 -H source:smoke
"$logbroker" consume orders --from -1 -o jsonl > "$work/last"
grep -q '"key":"4","value":"four","headers":\[{"key":"source","value":"smoke"}\]' "$work/last" || fail "not as expected: $(cat "$work/last")"
"$logbroker" cluster status > "$work/status"
grep -q $'^healthy\ttrue$' "$work/status" || fail "not healthy: $(cat "$work/status")"
"$logbroker" topic list | grep -q $'^orders\t1\t1\t4\t' || fail "not as expected: $("$logbroker" topic list)"
pass "status, list and describe"

stop_broker
"$logbroker" storage verify "$work/data" || fail "storage verify found damage"
status=0
"$logbroker" topic list 2> "$work/unreachable.err" || status=$?
[ "$status" -eq 6 ] || fail "exit code $status without a broker"
grep -q 'cannot reach' "$work/unreachable.err" || fail "no word about the broker that is not there"
pass "stopped, verified, and said to be unreachable"
