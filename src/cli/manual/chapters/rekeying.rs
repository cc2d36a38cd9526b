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
        Item(
            "--new-key, --new-passphrase",
            "the new secret takes the place of the first slot that the old one opens",
        ),
        Item(
            "--add",
            "the new secret gets a slot of its own, up to four (version 5)",
        ),
        Item(
            "--remove",
            "the first slot that the old secret opens is dropped; never the last one",
        ),
        Item(
            "--list",
            "the slots, with the cost of their hashes; needs no secret",
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
            "With -i the old and the new header are first written to '.NAME.fetool-header' in the \
             same folder, and that to the disk. Then the new header is written over the old one in \
             one call, brought to the disk, read back and compared, and the copy is removed. All of \
             the header is in the first 512 bytes, which disks write whole. SIGINT, SIGTERM and \
             SIGHUP wait until this is over. When writing fails, the old header is put back.",
        ),
        Text(
            "Killed at any moment, or cut off by a power failure, the file is opened by the old \
             or the new secret. Should a disk have torn the header, the next 'rekey -i', with \
             whatever secret, first puts the old one back from the copy; so does 'head -c 416 \
             .NAME.fetool-header | dd of=NAME conv=notrunc' (128 for a version 4 file). A copy that \
             stays behind lets the old secret open the file; the next 'rekey -i' removes it.",
        ),
        Text(
            "With --reseal, -i writes a new file beside the old one and renames it over that when \
             it is complete and on the disk.",
        ),
    ],
);
