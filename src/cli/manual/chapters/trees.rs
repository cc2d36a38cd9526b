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
            "With -r, fetool processes every regular file below each PATH separately, in the order of the \
             names. --files0-from, instead of -r, takes a list of files. Each result is written beside its source, \
             with the suffix of the format added or removed (.gfe, .age, .dexios, .enc). With -O it is \
             written below DIR at the same relative path. As in rsync, 'photos' is sealed to DIR/photos, \
             and 'photos/' to DIR itself. A listed path keeps all of its directories. Names can be any \
             bytes.",
        ),
        Text(
            "Hidden files are included; --no-hidden skips them. fetool follows a PATH or listed path \
             that is itself a symbolic link, and skips links below a PATH unless --follow is given. It \
             skips sockets, FIFOs, devices, the files that hold this run's secrets, and an unreadable \
             lost+found of root. -v names every skipped file with its reason, and the summary always \
             counts them by reason. Skipped sockets, FIFOs, devices and files that you named yourself are \
             reported without -v.",
        ),
        Item(
            "sealed already",
            "seal skips a file whose name ends in .gfe, .age, .dexios or .enc and whose content begins \
             with a format's magic number, unless --force is given. GoCrypt and the AES-GCM File \
             Encryptor have no magic number, so their files are sealed again (x.enc becomes \
             x.enc.gfe). Only a run that writes such a format itself tries its secret on .enc files, \
             and skips those that open.",
        ),
        Item(
            "damaged files",
            "open takes every file whose name ends in such a suffix. If the content is not that of \
             a sealed file, the file fails with status 4, or 5 if it is empty or too short. Files with \
             other names are skipped. A sealed file with another name that you named yourself fails: \
             fetool cannot derive a name for its result.",
        ),
        Item(
            "whole or not at all",
            "Each file is written to a temporary file '.fetool-*.tmp' in its directory and renamed \
             when it is complete. The next run in that directory, and every run with --delete, removes \
             temporary files of killed runs. Those of other running processes are locked, and stay. fetool \
             enters directories under DIR without following links, so nothing in DIR leads out of it.",
        ),
        Item(
            "mode and time",
            "fetool preserves the mode, the group and the modification time of files and, under DIR, of \
             directories (with the set-group-ID and sticky bits). root's runs preserve the owner as well. \
             Empty directories are created, unless --include selects files. If the group cannot be set, \
             the file's group gets no more permissions than others. Opened files and directories get no \
             permissions that the umask takes away, unless --perms is given. Each name of a hard-linked \
             file becomes a file of its own, and holes become zero bytes. The summary counts both, and -v \
             names them. 'open --sparse' writes blocks of zeros as holes. --xattrs preserves extended \
             attributes of users (user.*) and ACLs. They are not encrypted, and --update does not detect a \
             change of them alone. --no-preserve gives new files mode 0600 and the current time. On a file \
             system without modes or times, fetool warns once and continues.",
        ),
        Item(
            "symbolic links",
            "With --links, fetool copies symbolic links as links and follows none of them: it never \
             writes through a link under DIR. Links are not encrypted: anyone can read where they lead. \
             --links cannot be used with --follow.",
        ),
        Item(
            "what is left out",
            "--exclude and --exclude-from leave out files, and directories with everything in them. A line \
             of an --exclude-from FILE is a rule as in .gitignore, with '!' for exceptions. No exception \
             can select a file in an excluded directory. --exclude-caches leaves out directories with a \
             CACHEDIR.TAG, and --exclude-if-present those that contain NAME. -v says which rule left a file \
             out.",
        ),
        Item(
            "--remove-source",
            "fetool removes a source only after it has fsynced the result and its directory, read the \
             result back and compared the contents byte by byte. If the result exists because an earlier \
             run was killed, fetool compares it with the source. It removes the source if they match, else \
             it keeps both and the file fails. A symbolic link fails: removing it would leave the file that \
             it points to.",
        ),
        Item(
            "when run again",
            "A file whose result exists fails, unless --update, --skip-existing or --force is given. \
             --update brings results up to date, as in BACKUPS. \
             --skip-existing is for continuing an interrupted run: it checks the structure of the \
             sealed file and the length of the plaintext, and does not compare contents. It therefore \
             misses edits that keep the length. If the length differs, the file fails. --verify-existing \
             authenticates the sealed file and compares the contents; a file that differs fails. --force \
             overwrites all results.",
        ),
        Item(
            "interrupted",
            "SIGINT and SIGHUP end the run at once and leave only complete results. After SIGTERM, fetool \
             finishes the files in progress; a second SIGTERM ends the run at once. fetool then prints how \
             many files have a result, and the command that continues. With --for TIME a run starts no file \
             after TIME, and exits with status 1 if any is left.",
        ),
        Item(
            "failures",
            "A file that fails does not stop the others, unless --fail-fast is given. fetool reports every \
             failure, prints a hint that several share only once, and exits with the highest status. A file \
             that changes while it is read fails. If two sources have the same output, the second fails, \
             and the output of the first stays. A file beside the sources that has the name of a result and is \
             not sealed is a source. fetool never replaces it, even with --force.",
        ),
        Text(
            "For Dexios, seal hashes each key and passphrase once per run: the key slots of all files of a \
             run share one salt, while each file has its own random master key and nonces. open derives \
             each key once per salt. Files up to 16 MiB are processed in parallel, larger ones one at a time \
             with all workers.",
        ),
        Text(
            "A GFE key must not seal more than 65536 files (see KEYS in fetool(1)). fetool warns if one run \
             seals more.",
        ),
        Text(
            "--json prints one object per line for each file, in the order in which they complete. The \
             members are path and path_hex, output and output_hex (or null), result ('sealed', 'opened', \
             'rekeyed', 'updated', 'unchanged', 'linked', 'deleted', 'planned', 'skipped' or 'failed'), \
             bytes of plaintext (or null), reason (or null) and status. path_hex and output_hex have the \
             bytes of a path that is not UTF-8, and are null for others. The path of a deleted file is that \
             of its result. The reason of a planned file is 'update', 'delete' or null. The reason of a \
             skipped file is 'result exists', 'sealed already', 'rekeyed already', 'not a sealed file', \
             'sealed in another format', 'key file', 'list of files', 'hidden', 'lost+found', 'symbolic \
             link', 'directory', 'FIFO', 'socket', 'device', 'left to another part' or 'no longer a regular \
             file'.",
        ),
        Text(
            "The last line is an object with the single member summary. The summary has numbers: files (new \
             results), bytes (plaintext of new and updated files), updated, unchanged, deleted, links, \
             planned, skipped, failed, seconds and status. skipped_by_reason is an object with the number \
             for each reason. An interrupted run prints no summary; 'select(.summary)' in jq finds it.",
        ),
        Text(
            "--shard I/N takes the I-th of N parts of the tree, from 0. The part is the first 8 bytes \
             of BLAKE3 of the relative path, as a little-endian number, modulo N. So a file stays in its \
             part when other files are added or removed, and on every machine. For GNU parallel on this \
             machine, on others, and for an array of Slurm jobs:",
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
             IN PLACE of fetool-rekey(1). Files that the new secret already opens are skipped, so a killed \
             run can be repeated.",
        ),
    ],
);
