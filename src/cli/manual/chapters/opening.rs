//! Opening, as a whole and in part.

use super::Chapter;
use super::Part::{Item, Text};

pub const OPENING: Chapter = (
    "OPENING",
    &[
        Text(
            "fetool opens a file with the first secret that works, and fails with status 3 if none does. \
             The message says how many it tried.",
        ),
        Text(
            "Files that go-fileencrypt made from streams have no authenticated length. fetool opens them with \
             a warning; --strict refuses them with status 4. For some formats, the document and the program \
             disagree on the nonce or the associated data. fetool then uses the reading that authenticates \
             the first chunk.",
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
            "--range writes a part of the plaintext, exactly the bytes that it names, counted from 0. Every \
             number can have a suffix: KiB, MiB, GiB, TiB, or kB and so on for powers of 1000.",
        ),
        Item("START+LENGTH", "LENGTH bytes from START on"),
        Item(
            "START-END",
            "the bytes from START to END, both included, as in HTTP and with curl: 0-499 are the first 500",
        ),
        Item("START-", "everything from START on"),
        Item("-LAST", "the last LAST bytes"),
        Text(
            "From a seekable file, fetool reads the header, the first chunk to try the key on, and the \
             chunks that hold the range. If the range depends on the length of the plaintext, it also opens \
             the last chunk as the last: for -LAST, for START-, for an empty range and for one beyond the \
             end. A megabyte in the middle of a terabyte costs as much as one at the start.",
        ),
        Text(
            "A pipe is read from its beginning up to the end of the range. -LAST needs a file: for a pipe \
             it is a usage error (status 2).",
        ),
        Text(
            "Every byte of the output was authenticated, as the byte at its position. The rest of the file \
             is not checked: damage elsewhere, or truncation after the range, goes undetected. --check, and \
             open without --range, authenticate everything.",
        ),
        Text(
            "A range beyond the end of the plaintext is an error with status 2, which names the length. \
             fetool writes nothing then; from a pipe, it may have written the bytes up to the end. An empty \
             range writes nothing and succeeds if the plaintext reaches its start.",
        ),
        Text(
            "Ranges need chunks whose positions can be computed. age has them, as text only if all its \
             lines end alike. So have Dexios in stream mode, the AES-GCM File Encryptor, and GoCrypt with \
             one layer. GFE has them with a declared size or in a stream, if all chunks but the last are as \
             long as the first. For other files --range fails with the reason and status 2. A GFE file with \
             an additive nonce needs --gfe-nonce additive, since only the whole file shows that it starts \
             with its first chunk.",
        ),
    ],
);

pub const SALVAGE: Chapter = (
    "SALVAGE",
    &[
        Text(
            "--salvage writes every chunk of a damaged file that still authenticates. A chunk counts only \
             under its own number, so fetool writes no byte that was not sealed at its position. With \
             'zero', a lost chunk becomes zeros of its length, so that all later bytes keep their positions. \
             With 'skip' it is left out. fetool does not fill in what is missing at the end of the file.",
        ),
        Text(
            "This is the one exception to the rule that a failed open leaves no output: FILE appears whole \
             with what was salvaged. The status is that of the first damaged part: 3, 4 or 5. It is 0 only \
             if nothing is damaged. If no chunk authenticates, there is no FILE, and the status is that of \
             a plain open.",
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
            "After a damaged chunk, fetool looks for the next one at its position. If it is not there, \
             bytes were lost or inserted. fetool then tries shifts: every number of bytes up to 4096 in \
             both directions, multiples of 512 bytes up to 512 KiB, and up to 16 whole chunks. A GFE file \
             that declares its length shows how much is missing, so one gap of any length is found. In \
             other GFE files, fetool searches up to 64 MiB further on for the length fields of chunks. One \
             search authenticates at most 32 GiB, and all searches in a file 256 GiB: some seconds and some \
             minutes on one core. Beyond that, chunks are found only at their own positions.",
        ),
        Text(
            "If the first chunk is damaged, other chunks show whether the key is right: the first 64, some \
             all over the file, and those that a search within 1 GiB finds. If none does, fetool reports a \
             wrong key.",
        ),
        Text(
            "A damaged header cannot be read. Give a copy of it with --header, such as 'fetool header save' \
             makes. A Dexios file opens if one of its key slots does, and an age file if the stanza of an \
             identity does. Damaged lines of armor count as damaged bytes, and decoding resumes at the next \
             line.",
        ),
        Text(
            "Not everything can be salvaged. GoCrypt's chunks have no numbers, so fetool takes them only at \
             their own positions. Everything after lost or inserted bytes is lost, and moved chunks go \
             unnoticed. With several layers, --salvage is refused with status 2. Dexios files in memory mode \
             are a single chunk. A GFE file with an additive nonce needs --gfe-nonce additive.",
        ),
        Text(
            "With -r, fetool salvages each file of a tree by itself and lists the damaged ones at the end. They count \
             as failed, and --remove-source does not remove them. With --json, the objects of a file's parts \
             come before that of the file.",
        ),
    ],
);
