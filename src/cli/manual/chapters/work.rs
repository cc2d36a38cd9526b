//! What sealing and opening have in common.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const SECRETS: Chapter = (
    "SECRETS",
    &[
        Text(
            "A secret is never given on the command line itself, where every user of the machine \
             can read it. SPEC says where it is:",
        ),
        Item(
            "@FILE",
            "the bytes of FILE, as they are; '@~/FILE' is in the home directory. fetool warns if \
             other users can read FILE.",
        ),
        Item("@-", "standard input, when the data comes from a PATH"),
        Item("env:NAME", "the value of the environment variable NAME"),
        Item(
            "fd:N",
            "what the file descriptor N gives, opened by the caller, as 'fetool … fd:3 3< FILE'",
        ),
        Text(
            "An age identity file has one identity a line (AGE-SECRET-KEY-…), with comments behind \
             '#'; 'fetool keygen --age' and age-keygen make one. It may be encrypted with a \
             passphrase itself, as an age file. An SSH private key is an identity too. What a key file \
             is, its content tells: 32 bytes are always a raw key. A passphrase for one of them is asked \
             for, or read from --identity-passphrase, only when a file needs it.",
        ),
        Text(
            "-k and -p may be repeated where files are opened: every key is tried in its order, and \
             then every passphrase. If there are several secrets, a passphrase is asked for only if \
             no key opens the file.",
        ),
        Text(
            "A GFE key is 32 raw bytes, or 64 hexadecimal digits, or 44 base64 characters, the \
             last two with an optional line end and below lines that begin with '#'. A key for the other formats is any bytes, and is \
             hashed like a passphrase. A passphrase makes a GFE key only together with \
             a salt that is kept beside the file (--salt), since the format keeps none; the key \
             derivation functions are those of go-fileencrypt. A passphrase that is typed is read \
             from /dev/tty and not shown; without a terminal that is an error.",
        ),
        Text(
            "If a typed passphrase does not open a single file, fetool asks for it again, three times in \
             all. inspect --verify asks again until one of its files opens. Trees, and passphrases \
             from a SPEC, are tried once. A wrong passphrase cannot be told from a file that was \
             tampered with: the message names both, and the status is 3.",
        ),
        Text(
            "A passphrase is a string of bytes, exactly as typed or stored: fetool does not convert \
             its encoding and does not normalise it. Two spellings that look alike, such as a \
             composed and a decomposed letter, are different passphrases.",
        ),
        Text(
            "seal and rekey refuse an empty key or passphrase, or one that is only a line end, with \
             status 2: a password manager that fails leaves one. open tries an empty key, for files \
             that were sealed with one.",
        ),
        Text(
            "One key seals many files: each has a base nonce with 64 random bits. After n files \
             under one key, two share a nonce with a probability of about n^2 / 2^65: one in 2^33 for \
             2^16 files. If two do, anyone can compute the XOR of their contents and forge files under \
             that key. Take a new key after 65536 files. fetool warns when one run seals more, and \
             cannot count over several runs. Count the sealed files, and those that you have \
             deleted since the key was made:",
        ),
        Lines("find backup -name '*.gfe' -newer keyfile | wc -l"),
        Text(
            "'fetool keygen --comment TEXT' writes the limit and TEXT above the key, such as the date \
             and what the key is for. A passphrase of the AES-GCM File Encryptor counts as one key.",
        ),
        Text(
            "In memory, secrets and keys are wiped when they were used, and kept out of swap as \
             far as the limit on locked memory allows (ulimit -l). No core file is written, and \
             other programs of the same user cannot read the memory or trace the process. What \
             env: names stays in the environment until fetool ends, where root can read it; no \
             other program is started that would inherit it. What the process was given by @FILE \
             or fd: is safer.",
        ),
    ],
);

