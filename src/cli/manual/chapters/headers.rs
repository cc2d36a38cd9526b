//! Copies of headers.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const HEADERS: Chapter = (
    "COPIES OF HEADERS",
    &[
        Text(
            "The header of a sealed file holds what a secret needs to open it: key slots, stanzas, salts \
             and nonces. If it is damaged, no secret opens the file. A copy of the header, usually a few \
             hundred bytes, repairs that.",
        ),
        Item(
            "save",
            "Writes the bytes of the header to COPY, and nothing else. For an armored age file, these are the \
             decoded bytes. A new COPY has mode 0600. With -k or -p, save first checks that the secret \
             opens the header. Formats without a magic number require -f.",
        ),
        Item(
            "restore",
            "Replaces the header of FILE with COPY. The data after it stays as it is. FILE's own header may \
             be damaged in any way, and may be longer or shorter than COPY, such as after a rekey of an age \
             file.",
        ),
        Text(
            "restore first checks that COPY belongs to FILE, and finds where the data begins. With -k or -p, \
             the first chunk must open with the header in COPY. Without a secret, FILE must contain the nonce \
             of COPY: the nonce is random, no other file has it, and a rekey keeps it. If the check fails, \
             restore changes nothing and exits with status 3 or 4. --unchecked restores the header even then, \
             for files whose nonce or first chunk is damaged as well. Copy FILE first.",
        ),
        Text(
            "A header of the same length is written in place, with a recovery file as for 'fetool rekey -i' \
             (see fetool-rekey(1)). For another length, restore copies FILE to a new file, fsyncs it and \
             renames it over FILE. In both cases a killed run leaves the old header or the new one, and \
             running the same command again completes the restore. restore locks FILE, so that no rekey \
             changes it at the same time.",
        ),
        Text(
            "In an armored age file, restore replaces the BEGIN line and the characters that encode the \
             header. These may be damaged in any way. All later lines stay as they are, damaged or not. If \
             bytes were lost or inserted in the damaged text, restore may not find its end. 'fetool open \
             --salvage --header COPY FILE -o OUT' opens such a file.",
        ),
        Text(
            "A header holds no secret in the clear, but an old copy keeps old secrets alive: a copy from \
             before a rekey opens the data with the secret of that time. Save a new copy after each rekey, \
             and remove the old one. A copy of a Dexios header is also a detached header (--header).",
        ),
        Lines(
            "fetool header save -k @keyfile archive.dexios -o archive.header\n\
             fetool header restore -k @keyfile archive.header archive.dexios",
        ),
    ],
);
