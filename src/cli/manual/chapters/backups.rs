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
        Lines(
            "fetool seal -r -k @keyfile --update ~/photos -O /mnt/nas/photos\n\
             fetool seal -r -k @keyfile --update --delete --links ~/work/ -O /mnt/nas/work\n\
             fetool open -r -k @keyfile --links /mnt/nas/work/ -O restored",
        ),
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
             and compares the contents, which takes as long as sealing them. A new key changes no file: results of an earlier key stay \
             unchanged. Change them with 'fetool rekey -r -i' (--reseal for GFE).",
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
        Item(
            "--delete",
            "After everything else succeeded, fetool removes the results whose sources are gone, with -O DIR \
             only. It removes regular files that have the suffix of the format that is written and are \
             sealed files by their content, symbolic links with --links, and directories that are empty \
             then. It looks only below the directories that the PATHs map to: 'photos' maps to DIR/photos, \
             'photos/' to all of DIR. A result stays if its source exists but is left out by a rule or skipped, \
             such as a file that became a symbolic link, without --links. -n lists \
             what would be removed, and --max-delete N removes nothing if it would be more than N files.",
        ),
        Item(
            "when nothing is removed",
            "If any file failed, if a PATH is missing, unreadable or an empty directory, as a mount point is \
             without its disk, or if the run was ended early, fetool removes nothing. --force removes all \
             the same if PATHs are missing or empty, and nothing else went wrong. With --update, --force does \
             not seal unchanged files again. A mount point of \
             /etc/fstab below a PATH counts like a PATH: if it is empty, and has results, nothing is removed. \
             With --follow, so does a directory that a link leads to, and a mount point below it. Results of files \
             behind a link that leads nowhere stay. \
             fetool does not know of other mount points: give --max-delete, or make them PATHs. Any other \
             directory can be empty, and then its results go.",
        ),
        Item(
            "directories and links",
            "With --links, a directory and a symbolic link may change places between two runs. A link in DIR \
             that is in the way of a directory is replaced, whoever made it. A directory in DIR that is in the \
             way of a link fails without --delete. With --delete, fetool makes the link after it removed the \
             results in the directory, unless other files are in it. If the parts of a tree (--shard) have results in \
             it, each part removes its own, and the part that removes the last one makes the link. Before that, the \
             part of the link skips it: 'left to another part'. A directory in DIR that is in the way of a \
             file always fails.",
        ),
        Item(
            "--backup-dir",
            "fetool moves each result that it would replace or remove to this directory, at the same relative \
             path. Give each run a directory of its own outside DIR, as in --backup-dir old/$(date +%F): a file \
             that is there already is replaced. fetool refuses a directory among the results, or \
             with a PATH in it, and with --delete a PATH among the results. Below a PATH, fetool does not seal \
             what is in this directory or in DIR.",
        ),
        Item(
            "one run at a time",
            "A run with --update locks the directory for its results: DIR, or each PATH if there is no -O. A \
             second run then fails with status 1, or waits with --wait. The lock is gone when the run ends, \
             even if it is killed. Parts of one run (--shard) share the lock, and so do runs without --update. \
             Over NFS the lock of a directory holds on one machine only.",
        ),
        Text(
            "Without --sync, a result may be lost in a power cut although its name is there. Its length \
             then tells, in most cases; --sync fsyncs each result and its directory.",
        ),
    ],
);
