//! Checking files.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const CHECKING: Chapter = (
    "CHECKING",
    &[
        Text(
            "With a secret, check authenticates every byte of each file, as 'fetool open --check' does \
             with one. Without a secret it walks the structure, as 'fetool inspect' does: that finds files \
             that were cut short or extended, and none whose content was changed. Files of formats \
             without a magic number (.enc) then fail, unless -f names the format.",
        ),
        Text(
            "Without -r each PATH is a file, FIFO or device. With -r, check takes every file below PATH \
             that has the suffix or the magic number of a format, and skips the others. A file with \
             the suffix of a format that has a magic number, and without it, is damaged. With -f, a \
             tree's files of other formats are skipped.",
        ),
        Text(
            "Files of up to 16 MiB are checked side by side, longer ones one at a time by all workers. \
             Longer ones are read past the page cache (RWF_DONTCACHE, see preadv2(2)), so a check of a big \
             archive leaves the cache to other programs. fetool drops the pages of shorter files, and of all \
             files if the kernel or the file system does not support that (posix_fadvise(2)), even those \
             that were there before.",
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
             the paths. FILE is replaced as a whole: it is the old list or the new one, whenever fetool is \
             killed. It is written at the start, about every minute, at the end, and when SIGTERM, SIGINT \
             or SIGHUP ends the run.",
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
            "string and number: 'authentic' or 'intact' (only the structure was checked) with 0; 'failed' or \
             'corrupted' with the exit status of the fault",
        ),
        Item(
            "checked",
            "string: when the file was checked last, as in RFC 3339",
        ),
        Text(
            "If FILE exists, it is updated. Files that this run does not check keep their entries. Two runs \
             at the same time, such as two parts of --shard, need two FILEs: FILE is locked, and the second run \
             fails with status 1.",
        ),
        Text(
            "If FILE exists, or --since names another list, each file is compared with its entry there. Use \
             the same PATHs in the same directory, or absolute ones.",
        ),
        Item("same", "The content is the same, whatever the time is."),
        Item(
            "changed",
            "The content differs, and so does the size or the time: somebody wrote to the file. It is counted.",
        ),
        Item(
            "corrupted",
            "The content differs, and neither the size nor the time does: silent corruption, such as by a \
             failing disk. That is status 3, even if the file is authentic. The entry keeps the old hash, so \
             every run reports the file until it is restored or replaced.",
        ),
        Item("new", "The file is not in the list. It is counted."),
        Item(
            "missing",
            "With -r, an entry below one of the PATHs without a file. That is status 1. The entry is dropped \
             from FILE, so one run reports it. If a PATH itself is gone, nothing below it is missing.",
        ),
        Text(
            "--for TIME lets a run end cleanly: after TIME it starts no further file, finishes those in work, \
             and says how many are left. That is status 0 if nothing else is wrong. Files that \
             are not in FILE come first, then those that were checked longest ago. Lists are held in memory, \
             at about 300 bytes a file.",
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
            "--json prints one object a file, a line each, in the order in which they are done, and last an \
             object with the single member summary. Members are never removed or renamed; new ones may \
             come. A member that is not known is null.",
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
