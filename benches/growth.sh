#!/usr/bin/env bash
# How time and memory grow: with the size of a file, the number of jobs, the files in a tree, layers,
# recipients and key slots. Everything is measured in rounds, each case once, then each once more. Writes the
# medians and the fitted slopes to benches/compare/growth.md, which compare.sh takes into docs/performance.md, and the
# plots to docs/growth-*.svg.
#
#   benches/growth.sh [ROUNDS [PLOT...]]      3 rounds of all plots: size jobs files layers recipients slots threads
#
# MAX_SIZE is the longest input [default: 64GiB], MAX_FILES the largest tree [default: 100000], DIR a directory in
# memory [default: /dev/shm], FETOOL the program [default: built anew].
set -euo pipefail
export LC_ALL=C TIMEFORMAT='%3R %3U %3S'

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
rounds=${1:-3}
plots=("${@:2}")
[ ${#plots[@]} -gt 0 ] || plots=(size jobs files layers recipients slots threads)
max_size=$(numfmt --from=iec-i --suffix=B "${MAX_SIZE:-64GiB}")
max_size=${max_size%B} max_files=${MAX_FILES:-100000}
if [ -z "${FETOOL:-}" ]; then
    cargo build --release --locked --quiet --manifest-path "$root/Cargo.toml"
    FETOOL=${CARGO_TARGET_DIR:-$root/target}/release/fetool
fi
f=$(realpath "$FETOOL")
work=$(mktemp -d "${DIR:-/dev/shm}/fetool-growth-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# Measuring. A case is a point of a series in a plot: x, and a command in which `measured` is in front of fetool.
# Short commands are repeated, and a command that prepares each of them is not counted.
plot=() series=() xs=() repeats=() commands=() prepares=()
point() { # SERIES X REPEAT COMMAND [PREPARE]
    plot+=("$name") series+=("$1") xs+=("$2") repeats+=("$3") commands+=("$4") prepares+=("${5:-true}")
}
measured() {
    case $what in
        time) { time "$@" 2>&3; } 3>&2 2>>times ;;
        memory) /usr/bin/time -f %M -o peak "$@" ;;
        # It costs a millisecond.
        both) { time /usr/bin/time -f %M -o peak "$@" 2>&3; } 3>&2 2>>times ;;
    esac
}
run_case() { # I
    local i
    for ((i = 0; i < ${repeats[$1]}; i++)); do
        eval "${prepares[$1]}"
        eval "${commands[$1]}" || { echo "failed: ${commands[$1]}" >&2; exit 1; }
        [ $what = time ] || break
    done
}
measure_all() {
    local round i
    for ((round = 0; round < rounds; round++)); do
        for ((i = 0; i < ${#plot[@]}; i++)); do
            rm -f times
            if [ "${repeats[i]}" = 1 ]; then what=both; else what=time; fi
            run_case "$i"
            awk -v n="${repeats[i]}" '{ wall += $1; cpu += $2 + $3 } END { print wall / n, cpu / n }' times >>"$i.runs"
            if [ $round = 0 ]; then
                if [ $what = time ]; then
                    what=memory
                    run_case "$i"
                fi
                cp peak "$i.peak"
            fi
            echo "${plot[i]} ${series[i]} ${xs[i]}: $(tail -n 1 "$i.runs") s, $(cat "$i.peak") KiB" >&2
        done
    done
}
median() { sort -g | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

# The cases.
"$f" keygen -o key
"$f" keygen --age -o identity

size_cases() {
    local bytes repeat
    for ((bytes = 1 << 20; bytes <= max_size; bytes <<= 2)); do
        repeat=$(((1 << 25) / bytes + 1))
        point seal $((bytes >> 20)) $repeat "head -c $bytes /dev/zero | measured $f seal -q -k @key >/dev/null"
        point open $((bytes >> 20)) $repeat "head -c $bytes /dev/zero | $f seal -q -k @key | measured $f open -q -k @key >/dev/null"
    done
}
jobs_cases() {
    local jobs
    [ -e plain ] || head -c 256M /dev/zero | "$f" seal -q -k @key -o plain
    for jobs in 1 2 4 8 16 32; do
        point "file to file, GFE" $jobs 1 "measured $f seal -q -k @key -j $jobs plain -o out.plain --force"
        point "file to file, Deoxys-II" $jobs 1 "measured $f seal -q -k @key -f dexios --aead deoxys-ii-256 --kdf balloon -j $jobs plain -o out.plain --force"
        point "pipe to pipe, GFE" $jobs 1 "cat plain | measured $f seal -q -k @key -j $jobs >/dev/null"
    done
}
make_tree() { # FILES: a thousand files of 1 KiB in each directory
    local dirs=$((($1 + 999) / 1000)) n
    n=$(($1 / dirs))
    for ((d = 0; d < dirs; d++)); do
        mkdir -p "tree.$1/$d"
        head -c $((n * 1024)) /dev/zero | split -b 1024 -a 4 -d - "tree.$1/$d/f"
    done
    "$f" seal -q -r -k @key --update "tree.$1/" -O "sealed.$1" 2>/dev/null
}
files_cases() {
    local files
    for ((files = 100; files <= max_files; files *= 10)); do
        point "seal -r" $files $((1000 / files + 1)) "measured $f seal -q -r -k @key tree.$files/ -O out" "make $files; rm -rf out"
        point "open -r" $files $((1000 / files + 1)) "measured $f open -q -r -k @key sealed.$files/ -O out" "make $files; rm -rf out"
        point "check -r" $files $((1000 / files + 1)) "measured $f check -q -r -k @key sealed.$files/" "make $files"
        point "seal -r --update, nothing changed" $files $((1000 / files + 1)) "measured $f seal -q -r -k @key --update tree.$files/ -O sealed.$files" "make $files"
    done
}
# Only the tree that is worked on is there.
make() {
    [ -d "sealed.$1" ] || { rm -rf tree.* sealed.* out; make_tree "$1"; }
}
layers_cases() {
    local layers
    head -c 4M /dev/zero | "$f" seal -q -k @key -o part
    : >empty
    for layers in 1 2 5 10 20 50 100 200; do
        "$f" seal -q -k @key -f gocrypt --layers $layers part -o part.$layers
        point "seal, 4 MiB" $layers 3 "measured $f seal -q -k @key -f gocrypt --layers $layers part -o out.enc --force"
        point "open, 4 MiB" $layers 3 "measured $f open -q -k @key part.$layers -o out.part --force"
        point "seal, 32 bytes: the keys" $layers 3 "measured $f seal -q -k @key -f gocrypt --layers $layers key -o out.key --force"
    done
}
recipients_cases() {
    local n
    for ((n = 0; n < 1000; n++)); do "$f" keygen --age -o "id.$n" 2>/dev/null; done
    for n in 1 3 10 30 100 300 1000; do
        for ((i = 0; i < n; i++)); do sed -n 's/^# public key: //p' "id.$i"; done >to.$n
        for ((i = 0; i < n; i++)); do grep AGE-SECRET "id.$i"; done >ids.$n
        "$f" seal -q --to @to.$n key -o sealed.$n.age
        "$f" seal -q --to @id.$((n - 1)) key -o one.$n.age
        point "seal to N recipients" $n 20 "measured $f seal -q --to @to.$n key -o out.age --force"
        point "open, the last of N recipients" $n 20 "measured $f open -q -k @id.$((n - 1)) sealed.$n.age -o out.key --force"
        point "open with N identities, the last fits" $n 20 "measured $f open -q -k @ids.$n one.$n.age -o out.key --force"
    done
}
slots_cases() {
    local n keys=()
    for n in 1 2 3 4; do "$f" keygen -o key.$n; done
    for n in 1 2 3 4; do
        [ $n = 1 ] || keys+=(--add-key @key.$n)
        "$f" seal -q -f dexios -k @key.1 ${keys[@]+"${keys[@]}"} key -o slots.$n
        point "seal with N slots" $n 1 "measured $f seal -q -f dexios -k @key.1 ${keys[*]-} key -o out.age --force"
        point "open, the last slot fits" $n 1 "measured $f open -q -k @key.$n slots.$n -o out.key --force"
    done
}

titles() {
    case $1 in
        size) title="Size, from a pipe to nowhere" xlabel=MiB ;;
        jobs) title="Jobs, 256 MiB on $(nproc) cores" xlabel=jobs ;;
        files) title="Files of 1 KiB in a tree" xlabel=files ;;
        layers) title="Layers of a GoCrypt file" xlabel=layers ;;
        recipients) title="age recipients and identities" xlabel=N ;;
        slots) title="Key slots of a Dexios file" xlabel=slots ;;
    esac
}

