//! What is known of a file whose format is not.

/// What is known of a file whose format is not.
#[derive(Clone, Debug, Default)]
pub struct Unknown {
    /// The formats that it is not, by name, and why.
    pub ruled_out: Vec<(&'static str, String)>,
    /// The formats without a magic number that it may be, where nobody has tried a secret.
    pub possible: Vec<Possible>,
    /// A secret was tried on the formats that it may be, and opened none.
    pub wrong_secret: bool,
    /// How many secrets there were to try.
    pub secrets: usize,
}

/// A format without a magic number that a file may be of.
#[derive(Clone, Debug)]
pub struct Possible {
    /// The format's name on the command line.
    pub format: &'static str,
    /// The format's name for people.
    pub title: &'static str,
    /// What speaks for and against it.
    pub evidence: Evidence,
}

/// What speaks for and against a file being of a format that has no magic number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// What is as it would be.
    pub supporting: Vec<String>,
    /// What would be unusual.
    pub opposing: Vec<String>,
}

impl Possible {
    /// Returns whether there is no evidence against it.
    pub fn is_likely(&self) -> bool {
        self.evidence.opposing.is_empty()
    }
}
