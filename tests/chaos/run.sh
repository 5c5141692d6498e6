#!/usr/bin/env bash
# Three brokers under faults by a seed, for ten minutes unless --seconds says otherwise, and a checker over everything that clients saw:
# run.sh [--seconds 600] [--seed N] [--report FILE] [--network proxy|namespaces] [--disks plain|images]. docs/chaos.md explains it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
configuration=${CONFIGURATION:-Release}
program=$root/tests/LogBroker.Chaos/bin/$configuration/net10.0/LogBroker.Chaos
if [ ! -x "$program" ] || [ -z "${NO_BUILD:-}" ]; then
  dotnet build "$root/tests/LogBroker.Chaos" -c "$configuration" --nologo -v quiet >&2
fi
exec "$program" "$@"
