# shellcheck shell=bash disable=SC2154,SC2164 # variables and `set -e` are those of compare.sh
# What is compared. A section is one table; its first contender is the baseline of the others.

sections=() titles=() notes=() charted=() # by section
of=() labels=() commands=() aparts=() # by contender
places=() lengths=() times=() fresh=() # by contender, of its section
missing=() # programs that are not installed

# section PLACE LENGTH TIMES TITLE NOTE: each command works on LENGTH bytes in PLACE, TIMES times in one
# measurement. With `new=1` before it there is no output of an earlier run; with `chart=1` it is shown in
# the chart too.
section() {
    place=$1 length=$2 repeat=$3 anew=${new-}
    sections+=("${#sections[@]}") titles+=("$4") notes+=("$5") charted+=("${chart-}")
}

# contender PROGRAM LABEL COMMAND [APART]: what APART takes is measured by itself and subtracted.
contender() {
    has "$1" || return 0
    of+=("$((${#sections[@]} - 1))") labels+=("$2") commands+=("$3") aparts+=("${4-}")
    places+=("$place") lengths+=("$length") times+=("$repeat")
    fresh+=("$anew")
}

has() {
    [ "$1" = fetool ] && return
    command -v "$1" >/dev/null && return
    case " ${missing[*]-} " in
        *" $1 "*) ;;
        *) missing+=("$1") ;;
    esac
    return 1
}

# What they are called with. The files are those of prepare_files.
seal='fetool seal -q -k @key'
open='fetool open -q -k @key'
ctr='openssl enc -aes-256-ctr -pbkdf2 -pass file:pass'
pgp='gpg -c --passphrase-file pass'
age_seal='fetool seal -q --to @age.pub'
age_open='fetool open -q -k @age.key'

define_cases() {
    chart=1 sealing_files tmpfs 'File to file in memory, sealing'
    chart=1 opening_files
    sealing_files disk 'File to file on a disk, sealing'
    chart=1 new_files
    pipes
    small_files
    chunks
    age_files
    age_tree
    dexios_files
    gocrypt_files
}

sealing_files() {
    section "$1" "$bytes" 1 "$2" \
        'Every run overwrites the output of another one, without fsync. cp and the others empty the old file first
and use its memory again, and so does the shell for *> out*. With *-o out* fetool writes a new file and
renames it over the old one, which needs memory for both.'
    contender cp cp 'cp plain out'
    contender fetool 'fetool > out' "$seal plain >out"
    contender fetool 'fetool > out, 1 job' "$seal -j 1 plain >out"
    contender fetool 'fetool -o out' "$seal plain -o out --force"
    contender age age 'age -R age.pub -o out plain'
    contender rage rage 'rage -R age.pub -o out plain'
    contender openssl 'openssl (not authenticated)' "$ctr -in plain -out out"
    contender gpg gpg "$pgp -o out plain" "$pgp -o out tiny"
}

opening_files() {
    section tmpfs "$bytes" 1 'File to file in memory, opening' 'As above.'
    contender cp cp 'cp plain out'
    contender fetool 'fetool > out' "$open plain.gfe >out"
    contender fetool 'fetool > out, 1 job' "$open -j 1 plain.gfe >out"
    contender fetool 'fetool -o out' "$open plain.gfe -o out --force"
    contender age age 'age -d -i age.key -o out plain.age'
    contender rage rage 'rage -d -i age.key -o out plain.age'
    contender openssl 'openssl (not authenticated)' "$ctr -d -in plain.ctr -out out"
    contender gpg gpg 'gpg -d --passphrase-file pass -o out plain.gpg' \
        'gpg -d --passphrase-file pass -o out tiny.gpg'
}

new_files() {
    new=1 section disk "$bytes" 1 'File to new file on a disk, sealing' \
        'The output of the run before was removed. A file system may write a file that replaces another
to the disk at once, so that neither is lost in a power cut (ext4 does); it need not here.'
    contender cp cp 'cp plain out'
    contender fetool fetool "$seal plain -o out"
    contender age age 'age -R age.pub -o out plain'
    contender rage rage 'rage -R age.pub -o out plain'
}

