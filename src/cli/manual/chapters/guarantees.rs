//! The guarantees for outputs.

use super::Chapter;
use super::Part::{Item, Text};

pub const GUARANTEES: Chapter = (
    "OUTPUT GUARANTEES",
    &[
        Text(
            "fetool never outputs unauthenticated data. On stdout, the chunks before a bad one are written \
             before the error is known: check the exit status ('set -o pipefail' in a shell) before you use \
             them. With -o, FILE appears only if everything is authentic; 'open --salvage' is the only \
             exception.",
        ),
        Text(
            "With -o FILE the data goes to a temporary file in the same directory, mode 0600, which fetool \
             renames to FILE when it is complete. After an error, or a signal that can be caught, the \
             temporary file is gone and an existing FILE is unchanged. After SIGKILL or a crash of the \
             machine a temporary file can stay; it is never FILE.",
        ),
        Item(
            "without --sync",
            "FILE is complete, or as it was, whenever fetool or its user dies. After a power cut it can be \
             empty or incomplete.",
        ),
        Item(
            "with --sync",
            "fetool fsyncs FILE before it renames it, and then its directory. After status 0, FILE survives \
             a power cut.",
        ),
        Text(
            "A new FILE has mode 0600. With --force, FILE keeps its mode, and its owner and group if its \
             owner is the effective user; plaintext gets no permissions that the umask takes away. A \
             symbolic link stays, and the file that it points to is replaced. A device, FIFO or socket is \
             written directly.",
        ),
        Text(
            "fetool never writes to a file that it also reads: the input, a key, a salt, a detached header. \
             In a directory where others can write, it refuses to write to a FIFO, socket or device of \
             another user. It refuses to follow a symbolic link unless the link belongs to the user, to \
             root, or to the owner of its directory.",
        ),
        Text(
            "Sealed data is not written to a terminal, and opened data only as far as it is text. '-o -' \
             overrides both.",
        ),
        Text(
            "Sealed bytes do not depend on the number of worker threads. Memory is 2 × jobs + 2 chunks of at \
             least 1 MiB, whatever the length of the input.",
        ),
        Text(
            "On Linux, a file larger than half of the machine's memory is read and written past the page \
             cache (RWF_DONTCACHE, see preadv2(2)), so that other programs keep their cached data. If the \
             input is a pipe, the output is written in this way from that length on. If the kernel or the file \
             system does not support it, fetool drops the pages after use (posix_fadvise(2)).",
        ),
    ],
);

pub const FILES: Chapter = (
    "FILES",
    &[
        Item(
            ".fetool-*.tmp",
            "output that is not complete, in the directory of the output. If a run was killed, the file \
             stays; the next run on a tree removes those in the directories that it works in.",
        ),
        Item(
            ".fetool-HEX.header",
            "old and new header during 'rekey -i', in the directory of the file; see fetool-rekey(1). With \
             the old secret it opens the data.",
        ),
        Text("fetool has no configuration file. It writes nothing to TMPDIR."),
    ],
);
