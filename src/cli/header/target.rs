//! The copy of a header, and the possible ways to restore it in the file.

use super::Args;
use crate::cli::failure::{Failure, Subjects};
use fetool::format::{Format, HEADER_MAX, Header, by_name};
use fetool::{ArmoredStart, Error, PeekReader, read_header, status};
use std::fs::File;
use std::io::{self, Read, Seek};

/// The maximum length of an armored header, in bytes of text.
const TEXT_MAX: u64 = 2 * HEADER_MAX as u64;

/// The copy of a header.
pub struct Copy<'c> {
    pub bytes: &'c [u8],
    pub format: &'static dyn Format,
    pub header: Box<dyn Header>,
    /// Its name in messages.
    pub name: String,
}

impl<'c> Copy<'c> {
    /// Decodes the header in `bytes`.
    ///
    /// # Errors
    /// Bytes that are no header, or that have other data after it.
    pub fn decode(args: &Args, bytes: &'c [u8], name: String) -> Result<Self, Failure> {
        let subjects = Subjects {
            input: name.clone(),
            ..Subjects::default()
        };
        let decoded = read_header(args.format.map(|format| format as _), bytes);
        let (format, header) = decoded.map_err(|e| subjects.attribute(&e))?;
        if header.size() != bytes.len() {
            return Err(
                Failure::usage("not a copy of a header: there is data behind it")
                    .with_status(status::FORMAT)
                    .about(name)
                    .hint("the order is: fetool header restore COPY FILE"),
            );
        }
        Ok(Self {
            bytes,
            format: by_name(format.name()).expect("it is one of these"),
            header,
            name,
        })
    }
}

/// The file whose header is replaced.
pub struct Target<'t> {
    pub args: &'t Args,
    pub copy: Copy<'t>,
    pub file: &'t File,
    pub name: &'t str,
}

/// The state of the file.
pub struct State {
    /// The bytes of its own header, if that can be decoded.
    pub own: Option<Vec<u8>>,
    /// Whether it is armor with damaged lines.
    pub is_damaged_text: bool,
    /// The possible edits, the likeliest first. Empty if the file ends inside the header.
    pub edits: Vec<Edit>,
}

/// One way to restore the copy.
pub struct Edit {
    /// The new beginning of the file.
    pub new: Vec<u8>,
    /// Where the part after the header starts: in the file or, if `recoded`, in the decoded data.
    pub at: u64,
    /// Whether all lines of the armor must be decoded and encoded again.
    pub recoded: bool,
    /// Whether the file has the nonce of the copy there.
    pub has_nonce: bool,
    /// Whether the file has this header already.
    pub is_done: bool,
}