pipes() {
    section tmpfs "$bytes" 1 'File to pipe, sealing' ''
    contender cat cat 'cat plain | cat >/dev/null'
    contender fetool fetool "$seal plain | cat >/dev/null"
    contender age age 'age -R age.pub plain | cat >/dev/null'
    contender rage rage 'rage -R age.pub plain | cat >/dev/null'
    contender openssl 'openssl (not authenticated)' "$ctr -in plain | cat >/dev/null"
    contender gpg gpg "$pgp -o - plain | cat >/dev/null" "$pgp -o - tiny | cat >/dev/null"

    section tmpfs "$bytes" 1 'Pipe to file, sealing' ''
    contender cat cat 'cat plain | cat >out'
    contender fetool 'fetool > out' "cat plain | $seal >out"
    contender fetool 'fetool -o out' "cat plain | $seal -o out --force"
    contender age age 'cat plain | age -R age.pub -o out'
    contender rage rage 'cat plain | rage -R age.pub -o out'
    contender openssl 'openssl (not authenticated)' "cat plain | $ctr -out out"
    contender gpg gpg "cat plain | $pgp -o out" "cat tiny | $pgp -o out"

    chart=1 section tmpfs "$bytes" 1 'Pipe to pipe' ''
    contender cat cat 'cat plain | cat | cat >/dev/null'
    contender fetool 'fetool seal' "cat plain | $seal | cat >/dev/null"
    contender fetool 'fetool open' "cat plain.gfe | $open | cat >/dev/null"
    contender age age 'cat plain | age -R age.pub | cat >/dev/null'
    contender rage rage 'cat plain | rage -R age.pub | cat >/dev/null'
    contender openssl 'openssl (not authenticated)' "cat plain | $ctr | cat >/dev/null"
    contender gpg gpg "cat plain | $pgp | cat >/dev/null" "cat tiny | $pgp | cat >/dev/null"
}

small_files() {
    small_file '64 KiB' 65536 100
    small_file '4 MiB' 4194304 50
}

# small_file SIZE LENGTH TIMES
small_file() {
    local file=${1/ /}
    section tmpfs "$2" "$3" "Small files, $1" \
        "$3 times in one measurement, each with a process of its own. The seconds are those of one."
    contender cp cp "cp $file out"
    contender fetool 'fetool > out' "$seal $file >out"
    contender fetool 'fetool -o out' "$seal $file -o out --force"
    contender age age "age -R age.pub -o out $file"
    contender rage rage "rage -R age.pub -o out $file"
    contender openssl 'openssl (not authenticated)' "$ctr -in $file -out out"
}

chunks() {
    section tmpfs "$bytes" 1 'Small chunks' 'The baseline has the chunks that fetool chooses, of 1 MiB.'
    contender fetool '1 MiB' "$seal plain >out"
    contender fetool '64 KiB' "$seal -c 64KiB plain >out"
    contender fetool '4 KiB' "$seal -c 4KiB plain >out"
    contender fetool '4 KiB, 1 job' "$seal -c 4KiB -j 1 plain >out"
}

# The same bytes by every program: X25519, and the chunks of the format.
age_files() {
    local note='All of these make the same file, but for random bytes, and open the same one.'
    section tmpfs "$bytes" 1 'age files, pipe to pipe, sealing' "$note"
    contender age age 'cat plain | age -R age.pub | cat >/dev/null'
    contender rage rage 'cat plain | rage -R age.pub | cat >/dev/null'
    contender fetool fetool "cat plain | $age_seal | cat >/dev/null"
    contender fetool 'fetool, 1 job' "cat plain | $age_seal -j 1 | cat >/dev/null"

    section tmpfs "$bytes" 1 'age files, pipe to pipe, opening' ''
    contender age age 'cat plain.age | age -d -i age.key | cat >/dev/null'
    contender rage rage 'cat plain.age | rage -d -i age.key | cat >/dev/null'
    contender fetool fetool "cat plain.age | $age_open | cat >/dev/null"
    contender fetool 'fetool, 1 job' "cat plain.age | $age_open -j 1 | cat >/dev/null"

    section tmpfs "$bytes" 1 'age files, file to file, sealing' ''
    contender age age 'age -R age.pub -o out plain'
    contender rage rage 'rage -R age.pub -o out plain'
    contender fetool 'fetool > out' "$age_seal plain >out"
    contender fetool 'fetool -o out' "$age_seal plain -o out --force"

    section tmpfs "$bytes" 1 'age files, file to file, opening' ''
    contender age age 'age -d -i age.key -o out plain.age'
    contender rage rage 'rage -d -i age.key -o out plain.age'
    contender fetool 'fetool > out' "$age_open plain.age >out"
    contender fetool 'fetool -o out' "$age_open plain.age -o out --force"

    section tmpfs "$bytes" 1 'Armored age files, sealing' \
        'From pipe to pipe, then from file to file, then to /dev/null, where nothing is stored. cat and cp copy the
text, which is the least that storing it takes.'
    contender age age 'cat plain | age -a -R age.pub | cat >/dev/null'
    contender rage rage 'cat plain | rage -a -R age.pub | cat >/dev/null'
    contender fetool fetool "cat plain | $age_seal -a | cat >/dev/null"
    contender cat cat 'cat plain.asc | cat | cat >/dev/null'
    contender age 'age -o out' 'age -a -R age.pub -o out plain'
    contender fetool 'fetool -o out' "$age_seal -a plain -o out --force"
    contender cp cp 'cp plain.asc out'
    contender age 'age > /dev/null' 'age -a -R age.pub plain >/dev/null'
    contender fetool 'fetool > /dev/null' "$age_seal -a plain >/dev/null"

    section tmpfs "$bytes" 1 'Armored age files, opening' 'As above.'
    contender age age 'cat plain.asc | age -d -i age.key | cat >/dev/null'
    contender rage rage 'cat plain.asc | rage -d -i age.key | cat >/dev/null'
    contender fetool fetool "cat plain.asc | $age_open | cat >/dev/null"
    contender cat cat 'cat plain.asc | cat | cat >/dev/null'
    contender age 'age -o out' 'age -d -i age.key -o out plain.asc'
    contender fetool 'fetool -o out' "$age_open plain.asc -o out --force"
    contender cp cp 'cp plain out'
    contender age 'age > /dev/null' 'age -d -i age.key plain.asc >/dev/null'
    contender fetool 'fetool > /dev/null' "$age_open plain.asc >/dev/null"

    section tmpfs 65536 100 'Small age files, 64 KiB' \
        '100 times in one measurement, each with a process of its own. The seconds are those of one.'
    contender age 'age, sealing' 'age -R age.pub -o out 64KiB'
    contender rage 'rage, sealing' 'rage -R age.pub -o out 64KiB'
    contender fetool 'fetool, sealing' "$age_seal 64KiB >out"
    contender age 'age, opening' 'age -d -i age.key -o out 64KiB.age'
    contender rage 'rage, opening' 'rage -d -i age.key -o out 64KiB.age'
    contender fetool 'fetool, opening' "$age_open 64KiB.age >out"
}

