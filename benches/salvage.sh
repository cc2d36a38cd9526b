#!/usr/bin/env bash
# Salvaging against plain opening: a file without damage, one with every 1000th chunk damaged, and one that lacks 7
# bytes in the middle. Every way is measured in turn, ROUNDS times, from memory to memory. The time of a file of one
# byte, most of which is the key derivation, is subtracted. Writes the medians to benches/compare/salvage.md, which
# compare.sh takes into docs/performance.md. Needs six times SIZE in memory.
#
#   benches/salvage.sh [SIZE [ROUNDS [DIR]]]      512M, 5 rounds, in /dev/shm
set -euo pipefail
export LC_ALL=C TIMEFORMAT=%3R

size=$(numfmt --from=iec "${1:-512M}") rounds=${2:-5} dir=${3:-/dev/shm}
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

"$FETOOL" keygen -o key
"$FETOOL" keygen --age -o identity
head -c "$size" /dev/urandom > plain
head -c 1 plain > byte

# Name, chunk size, key, options of seal, options of open.
formats=(
    GFE             1048576 key      '-f gfe -k @key'                              '-k @key'
    age             65536   identity '--to @identity'                              '-k @identity'
    'armored age'   65536   identity '--to @identity -a'                           '-k @identity'
    Dexios          1048576 key      '-f dexios --kdf balloon -k @key'             '-k @key'
    GoCrypt         32768   key      '-f gocrypt --layers 1 -k @key'               '-f gocrypt -k @key'
    'AES-GCM File Encryptor' 1048576 key '-f parallel-encryptor -k @key'           '-f parallel-encryptor -k @key'
)
ways=(byte plain whole chunks bytes)

# Fails only if nothing was salvaged.
run() {
    local way=$1 options=$2 status=0
    case $way in
        byte) "$FETOOL" open -q --force $options sealed.byte -o out ;;
        plain) "$FETOOL" open -q --force $options sealed -o out ;;
        whole) "$FETOOL" open -q --force --salvage $options sealed -o out ;;
        *) "$FETOOL" open -q --force --salvage $options "sealed.$way" -o out 2>/dev/null || status=$? ;;
    esac
    case $status in 0 | 3 | 4 | 5) ;; *) echo "$way: status $status" >&2; exit 1 ;; esac
}

median() { tr ' ' '\n' | grep . | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

before=$(cut -d ' ' -f 1 /proc/loadavg)
table=
for ((format = 0; format < ${#formats[@]}; format += 5)); do
    chunk=${formats[format + 1]} options=${formats[format + 4]}
    "$FETOOL" seal -q --force ${formats[format + 3]} byte -o sealed.byte
    "$FETOOL" seal -q --force ${formats[format + 3]} plain -o sealed
    len=$(stat -c %s sealed)
    cp sealed sealed.chunks
    step=$((1000 * chunk * len / size))
    for ((at = step / 3; at < len; at += step)); do
        printf '#damaged#' | dd of=sealed.chunks bs=1 seek="$at" conv=notrunc status=none
    done
    { head -c $((len / 2)) sealed; tail -c +$((len / 2 + 8)) sealed; } > sealed.bytes
    declare -A times=()
    for ((round = 0; round <= rounds; round++)); do
        for way in "${ways[@]}"; do
            seconds=$({ time run "$way" "$options"; } 2>&1)
            # The first round warms up.
            [ "$round" = 0 ] || times[$way]="${times[$way]:-} $seconds"
            [ "$way" != whole ] || cmp out plain
        done
    done
    zero=$(median <<<"${times[byte]}")
    table+="| ${formats[format]}"
    for way in "${ways[@]:1}"; do
        seconds=$(median <<<"${times[$way]}")
        [ "$way" != plain ] || base=$seconds
        table+=$(awk -v t="$seconds" -v b="$base" -v z="$zero" -v way="$way" \
            'BEGIN { if (way == "plain") printf " | %.3f", t - z; else printf " | %.2f", (t - z) / (b - z) }')
    done
    table+=$' |\n'
    rm sealed sealed.*
done
{
    printf '## Salvage\n\n`open --salvage -o out` of a file of %s in memory, in relation to the time of `open -o out`. Medians of %s runs\n(`benches/salvage.sh`); the time of a file of one byte is subtracted. The load of the machine was %s before and %s after.\n\n' \
        "$(numfmt --to=iec-i --suffix=B --format='%.0f' "$size" | sed 's/[KMGT]i/ &/')" "$rounds" "$before" "$(cut -d ' ' -f 1 /proc/loadavg)"
    printf '| | open, seconds | no damage | every 1000th chunk damaged | 7 bytes missing |\n|---|--:|--:|--:|--:|\n%s\n' "$table"
} | tee "$root/benches/compare/salvage.md"
