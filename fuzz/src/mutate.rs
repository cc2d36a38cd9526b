//! What somebody without the key can do to a file, told by choices.

use super::choices::Choices;
use super::forge::Sample;
use std::ops::Range;

/// So many changes are enough for anything that depends on one after the other.
const CHANGES: usize = 8;

pub fn mutate(sample: &Sample, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut file = sample.file.clone();
    for _ in 0..CHANGES {
        if choices.is_empty() {
            break;
        }
        change(sample, &mut file, choices);
    }
    file
}

fn change(sample: &Sample, file: &mut Vec<u8>, choices: &mut Choices<'_>) {
    match choices.below(9) {
        0 => {
            let at = place(sample, file, choices);
            let bits = choices.byte();
            if let Some(byte) = file.get_mut(at) {
                *byte ^= bits;
            }
        }
        1 => {
            let at = place(sample, file, choices);
            file.truncate(at);
        }
        2 => {
            let at = place(sample, file, choices);
            let len = choices.below(40);
            let new = choices.up_to(len).to_vec();
            file.splice(at..at, new);
        }
        3 => {
            let range = range(sample, file, choices);
            file.drain(range);
        }
        4 => {
            let again = file[range(sample, file, choices)].to_vec();
            let at = place(sample, file, choices);
            file.splice(at..at, again);
        }
        5 => {
            // Of the header, say.
            let at = place(sample, file, choices);
            let len = choices.below(16);
            for (byte, new) in file[at..].iter_mut().zip(choices.up_to(len)) {
                *byte = *new;
            }
        }
        6 => swap(sample, file, choices),
        7 => {
            // The end of another file under the same key.
            let at = place(sample, file, choices).min(sample.other.len());
            file.truncate(at);
            file.extend(&sample.other[at..]);
        }
        _ => {
            // Its beginning.
            let at = place(sample, file, choices).min(sample.other.len());
            file.splice(..at, sample.other[..at].iter().copied());
        }
    }
}

/// Up to the end of the file: mostly near an edge of its structure.
fn place(sample: &Sample, file: &[u8], choices: &mut Choices<'_>) -> usize {
    let kind = choices.byte();
    let at = match kind {
        0..0x80 => sample.edge(kind),
        0x80..0xF0 => sample
            .edge(kind)
            .saturating_add_signed(isize::from(choices.byte() as i8)),
        _ => choices.below(file.len() + 1),
    };
    at.min(file.len())
}

fn range(sample: &Sample, file: &[u8], choices: &mut Choices<'_>) -> Range<usize> {
    let (a, b) = (place(sample, file, choices), place(sample, file, choices));
    a.min(b)..a.max(b)
}

/// Two pieces in each other's place.
fn swap(sample: &Sample, file: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let (a, b) = (range(sample, file, choices), range(sample, file, choices));
    let (a, b) = if a.start <= b.start { (a, b) } else { (b, a) };
    if a.end <= b.start {
        let swapped = [
            &file[..a.start],
            &file[b.clone()],
            &file[a.end..b.start],
            &file[a.clone()],
            &file[b.end..],
        ];
        *file = swapped.concat();
    }
}