age_tree() {
    local loop='rm -rf outs; mkdir outs; for f in tree/*; do'
    section tmpfs $((tree_files << 12)) 1 'A tree of age files' \
        "$tree_files files of 4 KiB. Programs that take one file are started for each."
    contender age 'a loop over age' "$loop age -R age.pub -o outs/\${f#*/}.age \$f; done"
    contender rage 'a loop over rage' "$loop rage -R age.pub -o outs/\${f#*/}.age \$f; done"
    contender fetool 'a loop over fetool' "$loop $age_seal \$f -o outs/\${f#*/}.age; done"
    contender fetool 'fetool -r' "rm -rf outs; $age_seal -r tree/ -O outs"
}

dexios_files() {
    section tmpfs "$bytes" 1 'Dexios files' 'XChaCha20-Poly1305.'
    contender cp cp 'cp plain out'
    local hashed="$seal -f dexios --kdf balloon"
    contender fetool 'fetool seal' "$hashed plain >out" "$hashed tiny >out"
    contender dexios 'dexios encrypt' 'dexios encrypt -f -k key plain out' \
        'dexios encrypt -f -k key tiny out'
    contender fetool 'fetool open' "$open plain.dexios >out" "$open tiny.dexios >out"
    contender dexios 'dexios decrypt' 'dexios decrypt -f -k key plain.dexios out' \
        'dexios decrypt -f -k key tiny.dexios out'
}

gocrypt_files() {
    section tmpfs "$gocrypt_bytes" 1 'GoCrypt files' "$((gocrypt_bytes >> 20)) MiB of plaintext."
    contender cp cp 'cp part out'
    local layers
    for layers in 5 200; do
        local nested="$seal -f gocrypt --layers $layers"
        contender fetool "fetool seal, $layers layers" "$nested part -o out --force" \
            "$nested tiny -o out --force"
        contender fetool "fetool open, $layers layers" "$open part.$layers -o out --force" \
            "$open tiny.$layers -o out --force"
    done
}

# The files of both places, and what is opened in the one in memory.
prepare_files() {
    say 'making the files'
    cd "$work/tmpfs"
    head -c "$bytes" /dev/urandom >plain
    printf x >tiny
    head -c "$gocrypt_bytes" /dev/urandom >part
    head -c 65536 /dev/urandom >64KiB
    head -c 4194304 /dev/urandom >4MiB
    mkdir tree
    local count
    for ((count = 0; count < tree_files; count++)); do
        head -c 4096 /dev/urandom >"tree/$count"
    done
    fetool keygen -o key
    printf 'correct horse battery staple\n' >pass
    keys_of_others
    cp plain tiny key pass age.* "$work/disk"

    local file layers
    for file in plain tiny; do
        $seal $file -o $file.gfe
        $seal -f dexios --kdf balloon $file -o $file.dexios
        ! has openssl || $ctr -in $file -out $file.ctr
        ! has gpg || $pgp -o $file.gpg $file
        $age_seal $file -o $file.age
    done
    $age_seal -a plain -o plain.asc
    $age_seal 64KiB -o 64KiB.age
    for layers in 5 200; do
        $seal -f gocrypt --layers $layers part -o part.$layers
        $seal -f gocrypt --layers $layers tiny -o tiny.$layers
    done
}

# age, rage and fetool read each other's keys and files.
keys_of_others() {
    fetool keygen --age -o age.key
    sed -n 's/^# public key: //p' age.key >age.pub
    printf '%s\n' batch yes quiet no-autostart 'pinentry-mode loopback' 'cipher-algo AES256' \
        'compress-algo none' 's2k-count 65011712' >"$GNUPGHOME/gpg.conf"
}
