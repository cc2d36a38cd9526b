//! Errors on the command line, in the style of fetool's other messages, with hints for users of other programs.

use super::failure::{Failure, Subjects, shown};
use crate::io::standard;
use crate::io::terminal_safe::{quoted, quoted_lines};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use fetool::Error;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

/// Prints clap's message: an error in `args`, or the help or version that was asked for.
pub fn tell(said: clap::Error, args: &[OsString]) -> ExitCode {
    let is_help = [
        ErrorKind::DisplayHelp,
        ErrorKind::DisplayVersion,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ]
    .contains(&said.kind());
    let status = ExitCode::from(said.exit_code() as u8); // 0 or 2
    if !is_help {
        let _ = io::stderr()
            .lock()
            .write_all(mistake(said, args).as_bytes());
        return status;
    }
    // std ignores errors of writing to a closed descriptor.
    let printed = if said.use_stderr() {
        said.print()
    } else {
        standard::check_stdout().and_then(|()| said.print())
    };
    match printed {
        Err(error) if !said.use_stderr() => {
            Subjects::stdout().attribute(&Error::Write(error)).report()
        }
        _ => status,
    }
}

/// The beginning of clap's hints.
const TIP: &str = "  tip: ";

/// Describes an error: what is wrong, hints, and the usage of the command.
fn mistake(mut said: clap::Error, args: &[OsString]) -> String {
    let own = hint(&said, args);
    let advice = match said.remove(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(advice)) => advice,
        _ => Vec::new(),
    };
    let mut hints: Vec<String> = own.into_iter().collect();
    if hints.is_empty() {
        // A mistyped option is not the name of a file.
        let advice = advice.iter().map(ToString::to_string);
        hints.extend(advice.filter(|advice| !advice.starts_with("to pass ")));
    } else {
        said.remove(ContextKind::SuggestedSubcommand);
        said.remove(ContextKind::SuggestedArg);
        said.remove(ContextKind::SuggestedValue);
    }
    let values: Vec<_> = said
        .context()
        .map(|(kind, value)| (kind, value.clone()))
        .collect();
    for (kind, value) in values {
        if let ContextValue::String(text) = value {
            said.insert(kind, ContextValue::String(quoted(text.as_bytes())));
        }
    }
    // Without colours, so that the user's words cannot contain escapes.
    let text = quoted_lines(&said.render().to_string());
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let mut paragraphs: Vec<&str> = Vec::new();
    for paragraph in text.split("\n\n").map(|text| text.trim_end_matches('\n')) {
        if paragraph.starts_with(TIP) {
            hints.extend(paragraph.lines().map(|tip| tip.replacen(TIP, "", 1)));
        } else {
            paragraphs.push(paragraph);
        }
    }
    let what = paragraphs.remove(0);
    let mut told = format!("fetool: {what}\n");
    for hint in hints {
        told.push_str(&format!("fetool: hint: {}\n", quoted(hint.as_bytes())));
    }
    for paragraph in paragraphs {
        told.push_str(&format!("\n{paragraph}\n"));
    }
    told
}

/// Returns what the user may have meant, if clap cannot know it.
fn hint(said: &clap::Error, args: &[OsString]) -> Option<String> {
    let words = args.get(1..).unwrap_or_default();
    let text = |kind| match said.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    if let Some(spec) = words.iter().find_map(attached_spec) {
        return Some(format!("type -p={spec}"));
    }
    match said.kind() {
        ErrorKind::InvalidSubcommand => instead_of(words.first()?),
        ErrorKind::UnknownArgument => {
            let bad = text(ContextKind::InvalidArg)?;
            let at = words.iter().position(|word| stands_for(word, bad))?;
            let word = &words[at];
            if let Some(option) = at.checked_sub(1).map(|before| &words[before])
                && takes_path(option)
            {
                return Some(path_hint(word));
            }
            if bad != "-" && Path::new(word).is_file() {
                return Some(path_hint(word));
            }
            let word = word.to_string_lossy();
            let name = word.split('=').next().unwrap_or_default();
            let subcommand = words[0].to_str().unwrap_or_default();
            peers_option(name, subcommand).or_else(|| peers_option(bad, subcommand))
        }
        // A path that looks like an option.
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue) == Some("") => {
            let mut pairs = words.windows(2);
            let pair =
                pairs.find(|pair| takes_path(&pair[0]) && pair[1].as_bytes().starts_with(b"-"))?;
            Some(path_hint(&pair[1]))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let option = text(ContextKind::InvalidArg)?.split(' ').next()?;
            if !Path::new(text(ContextKind::InvalidValue)?).exists() {
                return None;
            }
            let known = match option {
                "--format" => "-f is the format; --force overwrites FILE",
                "--chunk-size" => {
                    "-c is the chunk size; without -o the result goes to standard output"
                }
                _ => return None,
            };
            Some(known.to_owned())
        }
        _ => None,
    }
}

