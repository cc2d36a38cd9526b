
use builtin;
use str;

set edit:completion:arg-completer[fetool] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'fetool'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'fetool'= {
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand seal 'Encrypt and authenticate a stream or a file'
            cand open 'Authenticate and decrypt a sealed stream or file'
            cand inspect 'Tell what sealed files are, without a key'
            cand rekey 'Change which secrets open a file, without touching its data'
            cand keygen 'Make a key: 32 random bytes'
            cand bench 'Measure how fast this machine seals and opens'
            cand generate 'Print manual pages or shell completions, for packagers'
            cand help 'Print help for fetool or one of its subcommands'
        }
        &'fetool;seal'= {
            cand -k 'Where the key is: @FILE, env:NAME or fd:N'
            cand --key 'Where the key is: @FILE, env:NAME or fd:N'
            cand -p 'Use a passphrase: asked for on the terminal, or from SPEC as for --key'
            cand --passphrase 'Use a passphrase: asked for on the terminal, or from SPEC as for --key'
            cand --salt 'Where the salt is that goes with a passphrase for GFE, as for --key'
            cand --kdf 'How a passphrase becomes a key'
            cand --add-key 'One more key that opens the file, as for --key; up to three times (Dexios)'
            cand -f 'The format to write: gfe, or dexios for a passphrase without --salt'
            cand --format 'The format to write: gfe, or dexios for a passphrase without --salt'
            cand --aead 'The AEAD to seal with, where the format has several (Dexios)'
            cand --header 'Write the header to a file of its own (Dexios)'
            cand -c 'Plaintext bytes a chunk, such as 64KiB or 1MiB'
            cand --chunk-size 'Plaintext bytes a chunk, such as 64KiB or 1MiB'
            cand --layers 'How many times to seal it over, 1 to 200 (GoCrypt); 5 otherwise'
            cand --max-memory 'Memory that chunks may take'
            cand --size 'The plaintext''s length, for a pipe; a different length is an error'
            cand -o 'Write to FILE, which appears whole or not at all'
            cand --output 'Write to FILE, which appears whole or not at all'
            cand -j 'Worker threads; 0 is one for each core'
            cand --jobs 'Worker threads; 0 is one for each core'
            cand --progress 'Show progress on standard error'
            cand --new-key 'Make the key file named by -k @FILE first: 32 random bytes, mode 0600'
            cand --force 'Overwrite FILE when it exists'
            cand --sync 'Have FILE and its folder on disk before the end (fsync)'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -v 'Say what was done'
            cand --verbose 'Say what was done'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fetool;open'= {
            cand -k 'Where the key is: @FILE, env:NAME or fd:N'
            cand --key 'Where the key is: @FILE, env:NAME or fd:N'
            cand -p 'Use a passphrase: asked for on the terminal, or from SPEC as for --key'
            cand --passphrase 'Use a passphrase: asked for on the terminal, or from SPEC as for --key'
            cand --salt 'Where the salt is that goes with a passphrase for GFE, as for --key'
            cand --kdf 'How a passphrase becomes a key'
            cand -f 'The format to read; found out by itself otherwise'
            cand --format 'The format to read; found out by itself otherwise'
            cand --header 'The file that holds the header, where that is kept apart (Dexios)'
            cand --max-memory 'Memory that a file''s chunks may need'
            cand -o 'Write to FILE, which appears whole or not at all'
            cand --output 'Write to FILE, which appears whole or not at all'
            cand -j 'Worker threads; 0 is one for each core'
            cand --jobs 'Worker threads; 0 is one for each core'
            cand --progress 'Show progress on standard error'
            cand --strict 'Refuse what would be accepted with a warning'
            cand --check 'Authenticate everything, and write nothing'
            cand --force 'Overwrite FILE when it exists'
            cand --sync 'Have FILE and its folder on disk before the end (fsync)'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -v 'Say what was done'
            cand --verbose 'Say what was done'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fetool;inspect'= {
            cand -k 'Where the key is: @FILE, env:NAME or fd:N'
            cand --key 'Where the key is: @FILE, env:NAME or fd:N'
            cand -p 'Use a passphrase: asked for on the terminal, or from SPEC as for --key'
            cand --passphrase 'Use a passphrase: asked for on the terminal, or from SPEC as for --key'
            cand --salt 'Where the salt is that goes with a passphrase for GFE, as for --key'
            cand --kdf 'How a passphrase becomes a key'
            cand -f 'The format to read; found out by itself otherwise'
            cand --format 'The format to read; found out by itself otherwise'
            cand --header 'The file that holds the header, where that is kept apart (Dexios)'
            cand --max-memory 'Memory that a file''s chunks may need'
            cand -j 'Worker threads; 0 is one for each core'
            cand --jobs 'Worker threads; 0 is one for each core'
            cand --progress 'Show progress on standard error'
            cand --json 'Print one JSON object a file'
            cand --verify 'Authenticate every chunk too; needs a secret'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -v 'Say what was done'
            cand --verbose 'Say what was done'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fetool;rekey'= {
            cand -k 'Where the key is: @FILE, env:NAME or fd:N'
            cand --key 'Where the key is: @FILE, env:NAME or fd:N'
            cand -p 'Use a passphrase: asked for on the terminal, or from SPEC as for --key'
            cand --passphrase 'Use a passphrase: asked for on the terminal, or from SPEC as for --key'
            cand --salt 'Where the salt is that goes with a passphrase for GFE, as for --key'
            cand --kdf 'How a passphrase becomes a key'
            cand --new-key 'Where the new key is, as for --key'
            cand --new-passphrase 'Use a new passphrase, as for --passphrase'
            cand --new-salt 'Where the salt is that goes with a new passphrase for GFE'
            cand --new-kdf 'How the new passphrase or key is hashed'
            cand -f 'With --reseal: the format to write; that of the input otherwise'
            cand --format 'With --reseal: the format to write; that of the input otherwise'
            cand --max-memory 'With --reseal: memory that a file sealed in one piece may need'
            cand --header 'The file that holds the header, where that is kept apart: it alone is changed'
            cand -o 'Write to FILE, which appears whole or not at all'
            cand --output 'Write to FILE, which appears whole or not at all'
            cand -j 'Worker threads; 0 is one for each core'
            cand --jobs 'Worker threads; 0 is one for each core'
            cand --progress 'Show progress on standard error'
            cand --add 'Keep the old secret, and add the new one'
            cand --remove 'Drop the key slot that the old secret opens; never the last'
            cand --list 'List the key slots; needs no secret'
            cand --reseal 'Open with the old secret and seal again with the new one'
            cand -i 'Change PATH in place'
            cand --in-place 'Change PATH in place'
            cand --force 'Overwrite FILE when it exists'
            cand --sync 'Have FILE and its folder on disk before the end (fsync)'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -v 'Say what was done'
            cand --verbose 'Say what was done'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fetool;keygen'= {
            cand -o 'Write the key to FILE'
            cand --output 'Write the key to FILE'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fetool;bench'= {
            cand --aead 'These AEADs only, by themselves and in the formats that have them'
            cand --engine 'The AEADs in these engines only'
            cand -f 'These formats only, with the key derivations that they use'
            cand --format 'These formats only, with the key derivations that they use'
            cand --layers 'GoCrypt only, with so many layers, 1 to 200'
            cand -j 'Worker threads, such as 1,2,4; 0 is one for each core'
            cand --jobs 'Worker threads, such as 1,2,4; 0 is one for each core'
            cand --size 'Plaintext bytes of one turn'
            cand --dir 'Measure the formats from file to file in FOLDER too'
            cand --json 'Print one JSON object'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fetool;generate'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fetool;help'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}