pub const FILES: Chapter = (
    "OUTPUT FILES",
    &[
        Text(
            "With -o FILE the data goes to a file '.fetool-*.tmp' in the same directory, mode \
             0600, which is renamed to FILE when it is complete. After an error, or a signal that can \
             be caught, the temporary file is gone and an existing FILE is as it was; only --salvage keeps \
             what it has. After SIGKILL \
             or a crash of the machine a temporary file may stay; it is never FILE.",
        ),
        Text(
            "With --force, FILE keeps its mode, owner and group where its owner is the effective \
             user; plaintext gets no permissions that the umask takes away. fetool refuses to write \
             to a FIFO, socket or device of another user in a directory where others can write, and \
             to follow a symbolic link that belongs neither to the user, nor to root, nor to the \
             owner of its directory. It never writes to a file that it also reads: the input, keys, \
             salts, a detached header.",
        ),
        Item(
            "without --sync",
            "FILE is complete or not there (or as it was) when fetool or its user dies. After a \
             power cut it may be empty or incomplete, as with any program that leaves writing to \
             the system.",
        ),
        Item(
            "with --sync",
            "FILE is written to the disk before it is renamed, and its directory after that. When \
             fetool ends with status 0, FILE also survives a power cut, as far as the disk keeps \
             its word.",
        ),
        Text(
            "A new FILE has mode 0600; one that is replaced (--force) keeps its mode. A symbolic \
             link stays and the file that it means is replaced. A device, a fifo or a socket is \
             written straight to. A FILE that is also the input or the key file is refused.",
        ),
        Text(
            "Sealed data is not written to a terminal, and opened data only as far as it is text; \
             '-o -' overrides both.",
        ),
    ],
);

pub const STREAMS: Chapter = (
    "STREAMS AND THEIR END",
    &[
        Text(
            "The length of a file is known before, and GFE stores it; a file that changes its \
             length while it is read is an error. The length of a pipe is not known (unless --size \
             says it), and go-fileencrypt writes such streams so that a cut between two chunks \
             cannot be noticed. fetool writes them so that they end themselves: every chunk but \
             the last is full, the last is shorter (perhaps empty), and a mark in the size field, \
             which is associated data of every chunk, demands that. go-fileencrypt opens these \
             files too.",
        ),
        Text(
            "Sealed bytes do not depend on the number of worker threads. Memory is 2 x jobs + 2 \
             chunks (of at least 1 MiB), whatever the input's length.",
        ),
    ],
);

pub const OPENING: Chapter = (
    "WHAT COMES OUT",
    &[
        Text(
            "Every byte that open writes was authenticated. With -o, FILE appears only when \
             everything was good, except with --salvage. On standard output the good chunks before a bad one have gone \
             out by the time the error is known; the exit status tells, so check it ('set -o \
             pipefail' in a shell) before using what came.",
        ),
        Text(
            "Files that go-fileencrypt made of streams carry no authenticated length. They are \
             opened with a warning; --strict refuses them with status 4. Files are read with \
             either nonce rule and either associated data that the format's document and its \
             program give, whichever authenticates the first chunk.",
        ),
        Text(
            "--check authenticates everything and writes nothing. With --json it prints one object, in \
             one line, about a file that is authentic; otherwise there is only the message. Members \
             are path, path_hex, format, chunks and plaintext_size as in fetool-inspect(1), reading \
             (string: which reading of the format authenticated the file), verified (true) and \
             warnings (array of strings, which are then not printed as messages).",
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
             status is 0 only if nothing is damaged. If no chunk authenticates, there is no FILE.",
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
             as failed, and --remove-source does not remove them.",
        ),
    ],
);

pub const EXTERNAL: Chapter = (
    "SUBCOMMANDS OF OTHER PROGRAMS",
    &[Text(
        "'fetool x' runs the program fetool-x from PATH with the remaining arguments when there \
         is no subcommand x; 'fetool help' lists those that are found. Relative directories in \
         PATH are skipped.",
    )],
);

pub const ENVIRONMENT: Chapter = (
    "ENVIRONMENT",
    &[
        Item(
            "FETOOL_KEY",
            "stands in for --key where neither --key nor --passphrase is given. It holds a SPEC, \
             such as '@/home/me/keyfile', never the key itself. Both options override it. 'seal \
             --new-key' requires --key.",
        ),
        Item("NO_COLOR", "no colour in help and error messages"),
        Item(
            "TERM",
            "unset or 'dumb': no colour, and no progress line is drawn",
        ),
        Item(
            "LC_ALL, LC_CTYPE, LANG",
            "the first that is set tells whether the terminal shows UTF-8; if not, file names in the \
             progress line are ASCII, with '?' for other characters",
        ),
        Item(
            "TMPDIR",
            "is not used: temporary files are made beside the output only",
        ),
    ],
);
