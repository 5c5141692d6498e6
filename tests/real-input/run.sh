#!/usr/bin/env bash
# Real input: this machine's Debian package index, one record per stanza keyed by package name, goes through the command line
# into a topic of six partitions while the broker is killed with kill -9 three times. What is consumed must be exactly the stanzas,
# in order per key; the comparison is done by awk, sort and cmp. A generated index stands in where there is none.
set -euo pipefail
# shellcheck source=tests/smoke/broker.bash
source "$(dirname "$0")/../smoke/broker.bash"
seconds=${SECONDS_TO_PRODUCE:-40}
stanzas_max=80000
cd "$work"

indexes() {
  command -v apt-get > /dev/null || return 0
  apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' 2>/dev/null | while read -r file; do
    [ ! -f "$file" ] || /usr/lib/apt/apt-helper cat-file "$file"
    echo
  done
}

generated() {
  awk 'BEGIN {
    for (i = 0; i < 60000; i++) {
      printf "Package: generated-%05d\nVersion: 1.%d\nArchitecture: all\n", (i * 7919) % 20011, i
      printf "Description: a stanza of a generated index\n"
      for (line = 0; line < 3 + i % 17; line++) printf " line %d of stanza %d, so that stanzas differ in length\n", line, i
      printf "\n"
    }
  }'
}

# Exactly one empty line behind each stanza; only stanzas of packages.
one_per_paragraph() {
  awk -v max="$stanzas_max" 'BEGIN { RS = ""; ORS = "\n\n" } /(^|\n)Package: / && n < max { n++; print }'
}

indexes | one_per_paragraph > stanzas
if [ ! -s stanzas ]; then
  echo "no package index on this machine; generating one" >&2
  generated | one_per_paragraph > stanzas
fi
count=$(grep -c '^Package: ' stanzas)
echo "$count stanzas, $(wc -c < stanzas) bytes"

broker_flags=(--data-dir "$work/data" --grpc 127.0.0.1:0 --http 127.0.0.1:0)
start_broker
broker_flags=(--data-dir "$work/data" --grpc "$LOGBROKER_SERVERS" --http 127.0.0.1:0)
"$logbroker" topic create packages -p 6 -c segment.bytes=2097152

"$logbroker" produce packages stanzas -D '\n\n' --key-regex '^Package: (.*)$' --rate $((count / seconds + 1)) > produce.out 2> produce.err &
producer=$!
children+=("$producer")

# Sum of the high watermarks.
acknowledged() {
  "$logbroker" topic describe packages 2>/dev/null | awk -F '\t' '$1 == "partitions" { sum += $7 } END { print sum + 0 }'
}

for share in 20 45 70; do
  waited=0
  until [ "$(acknowledged)" -ge $((count * share / 100)) ]; do
    kill -0 "$producer" 2>/dev/null || fail "the producer ended too early: $(cat produce.err)"
    waited=$((waited + 1))
    [ "$waited" -lt 240 ] || fail "no progress to $share % in two minutes"
    sleep 0.5
  done
  kill -0 "$producer" 2>/dev/null || fail "the producer had ended before the kill at $share %"
  kill_broker
  start_broker
  echo "killed and restarted at $share %"
done

status=0
wait "$producer" || status=$?
children=()
[ "$status" -eq 0 ] || fail "the producer ended with $status: $(cat produce.err)"
pass "the producer carried on through three kills and ended with 0: $(tail -n 1 produce.err)"
[ "$(acknowledged)" -eq "$count" ] || fail "$(acknowledged) offsets for $count stanzas"

# As lines KEY<tab>STANZA, in order; newlines of a stanza become \001.
awk 'BEGIN { RS = ""; FS = "\n" } {
  key = ""
  for (i = 1; i <= NF && key == ""; i++) if (index($i, "Package: ") == 1) key = substr($i, 10)
  gsub(/\n/, "\001"); print key "\t" $0
}' stanzas > expected
: > consumed
for partition in 0 1 2 3 4 5; do
  "$logbroker" consume packages -p "$partition" -K '\x02' -D '\x03' |
    awk 'BEGIN { RS = "\003"; FS = "\002" } { gsub(/\n/, "\001", $2); print $1 "\t" $2 }' > "consumed.$partition"
  cut -f 1 "consumed.$partition" | sort -u > "keys.$partition"
  cat "consumed.$partition" >> consumed
  [ -s "consumed.$partition" ] || fail "partition $partition is empty"
done
[ -z "$(sort keys.? | uniq -d)" ] || fail "a key is in two partitions: $(sort keys.? | uniq -d | head -n 1)"

sort expected > expected.sorted
sort consumed > consumed.sorted
cmp expected.sorted consumed.sorted || fail "lost or doubled: $(comm -3 expected.sorted consumed.sorted | wc -l) lines differ"
pass "$count records, none lost, none twice"

# Stable: lines of one key stay in their order.
sort -s -t "$(printf '\t')" -k 1,1 expected > expected.by-key
sort -s -t "$(printf '\t')" -k 1,1 consumed > consumed.by-key
cmp expected.by-key consumed.by-key || fail "out of order within a key"
pass "in order per key"

stop_broker
"$logbroker" storage verify "$work/data" > findings || { cat findings; fail "storage verify found damage"; }
[ ! -s findings ] || { cat findings; fail "storage verify has something to say after a clean stop"; }
pass "storage verify finds nothing wrong"
