//! Options as Go's flag package takes them, translated for clap: one dash or two, no grouped letters, and none behind
//! the first word that is not an option.

use crate::cli::failure::{Failure, shown};
use clap::{Arg, Command};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// An error in an option.
#[derive(Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A request for help, which is not an error.
    Help,
    Option(String),
}

/// The words of a command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    pub for_clap: Vec<OsString>,
    /// As typed: the options, and what follows them.
    pub options: Vec<OsString>,
    pub operands: Vec<OsString>,
}

impl Words {
    /// Returns the error for several files. Options behind the first file count as files, so the message says that too.
    pub fn too_many(&self) -> Failure {
        let shown = |word: &OsString| shown(Path::new(word));
        let quoted = |word: &OsString| format!("\"{}\"", shown(word));
        let operands: Vec<_> = self.operands.iter().map(quoted).collect();
        let failure = Failure::usage(format!("too many INPUT arguments: {}", operands.join(" ")));
        let is_option = |word: &OsString| word.as_bytes().starts_with(b"-") && word != "-";
        match &self.operands[..] {
            [input, behind @ ..] if behind.first().is_some_and(is_option) => {
                let words = self.for_clap.iter().take(1).chain(&self.options);
                let words = words.chain(behind).chain([input]).map(shown);
                let words = words.collect::<Vec<_>>().join(" ");
                failure.hint(format!("options come before INPUT; did you mean: {words}"))
            }
            _ => failure.hint("only one INPUT is taken at a time"),
        }
    }
}

/// Returns the words as clap takes them: `--name` or `--name=value`, then `--`, then the operands.
pub fn normalized(command: &Command, words: &[OsString]) -> Result<Words, Mistake> {
    let mut for_clap = vec![OsString::from(command.get_name())];
    let all = words;
    let mut words = words.iter();
    let operands = loop {
        let rest = words.as_slice();
        let Some(word) = words.next() else {
            break rest;
        };
        let Some(text) = word.as_bytes().strip_prefix(b"-") else {
            break rest;
        };
        let text = match text {
            b"" => break rest,
            b"-" => break words.as_slice(),
            text => text.strip_prefix(b"-").unwrap_or(text),
        };
        let mut parts = text.splitn(2, |&byte| byte == b'=');
        let name = OsStr::from_bytes(parts.next().unwrap_or_default());
        let value = parts.next();
        let option = find(command, name).ok_or_else(|| unknown(name))?;
        let long = option.get_long().expect("every option has a long form");
        if !option.get_action().takes_values() {
            let is_set = value.map_or(Some(true), truth).ok_or_else(|| {
                let value = shown(Path::new(OsStr::from_bytes(value.unwrap_or_default())));
                let name = shown(Path::new(name));
                Mistake::Option(format!("invalid boolean value \"{value}\" for -{name}"))
            })?;
            let typed = OsString::from(format!("--{long}"));
            // The last one counts.
            for_clap.retain(|word| *word != typed);
            if is_set {
                for_clap.push(typed);
            }
            continue;
        }
        let value = match value {
            Some(value) => OsStr::from_bytes(value),
            None => words.next().ok_or_else(|| {
                let name = shown(Path::new(name));
                Mistake::Option(format!("flag needs an argument: -{name}"))
            })?,
        };
        let mut joined = format!("--{long}=").into_bytes();
        joined.extend(value.as_bytes());
        for_clap.push(OsString::from_vec(joined));
    };
    for_clap.push("--".into());
    for_clap.extend_from_slice(operands);
    Ok(Words {
        options: all[..all.len() - operands.len()].to_vec(),
        operands: operands.to_vec(),
        for_clap,
    })
}

fn find<'c>(command: &'c Command, name: &OsStr) -> Option<&'c Arg> {
    let name = name.to_str()?;
    command.get_arguments().find(|option| {
        let short = option.get_short().map(String::from);
        option.get_long() == Some(name) || short.as_deref() == Some(name)
    })
}

fn unknown(name: &OsStr) -> Mistake {
    if name == "h" || name == "help" {
        return Mistake::Help;
    }
    let name = shown(Path::new(name));
    Mistake::Option(format!("flag provided but not defined: -{name}"))
}

/// Parses true and false.
fn truth(value: &[u8]) -> Option<bool> {
    match value {
        b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => Some(true),
        b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ArgAction;

    fn command() -> Command {
        Command::new("age")
            .arg(
                Arg::new("decrypt")
                    .short('d')
                    .long("decrypt")
                    .action(ArgAction::SetTrue),
            )
            .arg(
                Arg::new("armor")
                    .short('a')
                    .long("armor")
                    .action(ArgAction::SetTrue),
            )
            .arg(Arg::new("output").short('o').long("output"))
            .arg(Arg::new("pq").long("pq").action(ArgAction::SetTrue))
    }

    fn read(words: &str) -> Result<Vec<String>, Mistake> {
        let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        let read = normalized(&command(), &words)?;
        let text = read.for_clap.iter().skip(1);
        Ok(text.map(|word| word.to_str().unwrap().to_owned()).collect())
    }

    #[test]
    fn options_have_one_dash_or_two_and_end_at_the_first_word() {
        for (words, expected) in [
            ("", "--"),
            ("-d in", "--decrypt -- in"),
            ("--d --armor -pq", "--decrypt --armor --pq --"),
            ("-decrypt -o out in", "--decrypt --output=out -- in"),
            ("-o=out --output=b=c", "--output=out --output=b=c --"),
            ("-o -d -d", "--output=-d --decrypt --"),
            ("-o= x", "--output= -- x"),
            ("-a=false -d=T", "--decrypt --"),
            ("-a -d -a=false", "--decrypt --"),
            ("in -d", "-- in -d"),
            ("-d - -a", "--decrypt -- - -a"),
            ("-d -- -a", "--decrypt -- -a"),
            ("-d -- -- -a", "--decrypt -- -- -a"),
        ] {
            let expected: Vec<_> = expected.split(' ').map(str::to_owned).collect();
            assert_eq!(read(words), Ok(expected), "{words}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (words, what) in [
            ("-da in", "flag provided but not defined: -da"),
            ("--x=y", "flag provided but not defined: -x"),
            ("---d", "flag provided but not defined: --d"),
            ("-=x", "flag provided but not defined: -"),
            ("-o", "flag needs an argument: -o"),
            ("--armor=yes", "invalid boolean value \"yes\" for -armor"),
        ] {
            assert_eq!(
                read(words),
                Err(Mistake::Option(what.to_owned())),
                "{words}"
            );
        }
        for words in ["-h", "--help", "-d -help"] {
            assert_eq!(read(words), Err(Mistake::Help), "{words}");
        }
    }
}
