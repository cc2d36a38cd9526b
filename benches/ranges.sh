#!/usr/bin/env bash
# A range of a big file that is not in the page cache: `fetool open --range`, `age -d | tail | head`, and
# `dd` on the plaintext. Each way is measured in turn, ROUNDS times. Writes the medians, in milliseconds, to
# benches/compare/ranges.md, which compare.sh takes into docs/performance.md. Needs three times SIZE on the disk.
#
#   benches/ranges.sh [SIZE [ROUNDS [DIR]]]      10G, 5 rounds, in /var/tmp
set -euo pipefail
export LC_ALL=C TIMEFORMAT=%3R

size=$(numfmt --from=iec "${1:-10G}") rounds=${2:-5} dir=${3:-/var/tmp}
len=65536
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

"$FETOOL" keygen -o key
"$FETOOL" keygen --age -o identity
head -c "$size" /dev/urandom > plain
"$FETOOL" seal -q -k @key plain -o sealed.gfe
"$FETOOL" seal -q --to @identity plain -o sealed.age
sync plain sealed.gfe sealed.age

# Drops one file from the page cache, and no other.
forget() { dd if="$1" iflag=nocache count=0 status=none; }

ways=(
    "dd, plaintext"          plain      'dd if=plain bs=$len skip=$at count=1 iflag=skip_bytes status=none'
    "fetool open, GFE"       sealed.gfe '"$FETOOL" open -k @key --range $at+$len sealed.gfe'
    "fetool open, age"       sealed.age '"$FETOOL" open -k @identity --range $at+$len sealed.age'
)
if command -v age >/dev/null; then
    ways+=("age -d \\| tail \\| head" sealed.age 'age -d -i identity sealed.age 2>/dev/null | tail -c +$((at + 1)) | head -c $len || true')
else
    echo 'age is not installed, and left out' >&2
fi

before=$(cut -d ' ' -f 1 /proc/loadavg)
places=(0 $((size / 2 / 4096 * 4096 + 777)) $((size - len)))
declare -A times
for ((round = 0; round < rounds; round++)); do
    for ((way = 0; way < ${#ways[@]}; way += 3)); do
        for place in 0 1 2; do
            at=${places[$place]}
            forget "${ways[way + 1]}"
            seconds=$({ time eval "${ways[way + 2]}" > out; } 2>&1)
            cmp --bytes=$len out plain "0" "$at" || { echo "${ways[way]}: wrong bytes" >&2; exit 1; }
            times[$way,$place]="${times[$way,$place]:-} $seconds"
        done
    done
done

median() { tr ' ' '\n' | grep . | sort -n | awk '{ a[NR] = $1 } END { printf "%.0f", 1000 * a[int((NR + 1) / 2)] }'; }
{
    printf '## Ranges\n\n64 KiB out of a file of %s that is not in the page cache, at three places. Milliseconds, medians of %s runs (`benches/ranges.sh`).\nThe load of the machine was %s before and %s after.\n\n' \
        "$(numfmt --to=iec-i --suffix=B --format='%.0f' "$size" | sed 's/[KMGT]i/ &/')" "$rounds" "$before" "$(cut -d ' ' -f 1 /proc/loadavg)"
    printf '| | beginning | middle | end |\n|---|--:|--:|--:|\n'
    for ((way = 0; way < ${#ways[@]}; way += 3)); do
        printf '| %s' "${ways[way]}"
        for place in 0 1 2; do printf ' | %s' "$(median <<<"${times[$way,$place]}")"; done
        echo ' |'
    done
    echo
} | tee "$root/benches/compare/ranges.md"
