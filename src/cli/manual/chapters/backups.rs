//! Trees that are sealed again and again.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const BACKUPS: Chapter = (
    "BACKUPS",
    &[
        Text(
            "With --update, fetool compares each file with its result and does only what is new or has \
             changed. The first run seals everything; each later one brings the results up to date:",
        ),
        Lines("fetool seal -r -k @keyfile --update ~/photos -O /mnt/nas/photos"),
        Item(
            "unchanged",
            "A file is unchanged if its result has the same modification time and the length that \
             sealing it would give. fetool looks at both without opening them. It computes the length \
             from the format; if the result has other chunks or other recipients than this run would \
             give it, fetool reads its header. GoCrypt and the AES-GCM File Encryptor do not tell their \
             length without the secret: 'open --update' opens such a file and compares the contents. If \
             only the mode, group or owner differs, fetool sets those and does not seal the file again.",
        ),
        Item(
            "times",
            "Times are equal or they are not; which one is later does not matter. A clock that was set \
             wrong therefore hides no change, and a file that got an old time back is done again. If \
             the file system of the result keeps times less exactly than that of the file, fetool tries \
             out how exactly, and compares no more than that. If it keeps no times at all, fetool warns \
             and does every file again in every run; --checksum is the way out.",
        ),
        Item(
            "changes that are not seen",
            "A change that keeps both length and modification time is not seen, just as in rsync: a \
             program set the time back, or the file system counts in steps of a second or two and the \
             file changed twice in one step. fetool waits for the next step before it reads a file that \
             was modified just now, so that no change after that is lost. --checksum opens the results \
             and compares the contents, which takes as long as sealing them.",
        ),
        Item(
            "files that change while they are sealed",
            "A file whose length or time changes while fetool reads it fails. Its earlier result stays, \
             and the next run does the file again.",
        ),
        Item(
            "damaged results",
            "A result of the wrong length is made anew. One whose bytes changed in place, by a disk that \
             fails, looks unchanged: 'fetool check -r -k SPEC' finds it, and --checksum makes it anew \
             with a warning.",
        ),
        Item(
            "open --update",
            "Opening works in the same way: a sealed file is unchanged if the file that it was opened to \
             has its time and the length of its plaintext. Any other file of that name is replaced, even \
             if it is newer.",
        ),
        Text(
            "Without --sync, a result may be lost in a power cut although its name is there. Its length \
             then tells, in most cases; --sync fsyncs each result and its directory.",
        ),
    ],
);
