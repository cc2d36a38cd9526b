//! Changing secrets.

use super::Chapter;
use super::Part::{Item, Text};

pub const REKEYING: Chapter = (
    "CHANGING KEYS",
    &[
        Text(
            "A Dexios file of version 4 or 5 is sealed under a random master key, and the header \
             holds that key wrapped under a hash of each secret. rekey changes the wrapped keys \
             and nothing else, so it takes as long for a terabyte in place as for a kilobyte. It \
             first authenticates the first block with the key that the old secret unwraps.",
        ),
        Text(
            "An age file has a stanza for each recipient in place of slots. --to names new \
             recipients, as 'fetool seal --to' does. The chunks stay as they are. Another header may \
             be longer or shorter than the old one: then -i writes a new file, which takes the old \
             one's place once it is on the disk.",
        ),
        Item(
            "--new-key, --new-passphrase, --to",
            "the new secret takes the place of the first slot that the old one opens, or the new \
             recipients that of the stanzas that it opens",
        ),
        Item(
            "--add",
            "the new secret gets a slot of its own, up to four (version 5)",
        ),
        Item(
            "--remove",
            "the first slot that the old secret opens is dropped, or the stanzas; never the last. \
             With --stanza N it is stanza N of --list, with --to @FILE those of the identities in \
             FILE. A public key does not tell which stanza is its own.",
        ),
        Text(
            "The rules of age hold for the result: a passphrase stands alone, so it is replaced and \
             never added, and post-quantum recipients share a file with none that are not. \
             Removing a recipient is no revocation: whoever could open the file may have kept its \
             key or its content.",
        ),
        Item(
            "--list",
            "the slots, with the cost of their hashes; needs no secret",
        ),
        Text(
            "--list --json prints one object: path and path_hex as in fetool-inspect(1), format \
             (string), version (number), slots and stanzas. Each slot has the number slot and the \
             members of a key in fetool-inspect(1): kdf, memory, passes, lanes, iterations and text. \
             Each stanza has the number stanza, type, args, offset, size and text. A file without \
             either gives no object but status 4.",
        ),
        Text(
            "Where the same secret is in several slots, one is changed or dropped, and a warning \
             says how many are left. Used slots come first and without gaps, as Dexios wants them. \
             Version 4 has one key, and its salt stays: it is part of what is authenticated.",
        ),
        Text(
            "Who has an old copy of the file, or of its header, and the old secret can open the \
             data for ever: the master key stays the same. To shut such a person out of later \
             copies, use --reseal, which opens and seals again in one pass under a new master key, \
             without plaintext on the disk. It is also the way for files that wrap no key: GFE, \
             and Dexios versions 1 to 3 (which become version 5).",
        ),
    ],
);

pub const IN_PLACE: Chapter = (
    "IN PLACE",
    &[
        Text(
            "With -i, rekey first writes the old and the new header to a recovery file in the \
             directory of the file, '.fetool-HEX.header' with a random HEX, and fsyncs it. Then it \
             writes the new header over the old one in one call, fsyncs it, reads it back and \
             removes the recovery file. SIGINT, SIGTERM and SIGHUP wait until this is over. When \
             writing fails, rekey puts the old header back.",
        ),
        Text(
            "A recovery file that is still there belongs to a run that was killed. The next 'rekey \
             -i' of the file uses it only when it is a regular file with one link that belongs to \
             the effective user, with no permissions for others, and names the file by device and \
             inode under a checksum; it warns of others that name the file. It changes nothing \
             before the given secret opens the old or the new header. A header that was torn \
             between two sectors of 512 bytes is replaced by the old one. A header that is neither \
             is left alone: the run ends with status 1, keeps the recovery file, and prints the \
             command that puts the old header back by hand.",
        ),
        Text(
            "The recovery file holds the old header, so the old secret and this file open the data. \
             The next 'rekey -i' of the file removes it.",
        ),
        Text(
            "The file is locked (flock(2)) from before the recovery file is looked for until the \
             end. A second rekey of it waits, and says so after a second; with --no-wait it ends \
             with status 1. A file system without locks gets a warning. Locks are advisory, and \
             other programs that change headers do not take them.",
        ),
        Text(
            "With -r, every sealed file is changed like this. A file that cannot be changed fails: \
             one without key slots too, unless --reseal is given. Files that have neither a magic \
             number nor the suffix of a format are skipped, and so are files that the new secret \
             opens already, so that an interrupted run can be repeated.",
        ),
        Text(
            "With --reseal, -i writes a new file beside the old one and renames it over that when \
             it is complete and on the disk.",
        ),
    ],
);
