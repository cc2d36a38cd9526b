//! Good files, told by choices, in every shape that their formats have: what fetool writes, and what
//! it only reads.

pub mod age;
pub mod dexios;
mod others;

pub use others::{gfe, gocrypt, parallel_encryptor};

use super::choices::Choices;
use fetool::aead::Aead;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Makes a good file of a format.
pub type Forge = fn(&mut Choices<'_>) -> Sample;

/// So many bytes of the input tell the shape of a file.
const SHAPE: usize = 12;
/// And so many files are kept, of 2 MiB at most.
const KEPT: usize = 20;

type Kept = HashMap<(usize, [u8; SHAPE]), Rc<Sample>>;

thread_local! {
    static SAMPLES: RefCell<Kept> = RefCell::default();
}

/// A good file. It takes longer to make than to open, so some are kept: an input is mostly changed in
/// what it does to a file.
pub fn sample(forge: Forge, choices: &mut Choices<'_>) -> Rc<Sample> {
    let shape = choices.array();
    SAMPLES.with_borrow_mut(|kept| {
        if kept.len() >= KEPT {
            kept.clear();
        }
        let make = || Rc::new(forge(&mut Choices::new(&shape)));
        let made = kept.entry((forge as usize, shape)).or_insert_with(make);
        made.clone()
    })
}

/// A good file.
pub struct Sample {
    pub plaintext: Vec<u8>,
    pub file: Vec<u8>,
    /// Where its header and its chunks begin and end.
    pub edges: Vec<usize>,
    /// One of the same shape under the same key, with other nonces.
    pub other: Vec<u8>,
    /// Where streams nest: what is inside the outermost one, here and there.
    pub inside: Vec<Vec<u8>>,
}

impl Sample {
    pub fn edge(&self, number: u8) -> usize {
        self.edges[usize::from(number) % self.edges.len()]
    }
}

/// A file that grows, and its edges.
#[derive(Default)]
struct Parts {
    file: Vec<u8>,
    edges: Vec<usize>,
}

impl Parts {
    fn push(&mut self, part: &[u8]) {
        self.edges.push(self.file.len());
        self.file.extend(part);
    }

    fn sample(self, plaintext: Vec<u8>, other: Self) -> Sample {
        let mut edges = self.edges;
        edges.push(self.file.len());
        Sample {
            plaintext,
            file: self.file,
            edges,
            other: other.file,
            inside: Vec::new(),
        }
    }
}

/// Ciphertext and tag.
fn frame(aead: &Aead, nonce: &[u8], ad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut frame = plaintext.to_vec();
    let tag = aead.seal(nonce, ad, &mut frame).expect("a short message");
    frame.extend(tag);
    frame
}
