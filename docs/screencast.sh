#!/usr/bin/env bash
# Writes docs/screencast.svg from a real run of fetool on a terminal: what is typed here, and what it prints.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked --quiet
fetool=$PWD/target/release/fetool
out=$PWD/docs/screencast.svg

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin" "$dir/photos"
ln -s "$fetool" "$dir/bin/fetool"
for n in 1 2 3; do head -c $((n * 700000)) /dev/urandom > "$dir/photos/$n.jpg"; done
cd "$dir"
export PATH=$dir/bin:$PATH TERM=xterm COLUMNS=88 LC_ALL=C.UTF-8

commands=(
  'fetool keygen --age -o me.txt'
  'tar c photos | fetool seal --to @me.txt > photos.tar.age'
  'fetool inspect photos.tar.age | head -n 9'
  'fetool open -k @me.txt < photos.tar.age | tar t'
  'fetool open -k @me.txt --range 0+16 photos.tar.age; echo'
  'fetool check -k @me.txt photos.tar.age && echo authentic'
)
escape() { sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g'; }

row=0
at=0.4
lines=''
add() { # CLASS TEXT
  row=$((row + 1))
  lines+=$(printf '<text class="%s" x="12" y="%d" style="animation-delay:%ss">%s</text>' \
    "$1" $((row * 17 + 8)) "$at" "$2")$'\n'
}
for command in "${commands[@]}"; do
  add typed "\$ $(escape <<< "$command")"
  at=$(awk "BEGIN { print $at + 0.8 }")
  # A terminal for every command, so that fetool prints what a person would see.
  while IFS= read -r line; do
    add said "$(cut -c1-88 <<< "$line" | escape)"
  done < <(script -qec "stty cols 88; $command" /dev/null | tr -d '\r' | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g')
  at=$(awk "BEGIN { print $at + 1.2 }")
done
height=$((row * 17 + 20))
{
  printf '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 %d" width="760" height="%d" role="img"' \
    "$height" "$height"
  printf ' aria-label="fetool on a terminal">\n<style>\n'
  printf 'rect { fill: #0d1117 }\n'
  printf 'text { font: 13px ui-monospace, monospace; white-space: pre; opacity: 0; animation: show 0.01s forwards }\n'
  printf '.typed { fill: #7ee787 } .said { fill: #c9d1d9 }\n'
  printf '@keyframes show { to { opacity: 1 } }\n'
  printf '@media (prefers-reduced-motion: reduce) { text { animation-delay: 0s !important } }\n'
  printf '</style>\n<rect width="760" height="%d" rx="8"/>\n%s</svg>\n' "$height" "$lines"
} > "$out"
