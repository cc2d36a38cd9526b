//! Error messages in the words of age, which wrappers look for.

use super::super::failure::{Failure, Subjects};
use super::super::work::target_name;
use crate::io::output::{Refused, Target};
use fetool::Error;

pub const FOR_PASSPHRASE: &str =
    "file is passphrase-encrypted but identities were specified with -i/--identity or -j";
pub const FOR_IDENTITIES: &str = "identities are required to decrypt this file";

/// Describes an error before the first chunk.
pub fn of_start(error: &Error, files: &Subjects) -> Failure {
    let failure = of_error(error, files);
    match error {
        Error::NoMatch { .. } => failure.worded("no identity matched any of the recipients"),
        // An identity has the other message.
        Error::Authentication { .. } | Error::NoIdentity { .. } => {
            failure.worded("incorrect passphrase")
        }
        Error::HeaderMac => failure.worded("bad header MAC: the header was changed"),
        Error::Unsupported(what) if what == FOR_PASSPHRASE => {
            failure.hint("leave out all -i/--identity and -j; fetool asks for the passphrase")
        }
        Error::Unsupported(what) if what == FOR_IDENTITIES => {
            failure.hint("name the file of one with -i/--identity")
        }
        Error::UnknownFormat(_) => failure.worded("failed to read header: this is not an age file"),
        Error::Unsupported(_) | Error::Malformed { .. } | Error::Truncated { .. } => {
            failure.worded(format!("failed to read header: {error}"))
        }
        _ => failure,
    }
}

/// Describes an error at a chunk.
pub fn of_chunks(error: &Error, files: &Subjects) -> Failure {
    let failure = of_error(error, files);
    match error {
        Error::Authentication { .. }
        | Error::Tampered { .. }
        | Error::Malformed { .. }
        | Error::Truncated { .. } => failure.worded(format!(
            "failed to decrypt and authenticate payload chunk: {error}"
        )),
        _ => failure,
    }
}

/// Describes an error that does not concern the content of a file. Errors of the system name the file.
pub fn of_error(error: &Error, files: &Subjects) -> Failure {
    let failure = files.attribute(error);
    match error {
        Error::Secret { what, .. } => {
            failure.worded(what.replace("wrong passphrase", "incorrect passphrase"))
        }
        Error::Read(system) | Error::Write(system) if system.raw_os_error().is_some() => failure,
        _ => failure.alone(),
    }
}

/// Reports that the input cannot be opened.
pub fn unread(failure: Failure) -> Failure {
    let name = failure.subject().unwrap_or_default().to_owned();
    let what = format!(
        "failed to open input file \"{name}\": {}",
        failure.message()
    );
    failure.worded(what)
}

/// Reports why there is no output.
pub fn refused(target: &Target, refused: Refused) -> Failure {
    let name = target_name(target);
    match refused {
        Refused::Terminal => Failure::usage("refusing to output binary to the terminal")
            .hint("-a/--armor writes text; '-o -' writes binary data to the terminal"),
        Refused::SameFile => {
            Failure::usage(format!("input and output file are the same: \"{name}\""))
        }
        Refused::System(error) => {
            let failure = Failure::from_system(error);
            let what = format!(
                "failed to open output file \"{name}\": {}",
                failure.message()
            );
            failure.worded(what)
        }
        refused => {
            let subjects = Subjects {
                output: name,
                ..Subjects::default()
            };
            subjects.refused(refused)
        }
    }
}