impl Target<'_> {
    /// Returns the file from its beginning, decoded if it is armored, and the length of its own header or the error in
    /// it.
    fn input(&self) -> io::Result<(PeekReader<&File>, Result<usize, Error>)> {
        let mut file = self.file;
        file.rewind()?;
        let mut input = PeekReader::new(file);
        match fetool::look_at_header(Some(self.copy.format as _), &mut input) {
            Err(Error::Read(error)) => Err(error),
            header => Ok((input, header.map(|(_, header)| header.size()))),
        }
    }

    /// Returns the part of the file after the header that an edit replaces.
    pub fn behind(&self, edit: &Edit) -> io::Result<PeekReader<&File>> {
        if edit.recoded {
            let (mut input, _) = self.input()?;
            io::copy(&mut (&mut input).take(edit.at), &mut io::sink())?;
            return Ok(input);
        }
        let mut file = self.file;
        file.seek(io::SeekFrom::Start(edit.at))?;
        Ok(PeekReader::new(file))
    }

    /// Reads the beginning of the file and finds the possible edits.
    pub fn look(&self) -> io::Result<State> {
        let (mut input, own) = self.input()?;
        let armored = input.is_armored();
        let mut head = Vec::new();
        let most = HEADER_MAX as u64 + 1;
        let read = (&mut input).take(most).read_to_end(&mut head);
        let is_sound = match (&own, read.map_err(|error| Error::Read(error).root())) {
            (_, Err(Error::Read(error))) => return Err(error),
            // A reader reports a fault of the armor only once.
            (Err(Error::Armor { .. }), _) | (_, Err(_)) => false,
            (_, Ok(_)) => true,
        };
        let mut text = Vec::new();
        let mut file = self.file;
        file.rewind()?;
        file.take(TEXT_MAX).read_to_end(&mut text)?;
        let own = own.ok().and_then(|len| head.get(..len)).map(<[u8]>::to_vec);
        let Copy {
            bytes,
            format,
            header,
            ..
        } = &self.copy;
        let starts = ArmoredStart::candidates(*format, &**header, bytes, &text);
        let in_text = starts.iter().map(|start| in_text(&text, start));
        let is_damaged_text = match armored {
            true => !is_sound,
            false => starts.first().is_some_and(|start| start.is_likely),
        };
        let edits = match armored {
            true if is_damaged_text => in_text.collect(),
            true => self.edits_of_armor(&head, own.as_deref(), &text, &starts),
            false => {
                // Lines of a header without armor can look like those of armor, so either may be right.
                let len = file.metadata()?.len();
                let in_bytes = self.edits_of_bytes(&head, own.as_deref(), len);
                match is_damaged_text {
                    true => in_text.chain(in_bytes).collect(),
                    false => in_bytes.into_iter().chain(in_text).collect(),
                }
            }
        };
        Ok(State {
            own,
            is_damaged_text,
            edits,
        })
    }

    /// Returns the possible edits of undamaged armor.
    fn edits_of_armor(
        &self,
        head: &[u8],
        own: Option<&[u8]>,
        text: &[u8],
        starts: &[ArmoredStart],
    ) -> Vec<Edit> {
        let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let fits = starts.iter().find(|start| {
            let old = text[..start.old_len].iter().map(is_line_end);
            old.eq(start.text.iter().map(is_line_end))
        });
        let mut edits = self.edits_of_bytes(head, own, head.len() as u64);
        for edit in &mut edits {
            edit.recoded = true;
            if let Some(start) = fits
                && edit.at == self.copy.bytes.len() as u64
            {
                *edit = in_text(text, start);
            }
        }
        edits
    }

    /// Returns the possible edits of a file that begins with these bytes and has this length.
    fn edits_of_bytes(&self, head: &[u8], own: Option<&[u8]>, len: u64) -> Vec<Edit> {
        let Copy { bytes, header, .. } = &self.copy;
        let mut places = Vec::new();
        places.extend(own.map(<[u8]>::len));
        let nonce = header.describe().nonce();
        let nonce = nonce.and_then(|span| {
            let behind = bytes.len().checked_sub(span.end)?;
            Some((bytes.get(span)?, behind))
        });
        if let Some((nonce, behind)) = nonce {
            let found = head.windows(nonce.len()).position(|it| it == nonce);
            places.extend(found.map(|at| at + nonce.len() + behind));
        }
        places.push(bytes.len());
        let has_nonce = |place: usize| {
            let (nonce, behind) = nonce?;
            let end = place.checked_sub(behind)?;
            let start = end.checked_sub(nonce.len())?;
            (head.get(start..end)? == nonce).then_some(())
        };
        let mut edits: Vec<Edit> = Vec::new();
        for place in places {
            let at = place as u64;
            if at <= len && edits.iter().all(|edit| edit.at != at) {
                edits.push(Edit {
                    new: bytes.to_vec(),
                    at,
                    recoded: false,
                    has_nonce: has_nonce(place).is_some(),
                    is_done: own == Some(*bytes) && place == bytes.len(),
                });
            }
        }
        edits
    }
}

fn in_text(text: &[u8], start: &ArmoredStart) -> Edit {
    Edit {
        new: start.text.clone(),
        at: start.old_len as u64,
        recoded: false,
        has_nonce: start.has_nonce,
        is_done: text.starts_with(&start.text) && start.text.len() == start.old_len,
    }
}
