# shellcheck shell=bash disable=SC2034,SC2154,SC2164 # as in cases.sh
# Directories, time and medians.

say() {
    printf '%s\n' "$*" >&2
}

# Makes directories, which are removed at every exit.
make_directories() {
    # As much as a worker of GoCrypt's 200 layers does in about the time of the other commands.
    gocrypt_bytes=$((bytes >> 6))
    [ $gocrypt_bytes -ge $((1 << 20)) ] || gocrypt_bytes=$((1 << 20))
    # A file of 4 KiB for each MiB of the large one.
    tree_files=$((bytes >> 20))
    need "$tmpfs" 11
    need "$disk" 3
    work='' work_tmpfs='' work_disk=''
    trap clean_up EXIT
    # The shell waits for the command that runs, and then comes here.
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    work=$(mktemp -d)
    work_tmpfs=$(mktemp -d "$tmpfs/fetool-compare-XXXXXX")
    work_disk=$(mktemp -d "$disk/fetool-compare-XXXXXX")
    ln -s "$work_tmpfs" "$work/tmpfs"
    ln -s "$work_disk" "$work/disk"
    mkdir -m 700 "$work/bin" "$work/gnupg"
    ln -s "$fetool" "$work/bin/fetool"
    PATH=$work/bin:$PATH
    export GNUPGHOME=$work/gnupg
}

clean_up() {
    cd /
    # Only those that were made.
    rm -rf ${work:+"$work"} ${work_tmpfs:+"$work_tmpfs"} ${work_disk:+"$work_disk"}
}

# need DIR N: room for N large files.
need() {
    local free
    free=$(df -Pk "$1" | awk 'NR == 2 { print $4 }')
    [ $((free << 10)) -ge $((bytes * $2)) ] || die "$1 has no room for $2 files of $size; see --size"
}

measure_all() {
    load_before=$(load)
    local round i
    # The first round warms up, and does not count.
    for ((round = 0; round <= rounds; round++)); do
        say "round $round of $rounds"
        for ((i = 0; i < ${#commands[@]}; i++)); do
            cd "$work/${places[i]}"
            if [ -n "${fresh[i]}" ]; then
                rm -f out
            fi
            # What the command before left to be written is not this one's.
            [ "${places[i]}" = tmpfs ] || sync -f .
            if [ -n "${aparts[i]}" ]; then
                measure "${aparts[i]}" 1 "$work/$i.apart"
            fi
            # It overwrites what it wrote itself, in memory that it used itself: where a host takes free
            # memory back, touching it again costs more than the work, and whoever comes behind a
            # command that frees much would seem fast.
            if [ "${places[i]}" = tmpfs ] && [ "${times[i]}" -eq 1 ]; then
                measure "${commands[i]}" 1 /dev/null
            fi
            measure "${commands[i]}" "${times[i]}" "$work/$i.whole"
        done
        [ $round -gt 0 ] || rm -f "$work"/*.apart "$work"/*.whole
    done
    load_after=$(load)
    peaks
}

load() {
    cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || echo unknown
}

# measure COMMAND TIMES FILE: adds a line to FILE with the time and the processor time, in seconds.
measure() {
    local TIMEFORMAT='%3R %3U %3S'
    if ! { time again "$1" "$2" 2>"$work/errors"; } 2>"$work/time"; then
        sed 's/^/  /' "$work/errors" >&2
        die "failed: $1"
    fi
    awk '{ print $1, $2 + $3 }' "$work/time" >>"$3"
}

again() {
    if [ "$2" -eq 1 ]; then
        eval "$1"
        return
    fi
    local i
    for ((i = 0; i < $2; i++)); do
        eval "$1" || return
    done
}

# The most memory that some commands had at a time, in MiB, where GNU time is there to tell.
peaks() {
    peak_labels=() peak_values=()
    [ -x /usr/bin/time ] || return 0
    cd "$work/tmpfs"
    local label command
    while IFS='|' read -r label command; do
        # shellcheck disable=SC2086 # the command is words
        /usr/bin/time -f %M -o "$work/peak" $command 2>/dev/null || return 0
        peak_labels+=("$label")
        peak_values+=("$(awk '{ printf "%.0f MiB", $1 / 1024 }' "$work/peak")")
    done <<END
seal, $size|$seal plain -o out --force
seal, $size, 1 job|$seal -j 1 plain -o out --force
open, $size|$open plain.gfe -o out --force
seal as age, $size|$age_seal plain -o out --force
open age, $size|$age_open plain.age -o out --force
seal as armored age, $size|$age_seal -a plain -o out --force
open armored age, $size|$age_open plain.asc -o out --force
seal as GoCrypt, 200 layers|$seal -f gocrypt --layers 200 part -o out --force
open GoCrypt, 200 layers|$open part.200 -o out --force
END
}

# quartiles COLUMN: the lower quartile, the median and the upper one of that column of the input.
quartiles() {
    cut -d ' ' -f "$1" | sort -g | awk '
        { value[NR - 1] = $1 }
        function at(part,   place, below) {
            place = (NR - 1) * part
            below = int(place)
            return value[below] + (place - below) * (value[below < NR - 1 ? below + 1 : below] - value[below])
        }
        END { print at(0.25), at(0.5), at(0.75) }'
}

# runs I: time and processor time of each round, without what was measured apart just before.
runs() {
    if [ -n "${aparts[$1]}" ]; then
        paste -d ' ' "$work/$1.whole" "$work/$1.apart" | awk '{ print $1 - $3, $2 - $4 }'
    else
        cat "$work/$1.whole"
    fi
}

# summary I: low, median and high time of one execution, and its processor time, in seconds.
summary() {
    echo "$(runs "$1" | quartiles 1) $(runs "$1" | quartiles 2)" |
        awk -v times="${times[$1]}" '{ printf "%.6f %.6f %.6f %.6f\n", $1 / times, $2 / times, $3 / times, $5 / times }'
}
