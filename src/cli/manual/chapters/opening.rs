//! Opening, as a whole and in part.

use super::Chapter;
use super::Part::{Item, Text};

pub const OPENING: Chapter = (
    "OPENING",
    &[
        Text(
            "fetool opens a file with the first secret that fits, and fails with status 3 if none does. \
             The message says how many were tried.",
        ),
        Text(
            "Files that go-fileencrypt made of streams have no authenticated length. fetool opens them with a \
             warning; --strict refuses them with status 4. If the document and the program of a format \
             disagree on the nonce or the associated data, fetool uses the reading that authenticates the \
             first chunk.",
        ),
        Text(
            "--check authenticates everything and writes nothing. With --json it prints one object about an \
             authentic file, in one line; for others there is only the message. The members are path, \
             path_hex, format, chunks and plaintext_size as in fetool-inspect(1), reading (string: which \
             reading of the format authenticated the file), verified (true) and warnings (array of \
             strings, which are then not printed as messages).",
        ),
    ],
);

pub const RANGES: Chapter = (
    "RANGES",
    &[
        Text(
            "--range writes a part of the plaintext, exactly the bytes that it names. They count from 0. \
             Every number can have a suffix: KiB, MiB, GiB, TiB, or kB and so on for powers of 1000.",
        ),
        Item("START+LENGTH", "LENGTH bytes from START on"),
        Item(
            "START-END",
            "the bytes from START to END, both included, as in HTTP and with curl: 0-499 are the first 500",
        ),
        Item("START-", "everything from START on"),
        Item("-LAST", "the last LAST bytes"),
        Text(
            "From a file that can be read at any position, fetool reads the header, the first chunk to try \
             the key on, and the chunks that hold the range. It also opens the last chunk, as the last, \
             if the range depends on the length of the plaintext: for -LAST, for START-, for an empty \
             range and for one behind the end. A megabyte in the middle of a terabyte costs as much as \
             one at the start.",
        ),
        Text(
            "A pipe is read from its beginning: fetool passes over what is before the range, and stops \
             reading behind it. -LAST needs a file, and is status 2 for a pipe.",
        ),
        Text(
            "Every byte that comes out was authenticated, as the byte at its position. Nothing is said \
             about the rest of the file: damage elsewhere goes unnoticed, and so does a file that was cut \
             behind the range. --check and open without --range authenticate everything.",
        ),
        Text(
            "A range that the plaintext does not have is an error with status 2, which names the length. \
             fetool writes nothing then; from a pipe, the bytes before the end may have been written. An \
             empty range writes nothing and succeeds if the plaintext reaches its start.",
        ),
        Text(
            "Ranges need chunks whose places can be computed. That holds for age, also as text if all its \
             lines end alike; for Dexios in stream mode; for the AES-GCM File Encryptor; for GoCrypt with \
             one layer; and for GFE with a declared size or a stream, if all chunks but the last are as \
             long as the first. For other files --range says why not, with status 2. A GFE file with an \
             additive nonce needs --gfe-nonce additive, since only the whole file shows that it starts \
             with its first chunk.",
        ),
    ],
);

pub const SALVAGE: Chapter = (
    "SALVAGE",
    &[
        Text(
            "--salvage writes everything of a damaged file that still authenticates. Every chunk counts only \
             at its own number: no byte comes out that was not sealed at its place, and no two chunks change \
             places. With 'zero', a chunk that is lost becomes zeros of its length, so that all bytes behind \
             it keep their positions. With 'skip' it is left out. What is missing at the end of the file is \
             not filled.",
        ),
        Text(
            "This is the one exception to the rule that a failed open leaves no output: FILE appears whole \
             with what was salvaged, and the status is 3, 4 or 5, as the first damaged part deserves. The \
             status is 0 only if nothing is damaged. If no chunk authenticates, there is no FILE, and the \
             status is that of a plain open.",
        ),
        Text(
            "fetool prints each damaged part: where it is in the file and in the plaintext, and what is \
             wrong. The first and the last byte are included, as in --range. With --json, each part is an \
             object in a line on standard output. Members are path, path_hex, offset and length (numbers: \
             the part of the file), plaintext_offset and plaintext_length (numbers: what is lost), chunk and \
             chunks (numbers: the first chunk that is lost, and how many), status (number) and reason \
             (string). Positions in the plaintext are those of the undamaged file.",
        ),
        Text(
            "Behind a damaged chunk, fetool looks for the next one where it must be. If it is not there, \
             bytes were lost or inserted. fetool then tries shifts: every number of bytes up to 4096 forward \
             and back, multiples of 512 bytes up to 512 KiB, and up to 16 whole chunks. A GFE file that \
             declares its length shows how much is missing, so one gap of any length is found; other GFE \
             files are searched for the length fields of chunks, up to 64 MiB further on. One search \
             authenticates at most 32 GiB, and all searches in a file 256 GiB: some seconds and some minutes \
             a core. Beyond that, chunks are found only at their own places.",
        ),
        Text(
            "If the first chunk is damaged, other chunks show whether the key is right: the first 64, some \
             all over the file, and those that a search finds among 1 GiB. If none does, fetool reports a \
             wrong key.",
        ),
        Text(
            "A header that is damaged itself cannot be read. Give a copy of it with --header, such as \
             'fetool header save' makes. A Dexios file opens if one of its key slots does, and an age file if \
             the stanza of an identity does. Damaged lines of armor count as damaged bytes, and the next \
             line is decoded again.",
        ),
        Text(
            "Not everything can be salvaged. GoCrypt's chunks do not tell their numbers, so fetool takes \
             them only at their own places: behind lost or inserted bytes everything is lost, and moved \
             chunks go unnoticed. With several layers, --salvage is refused with status 2. Files that were made in \
             memory mode are one piece. A GFE file with an additive nonce needs --gfe-nonce additive.",
        ),
        Text(
            "With -r, fetool salvages each file of a tree by itself and lists the damaged ones at the end. They count \
             as failed, and --remove-source does not remove them. With --json, the objects of a file's parts \
             come before that of the file.",
        ),
    ],
);
