//! Changing secrets.

use super::Chapter;
use super::Part::{Item, Text};

pub const REKEYING: Chapter = (
    "CHANGING KEYS",
    &[
        Text(
            "A Dexios file of version 4 or 5 is sealed under a random master key, and the header holds that \
             key wrapped under a hash of each secret. rekey changes only the wrapped keys, so a terabyte in \
             place takes as long as a kilobyte. It first authenticates the first block with the key that \
             the old secret unwraps.",
        ),
        Text(
            "An age file has a stanza for each recipient instead of key slots. --to names new recipients, \
             as for 'fetool seal --to'. The chunks stay as they are. If the new header is longer or shorter \
             than the old one, -i writes a new file and renames it over the old one after fsync.",
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
            "rekey removes the first slot, or the stanzas, that the old secret opens; never the last. With \
             --stanza N it removes stanza N of --list, with --to @FILE the stanzas that the identities in \
             FILE open. A public key does not tell which stanza is its own.",
        ),
        Text(
            "The rules of age hold for the result. A passphrase is the only recipient of its file, so it is \
             replaced and never added. Post-quantum recipients cannot be mixed with others. Removing a \
             recipient is no revocation: anyone who could open the file may have kept its key or its \
             content.",
        ),
        Item(
            "--list",
            "The slots, with the cost of their hashes. It needs no secret.",
        ),
        Text(
            "--list --json prints one object: path and path_hex as in fetool-inspect(1), format (string), \
             version (number), slots and stanzas. Each slot has the number slot and the members of a key in \
             fetool-inspect(1): kdf, memory, passes, lanes, iterations and text. Each stanza has the number \
             stanza, type, args, offset, size and text. For a file without either there is no object, and \
             status 4.",
        ),
        Text(
            "If several slots hold the same secret, rekey changes or removes one and warns how many are \
             left. Used slots come first and without gaps, as in Dexios. Version 4 has one key; its salt is \
             authenticated with the data and stays.",
        ),
        Text(
            "An old copy of the file, or of its header, opens with the old secret forever: the master key \
             stays the same. To keep later copies from that secret, use --reseal. It opens and seals again \
             in one pass under a new master key, without plaintext on the disk. It also works for files \
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
             writes the new header over the old one in one call, fsyncs it, reads it back and removes the \
             recovery file. It delays SIGINT, SIGTERM and SIGHUP until then. If writing fails, rekey puts \
             the old header back.",
        ),
        Text(
            "A recovery file that is left belongs to a run that was killed. The next 'rekey -i' of the file \
             uses it if it is a regular file with one link, belongs to the effective user, and gives others \
             no permissions. It must also name the file by device and inode, under a checksum; rekey warns \
             of others that name the file. rekey changes nothing before the given secret opens the old or \
             the new header. It replaces a header that was torn between two sectors of 512 bytes by the old \
             one. A header that is neither stays: the run ends with status 1, keeps the recovery file, and \
             prints the command that puts the old header back by hand.",
        ),
        Text(
            "The recovery file holds the old header, so the old secret and this file open the data. \
             The next 'rekey -i' of the file removes it.",
        ),
        Text(
            "rekey locks the file (flock(2)) before it looks for a recovery file, until the end. A second \
             rekey of it waits, and says so after a second; with --no-wait it fails with status 1. On a \
             file system without locks, rekey warns. Locks are advisory: other programs that change headers \
             do not take them.",
        ),
        Text(
            "With -r, rekey changes every sealed file like this. A file that cannot be changed fails, such \
             as one without key slots unless --reseal is given. rekey skips files that have neither a magic \
             number nor the suffix of a format. It also skips files that the new secret opens already, so \
             an interrupted run can be repeated.",
        ),
        Text(
            "With --reseal, -i writes a new file beside the old one, fsyncs it and renames it over the old \
             one.",
        ),
    ],
);
