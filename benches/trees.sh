#!/usr/bin/env bash
# Many small files: sealing, opening and checking them in each format, and `fetool seal -r` and `open -r`
# beside one process a file, of cp, age, rage and fetool itself, and `seal --update` beside rsync if nothing
# has changed. Each way is measured in turn, ROUNDS times. Prints the medians, and writes those of the formats to
# benches/compare/trees.md, which compare.sh takes into docs/performance.md.
#
#   benches/trees.sh [FILES [ROUNDS [DIR]]]      20000 files of 4 KiB, 3 rounds, in /dev/shm
#   FORMATS_ONLY=1                               measures the formats alone
set -euo pipefail
export LC_ALL=C TIMEFORMAT='%3R %3U %3S'

files=${1:-20000} rounds=${2:-3} dir=${3:-/dev/shm}
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# A hundred files a directory. GoCrypt derives a key for each file and layer, which takes a millisecond, so
# it gets a part of them.
mkdir all tree some
head -c $((files * 4096)) /dev/urandom | split -b 4096 -a 6 -d - all/f
for file in all/*; do
    name=${file##*/f}
    printf '%s\n' "tree/${name%??}"
done | sort -u | xargs mkdir
for of in tree/*; do
    mv all/f"${of##*/}"?? "$of"
done
part=$(((files + 1999) / 2000))
for of in $(printf '%s\n' tree/* | head -n "$part"); do
    cp -r "$of" some/
done
few=$(find some -type f | wc -l)

"$FETOOL" keygen -o key
"$FETOOL" keygen --age -o age.key
recipient=$(sed -n 's/^# public key: //p' age.key)

# Format, files, source, how to seal, how to open.
formats=(
    GFE "$files" tree '-f gfe -k @key' '-k @key'
    age "$files" tree "--to $recipient" '-k @age.key'
    'Dexios' "$files" tree '-f dexios -k @key' '-k @key'
    'AES-GCM File Encryptor' "$files" tree '-f parallel-encryptor -k @key' '-k @key'
    'GoCrypt, 2 layers' "$few" some '-f gocrypt --layers 2 -k @key' '-k @key'
)
ways=()
for ((i = 0; i < ${#formats[@]}; i += 5)); do
    sealed=sealed-$((i / 5)) from=${formats[i + 2]} seal=${formats[i + 3]} key=${formats[i + 4]}
    # shellcheck disable=SC2086 # several words
    "$FETOOL" seal -q -r $seal "$from/" -O "$sealed"
    ways+=(
        "${formats[i]}: seal" "\"\$FETOOL\" seal -q -r $seal $from/ -O out"
        "${formats[i]}: open" "\"\$FETOOL\" open -q -r $key $sealed/ -O out"
        "${formats[i]}: check" "\"\$FETOOL\" check -q -r $key $sealed/"
    )
done
of_formats=${#ways[@]}
if [ -z "${FORMATS_ONLY:-}" ]; then
    ways+=(
        "fetool seal -r"          '"$FETOOL" seal -q -r -k @key tree/ -O out'
        "fetool seal -r, on disk" '"$FETOOL" seal -q -r --sync -k @key tree/ -O out'
        "find -exec cp"           'mkdir out; find tree -type f -exec cp {} out/ \;'
        "a loop over fetool"      'mkdir out; for f in tree/*/*; do "$FETOOL" seal -k @key "$f" -o "out/${f##*/}.gfe"; done'
    )
    for program in age rage; do
        if command -v $program >/dev/null; then
            ways+=("a loop over $program" "mkdir out; for f in tree/*/*; do $program -r \"\$recipient\" -o \"out/\${f##*/}.age\" \"\$f\"; done")
        else
            printf '%s is not installed, and left out\n' $program >&2
        fi
    done
    if command -v rsync >/dev/null; then
        cp -a tree copied
        "$FETOOL" seal -q -r -k @key tree/ -O sealed
        ways+=(
            "fetool, unchanged" '"$FETOOL" seal -q -r --update -k @key tree/ -O sealed'
            "rsync, unchanged"  'rsync -a --dry-run tree/ copied/'
        )
    fi
fi

declare -A wall cpu
for ((round = 0; round < rounds; round++)); do
    for ((way = 0; way < ${#ways[@]}; way += 2)); do
        rm -rf out
        read -r real user sys <<<"$({ time eval "${ways[way + 1]}" >/dev/null 2>&1; } 2>&1)"
        wall[$way]="${wall[$way]:-} $real"
        cpu[$way]="${cpu[$way]:-} $(awk "BEGIN { print $user + $sys }")"
    done
done

median() { tr ' ' '\n' | grep . | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

# Microseconds a file, and how many times what sealing GFE takes.
cell() { # WAY FILES TIMES
    awk -v t="$(median <<<"$3")" -v n="$2" -v first="$4" \
        'BEGIN { us = t / n * 1e6; if (!first) first = us; printf "%.0f (%.2f)", us, us / first }'
}
per_file() { awk -v t="$(median <<<"$1")" -v n="$files" 'BEGIN { print t / n * 1e6 }'; }
first_wall=$(per_file "${wall[0]}") first_cpu=$(per_file "${cpu[0]}")
{
    printf '## Many small files\n\n'
    printf '%s files of 4 KiB in directories of 100, with `-r`; GoCrypt has %s of them. Microseconds a file,\n' "$files" "$few"
    printf 'medians of %s rounds (`benches/trees.sh`), and in brackets how many times what sealing GFE takes.\n\n' "$rounds"
    printf '| format | seal, wall | open | check | seal, processor | open | check |\n|---|--:|--:|--:|--:|--:|--:|\n'
    for ((i = 0; i < ${#formats[@]}; i += 5)); do
        way=$((i / 5 * 6)) n=${formats[i + 1]}
        printf '| %s |' "${formats[i]}"
        for step in 0 2 4; do
            printf ' %s |' "$(cell $((way + step)) "$n" "${wall[$((way + step))]}" "$first_wall")"
        done
        for step in 0 2 4; do
            printf ' %s |' "$(cell $((way + step)) "$n" "${cpu[$((way + step))]}" "$first_cpu")"
        done
        printf '\n'
    done
    cat <<'END'

Opening a tree does what sealing does, and looks at the first bytes of each file, to tell its format. `check`
writes nothing. Dexios derives one key a run, which takes two seconds of processor time. GoCrypt has a salt for
each file and layer. Short files without a magic number are tried as AES-GCM File Encryptor before GoCrypt,
since that takes no key derivation.

END
} | tee "$root/benches/compare/trees.md"

[ "${#ways[@]}" -gt "$of_formats" ] || exit 0
first=$(median <<<"${wall[$of_formats]}")
printf '%-26s %10s %10s %10s\n' way seconds 'files/s' 'times -r'
for ((way = of_formats; way < ${#ways[@]}; way += 2)); do
    awk -v way="${ways[way]}" -v s="$(median <<<"${wall[$way]}")" -v n="$files" -v first="$first" \
        'BEGIN { printf "%-26s %10.2f %10.0f %10.1f\n", way, s, n / s, s / first }'
done
