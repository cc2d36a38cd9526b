//! Memory is bounded for salvage and for ranges, in every format whose chunks are found at any position.
//!
//! The tests take turns, so that they do not see each other's memory.

use crate::age::{Slow, bound};
use crate::common::{FAST, KEY, jobs};
use crate::counting::{peak, turn};
use fetool::aead::Algorithm;
use fetool::format::Format;
use fetool::format::age::Age;
use fetool::format::dexios::Dexios;
use fetool::format::gfe::Gfe;
use fetool::format::gocrypt::GoCrypt;
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::kdf::{Derivation, Key};
use fetool::{Error, Open, ReadAt, Salvage, Seal, Secret};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

const MIB: usize = 1 << 20;

/// Long enough to fill every buffer in the shorter case.
const SHORT: usize = if FAST { 12 } else { 4 } * MIB;
const WORKERS: usize = if FAST { 2 } else { 1 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Gfe,
    GfeStream,
    Age,
    ArmoredAge,
    Dexios,
    GoCrypt,
    ParallelEncryptor,
}

const KINDS: [Kind; 7] = [
    Kind::Gfe,
    Kind::GfeStream,
    Kind::Age,
    Kind::ArmoredAge,
    Kind::Dexios,
    Kind::GoCrypt,
    Kind::ParallelEncryptor,
];

/// Takes no time and no memory, as a key derivation does.
fn derive(_: Derivation, secret: &[u8], salt: &[u8]) -> Result<Key, Error> {
    Derivation::Sha256.derive(&[secret, salt].concat(), b"")
}

impl Kind {
    fn secret(self) -> Secret {
        match self {
            Self::Gfe | Self::GfeStream => Secret::key(KEY),
            Self::Dexios => Secret::key(KEY).derived_for_tests(derive),
            _ => Secret::passphrase("a passphrase"),
        }
    }

    fn format(self) -> &'static dyn Format {
        match self {
            Self::Gfe | Self::GfeStream => &Gfe,
            Self::Age | Self::ArmoredAge => &Age,
            Self::Dexios => &Dexios,
            Self::GoCrypt => &GoCrypt,
            Self::ParallelEncryptor => &ParallelEncryptor,
        }
    }

    fn sealed(self, len: usize) -> File {
        let (secret, file) = (self.secret(), tempfile::tempfile().expect("a file"));
        let seal = Seal::new(&secret).format(self.format()).jobs(jobs(WORKERS));
        let seal = match self {
            Self::Gfe => seal.size(Some(len as u64)),
            Self::GfeStream | Self::ParallelEncryptor => seal,
            Self::Age => seal.work_factor(Some(1)),
            Self::ArmoredAge => seal.work_factor(Some(1)).armor(true),
            Self::Dexios => seal.algorithm(Some(Algorithm::Aes256Gcm)),
            Self::GoCrypt => seal.layers(Some(1)),
        };
        let plaintext = io::repeat(0x5a).take(len as u64);
        seal.run(plaintext, &file).expect("seals");
        file
    }

    fn bound(self) -> usize {
        bound(WORKERS, self == Self::ArmoredAge)
    }

    fn open(self, secret: &Secret) -> Open<'_> {
        let open = Open::new(secret).format(Some(self.format()));
        open.jobs(jobs(WORKERS))
    }
}

/// A file that lacks some bytes.
struct Cut {
    file: File,
    at: u64,
    len: u64,
}

impl ReadAt for Cut {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        if position >= self.at {
            return FileExt::read_at(&self.file, into, position + self.len);
        }
        let before = into.len().min((self.at - position) as usize);
        FileExt::read_at(&self.file, &mut into[..before], position)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len() - self.len)
    }
}

