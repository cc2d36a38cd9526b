# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_fetool_global_optspecs
    string join \n h/help V/version
end

function __fish_fetool_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_fetool_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_fetool_using_subcommand
    set -l cmd (__fish_fetool_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c fetool -n "__fish_fetool_needs_command" -s h -l help -d 'Print help'
complete -c fetool -n "__fish_fetool_needs_command" -s V -l version -d 'Print version'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "seal" -d 'Encrypt and authenticate a stream or a file'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "open" -d 'Authenticate and decrypt a sealed stream or file'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "check" -d 'Check that sealed files are authentic, and write nothing'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "inspect" -d 'Show what sealed files are, without a key'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "rekey" -d 'Change which secrets open a file, without touching its data'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "header" -d 'Save the header of a sealed file, or put a saved one back'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "keygen" -d 'Make a key: 32 random bytes, or an age identity'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "age" -d 'Encrypt and decrypt as age does, with the options of age'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "age-keygen" -d 'Make age identities as age-keygen does, with the options of age-keygen'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "bench" -d 'Measure how fast this machine seals and opens'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "help" -d 'Print help for fetool or one of its subcommands'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s k -l key -d 'Source of the key: @FILE, env:NAME or fd:N' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l plugin -d 'Use the plugin age-plugin-NAME without an identity file (age)' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s p -l passphrase -d 'Use a passphrase: ask for it, or take it from SPEC as for --key' -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l identity-passphrase -d 'Source of an identity file\'s passphrase [default: ask]' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l salt -d 'Source of the salt for a GFE passphrase, as for --key' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l kdf -d 'How a passphrase becomes a key' -r -f -a "argon2id\t'Argon2id'
pbkdf2\t'PBKDF2-HMAC-SHA256, for GFE'
balloon\t'BLAKE3-Balloon, for Dexios'"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l add-key -d 'Another key that opens the file, up to three (Dexios)' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l to -d 'A recipient of the file: age1…, or @FILE with some (age)' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s f -l format -d 'The format to write: gfe for a key, age for recipients, identities and passphrases' -r -f -a "gfe\t'GFE (go-fileencrypt)'
dexios\t'Dexios'
gocrypt\t'GoCrypt'
parallel-encryptor\t'AES-GCM File Encryptor'
age\t'age'"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l aead -d 'The AEAD to seal with, where the format has several (Dexios)' -r -f -a "xchacha20-poly1305\t'The default of Dexios'
aes-256-gcm\t'The only one of GFE'
deoxys-ii-256\t'Survives repeated nonces, and is slow on processors without AES-NI'"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l work-factor -d 'The work factor of a passphrase (age) [default: 18]' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l header -d 'Write the header to a file of its own (Dexios)' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s c -l chunk-size -d 'Plaintext bytes per chunk, such as 64KiB or 1MiB' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l layers -d 'Number of layers, 1 to 200 (GoCrypt) [default: 5]' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l max-memory -d 'Memory that chunks may take' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l size -d 'The plaintext\'s length, for a pipe; a different length is an error' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l files0-from -d 'Work on the files named in FILE, ended by NUL bytes; \'-\' is stdin' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l include -d 'Only files that match GLOB; can be repeated' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l exclude -d 'Skip files and directories that match GLOB; can be repeated' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l exclude-from -d 'Skip what the rules in FILE match, like .gitignore; can be repeated' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l exclude-if-present -d 'Skip directories that contain NAME; can be repeated' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l max-depth -d 'Go at most N levels below PATH; 1 is the files in PATH itself' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l shard -d 'Take the I-th of N parts of the tree, counted from 0' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s O -l output-dir -d 'Write the files under DIR, at the same relative paths' -r -f -a "(__fish_complete_directories)"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l backup-dir -d 'With --update, move what is replaced or deleted to DIR, at the same relative path' -r -f -a "(__fish_complete_directories)"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l for -d 'Start no further file after TIME, such as 2h or 90m' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l max-delete -d 'With --delete, remove nothing if it would be more than N files' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s o -l output -d 'Write to FILE, which appears whole or not at all' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s j -l jobs -d 'Worker threads; 0 is one for each core' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l progress -d 'Show progress on standard error' -r -f -a "auto\t'When standard error is a terminal that gets no data, and the work takes longer than half a second'
always\t'Always; as plain lines where standard error is no terminal'
never\t'Never'"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l new-key -d 'Make the key file of -k @FILE first: 32 random bytes'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s a -l armor -d 'Write text instead of binary data (age)'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s r -l recursive -d 'Work on every file below PATHs, each by itself'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l exclude-caches -d 'Skip directories that have a CACHEDIR.TAG'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l no-hidden -d 'Skip hidden files and directories, whose names begin with a dot'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l hidden -d 'The default; undoes an earlier --no-hidden'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l one-file-system -d 'Stay on the file system of each PATH'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l follow -d 'Follow symbolic links below PATHs'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l fail-fast -d 'Stop at the first file that fails'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l json -d 'Print one JSON object per file, and a summary'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l skip-existing -d 'Skip files whose result exists and is intact'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l verify-existing -d 'With --skip-existing, authenticate the sealed file and compare the contents'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l update -d 'Skip unchanged files, and replace the results of all others'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l checksum -d 'With --update, open the sealed files and compare the contents'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l wait -d 'Wait for another run in the same directory to end'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l links -d 'Carry symbolic links over as links; without it they are skipped'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l xattrs -d 'Carry over extended attributes (user.*) and access control lists, which are not encrypted'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l remove-source -d 'Remove each source after its replacement was fsynced, read back and compared'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l no-preserve -d 'Do not preserve mode, group, owner and modification time'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l perms -d 'Carry over modes in full, whatever the umask is'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l delete -d 'With --update, remove the results of files that are gone'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l force -d 'Overwrite FILE when it exists'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l sync -d 'fsync FILE and its directory before exiting'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s q -l quiet -d 'Print errors only'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s v -l verbose -d 'Print what was done'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand open" -s k -l key -d 'Source of the key: @FILE, env:NAME or fd:N' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l plugin -d 'Use the plugin age-plugin-NAME without an identity file (age)' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand open" -s p -l passphrase -d 'Use a passphrase: ask for it, or take it from SPEC as for --key' -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l identity-passphrase -d 'Source of an identity file\'s passphrase [default: ask]' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l salt -d 'Source of the salt for a GFE passphrase, as for --key' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l kdf -d 'How a passphrase becomes a key' -r -f -a "argon2id\t'Argon2id'
pbkdf2\t'PBKDF2-HMAC-SHA256, for GFE'
balloon\t'BLAKE3-Balloon, for Dexios'"
complete -c fetool -n "__fish_fetool_using_subcommand open" -s f -l format -d 'The format to read [default: auto-detect]' -r -f -a "gfe\t'GFE (go-fileencrypt)'
dexios\t'Dexios'
gocrypt\t'GoCrypt'
gocrypt-v1\t'GoCrypt 1.0'
parallel-encryptor\t'AES-GCM File Encryptor'
age\t'age'"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l gfe-nonce -d 'Which nonce rules to accept (GFE)' -r -f -a "auto\t'Counter suffix, or additive in a file of known length'
additive\t'Also additive'"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l header -d 'The file with the detached header (Dexios)' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand open" -l max-work-factor -d 'The highest work factor of a passphrase that an age file may ask for [default: 22]' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand open" -l max-memory -d 'Memory that a file\'s chunks may need' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand open" -l range -d 'Write only these bytes: START+LENGTH, START-END, START- or -LAST' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand open" -l salvage -d 'Write everything of a damaged file that still authenticates' -r -f -a "zero\t'As many zeros'
skip\t'Nothing'"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l files0-from -d 'Work on the files named in FILE, ended by NUL bytes; \'-\' is stdin' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand open" -l include -d 'Only files that match GLOB; can be repeated' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand open" -l exclude -d 'Skip files and directories that match GLOB; can be repeated' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand open" -l exclude-from -d 'Skip what the rules in FILE match, like .gitignore; can be repeated' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand open" -l exclude-if-present -d 'Skip directories that contain NAME; can be repeated' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand open" -l max-depth -d 'Go at most N levels below PATH; 1 is the files in PATH itself' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand open" -l shard -d 'Take the I-th of N parts of the tree, counted from 0' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand open" -s O -l output-dir -d 'Write the files under DIR, at the same relative paths' -r -f -a "(__fish_complete_directories)"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l backup-dir -d 'With --update, move what is replaced or deleted to DIR, at the same relative path' -r -f -a "(__fish_complete_directories)"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l for -d 'Start no further file after TIME, such as 2h or 90m' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand open" -s o -l output -d 'Write to FILE, which appears whole or not at all' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand open" -s j -l jobs -d 'Worker threads; 0 is one for each core' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand open" -l progress -d 'Show progress on standard error' -r -f -a "auto\t'When standard error is a terminal that gets no data, and the work takes longer than half a second'
always\t'Always; as plain lines where standard error is no terminal'
never\t'Never'"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l allow-legacy-slots -d 'Open with a Dexios key slot that may be forged'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l strict -d 'Refuse what would be accepted with a warning'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l check -d 'Authenticate everything, and write nothing'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l sparse -d 'Leave out blocks of zeros, so that opened files have holes there'
complete -c fetool -n "__fish_fetool_using_subcommand open" -s r -l recursive -d 'Work on every file below PATHs, each by itself'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l exclude-caches -d 'Skip directories that have a CACHEDIR.TAG'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l no-hidden -d 'Skip hidden files and directories, whose names begin with a dot'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l hidden -d 'The default; undoes an earlier --no-hidden'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l one-file-system -d 'Stay on the file system of each PATH'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l follow -d 'Follow symbolic links below PATHs'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l fail-fast -d 'Stop at the first file that fails'
complete -c fetool -n "__fish_fetool_using_subcommand open" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l json -d 'Print one JSON object per file, and a summary'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l skip-existing -d 'Skip files whose result exists and is intact'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l verify-existing -d 'With --skip-existing, authenticate the sealed file and compare the contents'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l update -d 'Skip unchanged files, and replace the results of all others'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l checksum -d 'With --update, open the sealed files and compare the contents'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l wait -d 'Wait for another run in the same directory to end'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l links -d 'Carry symbolic links over as links; without it they are skipped'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l xattrs -d 'Carry over extended attributes (user.*) and access control lists, which are not encrypted'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l remove-source -d 'Remove each source after its replacement was fsynced, read back and compared'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l no-preserve -d 'Do not preserve mode, group, owner and modification time'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l perms -d 'Carry over modes in full, whatever the umask is'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l force -d 'Overwrite FILE when it exists'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l sync -d 'fsync FILE and its directory before exiting'
complete -c fetool -n "__fish_fetool_using_subcommand open" -s q -l quiet -d 'Print errors only'
complete -c fetool -n "__fish_fetool_using_subcommand open" -s v -l verbose -d 'Print what was done'
complete -c fetool -n "__fish_fetool_using_subcommand open" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand check" -s k -l key -d 'Source of the key: @FILE, env:NAME or fd:N' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand check" -l plugin -d 'Use the plugin age-plugin-NAME without an identity file (age)' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand check" -s p -l passphrase -d 'Use a passphrase: ask for it, or take it from SPEC as for --key' -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand check" -l identity-passphrase -d 'Source of an identity file\'s passphrase [default: ask]' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand check" -l salt -d 'Source of the salt for a GFE passphrase, as for --key' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand check" -l kdf -d 'How a passphrase becomes a key' -r -f -a "argon2id\t'Argon2id'
pbkdf2\t'PBKDF2-HMAC-SHA256, for GFE'
balloon\t'BLAKE3-Balloon, for Dexios'"
complete -c fetool -n "__fish_fetool_using_subcommand check" -s f -l format -d 'The format to read [default: auto-detect]' -r -f -a "gfe\t'GFE (go-fileencrypt)'
dexios\t'Dexios'
gocrypt\t'GoCrypt'
gocrypt-v1\t'GoCrypt 1.0'
parallel-encryptor\t'AES-GCM File Encryptor'
age\t'age'"
complete -c fetool -n "__fish_fetool_using_subcommand check" -l gfe-nonce -d 'Which nonce rules to accept (GFE)' -r -f -a "auto\t'Counter suffix, or additive in a file of known length'
additive\t'Also additive'"
complete -c fetool -n "__fish_fetool_using_subcommand check" -l header -d 'The file with the detached header (Dexios)' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand check" -l max-work-factor -d 'The highest work factor of a passphrase that an age file may ask for [default: 22]' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand check" -l max-memory -d 'Memory that a file\'s chunks may need' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand check" -l record -d 'Write a list of the files to FILE: size, time, BLAKE3 and result of each' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand check" -l since -d 'Compare with the list in FILE, which an earlier --record wrote' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand check" -l for -d 'Start no further file after TIME, such as 2h or 90m' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand check" -l files0-from -d 'Work on the files named in FILE, ended by NUL bytes; \'-\' is stdin' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand check" -l include -d 'Only files that match GLOB; can be repeated' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand check" -l exclude -d 'Skip files and directories that match GLOB; can be repeated' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand check" -l exclude-from -d 'Skip what the rules in FILE match, like .gitignore; can be repeated' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand check" -l exclude-if-present -d 'Skip directories that contain NAME; can be repeated' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand check" -l max-depth -d 'Go at most N levels below PATH; 1 is the files in PATH itself' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand check" -l shard -d 'Take the I-th of N parts of the tree, counted from 0' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand check" -s j -l jobs -d 'Worker threads; 0 is one for each core' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand check" -l progress -d 'Show progress on standard error' -r -f -a "auto\t'When standard error is a terminal that gets no data, and the work takes longer than half a second'
always\t'Always; as plain lines where standard error is no terminal'
never\t'Never'"
complete -c fetool -n "__fish_fetool_using_subcommand check" -l allow-legacy-slots -d 'Open with a Dexios key slot that may be forged'
complete -c fetool -n "__fish_fetool_using_subcommand check" -l strict -d 'Refuse what would be accepted with a warning'
complete -c fetool -n "__fish_fetool_using_subcommand check" -s r -l recursive -d 'Work on every file below PATHs, each by itself'
complete -c fetool -n "__fish_fetool_using_subcommand check" -l exclude-caches -d 'Skip directories that have a CACHEDIR.TAG'
complete -c fetool -n "__fish_fetool_using_subcommand check" -l no-hidden -d 'Skip hidden files and directories, whose names begin with a dot'
complete -c fetool -n "__fish_fetool_using_subcommand check" -l hidden -d 'The default; undoes an earlier --no-hidden'
complete -c fetool -n "__fish_fetool_using_subcommand check" -l one-file-system -d 'Stay on the file system of each PATH'
complete -c fetool -n "__fish_fetool_using_subcommand check" -l follow -d 'Follow symbolic links below PATHs'
complete -c fetool -n "__fish_fetool_using_subcommand check" -l fail-fast -d 'Stop at the first file that fails'
complete -c fetool -n "__fish_fetool_using_subcommand check" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c fetool -n "__fish_fetool_using_subcommand check" -l json -d 'Print one JSON object per file, and a summary'
complete -c fetool -n "__fish_fetool_using_subcommand check" -s q -l quiet -d 'Print errors only'
complete -c fetool -n "__fish_fetool_using_subcommand check" -s v -l verbose -d 'Print what was done'
complete -c fetool -n "__fish_fetool_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s k -l key -d 'Source of the key: @FILE, env:NAME or fd:N' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l plugin -d 'Use the plugin age-plugin-NAME without an identity file (age)' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s p -l passphrase -d 'Use a passphrase: ask for it, or take it from SPEC as for --key' -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l identity-passphrase -d 'Source of an identity file\'s passphrase [default: ask]' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l salt -d 'Source of the salt for a GFE passphrase, as for --key' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l kdf -d 'How a passphrase becomes a key' -r -f -a "argon2id\t'Argon2id'
pbkdf2\t'PBKDF2-HMAC-SHA256, for GFE'
balloon\t'BLAKE3-Balloon, for Dexios'"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s f -l format -d 'The format to read [default: auto-detect]' -r -f -a "gfe\t'GFE (go-fileencrypt)'
dexios\t'Dexios'
gocrypt\t'GoCrypt'
gocrypt-v1\t'GoCrypt 1.0'
parallel-encryptor\t'AES-GCM File Encryptor'
age\t'age'"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l gfe-nonce -d 'Which nonce rules to accept (GFE)' -r -f -a "auto\t'Counter suffix, or additive in a file of known length'
additive\t'Also additive'"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l header -d 'The file with the detached header (Dexios)' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l max-work-factor -d 'The highest work factor of a passphrase that an age file may ask for [default: 22]' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l max-memory -d 'Memory that a file\'s chunks may need' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s j -l jobs -d 'Worker threads; 0 is one for each core' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l progress -d 'Show progress on standard error' -r -f -a "auto\t'When standard error is a terminal that gets no data, and the work takes longer than half a second'
always\t'Always; as plain lines where standard error is no terminal'
never\t'Never'"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l json -d 'Print one JSON object a file'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l verify -d 'Authenticate every chunk too; needs a secret'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l allow-legacy-slots -d 'Open with a Dexios key slot that may be forged'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s q -l quiet -d 'Print errors only'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s v -l verbose -d 'Print what was done'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s k -l key -d 'Source of the key: @FILE, env:NAME or fd:N' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l plugin -d 'Use the plugin age-plugin-NAME without an identity file (age)' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s p -l passphrase -d 'Use a passphrase: ask for it, or take it from SPEC as for --key' -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l identity-passphrase -d 'Source of an identity file\'s passphrase [default: ask]' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l salt -d 'Source of the salt for a GFE passphrase, as for --key' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l kdf -d 'How a passphrase becomes a key' -r -f -a "argon2id\t'Argon2id'
pbkdf2\t'PBKDF2-HMAC-SHA256, for GFE'
balloon\t'BLAKE3-Balloon, for Dexios'"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l new-key -d 'Source of the new key, as for --key' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l new-passphrase -d 'Use a new passphrase, as for --passphrase' -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l to -d 'A new recipient of the file: age1…, or @FILE with some (age)' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l work-factor -d 'The work factor of a new passphrase (age) [default: 18]' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l new-salt -d 'Source of the salt for a new GFE passphrase' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l new-kdf -d 'How the new passphrase or key is hashed' -r -f -a "argon2id\t'Argon2id'
pbkdf2\t'PBKDF2-HMAC-SHA256, for GFE'
balloon\t'BLAKE3-Balloon, for Dexios'"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l stanza -d 'With --remove: remove stanza N of --list instead (age)' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s f -l format -d 'With --reseal: the format to write [default: that of the input]' -r -f -a "gfe\t'GFE (go-fileencrypt)'
dexios\t'Dexios'
gocrypt\t'GoCrypt'
parallel-encryptor\t'AES-GCM File Encryptor'
age\t'age'"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l max-memory -d 'Memory that a key derivation, or with --reseal a file sealed in one piece, may need' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l max-work-factor -d 'The highest work factor of a passphrase that an age file may ask for [default: 22]' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l header -d 'The file with the detached header; only it is changed' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l files0-from -d 'Work on the files named in FILE, ended by NUL bytes; \'-\' is stdin' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l include -d 'Only files that match GLOB; can be repeated' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l exclude -d 'Skip files and directories that match GLOB; can be repeated' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l exclude-from -d 'Skip what the rules in FILE match, like .gitignore; can be repeated' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l exclude-if-present -d 'Skip directories that contain NAME; can be repeated' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l max-depth -d 'Go at most N levels below PATH; 1 is the files in PATH itself' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l shard -d 'Take the I-th of N parts of the tree, counted from 0' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s o -l output -d 'Write to FILE, which appears whole or not at all' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s j -l jobs -d 'Worker threads; 0 is one for each core' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l progress -d 'Show progress on standard error' -r -f -a "auto\t'When standard error is a terminal that gets no data, and the work takes longer than half a second'
always\t'Always; as plain lines where standard error is no terminal'
never\t'Never'"
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l add -d 'Keep the old secret, and add the new one'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l remove -d 'Remove the key slot, or stanza, that the old secret opens; never the last'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l list -d 'List the key slots, or stanzas; needs no secret'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l reseal -d 'Open with the old secret and seal again with the new one'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l allow-legacy-slots -d 'Open with a Dexios key slot that may be forged'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s i -l in-place -d 'Change PATH in place'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l no-wait -d 'With -i: fail instead of waiting for another rekey of PATH'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s r -l recursive -d 'Work on every file below PATHs, each by itself'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l exclude-caches -d 'Skip directories that have a CACHEDIR.TAG'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l no-hidden -d 'Skip hidden files and directories, whose names begin with a dot'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l hidden -d 'The default; undoes an earlier --no-hidden'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l one-file-system -d 'Stay on the file system of each PATH'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l follow -d 'Follow symbolic links below PATHs'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l fail-fast -d 'Stop at the first file that fails'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l json -d 'Print one JSON object per file, and a summary'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l force -d 'Overwrite FILE when it exists'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -l sync -d 'fsync FILE and its directory before exiting'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s q -l quiet -d 'Print errors only'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s v -l verbose -d 'Print what was done'
complete -c fetool -n "__fish_fetool_using_subcommand rekey" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand header" -s k -l key -d 'Source of the key: @FILE, env:NAME or fd:N' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand header" -l plugin -d 'Use the plugin age-plugin-NAME without an identity file (age)' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand header" -s p -l passphrase -d 'Use a passphrase: ask for it, or take it from SPEC as for --key' -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand header" -l identity-passphrase -d 'Source of an identity file\'s passphrase [default: ask]' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand header" -l salt -d 'Source of the salt for a GFE passphrase, as for --key' -r -f -a "(__fish_fetool_spec)"
complete -c fetool -n "__fish_fetool_using_subcommand header" -l kdf -d 'How a passphrase becomes a key' -r -f -a "argon2id\t'Argon2id'
pbkdf2\t'PBKDF2-HMAC-SHA256, for GFE'
balloon\t'BLAKE3-Balloon, for Dexios'"
complete -c fetool -n "__fish_fetool_using_subcommand header" -s f -l format -d 'The format of the file [default: auto-detect]' -r -f -a "gfe\t'GFE (go-fileencrypt)'
dexios\t'Dexios'
gocrypt\t'GoCrypt'
gocrypt-v1\t'GoCrypt 1.0'
parallel-encryptor\t'AES-GCM File Encryptor'
age\t'age'"
complete -c fetool -n "__fish_fetool_using_subcommand header" -l max-work-factor -d 'The highest work factor of a passphrase that an age file may ask for [default: 22]' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand header" -l max-memory -d 'Memory that a key derivation or the first chunk may need' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand header" -s o -l output -d 'Write to FILE, which appears whole or not at all' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand header" -s j -l jobs -d 'Worker threads; 0 is one for each core' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand header" -l progress -d 'Show progress on standard error' -r -f -a "auto\t'When standard error is a terminal that gets no data, and the work takes longer than half a second'
always\t'Always; as plain lines where standard error is no terminal'
never\t'Never'"
complete -c fetool -n "__fish_fetool_using_subcommand header" -l allow-legacy-slots -d 'Open with a Dexios key slot that may be forged'
complete -c fetool -n "__fish_fetool_using_subcommand header" -l unchecked -d 'restore: put the header back even if nothing shows that it belongs to FILE'
complete -c fetool -n "__fish_fetool_using_subcommand header" -l no-wait -d 'restore: fail instead of waiting for a rekey of FILE'
complete -c fetool -n "__fish_fetool_using_subcommand header" -l force -d 'Overwrite FILE when it exists'
complete -c fetool -n "__fish_fetool_using_subcommand header" -l sync -d 'fsync FILE and its directory before exiting'
complete -c fetool -n "__fish_fetool_using_subcommand header" -s q -l quiet -d 'Print errors only'
complete -c fetool -n "__fish_fetool_using_subcommand header" -s v -l verbose -d 'Print what was done'
complete -c fetool -n "__fish_fetool_using_subcommand header" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand keygen" -s o -l output -d 'Write the key to FILE' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand keygen" -l comment -d 'Write the key as text with TEXT as a comment, such as its purpose and date' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand keygen" -l age -d 'Make an age identity: a secret that opens files, and a recipient (age1…) to seal them for'
complete -c fetool -n "__fish_fetool_using_subcommand keygen" -l pq -d 'With --age: make a post-quantum identity (age1pq1…)'
complete -c fetool -n "__fish_fetool_using_subcommand keygen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand age" -s o -l output -d 'Write to OUTPUT, which is overwritten [default: standard output]' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand age" -s r -l recipient -d 'Encrypt to RECIPIENT: age1…, ssh-ed25519 … or ssh-rsa …' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand age" -s R -l recipients-file -d 'Encrypt to the recipients in FILE, one a line; \'-\' is standard input' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand age" -s i -l identity -d 'Decrypt with the identities in FILE, or with -e encrypt to them; \'-\' is standard input' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand age" -s j -l plugin -d 'Use the identity without data of the plugin age-plugin-NAME' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand age" -s e -l encrypt -d 'Encrypt INPUT; the default'
complete -c fetool -n "__fish_fetool_using_subcommand age" -s d -l decrypt -d 'Decrypt INPUT'
complete -c fetool -n "__fish_fetool_using_subcommand age" -s a -l armor -d 'Write armor: text instead of binary data'
complete -c fetool -n "__fish_fetool_using_subcommand age" -s p -l passphrase -d 'Encrypt with a passphrase, which is asked for'
complete -c fetool -n "__fish_fetool_using_subcommand age" -l version -d 'Print the version of age that this stands in for'
complete -c fetool -n "__fish_fetool_using_subcommand age-keygen" -s o -l output -d 'Write to OUTPUT, which must not exist, with mode 0600 [default: standard output]' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand age-keygen" -l pq -d 'Make a post-quantum identity'
complete -c fetool -n "__fish_fetool_using_subcommand age-keygen" -s y -l convert -d 'Print the recipients of an identity file, one a line'
complete -c fetool -n "__fish_fetool_using_subcommand age-keygen" -l version -d 'Print the version of age that this stands in for'
complete -c fetool -n "__fish_fetool_using_subcommand bench" -l aead -d 'These AEADs only, by themselves and in the formats that have them' -r -f -a "aes-256-gcm\t''
chacha20-poly1305\t''
xchacha20-poly1305\t''
deoxys-ii-256\t''"
complete -c fetool -n "__fish_fetool_using_subcommand bench" -l engine -d 'The AEADs in these engines only' -r -f -a "fetool\t''
aws-lc\t''
rustcrypto\t''"
complete -c fetool -n "__fish_fetool_using_subcommand bench" -s f -l format -d 'These formats only, with the key derivations that they use' -r -f -a "gfe\t'GFE (go-fileencrypt)'
dexios\t'Dexios'
gocrypt\t'GoCrypt'
parallel-encryptor\t'AES-GCM File Encryptor'
age\t'age'"
complete -c fetool -n "__fish_fetool_using_subcommand bench" -l layers -d 'GoCrypt only, with this many layers, 1 to 200' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand bench" -s j -l jobs -d 'Worker threads, such as 1,2,4; 0 is one for each core' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand bench" -l size -d 'Plaintext bytes of one turn' -r -f
complete -c fetool -n "__fish_fetool_using_subcommand bench" -l dir -d 'Measure the formats from file to file in DIR as well' -r -f -a "(__fish_complete_directories)"
complete -c fetool -n "__fish_fetool_using_subcommand bench" -l json -d 'Print one JSON object'
complete -c fetool -n "__fish_fetool_using_subcommand bench" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand header" -f -a "save\t'Copy the header of FILE to COPY'
restore\t'Put the header in COPY back into FILE'"
complete -c fetool -n "__fish_fetool_using_subcommand keygen" -f
complete -c fetool -n "__fish_fetool_using_subcommand bench" -f -a "aead\t'The AEADs by themselves, on chunks in memory'
kdf\t'The key derivations'
format\t'Whole streams, by format'"
complete -c fetool -n "__fish_fetool_using_subcommand help" -f -a "seal\t'Encrypt and authenticate a stream or a file'
open\t'Authenticate and decrypt a sealed stream or file'
check\t'Check that sealed files are authentic, and write nothing'
inspect\t'Show what sealed files are, without a key'
rekey\t'Change which secrets open a file, without touching its data'
header\t'Save the header of a sealed file, or put a saved one back'
keygen\t'Make a key: 32 random bytes, or an age identity'
age\t'Encrypt and decrypt as age does, with the options of age'
age-keygen\t'Make age identities as age-keygen does, with the options of age-keygen'
bench\t'Measure how fast this machine seals and opens'
help\t'Print help for fetool or one of its subcommands'"

function __fish_fetool_spec
    set -l value (string replace -r -- '^(--[^=]+=|-\w=?)' '' (commandline -ct))
    if string match -q -- '@*' $value
        for file in (__fish_complete_path (string sub -s 2 -- $value))
            echo @$file
        end
    else if string match -q -- 'env:*' $value
        for name in (set --names --export)
            echo env:$name
        end
    else if not string match -q -- 'fd:*' $value
        printf '%s\t%s\n' @ 'Bytes of a file' env: 'Environment variable' fd: 'File descriptor'
    end
end
