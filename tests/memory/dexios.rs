//! Files that Dexios sealed in one piece, which must be held in memory whole.
//!
//! The tests take turns, so that those of other formats do not see their memory.

use crate::counting::turn;
use crate::dexios_common::{Folder, SECRET, sha256, vector, vector_path, watchdog};
use fetool::format::Limits;
use fetool::{Error, Hint, Inspect, Open, Secret, status};
use std::fs::File;
use std::io::{self, Read, Write};

/// A file with 1016 bytes behind its header of 64, which 8 MiB of Argon2id open.
const FILE: &str = "dexios_v1_xchacha20poly1305_memory_1000.dx";
const HEADER: usize = 64;
const BODY: u64 = 1016;
const SHA256: &str = "6bf31c37287dc108df35199344bbc91f90d5aba9369f0d1265f3de26f5f911cb";

fn open(input: impl Read + Send, limits: Limits) -> Result<Vec<u8>, Error> {
    let mut opened = Vec::new();
    Open::new(&Secret::key(SECRET))
        .limits(limits)
        .run(input, &mut opened)
        .inspect_err(|_| assert_eq!(opened, b""))?;
    Ok(opened)
}

#[test]
fn just_what_is_allowed_passes() {
    let _turn = turn();
    let _dog = watchdog();
    let file = vector(FILE);
    for body in [None, Some(BODY)] {
        for memory in [BODY, BODY + 1, 1 << 20, u64::MAX] {
            let opened = open(
                &file[..],
                Limits {
                    memory,
                    input_len: body,
                },
            )
            .unwrap();
            assert_eq!(sha256(&opened), SHA256);
        }
        for memory in [0, 15, 16, BODY - 1] {
            let error = open(
                &file[..],
                Limits {
                    memory,
                    input_len: body,
                },
            )
            .unwrap_err();
            assert_eq!(error.status(), status::USAGE);
            assert!(error.to_string().contains(&memory.to_string()), "{error}");
            assert_eq!(error.hint(), Some(&Hint::MoreMemory));
        }
    }
}

/// Counts the bytes that are read.
struct Counted<'a, R>(R, &'a mut u64);

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(into)?;
        *self.1 += read as u64;
        Ok(read)
    }
}

/// Where the length is not known, no more is read than is allowed (and the byte that is too much).
#[test]
fn an_endless_input_is_given_up_on() {
    let _turn = turn();
    let _dog = watchdog();
    let header = &vector(FILE)[..HEADER];
    let memory = 3 << 20;
    let mut read = 0;
    let endless = Counted(header.chain(io::repeat(7)), &mut read);
    let error = open(
        endless,
        Limits {
            memory,
            input_len: None,
        },
    )
    .unwrap_err();
    assert_eq!(error.status(), status::USAGE);
    let most = HEADER as u64 + memory + 1;
    // Something of the head was read ahead.
    assert!((memory..=most + 512).contains(&read), "{read} bytes");
}

/// Where it is known, nothing is read but the head.
#[test]
fn a_known_length_is_refused_at_once() {
    let _turn = turn();
    let _dog = watchdog();
    let header = &vector(FILE)[..HEADER];
    let limits = Limits {
        memory: 3 << 20,
        input_len: Some(4 << 20),
    };
    let mut read = 0;
    let endless = Counted(header.chain(io::repeat(7)), &mut read);
    let error = open(endless, limits).unwrap_err();
    assert_eq!(error.status(), status::USAGE);
    assert!(read <= 512, "{read} bytes");
}

#[test]
fn on_the_command_line() {
    let _turn = turn();
    let _dog = watchdog();
    let folder = Folder::new();
    let (file, path) = (vector(FILE), vector_path(FILE));
    let too_much = "needs more than 1015 bytes of memory";
    for (line, stdin) in [(format!(" {path}"), &b""[..]), (String::new(), &file)] {
        let ran = folder
            .pipe(&format!("open -k @one --max-memory 1016{line}"), stdin)
            .is(status::OK);
        assert_eq!(sha256(&ran.stdout), SHA256);
        let ran = folder.pipe(&format!("open -k @one --max-memory 1015{line}"), stdin);
        let ran = ran.fails(status::USAGE, too_much);
        assert!(ran.stderr.contains("--max-memory"), "{}", ran.stderr);
    }
    folder
        .run(&format!("open -k @one --max-memory 1015 -o out {path}"))
        .fails(status::USAGE, too_much);
    folder
        .run(&format!(
            "rekey --reseal -k @one --new-key @two --max-memory 1015 -o out {path}"
        ))
        .fails(status::USAGE, too_much);
    assert_eq!(folder.names(), Vec::<String>::new());
}

/// A file of some GiB, of which the disk has only the header.
#[test]
fn a_large_file_is_no_reason_to_fill_the_memory() {
    let _turn = turn();
    let _dog = watchdog();
    let folder = Folder::new();
    let mut file = File::create(folder.path("large")).unwrap();
    file.write_all(&vector(FILE)[..HEADER]).unwrap();
    file.set_len(5 << 30).unwrap();
    folder
        .run("open -k @one large")
        .fails(status::USAGE, "needs more than 1073741824 bytes of memory");
    // To walk over it takes no memory.
    let seen = Inspect::new()
        .run_seekable(File::open(folder.path("large")).unwrap())
        .unwrap();
    assert_eq!(seen.plaintext_len, (5 << 30) - HEADER as u64 - 16);
    assert_eq!(seen.fault, None);
}