/// Salvages a file with damage in every third mebibyte, that lacks some bytes in the middle.
fn salvaging(kind: Kind, file: File, len: usize) -> usize {
    for at in (2 * MIB..len - MIB).step_by(3 * MIB) {
        file.write_at(b"#damaged#", at as u64).expect("writes");
    }
    let (salvaged, peak) = peak(move || {
        let cut = Cut {
            file,
            at: (len / 2 + MIB / 2) as u64,
            len: 7,
        };
        let mut sink = Slow::default();
        let secret = kind.secret();
        let salvage = Salvage::new(kind.open(&secret)).window(100);
        let salvaged = salvage.run(cut, &mut sink, drop).expect("salvages");
        assert_eq!(
            sink.bytes as u64,
            salvaged.plaintext_len + salvaged.lost,
            "{salvaged:?}"
        );
        salvaged
    });
    assert!(salvaged.damaged > 1, "{salvaged:?}");
    assert!(salvaged.plaintext_len > len as u64 / 5, "{salvaged:?}");
    println!("salvaging {len} bytes of {kind:?}: {peak}");
    peak
}

/// The chunk size of a GFE file is looked for if its first length field is damaged.
#[test]
fn finding_the_chunk_size_takes_20_mebibytes() {
    let _turn = turn();
    let len = 3 * SHORT;
    let file = Kind::Gfe.sealed(len);
    file.write_at(&[0xff; 4], 24).expect("writes");
    let (salvaged, peak) = peak(move || {
        let secret = Kind::Gfe.secret();
        let salvage = Salvage::new(Kind::Gfe.open(&secret));
        salvage.run(file, io::sink(), drop).expect("salvages")
    });
    assert_eq!(
        (salvaged.plaintext_len, salvaged.damaged),
        (len as u64, 1),
        "the chunk itself is good"
    );
    println!("finding the chunk size in {len} bytes: {peak}");
    assert!(peak < 20 * MIB + Kind::Gfe.bound(), "{peak}");
}

/// All but a little at the beginning and at the end.
fn range(len: usize) -> (u64, u64) {
    (1000, len as u64 - 1000)
}

fn range_of_file(kind: Kind, file: File, len: usize) -> usize {
    let (start, end) = range(len);
    let (bytes, peak) = peak(move || {
        let mut sink = Slow::default();
        let secret = kind.secret();
        let opened = kind.open(&secret).start_at(Arc::new(file)).expect("opens");
        opened.write_range(start..end, &mut sink).expect("is there");
        sink.bytes
    });
    assert_eq!(bytes as u64, end - start);
    println!("a range of a file of {len} bytes of {kind:?}: {peak}");
    peak
}

fn range_of_pipe(kind: Kind, mut file: File, len: usize) -> usize {
    let (start, end) = range(len);
    let (bytes, peak) = peak(move || {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let copying = std::thread::spawn(move || {
            io::Seek::rewind(&mut file).expect("a file");
            let mut piece = vec![0; 64 << 10];
            // Nobody reads the end.
            while let Ok(read @ 1..) = file.read(&mut piece)
                && writer.write_all(&piece[..read]).is_ok()
            {}
        });
        let mut sink = Slow::default();
        let secret = kind.secret();
        let opening = kind.open(&secret).start(reader).expect("opens");
        let opened = opening.run_range(start, Some(end), &mut sink);
        assert_eq!(opened.expect("is there"), sink.bytes as u64);
        copying.join().expect("no panic");
        sink.bytes
    });
    assert_eq!(bytes as u64, end - start);
    println!("a range of a pipe of {len} bytes of {kind:?}: {peak}");
    peak
}

#[test]
fn much_takes_as_much_as_little() {
    let _turn = turn();
    for kind in KINDS {
        let [short, long] = [SHORT, 2 * SHORT].map(|len| {
            let file = kind.sealed(len);
            // The last of them damages it.
            [range_of_file, range_of_pipe, salvaging]
                .map(|work| work(kind, file.try_clone().expect("a file"), len))
        });
        for (short, long) in short.into_iter().zip(long) {
            assert!(long < kind.bound(), "{kind:?}: {long}");
            assert!(
                long < short + short / 4 + MIB,
                "{kind:?}: {short}, and {long} for twice as much"
            );
        }
    }
}
