#!/usr/bin/env bash
# Many small files: `fetool seal -r` and `open -r` beside one process a file, of cp, age, rage and
# fetool itself, and `seal --update` beside rsync if nothing has changed. Prints a table; each way is measured in turn, ROUNDS times, and medians are shown.
#
#   benches/trees.sh [FILES [ROUNDS [FOLDER]]]      20000 files of 4 KiB, 3 rounds, in /dev/shm
set -euo pipefail
export LC_ALL=C TIMEFORMAT=%R

files=${1:-20000} rounds=${2:-3} folder=${3:-/dev/shm}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cargo build --release --locked --quiet --manifest-path "$root/Cargo.toml"
fetool=${CARGO_TARGET_DIR:-$root/target}/release/fetool
work=$(mktemp -d "$folder/fetool-trees-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

mkdir tree
head -c $((files * 4096)) /dev/urandom | split -b 4096 -a 6 -d - tree/f
for folder in 0 1 2 3 4 5 6 7 8 9; do
    mkdir "tree/$folder" && find tree -maxdepth 1 -name "f*$folder" -exec mv -t "tree/$folder" {} +
done
"$fetool" keygen -o key
"$fetool" keygen --age -o age.key
recipient=$(sed -n 's/^# public key: //p' age.key)

ways=(
    "fetool seal -r"          '"$fetool" seal -q -r -k @key tree/ -O out'
    "fetool seal -r, on disk" '"$fetool" seal -q -r --sync -k @key tree/ -O out'
    "fetool open -r"          '"$fetool" open -q -r -k @key sealed/ -O out'
    "fetool seal -r, as age"  '"$fetool" seal -q -r --to "$recipient" tree/ -O out'
    "fetool open -r, of age"  '"$fetool" open -q -r -k @age.key sealed-age/ -O out'
    "find -exec cp"           'mkdir out; find tree -type f -exec cp {} out/ \;'
    "a loop over fetool"      'mkdir out; for f in tree/*/*; do "$fetool" seal -k @key "$f" -o "out/${f##*/}.gfe"; done'
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
    ways+=(
        "fetool, unchanged" '"$fetool" seal -q -r --update -k @key tree/ -O sealed'
        "rsync, unchanged"  'rsync -a --dry-run tree/ copied/'
    )
fi
"$fetool" seal -q -r -k @key tree/ -O sealed
"$fetool" seal -q -r --to "$recipient" tree/ -O sealed-age

declare -A times
for ((round = 0; round < rounds; round++)); do
    for ((way = 0; way < ${#ways[@]}; way += 2)); do
        rm -rf out
        seconds=$({ time eval "${ways[way + 1]}" >/dev/null 2>&1; } 2>&1)
        times[$way]="${times[$way]:-} $seconds"
    done
done

median() { tr ' ' '\n' | grep . | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
first=$(median <<<"${times[0]}")
printf '%d files of 4 KiB\n%-26s %10s %10s %10s\n' "$files" way seconds 'files/s' 'times -r'
for ((way = 0; way < ${#ways[@]}; way += 2)); do
    seconds=$(median <<<"${times[$way]}")
    awk -v way="${ways[way]}" -v s="$seconds" -v n="$files" -v first="$first" \
        'BEGIN { printf "%-26s %10.2f %10.0f %10.1f\n", way, s, n / s, s / first }'
done
