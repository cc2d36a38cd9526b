//! Trees that are sealed again and again.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const BACKUPS: Chapter = (
    "BACKUPS",
    &[
        Text(
            "With --update, fetool compares each file with its result and processes only new and changed \
             files. The first run seals everything; each later one brings the results up to date:",
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
             give it, fetool reads its header. The plaintext length of GoCrypt and AES-GCM File Encryptor \
             files is unknown without the secret: 'open --update' opens such a file and compares the \
             contents. If only the mode, group or owner differs, fetool sets those and does not seal the \
             file again.",
        ),
        Item(
            "times",
            "fetool checks only whether times are equal, not which one is later. A wrong clock therefore \
             hides no change, and a file whose time was set back is processed again. If the file system of \
             the result stores times less precisely, fetool measures its precision and compares times only \
             to that. If it stores no times at all, fetool warns and processes every file in every run; \
             --checksum avoids that.",
        ),
        Item(
            "changes that are not seen",
            "As in rsync, a change that keeps both length and modification time is not detected. A program \
             may set the time back, or the file system may store times in steps of a second or two and the \
             file change twice in one step. fetool waits for the next step before it reads a file that was \
             just modified, so that it detects every later change. --checksum opens the results and compares \
             the contents, which takes as long as sealing them. --update does not compare keys: results under \
             an earlier key count as unchanged. Change them with 'fetool rekey -r -i' (--reseal for GFE). That \
             gives each sealed file a new modification time. The next --update therefore seals its source again, and \
             'open' before that gives the plaintext the time of the rekey.",
        ),
        Item(
            "files that change while they are sealed",
            "A file whose length or time changes while fetool reads it fails. Its earlier result stays, \
             and the next run processes the file again.",
        ),
        Item(
            "damaged results",
            "A result of the wrong length is replaced. A result whose bytes changed in place, such as by a \
             failing disk, looks unchanged: 'fetool check -r -k SPEC' finds it, and --checksum replaces it \
             with a warning.",
        ),
        Item(
            "open --update",
            "open compares in the same way: a sealed file is unchanged if its result has the same time and \
             the length of the plaintext. Any other file of that name is replaced, even \
             if it is newer, unless it is itself a sealed file to open.",
        ),
        Item(
            "--delete",
            "After everything else succeeded, fetool removes the results whose sources are gone, with -O \
             DIR only. It removes regular files that have the suffix of the run's format and are sealed \
             files by their content, symbolic links with --links, and directories that become empty. It \
             looks only below the directories that the PATHs map to: 'photos' maps to DIR/photos, 'photos/' \
             to all of DIR. A result stays if its source exists but is left out by a rule or skipped, such \
             as a file that became a symbolic link, without --links. If the file system of DIR ignores case, a \
             result also stays if its source was renamed in case alone; it keeps its name. root's lost+found \
             stays. -n lists what would be removed, and --max-delete N removes nothing if it would be more \
             than N files.",
        ),
        Item(
            "when nothing is removed",
            "fetool removes nothing if any file failed, or if the run was ended early. The same holds if a \
             PATH is missing, unreadable or an empty directory, such as the mount point of an absent disk. A \
             lost+found does not count. \
             --force removes results even if PATHs are missing or empty, as long as nothing else went wrong. \
             With --update, --force does not seal unchanged files again. A mount point of /etc/fstab below a \
             PATH counts like a PATH: if it is empty, and has results, nothing is removed. With --follow, so \
             does a directory that a link leads to, and a mount point below it. Results of files below a \
             dangling link stay. fetool cannot recognise other mount points: give --max-delete, or make them \
             PATHs. If any other directory is empty, its results are removed.",
        ),
        Item(
            "directories and links",
            "With --links, a directory and a symbolic link may change places between two runs. A link in DIR \
             that is in the way of a directory is replaced, whoever made it. A directory in DIR that is in the \
             way of a link fails without --delete. With --delete, fetool removes the results in the directory \
             and then makes the link, unless other files are in the directory. If several parts of a tree \
             (--shard) have results in it, each part removes its own, and the part that removes the last one \
             makes the link. Until then, the link's own part skips it: 'left to another part'. A directory in \
             DIR that is in the way of a file always fails.",
        ),
        Item(
            "--backup-dir",
            "fetool moves each result that it would replace or remove to this directory, at the same relative \
             path. Give each run a directory of its own outside DIR, as in --backup-dir old/$(date +%F): \
             existing files in it are replaced. A result stays, and fails, if an earlier backup is in the way of \
             its directory. fetool refuses a backup directory that is a PATH, is among the results, or has a \
             PATH in it, and with --delete a DIR that is a PATH, or a PATH among the results. Below a PATH, \
             fetool does not seal the contents of this directory or of DIR.",
        ),
        Item(
            "one run at a time",
            "A run with --update locks the directory for its results: DIR, or each PATH if there is no -O. A \
             second run then fails with status 1, or waits with --wait. The kernel releases the lock when the \
             run ends, even if it is killed. Parts of one run (--shard) share the lock, and so do runs without \
             --update. Over NFS, the lock of a directory holds on one machine only.",
        ),
        Text(
            "Without --sync, a power cut can leave a result with its name but without its content. In most \
             cases its length is then wrong, and the next run replaces it. --sync fsyncs each result and its \
             directory.",
        ),
    ],
);
