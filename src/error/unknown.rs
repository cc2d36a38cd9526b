//! What is known of a file without a known format.

/// What is known of a file without a known format.
#[derive(Clone, Debug, Default)]
pub struct Unknown {
    /// The formats that it does not have, by name, with the reason.
    pub ruled_out: Vec<(&'static str, String)>,
    /// The formats without a magic number that it may have, if no secret was tried.
    pub possible: Vec<Possible>,
    /// Whether a secret was tried on the possible formats, and opened none.
    pub wrong_secret: bool,
    /// The number of secrets to try.
    pub secrets: usize,
}

/// A format without a magic number that a file may have.
#[derive(Clone, Debug)]
pub struct Possible {
    /// The format's name on the command line.
    pub format: &'static str,
    /// The format's name for people.
    pub title: &'static str,
    /// The evidence for and against it.
    pub evidence: Evidence,
}

/// The evidence for and against a format that has no magic number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Properties that are as expected.
    pub supporting: Vec<String>,
    /// Properties that would be unusual.
    pub opposing: Vec<String>,
}

impl Possible {
    /// Returns whether there is no evidence against it.
    pub fn is_likely(&self) -> bool {
        self.evidence.opposing.is_empty()
    }
}
