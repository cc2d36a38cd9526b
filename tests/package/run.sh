#!/usr/bin/env bash
# Builds the Debian package, installs it on a copy of this system, uses it, and purges it.
#
#     tests/package/run.sh [PROFILE]
#     tests/package/run.sh --try
#
# The package holds the program that was built last with PROFILE [default: dev]. That of `cargo test` is refused: it
# has the hooks of the tests. `--try` only says whether this system lets the script make a copy of it.
#
# The copy is an overlay in memory that only this script sees: the system itself stays as it is. This takes root, dpkg,
# cargo-deb (`cargo install --locked cargo-deb`), man, bash-completion, zsh and fish. Compression is that of gzip,
# since cargo-deb's own takes a minute without optimisation.
set -euo pipefail
cd "$(dirname "$0")/../.."

profile=${1:-dev}
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
mkdir "$scratch/copy"

# The name of a hook, which only a program with the hooks has in it.
hook=FETOOL_CHEAP_KEYS
if [ "$profile" != --try ]; then
  grep --quiet --recursive "$hook" src || { echo "package: the sources have no $hook" >&2; exit 1; }
  cargo deb --locked --no-build --no-strip --fast --compress-type gz --compress-system --quiet --profile "$profile" \
    --output "$scratch/fetool.deb"
fi

# What is mounted in this shell ends with it.
unshare --mount --propagation private bash -euo pipefail -s "$scratch" "$hook" <<'IN_NAMESPACE'
scratch=$1 copy=$1/copy
mount -t tmpfs fetool "$copy"
mkdir "$copy"/{upper,work,root}
mount -t overlay fetool -o "lowerdir=/,upperdir=$copy/upper,workdir=$copy/work" "$copy/root"
mount --bind /dev "$copy/root/dev"
mount --bind /proc "$copy/root/proc"
chroot "$copy/root" true
[ -e "$scratch/fetool.deb" ] || exit 0
# The test's own files, which are no part of what is compared.
mkdir "$copy/root/fetool-test"
cp "$scratch/fetool.deb" tests/package/use.sh "$copy/root/fetool-test/"
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/fetool-test LC_ALL=C.UTF-8 HOOK="$2" \
  chroot "$copy/root" bash -euo pipefail /fetool-test/use.sh </dev/null

# Only what dpkg and mandb know about all packages may differ from the system.
cd "$copy/upper"
find . \( -path ./fetool-test -o -path ./var/lib/dpkg -o -path ./var/cache/man \) -prune -o -print |
  while IFS= read -r path; do
    case $path in ./var/log/dpkg.log) continue ;; esac
    { [ -d "$path" ] && [ -d "/$path" ]; } || cmp --silent "$path" "/$path" || echo "left, changed or removed: ${path#.}"
  done > "$copy/left"
cat "$copy/left" >&2
[ ! -s "$copy/left" ]
IN_NAMESPACE
[ "$profile" = --try ] || echo 'package: built, installed, used and purged'
