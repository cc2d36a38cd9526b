# shellcheck shell=bash disable=SC2016,SC2154 # as in cases.sh; and backticks of Markdown
# docs/performance.md and docs/performance.svg.

write_document() {
    # Once for the document and the chart.
    local i
    for ((i = 0; i < ${#commands[@]}; i++)); do
        summary "$i" >"$work/$i.summary"
    done
    cat <<'END'
# Performance

<!-- Written by benches/compare.sh; changes are lost with its next run. -->

END
    [ -z "$preliminary" ] || cat <<'END'
**Preliminary:** measured on a machine that was busy with other work, to show what the tables look like.

END
    machine
    method
    cat <<'END'
![Rates of fetool and other programs](performance.svg)

END
    local section
    for section in "${sections[@]}"; do
        section_table "$section"
    done
    memory_table
    # Measured by itself: benches/trees.sh. The next one takes a big disk: benches/ranges.sh.
    cat "$here/compare/trees.md" "$here/compare/ranges.md"
    # Likewise: benches/salvage.sh, benches/bulk.sh and benches/growth.sh.
    cat "$here/compare/salvage.md" "$here/compare/bulk.md" "$here/compare/growth.md"
    local plot
    for plot in size jobs files layers recipients slots threads; do
        cat "$here/compare/growth/$plot.md"
    done
    cat "$here/compare/limits.md"
    printf '## Commands\n\n'
    printf 'As they were run, in a directory with the files that they name; `gpg.conf` had: %s.\n' \
        "$(sed 's/.*/`&`/' "$GNUPGHOME/gpg.conf" | paste -sd , | sed 's/,/, /g')"
    for section in "${sections[@]}"; do
        printf '\n%s:\n\n```sh\n' "${titles[section]}"
        for ((i = 0; i < ${#commands[@]}; i++)); do
            [ "${of[i]}" -ne "$section" ] || printf '%s\n' "${commands[i]}"
        done
        printf '```\n'
    done
}

machine() {
    local cpu memory
    cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
    memory=$(awk '/^MemTotal/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo 2>/dev/null || true)
    cat <<END
| | |
|---|---|
| processor | ${cpu:-unknown}, $(nproc) cores |
| memory | ${memory:-unknown} |
| kernel | $(uname -sr) |
| file systems | $(file_system "$work_tmpfs") in memory, $(file_system "$work_disk") on a disk |
| load before and after | $load_before; $load_after |
END
    local program
    for program in fetool cp age rage openssl gpg dexios; do
        if [ $program = fetool ] || command -v $program >/dev/null; then
            printf '| %s | %s |\n' $program "$(version $program)"
        fi
    done
    [ ${#missing[@]} -eq 0 ] || printf '| not installed, and left out | %s |\n' "${missing[*]}"
    echo
}

version() {
    case $1 in
        openssl) openssl version ;;
        *) "$1" --version ;;
    esac 2>/dev/null | sed -n 1p
}

file_system() {
    df -PT "$1" 2>/dev/null | awk 'NR == 2 { print $2 }'
}

method() {
    cat <<END
Large files have ${size/[MG]iB/ ${size: -3}}. Everything was measured $rounds times after a warm-up round:
each command once, then each once more, so that other work on the machine disturbs a round of all of them.
In memory, each command ran once uncounted just before, so that it overwrites its own output. The tables
have medians and quartiles; 1 GB is 10^9 bytes. *Processor* is the time that all cores together spent on a
GiB, in the whole pipeline. *× first* compares the time with that of the table's first line: 2.00 is twice
as long. Some programs hash a key from a passphrase or a key file (gpg, Dexios, GoCrypt). The time of the
same command on a file of one byte, measured just before, is subtracted from theirs. Nothing is subtracted
from the others; openssl's hash takes some milliseconds.

END
}

section_table() {
    printf '## %s\n\n' "${titles[$1]}"
    [ -z "${notes[$1]}" ] || printf '%s\n\n' "${notes[$1]}"
    printf '| | seconds | quartiles | GB/s | × first | processor, s/GiB |\n|---|--:|--:|--:|--:|--:|\n'
    local i base='' median
    for ((i = 0; i < ${#commands[@]}; i++)); do
        [ "${of[i]}" -eq "$1" ] || continue
        read -r _ median _ <"$work/$i.summary"
        base=${base:-$median}
        awk -v label="${labels[i]}" -v base="$base" -v length_="${lengths[i]}" '{
            digits = $2 < 0.1 ? 4 : 3
            printf "| %s | %.*f | %.*f–%.*f |", label, digits, $2, digits, $1, digits, $3
            # The rounds differ by more than the command takes.
            if ($2 <= 0 || $1 <= 0) print " – | – | – |"
            else printf " %.3g | %.2f | %.2f |\n", length_ / $2 / 1e9, $2 / base, $4 / length_ * 1073741824
        }' "$work/$i.summary"
    done
    echo
}

memory_table() {
    printf '## Memory\n\n'
    if [ ${#peak_labels[@]} -eq 0 ]; then
        printf 'Not measured: GNU time is not installed.\n\n'
        return
    fi
    printf '| | at most |\n|---|--:|\n'
    local i
    for ((i = 0; i < ${#peak_labels[@]}; i++)); do
        printf '| %s | %s |\n' "${peak_labels[i]}" "${peak_values[i]}"
    done
    echo
}

# Some rates of large files: a line for the chart each, tabs between the fields.
write_chart() {
    local i median first=-1
    for ((i = 0; i < ${#commands[@]}; i++)); do
        [ -n "${charted[of[i]]}" ] || continue
        read -r _ median _ <"$work/$i.summary"
        printf '%s\t%s\t%s\t%s\n' "${titles[of[i]]}" "${labels[i]}" \
            "$(awk -v bytes="$bytes" -v time="$median" 'BEGIN { print (time > 0 ? bytes / time / 1e9 : 0) }')" \
            "$([ "${of[i]}" -eq "$first" ] && echo other || echo baseline)"
        first=${of[i]}
    done | awk -F '\t' -v preliminary="$preliminary" -f "$here/compare/chart.awk"
}