# Of lines of x and y: the slope of the logarithms of what each point takes more than the first, over the upper half of
# the points; and what one more costs between the last two.
fit='
function log10(n) { return log(n) / log(10) }
function short(n) { return n < 9.5 ? sprintf("%.2g", n) : sprintf("%.0f", n) }
NR == 1 { x0 = $1; y0 = $2 }
{ x[NR] = $1; y[NR] = $2 }
END {
    for (i = int(NR / 2) + 1; i <= NR; i++) if (y[i] > y0) {
        n++; a = log10(x[i] - x0); b = log10(y[i] - y0)
        sa += a; sb += b; saa += a * a; sab += a * b
    }
    slope = n > 1 && y[NR] > 1.2 * y0 ? sprintf("%.2f", (n * sab - sa * sb) / (n * saa - sa * sa)) : "–"
    each = NR > 1 ? (y[NR] - y[NR - 1]) / (x[NR] - x[NR - 1]) * 1e6 : 0
    unit = "_µs"
    if (each >= 1e3) { each /= 1e3; unit = "_ms" }
    if (each >= 1e3) { each /= 1e3; unit = "_s" }
    print slope, (slope == "–" || each <= 0 ? "–" : short(each) unit)
}'

write_plot() { # PLOT
    local i s name_
    titles "$1"
    rm -f points peaks table
    for ((i = 0; i < ${#plot[@]}; i++)); do
        [ "${plot[i]}" = "$1" ] || continue
        printf '%s\t%s\t%s\t%s\t%s\n' "${series[i]}" "${xs[i]}" \
            "$(cut -d ' ' -f 1 "$i.runs" | median)" "$(cut -d ' ' -f 2 "$i.runs" | median)" "$(cat "$i.peak")" >>table
    done
    # By series, as they come.
    awk -F '\t' -v OFS='\t' '{ print $1, $2, $3; print $1 ", processor", $2, $4 }' table >points
    awk -F '\t' -v title="$title: time" -v xlabel=$xlabel -v ylabel=seconds -f "$here/growth/plot.awk" points >"$root/docs/growth-$1.svg"
    awk -F '\t' -v OFS='\t' '{ print $1, $2, $5 / 1024 }' table |
        awk -F '\t' -v title="$title: memory" -v xlabel=$xlabel -v ylabel=MiB -f "$here/growth/plot.awk" >"$root/docs/growth-$1-memory.svg"
    printf '### %s\n\n' "$title"
    printf '![%s: time](growth-%s.svg) ![%s: memory](growth-%s-memory.svg)\n\n' "$title" "$1" "$title" "$1"
    printf '| | %s | slope, time | slope, processor | processor for one more | at the end: seconds | processor, seconds | memory, MiB |\n|---|--:|--:|--:|--:|--:|--:|--:|\n' $xlabel
    cut -f 1 table | awk '!seen[$0]++' | while read -r s; do
        awk -F '\t' -v s="$s" '$1 == s' table >one
        read -r wall _ < <(cut -f 2,3 one | awk "$fit")
        read -r cpu each < <(cut -f 2,4 one | awk "$fit")
        awk -F '\t' -v s="$s" -v wall="$wall" -v cpu="$cpu" -v each="${each/_/ }" '
            NR == 1 { first = $2; low = $5 }
            { if ($5 < low) low = $5; if ($5 > high) high = $5 }
            END { printf "| %s | %s–%s | %s | %s | %s | %.3g | %.3g | %.0f–%.0f |\n", s, first, $2, wall, cpu, each, $3, $4, low / 1024, high / 1024 }' one
    done
    echo
}

# Not a plot: the processor time of each thread between two pipes, in seconds for a GiB. Threads that ended are
# remembered as they were seen last.
threads_table() {
    local round label options gib=4
    printf '### Threads, from pipe to pipe\n\nProcessor time of each thread for a GiB, in seconds; the last column is how many GiB/s it could do by itself.\n\n'
    printf '| | producer | workers, together | ordered writer | limit of the producer, GiB/s |\n|---|--:|--:|--:|--:|\n'
    while IFS='|' read -r label options; do
        rm -f seen
        for ((round = 0; round < rounds; round++)); do
            # shellcheck disable=SC2086 # the options are words
            head -c ${gib}G /dev/zero | { exec "$f" seal -q $options; } | cat >/dev/null &
            sleep 0.1
            local pid
            pid=$(pgrep -n -x -P $$ fetool)
            while cat /proc/"$pid"/task/*/stat >>seen 2>/dev/null; do sleep 0.05; done
            wait
        done
        awk -v label="$label" -v gib=$((gib * rounds)) '
            $14 + $15 > ticks[$1] { ticks[$1] = $14 + $15; thread[$1] = $2 }
            END {
                for (id in ticks) total[thread[id]] += ticks[id] / 100 / gib
                printf "| %s | %.2f | %.2f | %.2f | %.1f |\n", label, total["(producer)"], total["(worker)"], total["(fetool)"], 1 / total["(producer)"]
            }' seen
    done <<END
GFE|-k @key
age|--to @identity
Dexios, Deoxys-II|-k @key -f dexios --kdf balloon --aead deoxys-ii-256
END
    echo
}

for name in "${plots[@]}"; do [ "$name" = threads ] || "${name}_cases"; done
measure_all
mkdir -p "$root/benches/compare/growth"
for name in "${plots[@]}"; do
    if [ "$name" = threads ]; then threads_table; else write_plot "$name"; fi >page.md
    cp page.md "$root/benches/compare/growth/$name.md"
    cat page.md
done
