#!/bin/sh
# Makes a directory with the broker that can be copied to a machine and started there.
#
#   packaging/publish.sh [DIR]       DIR: default artifacts/publish/logbrokerd
#
# Self-contained where .NET's runtime packs can be restored, so that the other machine needs no .NET; otherwise it needs the
# ASP.NET Core runtime 10, and the last line says which of the two it became. librocksdb is in the directory if this machine had to
# fetch it, and otherwise the other machine needs its package. Options in PUBLISH_ARGS go to dotnet publish.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
directory=${1:-$root/artifacts/publish/logbrokerd}
project=$root/broker/LogBroker.Server

case $(uname -m) in
    x86_64) rid=linux-x64 ;;
    aarch64) rid=linux-arm64 ;;
    *) echo "publish: no runtime for $(uname -m)" >&2; exit 1 ;;
esac

publish() { dotnet publish "$project" -c Release -o "$directory" -p:PublishDocumentationFiles=false ${PUBLISH_ARGS:-} "$@"; }

rm -rf "$directory"
# Restoring alone tells whether the runtime packs are there: what fails after it is an error of the build.
if dotnet restore "$project" -r "$rid" -p:SelfContained=true ${PUBLISH_ARGS:-}
then
    publish -r "$rid" --self-contained true
    kind="self-contained for $rid"
else
    echo "publish: the runtime packs cannot be restored here" >&2
    publish --self-contained false
    kind="needs the ASP.NET Core runtime 10"
fi

cp "$root/LICENSE" "$root"/packaging/systemd/logbrokerd.service "$root"/packaging/systemd/logbroker.sysusers.conf "$directory/"
echo "published: $directory ($kind)"
