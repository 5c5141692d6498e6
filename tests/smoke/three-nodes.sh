#!/usr/bin/env bash
# The README's three nodes, typed as printed: a cluster, a topic with three replicas, a produce that goes on while a node is killed, and
# the word of `cluster health` at each moment. Afterwards every record is looked at, from each replica's files too.
set -euo pipefail
# shellcheck source=tests/smoke/broker.bash
source "$(dirname "$0")/broker.bash"
export XDG_STATE_HOME=$work/state
logbroker_file=$logbroker
logbroker() { "$logbroker_file" "$@"; }

# The last block of the section, without its last line, which removes everything.
sed -n '/^## Three nodes/,/^## What is promised/p' "$root/README.md" |
  awk '/^```/ { inside = !inside; if (inside) block = ""; next } inside { block = block $0 "\n" } END { printf "%s", block }' > "$work/typed"
grep -q '^logbroker dev kill 2$' "$work/typed" || fail "the README's block was not found"
[ "$(tail -n 1 "$work/typed")" = "logbroker dev down --wipe" ] || fail "the README's block does not end as it should"
sed -i '$d' "$work/typed"
end_nodes() { "$logbroker_file" dev down --wipe > /dev/null 2>&1 || true; }
trap 'end_nodes; cleanup' EXIT

set +e
# shellcheck disable=SC1091
source "$work/typed" > "$work/typed.out" 2> "$work/typed.err"
set -e
grep -q '^ *100000$' "$work/typed.out" || fail "not 100000 records: $(cat "$work/typed.out")"
grep -q 'node 2' "$work/typed.out" || fail "cluster health did not name the node that was killed: $(cat "$work/typed.out")"
pass "100000 records were produced and consumed while a node was killed"

logbroker cluster health > "$work/health" || fail "not healthy at the end: $(cat "$work/health")"
logbroker consume payments | sort -n > "$work/consumed"
seq 100000 | cmp - "$work/consumed" || fail "records are missing or twice"
pass "each of them is there once, and the cluster says that it is healthy"

logbroker dev down > /dev/null 2>&1
for node in 1 2 3; do
  directory=$(find "$XDG_STATE_HOME" -name meta.json -path "*$node*" -printf '%h\n' | head -n 1)
  logbroker storage verify "$directory" > "$work/verify.$node" || fail "node $node: $(cat "$work/verify.$node")"
done
sums=$(for node in 1 2 3; do
  directory=$(find "$XDG_STATE_HOME" -name meta.json -path "*$node*" -printf '%h\n' | head -n 1)
  find "$directory/topics" -path '*payments*' -name '*.log' | sort | sed 's|.*/topics/||' | md5sum
done | sort -u | wc -l)
[ "$sums" -eq 1 ] || fail "the nodes hold other segments"
pass "the files of all three nodes are sound"
