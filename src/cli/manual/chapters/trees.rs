//! Many files in one run.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const TREES_SYNOPSIS: &[&str] = &[
    "fetool seal -r ... [-O DIR] PATH...",
    "fetool open -r ... [-O DIR] PATH...",
    "fetool check -r ... PATH...",
    "fetool rekey -r -i ... PATH...",
];

pub const TREES_INTRODUCTION: &str = "\
With -r, fetool works on every regular file below each PATH by itself, on all cores. Each result is a sealed \
file of its own, so one can be restored without the others.";

pub const TREES_EXAMPLES: &str = "\
Examples:
  fetool seal -r --to @identity photos -O backup
  fetool open -r -k @identity backup/ -O restored
  fetool check -r -k @identity backup
  fetool rekey -r -i -k @identity --add --to age1... backup";

pub const TREES: Chapter = (
    "TREES",
    &[
        Text(
            "With -r, fetool works on every regular file below each PATH by itself, in the order of the \
             names; --files0-from takes a list instead. A result appears beside its source, with the \
             format's suffix added or removed (.gfe, .dexios, .enc). With -O it appears under DIR at \
             the same relative path: a PATH stands for itself and what is below it, a PATH that ends \
             in '/' for its contents, as in rsync, and a listed path for the whole of itself. Names \
             can be any bytes.",
        ),
        Text(
            "Hidden files are included; --no-hidden skips them. fetool follows a PATH or listed path \
             that is itself a symbolic link, and skips links below a PATH unless --follow is given. It \
             skips sockets, FIFOs, devices, the files that hold this run's secrets, and root's lost+found if it \
             cannot be read. -v names every \
             skipped file with its reason, and the summary always counts them by reason. A skipped \
             file that you named yourself, a socket, a FIFO or a device gets a line without -v.",
        ),
        Item(
            "sealed already",
            "Sealing skips a file whose name ends in .gfe, .dexios or .enc and whose content begins \
             with a format's magic number, unless --force is given. GoCrypt and the AES-GCM File \
             Encryptor have no magic number, so their files are sealed again (x.enc becomes \
             x.enc.gfe). Only a run that writes such a format itself tries its secret on .enc files, \
             and skips those that open.",
        ),
        Item(
            "damaged files",
            "Opening takes every file whose name ends in such a suffix. If the content is not that of \
             a sealed file, the file fails with status 4, or 5 if it is empty or too short. Files with \
             other names are skipped. A sealed file with another name that you named yourself fails, \
             since no name for its result is known.",
        ),
        Item(
            "whole or not at all",
            "A file is written under a temporary name '.fetool-*.tmp' in its directory and renamed \
             when it is complete. What a killed run left of these is removed by the next run that \
             works in that directory, and by every run with --delete; those that are being written are locked, and stay. Directories \
             under DIR are entered without following links, so that nothing in DIR leads out of it.",
        ),
        Item(
            "mode and time",
            "The mode, the group and the modification time of each file are carried over, and the \
             mode (with the set-group-ID and sticky bits), the group and the time of each directory under \
             DIR; the owner only by root. Empty directories are carried over, unless --include selects \
             files. If the group cannot be set, the group that the file \
             has gets no more permissions than others. Opened files and directories get no \
             permissions that the umask takes away, unless --perms is given. Files with several \
             names (hard links) are carried over as files of their own, and holes as zero bytes; the \
             summary counts both, and -v names them. 'open --sparse' leaves out blocks of zeros and so makes \
             holes. With --xattrs, fetool carries over extended attributes of users (user.*) and ACLs; they \
             are not encrypted, and a change of them alone is not seen by --update. --no-preserve gives new \
             files mode 0600 and the present time. On a file system without modes or times, fetool \
             warns once and goes on.",
        ),
        Item(
            "symbolic links",
            "With --links, fetool carries symbolic links over as links and follows none of them: it never \
             writes through a link under DIR. A link is not encrypted; what it leads to can be read. \
             --links cannot be used with --follow.",
        ),
        Item(
            "what is left out",
            "--exclude and --exclude-from leave out files, and directories with everything in them. A line \
             of an --exclude-from FILE is a rule as in .gitignore, with '!' for exceptions; \
             a file in a directory that is left out cannot be taken back in. --exclude-caches leaves out \
             directories with a CACHEDIR.TAG, and --exclude-if-present those with something called NAME in \
             them. -v says which rule left a file out.",
        ),
        Item(
            "--remove-source",
            "fetool removes a source after it fsynced the replacement and its directory, read the \
             replacement back and compared the contents byte by byte. If the replacement exists \
             because an earlier run was killed, fetool compares them: it removes the source if they \
             are the same, else it keeps both and the file fails. A symbolic link fails: removing it \
             would leave the file it points to.",
        ),
        Item(
            "when run again",
            "A file whose result exists fails, unless --update, --skip-existing or --force is given. \
             --update brings results up to date, as in BACKUPS. \
             --skip-existing is for continuing an interrupted run: it checks the structure of the \
             sealed file and the length of the other, and does not compare contents. It therefore \
             does not see that a source was edited and kept its length. If the length differs, the file fails. --verify-existing authenticates \
             the sealed file and compares the contents; a file that differs fails. --force overwrites \
             all results.",
        ),
        Item(
            "interrupted",
            "SIGINT and SIGHUP end the run and leave only whole results. SIGTERM ends it as soon as the files \
             in work are done; a second one ends it at once. fetool then says how many files have a result, \
             and how to do the rest. With --for TIME a run starts no file after TIME, and exits with \
             status 1 if any is left.",
        ),
        Item(
            "failures",
            "A file that fails does not stop the others, unless --fail-fast is given. Each failure is \
             reported, a hint that several share only once, and the exit status is the highest of \
             theirs. A file that changes while it is read fails. So does a second source \
             with the same output: it stays as it is, and so does the output.",
        ),
        Text(
            "A passphrase, or a key for Dexios, is hashed once for a whole run: the key slots of all \
             files of a run share one salt, while each file has its own random master key and \
             nonces. Opening remembers what it hashed. Files up to 16 MiB are worked on side by \
             side, larger ones one at a time with all the workers.",
        ),
        Text(
            "A GFE key that seals very many files runs into the bound under KEYS in fetool(1): fetool warns \
             when one run passes 65536 files.",
        ),
        Text(
            "--json prints one object per file, a line each, in the order in which they are done: path \
             and path_hex, output and output_hex (or null; the hexadecimal ones have the bytes of a \
             path that is not UTF-8, and are null for others), result ('sealed', 'opened', \
             'rekeyed', 'updated', 'unchanged', 'linked', 'deleted', 'planned', 'skipped' or 'failed'), bytes of \
             plaintext (or null), reason (or null), status. The path of a deleted file is that of its result. \
             The reason of a planned file is 'update', 'delete' or null. The reason of a skipped file is 'result exists', 'sealed already', \
             'rekeyed already', 'not a sealed file', 'sealed in another format', 'key file', \
             'list of files', 'hidden', 'lost+found', 'symbolic link', 'directory', 'FIFO', 'socket', 'device', 'left to another part' or 'no longer a \
             regular file'.",
        ),
        Text(
            "The last line is an object with the one member summary, an object: new files and the bytes that \
             were done, updated, unchanged and deleted files, new links, planned, skipped and failed files, skipped_by_reason (an object with a number \
             per reason), seconds, and the exit status. It is missing when a run was interrupted: \
             'select(.summary)' in jq finds it.",
        ),
        Text(
            "--shard I/N takes the I-th of N parts of the tree, from 0. The part is the first 8 bytes \
             of BLAKE3 of the relative path, as a little-endian number, modulo N: parts do not move \
             when files come and go, and are cut alike on every machine. For GNU parallel, on this \
             machine and on others, and for an array of Slurm jobs:",
        ),
        Lines(
            "parallel fetool seal -r --shard {}/8 -k @key photos -O backup ::: 0 1 2 3 4 5 6 7\n\
             parallel -S a,b fetool seal -r --shard {}/8 -k @key /net/photos -O /net/backup ::: \
             0 1 2 3 4 5 6 7\n\
             sbatch --array=0-7 --wrap 'fetool seal -r --shard $SLURM_ARRAY_TASK_ID/8 -k @key \
             photos -O backup'",
        ),
        Text(
            "'rekey -r -i' changes the secrets of every file in a tree that has key slots, each as in \
             IN PLACE of fetool-rekey(1). Files that the new secret opens already are passed over, so that a run that \
             was killed can be run again.",
        ),
    ],
);
