
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'fetool' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'fetool'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'fetool' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('seal', 'seal', [CompletionResultType]::ParameterValue, 'Encrypt and authenticate a stream or a file')
            [CompletionResult]::new('open', 'open', [CompletionResultType]::ParameterValue, 'Authenticate and decrypt a sealed stream or file')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Tell what sealed files are, without a key')
            [CompletionResult]::new('rekey', 'rekey', [CompletionResultType]::ParameterValue, 'Change which secrets open a file, without touching its data')
            [CompletionResult]::new('keygen', 'keygen', [CompletionResultType]::ParameterValue, 'Make a key: 32 random bytes')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measure how fast this machine seals and opens')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Print manual pages or shell completions, for packagers')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print help for fetool or one of its subcommands')
            break
        }
        'fetool;seal' {
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Where the key is: @FILE, env:NAME or fd:N')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Where the key is: @FILE, env:NAME or fd:N')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use a passphrase: asked for on the terminal, or from SPEC as for --key')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'Use a passphrase: asked for on the terminal, or from SPEC as for --key')
            [CompletionResult]::new('--salt', '--salt', [CompletionResultType]::ParameterName, 'Where the salt is that goes with a passphrase for GFE, as for --key')
            [CompletionResult]::new('--kdf', '--kdf', [CompletionResultType]::ParameterName, 'How a passphrase becomes a key')
            [CompletionResult]::new('--add-key', '--add-key', [CompletionResultType]::ParameterName, 'One more key that opens the file, as for --key; up to three times (Dexios)')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The format to write: gfe, or dexios for a passphrase without --salt')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The format to write: gfe, or dexios for a passphrase without --salt')
            [CompletionResult]::new('--aead', '--aead', [CompletionResultType]::ParameterName, 'The AEAD to seal with, where the format has several (Dexios)')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Write the header to a file of its own (Dexios)')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Plaintext bytes a chunk, such as 64KiB or 1MiB')
            [CompletionResult]::new('--chunk-size', '--chunk-size', [CompletionResultType]::ParameterName, 'Plaintext bytes a chunk, such as 64KiB or 1MiB')
            [CompletionResult]::new('--layers', '--layers', [CompletionResultType]::ParameterName, 'How many times to seal it over, 1 to 200 (GoCrypt); 5 otherwise')
            [CompletionResult]::new('--max-memory', '--max-memory', [CompletionResultType]::ParameterName, 'Memory that chunks may take')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'The plaintext''s length, for a pipe; a different length is an error')
            [CompletionResult]::new('--files0-from', '--files0-from', [CompletionResultType]::ParameterName, 'Work on the files named in FILE, separated by NUL bytes; ''-'' is standard input')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Only files that match GLOB; may be given several times')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'No files, and nothing below directories, that match GLOB; may be given several times')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Go no deeper than N levels below PATH; 1 is the files in PATH itself')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Take the I-th of N parts of the tree, counted from 0')
            [CompletionResult]::new('-O', '-O ', [CompletionResultType]::ParameterName, 'Write the files under DIR, at the same relative paths')
            [CompletionResult]::new('--output-dir', '--output-dir', [CompletionResultType]::ParameterName, 'Write the files under DIR, at the same relative paths')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write to FILE, which appears whole or not at all')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to FILE, which appears whole or not at all')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Worker threads; 0 is one for each core')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Worker threads; 0 is one for each core')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'Show progress on standard error')
            [CompletionResult]::new('--new-key', '--new-key', [CompletionResultType]::ParameterName, 'Make the key file named by -k @FILE first: 32 random bytes, mode 0600')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Work on every file below PATHs, each by itself')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Work on every file below PATHs, each by itself')
            [CompletionResult]::new('--no-hidden', '--no-hidden', [CompletionResultType]::ParameterName, 'Skip hidden files and directories, whose names begin with a dot')
            [CompletionResult]::new('--hidden', '--hidden', [CompletionResultType]::ParameterName, 'The default; undoes an earlier --no-hidden')
            [CompletionResult]::new('--one-file-system', '--one-file-system', [CompletionResultType]::ParameterName, 'Stay on the file system of each PATH')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Follow symbolic links below PATHs')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Stop at the first file that fails')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be done, and do nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object per file, and a summary')
            [CompletionResult]::new('--skip-existing', '--skip-existing', [CompletionResultType]::ParameterName, 'Skip files whose result exists and is intact')
            [CompletionResult]::new('--verify-existing', '--verify-existing', [CompletionResultType]::ParameterName, 'With --skip-existing, authenticate the sealed file and compare the contents')
            [CompletionResult]::new('--remove-source', '--remove-source', [CompletionResultType]::ParameterName, 'Remove each source after its replacement was fsynced, read back and compared')
            [CompletionResult]::new('--no-preserve', '--no-preserve', [CompletionResultType]::ParameterName, 'Do not preserve mode, group, owner and modification time')
            [CompletionResult]::new('--perms', '--perms', [CompletionResultType]::ParameterName, 'Carry over modes in full, whatever the umask is')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Overwrite FILE when it exists')
            [CompletionResult]::new('--sync', '--sync', [CompletionResultType]::ParameterName, 'Have FILE and its folder on disk before the end (fsync)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what was done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what was done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fetool;open' {
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Where the key is: @FILE, env:NAME or fd:N')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Where the key is: @FILE, env:NAME or fd:N')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use a passphrase: asked for on the terminal, or from SPEC as for --key')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'Use a passphrase: asked for on the terminal, or from SPEC as for --key')
            [CompletionResult]::new('--salt', '--salt', [CompletionResultType]::ParameterName, 'Where the salt is that goes with a passphrase for GFE, as for --key')
            [CompletionResult]::new('--kdf', '--kdf', [CompletionResultType]::ParameterName, 'How a passphrase becomes a key')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The format to read; found out by itself otherwise')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The format to read; found out by itself otherwise')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'The file that holds the header, where that is kept apart (Dexios)')
            [CompletionResult]::new('--max-memory', '--max-memory', [CompletionResultType]::ParameterName, 'Memory that a file''s chunks may need')
            [CompletionResult]::new('--files0-from', '--files0-from', [CompletionResultType]::ParameterName, 'Work on the files named in FILE, separated by NUL bytes; ''-'' is standard input')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Only files that match GLOB; may be given several times')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'No files, and nothing below directories, that match GLOB; may be given several times')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Go no deeper than N levels below PATH; 1 is the files in PATH itself')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Take the I-th of N parts of the tree, counted from 0')
            [CompletionResult]::new('-O', '-O ', [CompletionResultType]::ParameterName, 'Write the files under DIR, at the same relative paths')
            [CompletionResult]::new('--output-dir', '--output-dir', [CompletionResultType]::ParameterName, 'Write the files under DIR, at the same relative paths')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write to FILE, which appears whole or not at all')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to FILE, which appears whole or not at all')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Worker threads; 0 is one for each core')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Worker threads; 0 is one for each core')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'Show progress on standard error')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Refuse what would be accepted with a warning')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Authenticate everything, and write nothing')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Work on every file below PATHs, each by itself')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Work on every file below PATHs, each by itself')
            [CompletionResult]::new('--no-hidden', '--no-hidden', [CompletionResultType]::ParameterName, 'Skip hidden files and directories, whose names begin with a dot')
            [CompletionResult]::new('--hidden', '--hidden', [CompletionResultType]::ParameterName, 'The default; undoes an earlier --no-hidden')
            [CompletionResult]::new('--one-file-system', '--one-file-system', [CompletionResultType]::ParameterName, 'Stay on the file system of each PATH')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Follow symbolic links below PATHs')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Stop at the first file that fails')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be done, and do nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object per file, and a summary')
            [CompletionResult]::new('--skip-existing', '--skip-existing', [CompletionResultType]::ParameterName, 'Skip files whose result exists and is intact')
            [CompletionResult]::new('--verify-existing', '--verify-existing', [CompletionResultType]::ParameterName, 'With --skip-existing, authenticate the sealed file and compare the contents')
            [CompletionResult]::new('--remove-source', '--remove-source', [CompletionResultType]::ParameterName, 'Remove each source after its replacement was fsynced, read back and compared')
            [CompletionResult]::new('--no-preserve', '--no-preserve', [CompletionResultType]::ParameterName, 'Do not preserve mode, group, owner and modification time')
            [CompletionResult]::new('--perms', '--perms', [CompletionResultType]::ParameterName, 'Carry over modes in full, whatever the umask is')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Overwrite FILE when it exists')
            [CompletionResult]::new('--sync', '--sync', [CompletionResultType]::ParameterName, 'Have FILE and its folder on disk before the end (fsync)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what was done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what was done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fetool;inspect' {
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Where the key is: @FILE, env:NAME or fd:N')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Where the key is: @FILE, env:NAME or fd:N')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use a passphrase: asked for on the terminal, or from SPEC as for --key')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'Use a passphrase: asked for on the terminal, or from SPEC as for --key')
            [CompletionResult]::new('--salt', '--salt', [CompletionResultType]::ParameterName, 'Where the salt is that goes with a passphrase for GFE, as for --key')
            [CompletionResult]::new('--kdf', '--kdf', [CompletionResultType]::ParameterName, 'How a passphrase becomes a key')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The format to read; found out by itself otherwise')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The format to read; found out by itself otherwise')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'The file that holds the header, where that is kept apart (Dexios)')
            [CompletionResult]::new('--max-memory', '--max-memory', [CompletionResultType]::ParameterName, 'Memory that a file''s chunks may need')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Worker threads; 0 is one for each core')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Worker threads; 0 is one for each core')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'Show progress on standard error')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object a file')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Authenticate every chunk too; needs a secret')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what was done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what was done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fetool;rekey' {
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Where the key is: @FILE, env:NAME or fd:N')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Where the key is: @FILE, env:NAME or fd:N')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use a passphrase: asked for on the terminal, or from SPEC as for --key')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'Use a passphrase: asked for on the terminal, or from SPEC as for --key')
            [CompletionResult]::new('--salt', '--salt', [CompletionResultType]::ParameterName, 'Where the salt is that goes with a passphrase for GFE, as for --key')
            [CompletionResult]::new('--kdf', '--kdf', [CompletionResultType]::ParameterName, 'How a passphrase becomes a key')
            [CompletionResult]::new('--new-key', '--new-key', [CompletionResultType]::ParameterName, 'Where the new key is, as for --key')
            [CompletionResult]::new('--new-passphrase', '--new-passphrase', [CompletionResultType]::ParameterName, 'Use a new passphrase, as for --passphrase')
            [CompletionResult]::new('--new-salt', '--new-salt', [CompletionResultType]::ParameterName, 'Where the salt is that goes with a new passphrase for GFE')
            [CompletionResult]::new('--new-kdf', '--new-kdf', [CompletionResultType]::ParameterName, 'How the new passphrase or key is hashed')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'With --reseal: the format to write; that of the input otherwise')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'With --reseal: the format to write; that of the input otherwise')
            [CompletionResult]::new('--max-memory', '--max-memory', [CompletionResultType]::ParameterName, 'With --reseal: memory that a file sealed in one piece may need')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'The file that holds the header, where that is kept apart: it alone is changed')
            [CompletionResult]::new('--files0-from', '--files0-from', [CompletionResultType]::ParameterName, 'Work on the files named in FILE, separated by NUL bytes; ''-'' is standard input')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Only files that match GLOB; may be given several times')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'No files, and nothing below directories, that match GLOB; may be given several times')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Go no deeper than N levels below PATH; 1 is the files in PATH itself')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Take the I-th of N parts of the tree, counted from 0')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write to FILE, which appears whole or not at all')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to FILE, which appears whole or not at all')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Worker threads; 0 is one for each core')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Worker threads; 0 is one for each core')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'Show progress on standard error')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Keep the old secret, and add the new one')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Drop the key slot that the old secret opens; never the last')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List the key slots; needs no secret')
            [CompletionResult]::new('--reseal', '--reseal', [CompletionResultType]::ParameterName, 'Open with the old secret and seal again with the new one')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Change PATH in place')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Change PATH in place')
            [CompletionResult]::new('--no-wait', '--no-wait', [CompletionResultType]::ParameterName, 'With -i: fail instead of waiting for another rekey of PATH')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Work on every file below PATHs, each by itself')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Work on every file below PATHs, each by itself')
            [CompletionResult]::new('--no-hidden', '--no-hidden', [CompletionResultType]::ParameterName, 'Skip hidden files and directories, whose names begin with a dot')
            [CompletionResult]::new('--hidden', '--hidden', [CompletionResultType]::ParameterName, 'The default; undoes an earlier --no-hidden')
            [CompletionResult]::new('--one-file-system', '--one-file-system', [CompletionResultType]::ParameterName, 'Stay on the file system of each PATH')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Follow symbolic links below PATHs')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Stop at the first file that fails')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be done, and do nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object per file, and a summary')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Overwrite FILE when it exists')
            [CompletionResult]::new('--sync', '--sync', [CompletionResultType]::ParameterName, 'Have FILE and its folder on disk before the end (fsync)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what was done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what was done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fetool;keygen' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the key to FILE')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the key to FILE')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fetool;bench' {
            [CompletionResult]::new('--aead', '--aead', [CompletionResultType]::ParameterName, 'These AEADs only, by themselves and in the formats that have them')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'The AEADs in these engines only')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'These formats only, with the key derivations that they use')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'These formats only, with the key derivations that they use')
            [CompletionResult]::new('--layers', '--layers', [CompletionResultType]::ParameterName, 'GoCrypt only, with so many layers, 1 to 200')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Worker threads, such as 1,2,4; 0 is one for each core')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Worker threads, such as 1,2,4; 0 is one for each core')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Plaintext bytes of one turn')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Measure the formats from file to file in FOLDER too')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fetool;generate' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fetool;help' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
