//! The words of the manual pages that are not about single options.

/// A part of a chapter.
pub enum Part {
    Text(&'static str),
    Item(&'static str, &'static str),
    /// Lines as they are.
    Lines(&'static str),
}
use Part::{Item, Lines, Text};

pub type Chapter = (&'static str, &'static [Part]);

pub const STATUSES: [(&str, &str); 6] = [
    ("0", "all good"),
    ("1", "input, output or system"),
    ("2", "usage"),
    ("3", "wrong key, or data that was tampered with"),
    ("4", "not a file we know, malformed or unsupported"),
    ("5", "truncated"),
];

pub const SHORT_EXAMPLES: &str = "\
Examples:
  fetool keygen -o keyfile
  tar c dir | fetool seal -k @keyfile > dir.tar.gfe
  fetool open -k @keyfile < dir.tar.gfe | tar x";

pub const SEAL_EXAMPLES: &str = "\
Examples:
  tar c dir | fetool seal -k @keyfile > dir.tar.gfe
  fetool seal -k @keyfile --new-key photo.jpg -o photo.jpg.gfe
  fetool seal -p notes.txt -o notes.txt.dexios
  fetool seal -f dexios -k @mine --add-key @yours plans.pdf -o plans.pdf.dexios
  fetool seal -r -k @keyfile photos -O backup";

pub const OPEN_EXAMPLES: &str = "\
Examples:
  fetool open -k @keyfile < dir.tar.gfe | tar x
  fetool open -k @keyfile photo.jpg.gfe -o photo.jpg
  fetool open -k @keyfile --check backup.tar.gfe
  fetool open -r -k @keyfile backup/ -O restored";

pub const REKEY_EXAMPLES: &str = "\
Examples:
  fetool rekey -k @old --new-key @new -i archive.dexios
  fetool rekey -k @mine --add --new-passphrase -i archive.dexios
  fetool rekey -k @lost --remove -i archive.dexios
  fetool rekey --list archive.dexios
  fetool rekey --reseal -k @old --new-key @new -i dir.tar.gfe";

pub const INSPECT_EXAMPLES: &str = "\
Examples:
  fetool inspect dir.tar.gfe
  fetool inspect --json *.gfe
  fetool inspect --verify -k @keyfile dir.tar.gfe";

pub const STATUS_NOTE: &str = "\
Where several files are worked on, the status is the highest of theirs. When the reader of the \
output goes away, fetool ends as SIGPIPE ends a program, which a shell shows as 141; at SIGINT, \
SIGTERM and SIGHUP it removes its temporary file and ends as the signal would have ended it. A \
key file that cannot be a key for the format is status 1: it is a wrong input, and no attempt to \
open anything was made with it.";

pub const SECRETS: Chapter = (
    "SECRETS",
    &[
        Text(
            "A secret is never given on the command line itself, where every user of the machine \
             can read it. SPEC says where it is:",
        ),
        Item("@FILE", "the bytes of FILE, as they are"),
        Item("@-", "standard input, when the data comes from a PATH"),
        Item("env:NAME", "the value of the environment variable NAME"),
        Item(
            "fd:N",
            "what the file descriptor N gives, opened by the caller, as 'fetool … fd:3 3< FILE'",
        ),
        Text(
            "A GFE key is 32 raw bytes, or 64 hexadecimal digits, or 44 base64 characters, the \
             last two with an optional line end. A key for the other formats is any bytes, and is \
             hashed like a passphrase. A passphrase makes a GFE key only together with \
             a salt that is kept beside the file (--salt), since the format keeps none; the key \
             derivation functions are those of go-fileencrypt. A passphrase that is typed is read \
             from /dev/tty and not shown; without a terminal that is an error.",
        ),
        Text(
            "One key seals many files: each has a base nonce with 64 random bits. After n files \
             under one key, the chance that two share a nonce is about n^2 / 2^65: one in 2^33 for \
             2^16 files, one in 2^17 for 2^24. Take a new key well before that.",
        ),
        Text(
            "In memory, secrets and keys are wiped when they were used, and kept out of swap as far              as the limit on locked memory allows (ulimit -l). No core file is written, and other              programs of the same user cannot read the memory or trace the process. What env: names              stays in the environment until fetool ends, where root can read it; no other program              is started that would inherit it. What the process was given by @FILE or fd: is safer.",
        ),
    ],
);

pub const FILES: Chapter = (
    "OUTPUT FILES",
    &[
        Text(
            "With -o FILE the data goes to a file '.fetool-*.tmp' in the same folder, mode 0600, \
             which is renamed to FILE when it is complete. After an error, SIGINT, SIGTERM or \
             SIGHUP the temporary file is gone and an existing FILE is as it was. After SIGKILL \
             or a crash of the machine a temporary file may stay; it is never FILE.",
        ),
        Item(
            "without --sync",
            "FILE is complete or not there (or as it was) when fetool or its user dies. After a \
             power cut it may be empty or incomplete, as with any program that leaves writing to \
             the system.",
        ),
        Item(
            "with --sync",
            "FILE is written to the disk before it is renamed, and its folder after that. When \
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
             everything was good. On standard output the good chunks before a bad one have gone \
             out by the time the error is known; the exit status tells, so check it ('set -o \
             pipefail' in a shell) before using what came.",
        ),
        Text(
            "Files that go-fileencrypt made of streams carry no authenticated length. They are \
             opened with a warning; --strict refuses them with status 4. Files are read with \
             either nonce rule and either associated data that the format's document and its \
             program give, whichever authenticates the first chunk.",
        ),
        Text("--check authenticates everything and writes nothing."),
    ],
);

pub const FORMATS: Chapter = (
    "FORMATS",
    &[
        Item(
            "gfe",
            "GFE version 1, the format of go-fileencrypt (.gfe): AES-256-GCM with a 32-byte key, \
             chunks of up to 10 MiB, no key derivation and no salt in the file. The default, but \
             for a passphrase without --salt.",
        ),
        Item(
            "dexios",
            "Dexios (.dexios): XChaCha20-Poly1305, AES-256-GCM or Deoxys-II-256 in blocks of 1 MiB, \
             under a random master key that up to four key slots wrap. Header versions 1 to 5 are \
             read (Dexios 8.0 to 8.8), version 5 is written. Dexios has no program that opens all \
             of them. Files that it sealed in one piece (versions 1 to 3, small files) are opened \
             within --max-memory.",
        ),
        Item(
            "gocrypt",
            "GoCrypt 1.1 (.enc): XChaCha20-Poly1305 in chunks of 32 KiB under a passphrase, all of \
             it done over up to 200 times (--layers; 5 by default), each layer with a key of its \
             own. All layers are sealed and opened in one pass and without temporary files. Weak: \
             see below.",
        ),
        Item(
            "gocrypt-v1",
            "GoCrypt 1.0: the same with one layer and another header. Only read.",
        ),
        Item(
            "parallel-encryptor",
            "the AES-GCM File Encryptor, also called Parallel-Encryptor (.enc): AES-256-GCM in \
             chunks of any size up to 4 GiB under a passphrase. Weak: see below.",
        ),
        Text("The last three have no magic number. See TELLING FORMATS APART."),
    ],
);

pub const WEAK: Chapter = (
    "WEAK FORMATS",
    &[
        Text(
            "Some formats protect less than people expect. fetool reads and writes them for those \
             who must exchange files with their programs, and says so in a line when it seals one \
             (-q silences it); inspect says it too. For anything else choose gfe or dexios.",
        ),
        Item(
            "gocrypt: the nonce repeats",
            "every chunk of a layer has the same nonce. More than 32 KiB repeat the keystream, so \
             whoever has the file knows how any two chunks of what the outermost layer sealed \
             differ, and can forge chunks of it. With one layer that is the plaintext.",
        ),
        Item(
            "gocrypt: chunks have no place",
            "in a file of one layer, whole chunks can be swapped, doubled or left out, and the end \
             can be cut off between two chunks, unnoticed. With two layers or more, a layer inside \
             does not authenticate any more. No reader of the format can do better.",
        ),
        Item(
            "gocrypt: the passphrase",
            "4096 rounds of PBKDF2-HMAC-SHA256 take a millisecond, so passphrases can be guessed \
             in bulk. More layers do not help: one is enough to test a guess on.",
        ),
        Item(
            "parallel-encryptor: the passphrase",
            "the key is SHA-256 of the secret, without a salt: one guess tests every file, and \
             billions can be tested in a second. All files of a passphrase share one key; their \
             nonces have 64 random bits.",
        ),
        Item(
            "parallel-encryptor: the end and the header",
            "the end can be cut off between two chunks, unnoticed. The chunk size is not \
             authenticated; another one is noticed only where the data then falls into other \
             chunks.",
        ),
        Item(
            "both: empty files",
            "a file without a chunk (but for GoCrypt with two layers or more) holds nothing that \
             could be authenticated: anyone can make one.",
        ),
        Text(
            "open warns where the end of a file is not authenticated, and --strict refuses such \
             files.",
        ),
    ],
);

pub const DETECTION: Chapter = (
    "TELLING FORMATS APART",
    &[
        Text(
            "Without --format, a magic number decides: 'GFE', and the bytes DE 01 to DE 05 and 0E \
             for Dexios. Where there is none, open and inspect --verify try the secret on the first \
             chunk as each format without a magic number, those first that need least of the \
             input, and take the one that authenticates it. At most 64 MiB of a pipe are held for \
             that; a file whose first chunk is longer needs --format parallel-encryptor. Where \
             none authenticates, or a file has no chunk that could, the status is 4 and each \
             format is named with what spoke against it.",
        ),
        Text(
            "inspect without a secret lists the formats that are possible with what speaks for \
             (+) and against each (-): the number of layers, the chunk size, whether the length fits, \
             and whether the first bytes have the entropy of random ones, as sealed data has. The \
             status is 0 where nothing speaks against one of them, and 4 otherwise. --format gives \
             the whole report.",
        ),
    ],
);

pub const NEW_FORMATS: Chapter = (
    "ADDING A FORMAT",
    &[Text(
        "A format is one module of the library and one line in its list of formats: \
         docs/architecture.md, which comes with the source, has the chapter 'Adding a format', and \
         tests/format_of_our_own.rs one made in the way that it shows.",
    )],
);

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

pub const TREES: Chapter = (
    "TREES",
    &[
        Text(
            "With -r, every regular file below each PATH is worked on by itself, in the order of the \
             names; --files0-from takes a list instead. A file appears beside its source, with the \
             format's suffix or without it (.gfe, .dexios, .enc), or with -O under DIR at the same \
             relative path: a PATH stands for itself and what is below it, a PATH that ends in '/' \
             for its contents, as in rsync, and a listed path for the whole of itself. Names are \
             bytes, and any name goes.",
        ),
        Text(
            "Hidden files are passed over without --hidden. Symbolic links are passed over without \
             --follow; sockets, fifos and devices always, with a line. Sealing passes over files \
             that are sealed already (their name ends in a format's suffix and their content is of \
             that format), unless --force is given; opening passes over all others. The key file is \
             passed over too.",
        ),
        Item(
            "whole or not at all",
            "A file is written under a temporary name '.fetool-*.tmp' in its folder and renamed when \
             it is complete. What a killed run left of these is removed by the next run that works \
             in that folder; those that are being written are locked, and stay. Folders under DIR \
             are entered without following links, so that nothing in DIR leads out of it.",
        ),
        Item(
            "mode and time",
            "The permissions and the modification time are carried over, and the permissions of \
             folders that are made; not owners, links between files, or holes. --no-preserve gives \
             new files mode 0600 and the present time.",
        ),
        Item(
            "--remove-source",
            "A source is removed after its replacement and its folder are on the disk, and the \
             replacement was read back and, opened, compared with it byte by byte. When the \
             replacement is there already, since a run was killed in between, they are compared: \
             the source goes if they are the same, and otherwise both stay and it is an error.",
        ),
        Item(
            "when run again",
            "A result that is there already is an error, unless --skip-existing passes over it: \
             after a look at the sealed file's structure and the other's length, or with \
             --verify-existing after authenticating and comparing all of it. --force writes it \
             anew.",
        ),
        Item(
            "failures",
            "One file's failure does not stop the others, but with --fail-fast. Each is reported, \
             and the status is the highest of theirs. A file that changes while it is read is a \
             failure.",
        ),
        Text(
            "A passphrase, or a key for Dexios, is hashed once for a whole run: the key slots of all \
             files of a run share one salt, while each file has its own random master key and \
             nonces. Opening remembers what it hashed. Files up to 16 MiB are worked on side by \
             side, larger ones one at a time with all the workers.",
        ),
        Text(
            "A GFE key that seals very many files runs into the bound under SECRETS: fetool warns \
             when one run passes 2^24 files.",
        ),
        Text(
            "--json prints one object a file, a line each, in the order in which they are done: path \
             and path_hex, output and output_hex (or null; the hexadecimal ones have the bytes of a \
             path that is not UTF-8, and are null otherwise), result ('sealed', 'opened', 'rekeyed', 'planned', 'skipped' or \
             'failed'), bytes of plaintext (or null), reason (or null), status.",
        ),
        Text(
            "--shard I/N takes the I-th of N parts of the tree, from 0. The part is the first 8 bytes \
             of BLAKE3 of the relative path, as a little-endian number, modulo N: parts do not move \
             when files come and go, and are cut alike on every machine. For GNU parallel, on this \
             machine and on others, and for an array of Slurm jobs:",
        ),
        Lines(
            "parallel fetool seal -r --shard {}/8 -k @key photos -O backup ::: 0 1 2 3 4 5 6 7\n\
             parallel -S a,b fetool seal -r --shard {}/8 -k @key /net/photos -O /net/backup ::: \
             0 1 2 3 4 5 6 7\n\
             sbatch --array=0-7 --wrap 'fetool seal -r --shard $SLURM_ARRAY_TASK_ID/8 -k @key \
             photos -O backup'",
        ),
        Text(
            "'rekey -r -i' changes the secrets of every file in a tree that has key slots, each as in \
             IN PLACE. Files that the new secret opens already are passed over, so that a run that \
             was killed can be run again.",
        ),
    ],
);

pub const EXTERNAL: Chapter = (
    "SUBCOMMANDS OF OTHER PROGRAMS",
    &[Text(
        "'fetool x' runs the program fetool-x from PATH with the remaining arguments when there \
         is no subcommand x; 'fetool help' lists those that are found. Relative folders in PATH \
         are passed over.",
    )],
);

pub const ENVIRONMENT: Chapter = (
    "ENVIRONMENT",
    &[
        Item("NO_COLOR", "no colour in help and error messages"),
        Item(
            "TMPDIR",
            "is not used: temporary files are made beside the output only",
        ),
    ],
);

pub const REPORT: Chapter = (
    "THE REPORT",
    &[
        Text(
            "inspect needs no key: it decodes the header and walks the chunks to the end by their \
             lengths (skipping over them where the input is a file). What it says is what the \
             file claims to be; with --verify and a secret, every chunk is authenticated as well.",
        ),
        Text(
            "The first fault in the structure is reported with its offset in bytes, and makes the \
             exit status 4 (malformed) or 5 (truncated); a chunk that does not authenticate makes \
             it 3.",
        ),
    ],
);

pub const JSON: Chapter = (
    "JSON",
    &[
        Text(
            "--json prints one object a file, a line each, in the order of the PATHs. Members are \
             never removed or renamed; new ones may come. Sizes and offsets are in bytes. A member \
             that is not known is null.",
        ),
        Item("path", "string: the PATH as given, '-' for standard input"),
        Item(
            "format",
            "string or null: the format's name on the command line; null when none was recognised",
        ),
        Item(
            "title, version, algorithm",
            "the format's name for people (string), its version (number), its AEAD (string)",
        ),
        Item(
            "header_size, chunk_size, chunks, plaintext_size, sealed_size, overhead",
            "numbers; header_size + plaintext_size + what the chunks add = sealed_size, and overhead = sealed_size - plaintext_size",
        ),
        Item(
            "declared_size",
            "number or null: the plaintext's length as the header has it",
        ),
        Item(
            "length_protection",
            "string: how the plaintext's length is protected",
        ),
        Item(
            "end",
            "string: how the end is known: 'declared-size', 'short-chunk', 'last-block', 'one-block' or 'none'",
        ),
        Item(
            "header",
            "array of {offset, size, hex, field, meaning}, which covers the header without gaps",
        ),
        Item(
            "warnings",
            "array of strings: what the file does not protect",
        ),
        Item(
            "verified",
            "true, false, or null when that was not asked for",
        ),
        Item(
            "reading",
            "string or null: with --verify, which reading of the format authenticated the file",
        ),
        Item(
            "layers",
            "number or null: how many times GoCrypt has sealed the data",
        ),
        Item(
            "possible",
            "array of {format, title, likely, supporting, opposing}: where no magic number tells, \
             the formats that it may be; likely is true where opposing is empty",
        ),
        Item(
            "fault",
            "null, or {status, offset, message}: the first fault; offset may be null",
        ),
        Lines("fetool inspect --json *.gfe | jq -r 'select(.fault) | .path'"),
    ],
);
