# Installs, uses and purges the package, on a system that may be changed for that (run.sh).
cd /fetool-test
trap 'echo "package: line $LINENO failed" >&2' ERR

# Some images of Debian leave out manual pages and documents. The triggers, which index all manual pages of the
# system, take longer than everything else here.
dpkg --install --no-triggers --path-include="/usr/share/*" fetool.deb
[ -z "$(dpkg --verify fetool)" ]
[ "$(command -v fetool)" = /usr/bin/fetool ]
version=$(dpkg-query --show --showformat='${Version}' fetool)
[ "fetool $version" = "$(fetool --version)-1" ]
zcat /usr/share/doc/fetool/changelog.Debian.gz | head -n 1 | grep --quiet --fixed-strings "fetool ($version) "

! grep --quiet --text "$HOOK" /usr/bin/fetool || { echo 'package: the program has the hooks of the tests' >&2; exit 1; }

# Every file belongs to root and can be read by all; only the program can be run.
dpkg-query --listfiles fetool | while IFS= read -r path; do
  [ -d "$path" ] && mode='root root 755' || mode='root root 644'
  [ "$path" != /usr/bin/fetool ] || mode='root root 755'
  [ "$(stat --format '%U %G %a' "$path")" = "$mode" ] || { echo "$path: not $mode" >&2; exit 1; }
done

echo 'for my eyes only' > notes.txt
fetool keygen -o keyfile
fetool seal -k @keyfile notes.txt -o notes.gfe
fetool open -k @keyfile notes.gfe | cmp - notes.txt
fetool keygen --age -o identity 2> /dev/null
fetool seal --to @identity notes.txt | fetool open -k @identity | cmp - notes.txt

for page in fetool 'fetool-seal' 'fetool-formats' 'fetool-trees'; do
  man "$page" | grep --quiet "^NAME$"
done
grep --quiet common-licenses/Apache-2.0 /usr/share/doc/fetool/copyright

# As the shells load them, by the name of the command.
bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader fetool; complete -p fetool'
[ "$(zsh -fc 'autoload -Uz compinit; compinit -D; print $_comps[fetool]')" = _fetool ]
fish --command 'complete --do-complete "fetool inspec"' | grep --quiet '^inspect'

dpkg --purge --no-triggers fetool
[ ! -e /usr/bin/fetool ]
[ -z "$(dpkg-query --show fetool 2> /dev/null)" ]
