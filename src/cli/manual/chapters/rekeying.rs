//! Changing secrets.

use super::Chapter;
use super::Part::{Item, Text};

pub const REKEYING: Chapter = (
    "CHANGING KEYS",
    &[
        Text(
            "A Dexios file of version 4 or 5 is sealed under a random master key. Each key slot of its header \
             holds that key, wrapped under a hash of one secret. rekey changes only the slots, so 'rekey -i' \
             of a terabyte takes as long as that of a kilobyte. rekey first authenticates the first block \
             with the key that the old secret unwraps.",
        ),
        Text(
            "An age file has a stanza for each recipient instead of key slots. --to names new recipients, \
             as for 'fetool seal --to'. rekey copies the chunks unchanged. If the new header is longer or \
             shorter than the old one, -i writes a new file, fsyncs it and renames it over the old one.",
        ),
        Item(
            "--new-key, --new-passphrase, --to",
            "The new secret replaces the first slot that the old one opens. New recipients replace the \
             stanzas that it opens.",
        ),
        Item(
            "--add",
            "The new secret gets a slot of its own, up to four (version 5).",
        ),
        Item(
            "--remove",
            "rekey removes the first slot, or the stanzas, that the old secret opens, but never the last \
             one of the file. With --stanza N it removes stanza N of --list, with --to @FILE the stanzas \
             that the identities in FILE open. That takes identities, since a recipient does not show which \
             stanza is its own.",
        ),
        Text(
            "The result follows the rules of age. A passphrase must be the only recipient of its file, so it \
             can be replaced, and never added. Post-quantum recipients cannot be mixed with others. Removing \
             a recipient does not revoke access: anyone who could open the file may have kept its key or its \
             content.",
        ),
        Item(
            "--list",
            "Lists the slots with the cost of their hashes, or the stanzas. Needs no secret.",
        ),
        Text(
            "--list --json prints one object: path and path_hex as in fetool-inspect(1), format (string), \
             version (number), slots and stanzas (arrays). Each slot has its number slot and the members of a \
             key in fetool-inspect(1): kdf, memory, passes, lanes, iterations and text. Each stanza has its \
             number stanza, type, args, offset, size and text. For a file with neither, rekey prints no \
             object and exits with status 4.",
        ),
        Text(
            "If several slots open with the same secret, rekey changes or removes one and warns how many are \
             left. Used slots come first and without gaps, as in Dexios. Version 4 has a single slot, whose \
             salt is authenticated with the data and so cannot change.",
        ),
        Text(
            "The master key stays the same. The old secret with an old copy of the header therefore opens \
             all later copies of the file. --reseal prevents that: it opens the file and seals it again under \
             a new master key, in one pass and without plaintext on the disk. --reseal also works for files \
             that wrap no key: GFE, and Dexios versions 1 to 3 (which become version 5).",
        ),
    ],
);

pub const IN_PLACE: Chapter = (
    "IN PLACE",
    &[
        Text(
            "With -i, rekey first writes the old and the new header to a recovery file, \
             '.fetool-HEX.header' with a random HEX, in the directory of the file, and fsyncs it. Then it \
             writes the new header over the old one in one call, fsyncs the file, reads the header back and \
             removes the recovery file. It delays SIGINT, SIGTERM and SIGHUP until then. If writing fails, \
             rekey restores the old header.",
        ),
        Text(
            "A killed run leaves its recovery file. The next 'rekey -i' of the file uses it if it is a \
             regular file with one link, belongs to the effective user, and gives others no permissions. It \
             must also name the file by device and inode, under a valid checksum. rekey warns of recovery \
             files that name the file and fail these checks. rekey changes nothing before the given secret \
             opens the old or the new header. If the header is torn (some sectors of 512 bytes are new, the \
             others old), rekey restores the old one. If the header is neither, rekey leaves it alone, keeps \
             the recovery file, prints the command that restores the old header, and exits with status 1.",
        ),
        Text(
            "The recovery file holds the old header, so the old secret and this file open the data. \
             The next 'rekey -i' of the file removes it.",
        ),
        Text(
            "rekey locks the file (flock(2)) from before the search for a recovery file until it exits. A \
             second rekey of the file waits, with a message after one second; with --no-wait it fails with \
             status 1. On a file system without locks, rekey warns. The lock is advisory: it does not stop \
             other programs that change headers.",
        ),
        Text(
            "With -r, rekey changes every sealed file in this way. A file without key slots or stanzas fails, \
             unless --reseal is given. rekey skips files that have neither a magic number nor the suffix of a \
             format. It also skips files that the new secret already opens, so an interrupted run can be \
             repeated.",
        ),
        Text(
            "With --reseal, -i writes a new file beside the old one, fsyncs it and renames it over the old \
             one.",
        ),
    ],
);
