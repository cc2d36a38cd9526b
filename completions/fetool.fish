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

complete -c fetool -n "__fish_fetool_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_needs_command" -s V -l version -d 'Print version'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "seal" -d 'Encrypt and authenticate a stream or a file'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "open" -d 'Authenticate and decrypt a sealed stream or file'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "inspect" -d 'Tell what sealed files are, without a key'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "keygen" -d 'Make a key: 32 random bytes'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "generate" -d 'Print manual pages or shell completions, for packagers'
complete -c fetool -n "__fish_fetool_needs_command" -f -a "help" -d 'Print help for fetool or one of its subcommands'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s k -l key -d 'Where the key is: @FILE, env:NAME or fd:N' -r
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s p -l passphrase -d 'Use a passphrase: asked for on the terminal, or from SPEC as for --key' -r
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l salt -d 'Where the salt is that goes with a passphrase for GFE, as for --key' -r
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l kdf -d 'How a passphrase and a salt become a GFE key' -r -f -a "argon2id\t'3 passes over 64 MiB in 4 lanes'
pbkdf2\t'PBKDF2-HMAC-SHA256, 600 000 iterations'"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s f -l format -d 'The format to write' -r -f -a "gfe\t'GFE (go-fileencrypt)'"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s c -l chunk-size -d 'Plaintext bytes a chunk, such as 64KiB or 1MiB' -r
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l size -d 'The plaintext\'s length, for a pipe; a different length is an error' -r
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s o -l output -d 'Write to FILE, which appears whole or not at all' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s j -l jobs -d 'Worker threads; 0 is one for each core' -r
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l progress -d 'Show progress on standard error' -r -f -a "auto\t'When standard error is a terminal, and the work takes longer than half a second'
always\t'Always; as plain lines where standard error is no terminal'
never\t'Never'"
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l new-key -d 'Make the key file named by -k @FILE first: 32 random bytes, mode 0600'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l force -d 'Overwrite FILE when it exists'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -l sync -d 'Have FILE and its folder on disk before the end (fsync)'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s q -l quiet -d 'Say nothing but errors'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s v -l verbose -d 'Say what was done'
complete -c fetool -n "__fish_fetool_using_subcommand seal" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand open" -s k -l key -d 'Where the key is: @FILE, env:NAME or fd:N' -r
complete -c fetool -n "__fish_fetool_using_subcommand open" -s p -l passphrase -d 'Use a passphrase: asked for on the terminal, or from SPEC as for --key' -r
complete -c fetool -n "__fish_fetool_using_subcommand open" -l salt -d 'Where the salt is that goes with a passphrase for GFE, as for --key' -r
complete -c fetool -n "__fish_fetool_using_subcommand open" -l kdf -d 'How a passphrase and a salt become a GFE key' -r -f -a "argon2id\t'3 passes over 64 MiB in 4 lanes'
pbkdf2\t'PBKDF2-HMAC-SHA256, 600 000 iterations'"
complete -c fetool -n "__fish_fetool_using_subcommand open" -s f -l format -d 'The format to read; found out by itself otherwise' -r -f -a "gfe\t'GFE (go-fileencrypt)'"
complete -c fetool -n "__fish_fetool_using_subcommand open" -s o -l output -d 'Write to FILE, which appears whole or not at all' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand open" -s j -l jobs -d 'Worker threads; 0 is one for each core' -r
complete -c fetool -n "__fish_fetool_using_subcommand open" -l progress -d 'Show progress on standard error' -r -f -a "auto\t'When standard error is a terminal, and the work takes longer than half a second'
always\t'Always; as plain lines where standard error is no terminal'
never\t'Never'"
complete -c fetool -n "__fish_fetool_using_subcommand open" -l strict -d 'Refuse what would be accepted with a warning'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l check -d 'Authenticate everything, and write nothing'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l force -d 'Overwrite FILE when it exists'
complete -c fetool -n "__fish_fetool_using_subcommand open" -l sync -d 'Have FILE and its folder on disk before the end (fsync)'
complete -c fetool -n "__fish_fetool_using_subcommand open" -s q -l quiet -d 'Say nothing but errors'
complete -c fetool -n "__fish_fetool_using_subcommand open" -s v -l verbose -d 'Say what was done'
complete -c fetool -n "__fish_fetool_using_subcommand open" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s k -l key -d 'Where the key is: @FILE, env:NAME or fd:N' -r
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s p -l passphrase -d 'Use a passphrase: asked for on the terminal, or from SPEC as for --key' -r
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l salt -d 'Where the salt is that goes with a passphrase for GFE, as for --key' -r
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l kdf -d 'How a passphrase and a salt become a GFE key' -r -f -a "argon2id\t'3 passes over 64 MiB in 4 lanes'
pbkdf2\t'PBKDF2-HMAC-SHA256, 600 000 iterations'"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s f -l format -d 'The format to read; found out by itself otherwise' -r -f -a "gfe\t'GFE (go-fileencrypt)'"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s j -l jobs -d 'Worker threads; 0 is one for each core' -r
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l progress -d 'Show progress on standard error' -r -f -a "auto\t'When standard error is a terminal, and the work takes longer than half a second'
always\t'Always; as plain lines where standard error is no terminal'
never\t'Never'"
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l json -d 'Print one JSON object a file'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -l verify -d 'Authenticate every chunk too; needs a secret'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s q -l quiet -d 'Say nothing but errors'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s v -l verbose -d 'Say what was done'
complete -c fetool -n "__fish_fetool_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand keygen" -s o -l output -d 'Write the key to FILE' -r -F
complete -c fetool -n "__fish_fetool_using_subcommand keygen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fetool -n "__fish_fetool_using_subcommand generate" -s h -l help -d 'Print help'
complete -c fetool -n "__fish_fetool_using_subcommand help" -s h -l help -d 'Print help'
