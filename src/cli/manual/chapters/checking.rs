//! Checking files.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const CHECKING: Chapter = (
    "CHECKING",
    &[
        Text(
            "With a secret, check authenticates every byte of each file, as 'fetool open --check' does for \
             a single file. Without a secret it checks the structure, as 'fetool inspect' does. That finds \
             truncated and extended files, but no changed content. Files of formats without a magic number \
             (.enc) then fail, unless -f names the format.",
        ),
        Text(
            "Without -r each PATH is a file, FIFO or device. With -r, check takes every file below PATH \
             that has the suffix or the magic number of a format, and skips the others. A file whose suffix \
             promises a magic number that the content lacks is damaged. With -r and -f, check skips files of \
             other formats.",
        ),
        Text(
            "Files of up to 16 MiB are checked in parallel, longer ones one at a time by all workers. fetool \
             reads longer files past the page cache (RWF_DONTCACHE, see preadv2(2)), so a check of a big \
             archive leaves the cache to other programs. After shorter files, or if the kernel or the file \
             system does not support that, fetool drops the pages from the cache (posix_fadvise(2)), even \
             those that were cached before.",
        ),
        Text(
            "A file that was modified while it was read fails with status 1. Standard error gets a line \
             for each bad file, and a summary.",
        ),
    ],
);

pub const LISTS: Chapter = (
    "LISTS",
    &[
        Text(
            "--record FILE writes one JSON object a line for each file that was checked, in the order of \
             the paths. fetool replaces FILE as a whole, so a killed run leaves the old list or the new one. \
             It writes FILE at the start, about every minute, at the end, and when SIGTERM, SIGINT or SIGHUP \
             ends the run.",
        ),
        Item(
            "path",
            "string: the path as given or found; './a' is listed as 'a'",
        ),
        Item(
            "path_hex",
            "string: the bytes of a path that is not UTF-8, in hexadecimal digits; absent for others",
        ),
        Item("size", "number: bytes"),
        Item(
            "mtime",
            "string: when the file was modified, in seconds since 1970 with nine decimals, as stat -c %.9Y prints it",
        ),
        Item(
            "blake3",
            "string: the BLAKE3 hash of the sealed file, as b3sum prints it",
        ),
        Item(
            "result, status",
            "string and number: 'authentic' or 'intact' (only the structure was checked) with status 0; \
             'failed' or 'corrupted' with the exit status of the fault",
        ),
        Item(
            "checked",
            "string: when the file was last checked, in the format of RFC 3339",
        ),
        Text(
            "If FILE exists, fetool updates it. Files that this run does not check keep their entries. FILE \
             is locked, so a second run with the same FILE fails with status 1. Give concurrent runs, such as \
             the parts of --shard, a FILE each.",
        ),
        Text(
            "If FILE exists, or --since names another list, fetool compares each file with its entry there. \
             Use the same PATHs in the same directory, or absolute ones.",
        ),
        Item("same", "The content is the same, whatever the time is."),
        Item(
            "changed",
            "The content differs, and so does the size or the time: the file was written to. The summary \
             counts such files.",
        ),
        Item(
            "corrupted",
            "The content differs although the size and the time do not: silent corruption, such as by a \
             failing disk. The file has status 3, even if it is authentic. The entry keeps the old hash, so \
             every run reports the file until it is restored or replaced.",
        ),
        Item(
            "new",
            "The file is not in the list. The summary counts such files.",
        ),
        Item(
            "missing",
            "With -r, the file of an entry below one of the PATHs is gone, which is status 1. fetool removes \
             the entry from FILE, so only one run reports it. It keeps the entries below a PATH that is an \
             empty directory, where a disk may not be mounted. If a PATH itself is gone, nothing below it \
             counts as missing.",
        ),
        Text(
            "--for TIME spreads a long check over several runs. After TIME, fetool starts no further file, \
             finishes those in progress, and prints how many are left. If nothing else is wrong, the status \
             is 0. Files that are not in FILE come first, then those that were checked longest ago. fetool \
             keeps lists in memory, at about 300 bytes per file.",
        ),
        Lines(
            "fetool check -r -q -k @keyfile --record ~/nas.list --for 2h /mnt/nas\n\
             jq -r 'select(.status > 0) | .path' ~/nas.list",
        ),
    ],
);

pub const CHECK_JSON: Chapter = (
    "JSON",
    &[
        Text(
            "--json prints one object per line for each file, in the order in which they complete. The last \
             line is an object with the single member summary. Later versions may add members, and never \
             remove or rename one. Unknown values are null.",
        ),
        Item("path, path_hex", "as in fetool-inspect(1)"),
        Item(
            "result",
            "string: 'authentic', 'intact' (without a secret), 'failed', 'skipped', 'missing', or 'planned' with -n",
        ),
        Item(
            "format, reading",
            "string or null: the format of a good file, and which reading of the format authenticated it",
        ),
        Item("size", "number or null: bytes of the sealed file"),
        Item(
            "blake3",
            "string or null: with a list, the hash of the sealed file",
        ),
        Item(
            "since",
            "string or null: with a list, 'same', 'changed', 'corrupted' or 'new'",
        ),
        Item(
            "reason",
            "string or null: what is wrong, or why the file is skipped",
        ),
        Item("status", "number: the exit status for this file"),
        Item(
            "warnings",
            "array of strings: what the file does not protect",
        ),
        Item(
            "summary",
            "numbers: files, bytes, planned, failed, corrupted (which are among the failed), changed, new, \
             missing, left, status, skipped and seconds; skipped_by_reason has the number for each reason",
        ),
        Lines("fetool check -r --json -k @keyfile /mnt/nas | jq -r 'select(.status > 0) | .path'"),
    ],
);
