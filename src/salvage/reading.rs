//! Finds out whether a damaged file is armored. Its first line may be damaged, so one reading may be a guess, and the
//! other is tried as well.

use super::Window;
use super::source::Source;
use super::start::{Start, head, start};
use super::text::{DamagedText, LOOKED_AT};
use crate::armor::{is_mostly_armor, looks_armored};
use crate::format::{Claim, Format};
use crate::positioned::ReadAt;
use crate::{Error, Open};

/// Finds the source to read from, which is the decoded text of an armored file and else the file itself, and what
/// [`start`] finds in it.
///
/// # Errors
/// Those of [`start`] and [`DamagedText::new`].
pub(super) fn find<'a>(
    open: &mut Open<'_>,
    input: &'a dyn ReadAt,
    window: Window,
) -> Result<(Start, Source<'a>), Error> {
    let likely = Reading::likely(open, input)?;
    let is_final = |error: &Error| {
        matches!(
            error,
            Error::Read(_) | Error::Memory(_) | Error::Stopped | Error::Strict(_)
        )
    };
    match find_in(open, input, likely.as_text, window) {
        Err(error) if !likely.is_sure && !is_final(&error) => {
            match find_in(open, input, !likely.as_text, window) {
                Err(second) if !is_final(&second) => Err(error),
                found => found,
            }
        }
        found => found,
    }
}

fn find_in<'a>(
    open: &mut Open<'_>,
    input: &'a dyn ReadAt,
    as_text: bool,
    window: Window,
) -> Result<(Start, Source<'a>), Error> {
    let source = match as_text {
        true => Source::Text(DamagedText::new(input)?),
        false => Source::Plain(input),
    };
    open.input_len = Some(source.size().map_err(Error::Read)?);
    let started = start(open, &source, window)?;
    Ok((started, source))
}

/// Whether to read a file as armor.
struct Reading {
    as_text: bool,
    /// If not, lines of a header without armor may be taken for those of armor, or the other way round.
    is_sure: bool,
}

impl Reading {
    fn likely(open: &Open<'_>, input: &dyn ReadAt) -> Result<Self, Error> {
        let head = head(input, LOOKED_AT).map_err(Error::Read)?;
        let formats = match open.format {
            Some(format) => vec![format],
            None => open.formats.to_vec(),
        };
        let has = |claims: &dyn Fn(&dyn Format) -> bool| formats.iter().any(|it| claims(*it));
        if has(&|format| format.armored(&head) == Claim::Yes) {
            return Ok(Self {
                as_text: true,
                is_sure: true,
            });
        }
        let may_be_text = has(&|format| format.has_armor())
            && !has(&|format| format.probe(&head) == Claim::Yes)
            && looks_armored(&head);
        let is_likely = |detached: &[u8]| is_mostly_armor(&head, detached.len());
        Ok(Self {
            as_text: may_be_text && open.detached.is_none_or(is_likely),
            is_sure: !may_be_text,
        })
    }
}
