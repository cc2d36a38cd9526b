//! Many files in one run.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const TREES: Chapter = (
    "TREES",
    &[
        Text(
            "With -r, every regular file below each PATH is worked on by itself, in the order of the \
             names; --files0-from takes a list instead. A file appears beside its source, with the \
             format's suffix or without it (.gfe, .dexios, .enc), or with -O under DIR at the same \
             relative path: a PATH stands for itself and what is below it, a PATH that ends in '/' \
             for its contents, as in rsync, and a listed path for the whole of itself. Names are \
             bytes, and any name goes.",
        ),
        Text(
            "Hidden files are passed over without --hidden. Symbolic links are passed over without \
             --follow; sockets, fifos and devices always, with a line. Sealing passes over files \
             that are sealed already (their name ends in a format's suffix and their content is of \
             that format), unless --force is given; opening passes over all others. The key file is \
             passed over too.",
        ),
        Item(
            "whole or not at all",
            "A file is written under a temporary name '.fetool-*.tmp' in its folder and renamed when \
             it is complete. What a killed run left of these is removed by the next run that works \
             in that folder; those that are being written are locked, and stay. Folders under DIR \
             are entered without following links, so that nothing in DIR leads out of it.",
        ),
        Item(
            "mode and time",
            "The mode, the group and the modification time of each file are carried over, and the \
             mode (with the set-group-ID and sticky bits) and the group of each directory that is \
             made; the owner only by root. Where the group cannot be set, the group that the file \
             has gets no more permissions than others. Opened files and directories get no \
             permissions that the umask takes away, unless --perms is given. Links between files, \
             holes, ACLs and extended attributes are not carried over. --no-preserve gives new \
             files mode 0600 and the present time. On a file system without modes or times, fetool \
             warns once and goes on.",
        ),
        Item(
            "--remove-source",
            "A source is removed after its replacement and its folder are on the disk, and the \
             replacement was read back and, opened, compared with it byte by byte. When the \
             replacement is there already, since a run was killed in between, they are compared: \
             the source goes if they are the same, and otherwise both stay and it is an error.",
        ),
        Item(
            "when run again",
            "A result that is there already is an error, unless --skip-existing passes over it: \
             after a look at the sealed file's structure and the other's length, or with \
             --verify-existing after authenticating and comparing all of it. --force writes it \
             anew.",
        ),
        Item(
            "failures",
            "One file's failure does not stop the others, but with --fail-fast. Each is reported, \
             and the status is the highest of theirs. A file that changes while it is read is a \
             failure. So is a second source with the same output: it stays as it is, and so does \
             the output.",
        ),
        Text(
            "A passphrase, or a key for Dexios, is hashed once for a whole run: the key slots of all \
             files of a run share one salt, while each file has its own random master key and \
             nonces. Opening remembers what it hashed. Files up to 16 MiB are worked on side by \
             side, larger ones one at a time with all the workers.",
        ),
        Text(
            "A GFE key that seals very many files runs into the bound under SECRETS: fetool warns \
             when one run passes 65536 files.",
        ),
        Text(
            "--json prints one object a file, a line each, in the order in which they are done: path \
             and path_hex, output and output_hex (or null; the hexadecimal ones have the bytes of a \
             path that is not UTF-8, and are null otherwise), result ('sealed', 'opened', 'rekeyed', 'planned', 'skipped' or \
             'failed'), bytes of plaintext (or null), reason (or null), status.",
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
             IN PLACE. Files that the new secret opens already are passed over, so that a run that \
             was killed can be run again.",
        ),
    ],
);
