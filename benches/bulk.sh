#!/usr/bin/env bash
# A file larger than half of memory, beside `cp` and `dd` with O_DIRECT: the time, and what it leaves of
# another file in the page cache. Each way is measured in turn, ROUNDS times. Writes the medians to
# benches/compare/bulk.md, which compare.sh takes into docs/performance.md. Needs three times SIZE and a quarter of memory on the disk.
#
#   benches/bulk.sh [SIZE [ROUNDS [DIR]]]      51 % of memory, 3 rounds, in /var/tmp
set -euo pipefail
export LC_ALL=C TIMEFORMAT='%3R %3U %3S'

memory=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 1024))
size=$(numfmt --from=iec "${1:-$((memory * 51 / 100 >> 20))M}") rounds=${2:-3} dir=${3:-/var/tmp}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${FETOOL:-}" ]; then
    cargo build --release --locked --quiet --manifest-path "$root/Cargo.toml"
    FETOOL=${CARGO_TARGET_DIR:-$root/target}/release/fetool
fi
# What somebody else works with: a quarter of memory.
other=$((memory / 4 >> 20 << 20))
free=$(df -Pk "$dir" | awk 'NR == 2 { print $4 }')
[ $((free * 1024)) -ge $((size * 3 + other)) ] || { echo "$dir has no room for three files of $size bytes and one of $other" >&2; exit 1; }
work=$(mktemp -d "$dir/fetool-bulk-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# Drops one file from the page cache, and no other.
forget() { dd if="$1" iflag=nocache count=0 status=none; }
cached() { fincore --bytes --noheadings --output RES "$1"; }

"$FETOOL" keygen -o key
head -c "$size" /dev/zero | "$FETOOL" seal -q -k @key -f gfe -o plain
head -c "$other" /dev/zero | "$FETOOL" seal -q -k @key -o other
"$FETOOL" seal -q -k @key plain -o sealed
sync plain other sealed

ways=(
    cp                         plain  'cp plain out'
    "dd, O_DIRECT"             plain  'dd if=plain of=out bs=1M iflag=direct oflag=direct status=none'
    "fetool seal"              plain  '"$FETOOL" seal -q -k @key plain -o out'
    "dd, O_DIRECT \\| fetool seal" plain 'dd if=plain bs=1M iflag=direct status=none | "$FETOOL" seal -q -k @key -o out'
    "fetool open"              sealed '"$FETOOL" open -q -k @key sealed -o out'
    "fetool check"             sealed '"$FETOOL" check -q -k @key sealed'
)

for ((round = 0; round < rounds; round++)); do
    for ((way = 0; way < ${#ways[@]}; way += 3)); do
        input=${ways[way + 1]}
        rm -f out
        forget plain; forget sealed
        forget other; cat other >/dev/null
        before=$(cached other)
        { time eval "${ways[way + 2]}"; } 2>done.time
        left=$(cached other) mine=$(cached "$input")
        [ ! -e out ] || mine=$((mine + $(cached out)))
        { time { [ ! -e out ] || sync out; }; } 2>sync.time
        echo "$(cat done.time sync.time | tr '\n' ' ') $before $left $mine" >>"$way.runs"
        echo "${ways[way]}: $(tail -n 1 "$way.runs")" >&2
    done
done

gib() { awk -v n="$1" 'BEGIN { printf "%.1f GiB", n / 1073741824 }'; }
# The median of an expression over the runs of a way.
median() { awk "{ print $2 }" "$1" | sort -g | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
{
    printf '## Files larger than half of memory\n\n'
    printf 'A file of %s, on a machine with %s of memory. Before each run, another file of %s was read once, so that the page cache had it. ' \
        "$(gib "$size")" "$(gib "$memory")" "$(gib "$other")"
    printf 'The columns on the cache say how much it had of that file afterwards, and how much of the files that the command read and wrote. '
    printf 'Runs in turn: %s (`benches/bulk.sh`); the table has medians. *on disk* includes a `sync` of the output.\n\n' "$rounds"
    printf '| | seconds | seconds, on disk | processor, s/GiB | other file in cache | own files in cache |\n|---|--:|--:|--:|--:|--:|\n'
    for ((way = 0; way < ${#ways[@]}; way += 3)); do
        runs=$way.runs
        awk -v way="${ways[way]}" -v wall="$(median "$runs" '$1')" -v disk="$(median "$runs" '$1 + $4')" \
            -v cpu="$(median "$runs" '$2 + $3')" -v size="$size" -v other="$(median "$runs" '100 * $8 / $7')" \
            -v own="$(median "$runs" '$9')" \
            'BEGIN { printf "| %s | %.1f | %.1f | %.2f | %.0f %% | %.0f MiB |\n", way, wall, disk, cpu / size * 1073741824, other, own / 1048576 }'
    done
    printf '\n%s\n' 'fetool does without O_DIRECT: sealed chunks do not have the alignment that it asks for.'
    echo
} | tee "$root/benches/compare/bulk.md"
