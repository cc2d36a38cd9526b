#!/usr/bin/env bash
# Whole programs beside each other: fetool, and whichever of cp, cat, age, rage, openssl, gpg and dexios
# are installed. Writes docs/performance.md and docs/performance.svg.
#
# Everything is measured in rounds: each command once, then each once more. Another program that takes
# the machine for a while spoils one round of many commands, and the medians leave it out. That is why
# the script takes the time by itself, with the shell's `time`: it covers a whole pipeline and the
# processor time of all its parts, and tools that finish one command before they begin the next would
# compare a quiet minute with a busy one.
#
#   --size SIZE      length of the large file, as 1GiB or 64MiB (1GiB)
#   --rounds N       rounds that count; one more warms up (11)
#   --quick          64 MiB, 3 rounds, marked as preliminary: whether it works, in a minute
#   --preliminary    marks the results as such
#   --tmpfs DIR      a directory in memory (/dev/shm)
#   --disk DIR       a directory on a disk (TMPDIR, or /var/tmp)
#   --fetool FILE    the program (default: a new build)
#   --output DIR     where the document and the chart go (docs)
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
size=1GiB
rounds=11
preliminary=
tmpfs=/dev/shm
disk=${TMPDIR:-/var/tmp}
fetool=
output=$root/docs

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

usage() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    sed -n '/^#   --/s/^# *//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
        --quick) size=64MiB rounds=3 preliminary=1 ;;
        --preliminary) preliminary=1 ;;
        --size | --rounds | --tmpfs | --disk | --fetool | --output)
            [ $# -ge 2 ] || usage "$1 needs a value"
            declare "${1#--}=$2"
            shift
            ;;
        --help)
            sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
            exit
            ;;
        *) usage "there is no option '$1'" ;;
    esac
    shift
done

[[ $size =~ ^[1-9][0-9]*[MG]iB$ ]] || usage "a size is a number of MiB or GiB, as 64MiB"
case $size in
    *GiB) bytes=$((${size%GiB} << 30)) ;;
    *) bytes=$((${size%MiB} << 20)) ;;
esac
[[ $rounds =~ ^[1-9][0-9]*$ ]] || usage "--rounds must be a number, 1 at least"
for dir in "$tmpfs" "$disk" "$output"; do
    [ -d "$dir" ] || die "$dir: no such directory"
done

# shellcheck source-path=SCRIPTDIR source=compare/cases.sh
. "$here/compare/cases.sh"
# shellcheck source-path=SCRIPTDIR source=compare/measure.sh
. "$here/compare/measure.sh"
# shellcheck source-path=SCRIPTDIR source=compare/document.sh
. "$here/compare/document.sh"

if [ -z "$fetool" ]; then
    (cd "$root" && cargo build --quiet --release --locked)
    fetool=${CARGO_TARGET_DIR:-$root/target}/release/fetool
fi
[ -x "$fetool" ] || die "$fetool: no such program"
fetool=$(realpath "$fetool")

make_directories
define_cases
prepare_files
measure_all
write_document >"$work/performance.md"
write_chart >"$work/performance.svg"
cp "$work/performance.md" "$work/performance.svg" "$output/"
