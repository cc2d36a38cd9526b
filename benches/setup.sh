# shellcheck shell=bash disable=SC2034,SC2164 # variables and `set -e` are those of the benchmark that sources it
# What the benchmarks of single capabilities begin with. They set `dir` and source this: it builds the program
# unless FETOOL names one, and goes to a directory of its own in `dir`, which is removed at the end.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${FETOOL:-}" ]; then
    cargo build --release --locked --quiet --manifest-path "$root/Cargo.toml"
    FETOOL=${CARGO_TARGET_DIR:-$root/target}/release/fetool
fi
FETOOL=$(realpath "$FETOOL")
work=$(mktemp -d "$dir/fetool-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