/// Returns the SPEC that follows -p without the required '='.
fn attached_spec(word: &OsString) -> Option<String> {
    let spec = word.as_bytes().strip_prefix(b"-p")?;
    looks_like_spec(spec).then(|| quoted(spec))
}

fn looks_like_spec(word: &[u8]) -> bool {
    [&b"@"[..], b"env:", b"fd:"]
        .iter()
        .any(|start| word.starts_with(start))
}

/// Returns whether `word` is, or contains, the option that clap does not know.
fn stands_for(word: &OsStr, option: &str) -> bool {
    let word = word.as_bytes();
    match option.as_bytes() {
        [b'-', b'-', ..] => {
            let rest = word.strip_prefix(option.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
        }
        [b'-', letter] => {
            word.starts_with(b"-") && !word.starts_with(b"--") && word.contains(letter)
        }
        option => word == option,
    }
}

/// Returns whether an option takes a path.
fn takes_path(option: &OsStr) -> bool {
    let options = [
        "-o",
        "--output",
        "-O",
        "--output-dir",
        "--header",
        "--files0-from",
    ];
    options.iter().any(|known| option == *known)
}

fn path_hint(word: &OsStr) -> String {
    format!("for a file of that name type ./{}", shown(Path::new(word)))
}

/// Returns the subcommand that other programs call `word`.
pub fn instead_of(word: &OsStr) -> Option<String> {
    let known = match word.to_str().unwrap_or_default() {
        "encrypt" | "enc" | "e" | "encode" | "lock" | "protect" | "symmetric" => {
            "'fetool seal' encrypts"
        }
        "decrypt" | "dec" | "d" | "decode" | "unlock" | "unseal" | "cat" | "extract" | "x" => {
            "'fetool open' decrypts"
        }
        "ls" | "list" | "l" | "info" | "show" | "header" | "headers" | "identify" | "file" => {
            "'fetool inspect' shows what sealed files are"
        }
        "verify" | "check" | "test" | "t" => {
            "'fetool check' authenticates sealed files and writes nothing"
        }
        "rotate" | "passwd" | "change" | "reencrypt" | "re-encrypt" | "rewrap" => {
            "'fetool rekey' changes the key or the passphrase"
        }
        "gen" | "genkey" | "gen-key" | "generate-key" | "key" | "new-key" => {
            "'fetool keygen' makes a key"
        }
        "benchmark" | "speed" => "'fetool bench' measures",
        _ => {
            let path = Path::new(word);
            let name = path.is_file().then(|| shown(path))?;
            return Some(format!(
                "that is a file; 'fetool inspect {name}' shows what it is"
            ));
        }
    };
    Some(known.to_owned())
}

/// Returns fetool's equivalent of an option of age, gpg, openssl, zstd, gzip or rsync.
fn peers_option(option: &str, subcommand: &str) -> Option<String> {
    let known = match option {
        "-d" | "--decrypt" if subcommand == "open" => "leave it out: 'fetool open' always decrypts",
        "-e" | "--encrypt" if subcommand == "seal" => "leave it out: 'fetool seal' always encrypts",
        "-d" | "-D" | "--decrypt" | "--decompress" | "--uncompress" | "--open" => {
            "'fetool open' decrypts"
        }
        "-e" | "--encrypt" | "--seal" => "'fetool seal' encrypts",
        "--symmetric" => "'fetool seal -p' encrypts with a passphrase",
        "-c" | "--stdout" | "--to-stdout" => "without -o the result goes to standard output",
        "-r" | "-R" | "--recipient" | "--recipients-file" => RECIPIENTS,
        "-i" | "--identity" | "-K" | "--key-file" | "--keyfile" | "--secret-key" => {
            "the key is given with -k @FILE"
        }
        "-in" | "--in" | "--input" | "-infile" => "the input is PATH, without an option",
        "-out" | "--out" => "the output is given with -o FILE",
        "-a" | "--armor" | "--armour" | "-base64" | "--base64" => {
            "'fetool seal --armor' writes text, which 'fetool open' recognizes"
        }
        "-pass" | "--pass" | "--password" | "--password-file" | "--passphrase-file"
        | "--passphrase-fd" | "--pinentry-mode" => {
            "-p asks for a passphrase; -p=@FILE, -p=env:NAME and -p=fd:N read it"
        }
        "-pbkdf2" | "-iter" | "-md" | "-salt" | "-nosalt" => {
            "every passphrase is hashed; --kdf chooses how"
        }
        "--cipher-algo" | "--cipher" | "--algorithm" | "--aes" => {
            "the format decides the algorithm; Dexios has several (-f dexios --aead AEAD)"
        }
        "--rm" | "--remove" | "--remove-source-files" | "--remove-files" => {
            "--remove-source removes each source once its result is on the disk; requires -r"
        }
        "-l" | "--list" | "--info" | "--list-packets" => {
            "'fetool inspect' shows what sealed files are"
        }
        "-t" | "--test" | "--verify" | "--check" => {
            "'fetool check' authenticates sealed files and writes nothing"
        }
        "-T" | "--threads" => "--jobs N sets the number of threads",
        "-y" | "--yes" | "--batch" | "--overwrite" => "--force overwrites FILE",
        "-s" | "--silent" => "-q says nothing but errors",
        "--no-progress" => "'--progress never' shows no progress",
        "-z" | "--compress" | "--fast" | "--best" | "--level" => COMPRESSION,
        "-g" | "--generate" | "--gen-key" | "--generate-key" => "'fetool keygen' makes a key",
        _ if option.starts_with("-aes-") => {
            "the format decides the algorithm; Dexios has several (-f dexios --aead AEAD)"
        }
        _ => match option.as_bytes() {
            [b'-', b'0'..=b'9', ..] => COMPRESSION,
            _ => return None,
        },
    };
    Some(known.to_owned())
}

const RECIPIENTS: &str =
    "'fetool seal --to RECIPIENT' seals to a recipient; 'fetool age' takes all options of age";
const COMPRESSION: &str =
    "fetool does not compress: 'zstd < FILE | fetool seal -k @KEYFILE -o OUT'";

/// Finds words that clap accepts but the user meant in another way: a SPEC or a recipient that counts as a PATH.
pub fn misread(args: &[OsString]) -> Option<Failure> {
    let words = args.get(1..).unwrap_or_default();
    let words = words.split(|word| word == "--").next().unwrap_or_default();
    let missing = |word: &OsString| Path::new(word).symlink_metadata().is_err();
    words.windows(2).find_map(|pair| {
        let (option, word) = (pair[0].as_bytes(), &pair[1]);
        let is_passphrase = match option {
            b"--passphrase" | b"--new-passphrase" => true,
            [b'-', b'-', ..] => false,
            [b'-', .., b'p'] => true,
            _ => false,
        };
        if is_passphrase && looks_like_spec(word.as_bytes()) && missing(word) {
            let typed = match option {
                [b'-', b'-', ..] => quoted(option),
                _ => "-p".to_owned(),
            };
            let spec = shown(Path::new(word));
            return Some(
                Failure::usage(format!(
                    "{spec} counts as a PATH: a blank separates it from {typed}"
                ))
                .hint(format!("type {typed}={spec}")),
            );
        }
        let is_recursive = match option {
            [b'-', b'-', ..] => option == b"--recursive",
            [b'-', letters @ ..] => letters.contains(&b'r'),
            _ => false,
        };
        (is_recursive && word.as_bytes().starts_with(b"age1") && missing(word)).then(|| {
            Failure::usage(format!(
                "{}: -r takes no recipient; it works on whole trees",
                shown(Path::new(word))
            ))
            .hint(RECIPIENTS)
        })
    })
}
