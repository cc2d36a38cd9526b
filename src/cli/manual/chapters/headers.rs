//! Copies of headers.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const HEADERS: Chapter = (
    "COPIES OF HEADERS",
    &[
        Text(
            "The header of a sealed file holds what a secret needs to open it: key slots, stanzas, salts \
             and nonces. If it is damaged, no secret opens the file. A copy of a few hundred bytes helps then.",
        ),
        Item(
            "save",
            "COPY gets the bytes of the header as they are, and nothing else. For an armored age file these \
             are the bytes that the text stands for. A new COPY has mode 0600. With -k or -p, save first \
             shows that the secret opens the header. Formats without a magic number need -f.",
        ),
        Item(
            "restore",
            "FILE gets the header in COPY. The data behind it stays as it is. FILE's own header may be \
             damaged in any way, and may be longer or shorter than COPY, such as after a rekey of an age file.",
        ),
        Text(
            "restore changes nothing before it knows that COPY belongs to FILE and where the data begins. \
             With -k or -p, the first chunk must open with the header in COPY. Without a secret, the nonce \
             in COPY must still be in FILE: it is random, no other file has it, and a rekey keeps it. If \
             neither is so, restore ends with status 3 or 4. --unchecked puts the header back then; it is for \
             files whose nonce, or first chunk, is damaged as well. Copy FILE before.",
        ),
        Text(
            "A header of the same length is written in place, with a recovery file as 'fetool rekey -i' does \
             it (see fetool-rekey(1)). One of another length, or in armor, goes to a new file that takes the place of FILE once \
             it was fsynced. In both cases a killed run leaves the old header or the new one, and running \
             the same command again completes the work. The file is locked against a rekey at the same time.",
        ),
        Text(
            "A header holds no secret in the clear, but an old copy keeps old secrets alive: whoever has a copy \
             from before a rekey, and the secret of that time, can open the data. Save a new copy after \
             each rekey, and remove the old one. A copy of a Dexios header is also a detached header (--header).",
        ),
        Lines(
            "fetool header save -k @keyfile archive.dexios -o archive.header\n\
             fetool header restore -k @keyfile archive.header archive.dexios",
        ),
    ],
);
