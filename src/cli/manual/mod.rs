//! The manual pages: what clap knows of the command line, and chapters of our own.

mod bench;
mod chapters;

pub use bench::BENCH_EXAMPLES;
pub use chapters::{
    CHECK_EXAMPLES, INSPECT_EXAMPLES, OPEN_EXAMPLES, REKEY_EXAMPLES, SEAL_EXAMPLES, SHORT_EXAMPLES,
};

use super::failure::Failure;
use bench::{BENCH_JSON, MEASURING};
use chapters::Part::{self, Item, Lines, Text};
use chapters::{
    BACKUPS, CHECK_JSON, CHECKING, Chapter, DETECTION, ENVIRONMENT, EXTERNAL, FILES, FORMATS,
    IN_PLACE, JSON, LISTS, NEW_FORMATS, OPENING, RANGES, REKEYING, REPORT, SECRETS, STATUS_NOTE,
    STATUSES, STREAMS, TREES, WEAK,
};
use clap::Command;
use clap_mangen::Man;
use roff::{Roff, bold, roman};

/// When the pages last changed in substance.
const DATE: &str = "2026-11-28";

/// What `--help` says behind the options.
pub fn long_help() -> String {
    let mut help = format!("{SHORT_EXAMPLES}\n\nExit statuses:\n");
    for (status, meaning) in STATUSES {
        help.push_str(&format!("  {status}  {meaning}\n"));
    }
    help.push_str("\nThe manual page, fetool(1), has the rest.");
    help
}

/// The page of the whole command, or of one subcommand.
pub fn page(cli: Command, subcommand: Option<&str>) -> Result<Vec<u8>, Failure> {
    let (command, chapters): (Command, Vec<Chapter>) = match subcommand {
        None => (
            cli,
            vec![
                SECRETS,
                FILES,
                STREAMS,
                TREES,
                BACKUPS,
                FORMATS,
                WEAK,
                DETECTION,
                EXTERNAL,
                ENVIRONMENT,
                NEW_FORMATS,
            ],
        ),
        Some(name) => {
            let command = cli
                .find_subcommand(name)
                .ok_or_else(|| Failure::usage(format!("there is no subcommand '{name}'")))?
                .clone()
                .display_name(format!("fetool-{name}"))
                .bin_name(format!("fetool {name}"))
                .version(env!("CARGO_PKG_VERSION"));
            let chapters = match name {
                "seal" => vec![SECRETS, FILES, STREAMS, TREES, BACKUPS, WEAK],
                "open" => vec![SECRETS, FILES, OPENING, RANGES, TREES, BACKUPS, DETECTION],
                "check" => vec![CHECKING, LISTS, CHECK_JSON, SECRETS],
                "inspect" => vec![REPORT, DETECTION, JSON],
                "rekey" => vec![REKEYING, IN_PLACE, TREES, SECRETS],
                "bench" => vec![MEASURING, BENCH_JSON],
                _ => vec![],
            };
            (command, chapters)
        }
    };
    let examples = examples(subcommand);
    let title = command
        .get_display_name()
        .unwrap_or(command.get_name())
        .to_owned();
    // The examples and statuses are chapters of the page, not its "extra".
    let man = Man::new(command.after_help("").after_long_help(""))
        .title(title.to_uppercase())
        .section("1")
        .date(DATE)
        .source(format!("fetool {}", env!("CARGO_PKG_VERSION")))
        .manual("fetool manual");
    render(&man, &chapters, examples, subcommand).map_err(Failure::from_system)
}

fn examples(subcommand: Option<&str>) -> &'static str {
    match subcommand {
        None => SHORT_EXAMPLES,
        Some("seal") => SEAL_EXAMPLES,
        Some("open") => OPEN_EXAMPLES,
        Some("check") => CHECK_EXAMPLES,
        Some("inspect") => INSPECT_EXAMPLES,
        Some("rekey") => REKEY_EXAMPLES,
        Some("bench") => BENCH_EXAMPLES,
        Some(_) => "",
    }
}

fn render(
    man: &Man,
    chapters: &[Chapter],
    examples: &str,
    subcommand: Option<&str>,
) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if subcommand.is_none() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut own = Roff::new();
    for (title, parts) in chapters {
        own.control("SH", [*title]);
        parts.iter().for_each(|part| add(&mut own, part));
    }
    own.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in STATUSES {
        add(&mut own, &Item(status, meaning));
    }
    add(&mut own, &Text(STATUS_NOTE));
    if let Some((_, lines)) = examples.split_once('\n') {
        own.control("SH", ["EXAMPLES"]);
        own.control("nf", []);
        for line in lines.lines() {
            own.text([roman(line.trim_start())]);
        }
        own.control("fi", []);
    }
    own.control("SH", ["SEE ALSO"]);
    own.text([roman(match subcommand {
        None => {
            "fetool-seal(1), fetool-open(1), fetool-check(1), fetool-inspect(1), fetool-rekey(1), \
             fetool-keygen(1), fetool-bench(1)"
        }
        Some(_) => "fetool(1)",
    })]);
    own.to_writer(&mut page)?;
    Ok(tidy(&String::from_utf8_lossy(&page)).into_bytes())
}

/// Removes what `mandoc -T lint` objects to in generated pages: blanks at the end of lines, paragraph
/// macros without effect, and the preamble of roff's own output before every part but the first.
fn tidy(page: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in page.lines().map(str::trim_end) {
        let before = lines.last().copied().unwrap_or_default();
        let is_preamble = line.starts_with(".ie \\n(.g") || line.starts_with(".el .ds Aq");
        match line {
            _ if is_preamble && lines.contains(&line) => {}
            // An empty line is a '.sp'.
            ".br" if before.is_empty() => {}
            ".PP" if before.starts_with(".SH") => {}
            "" if before == ".br" => {
                lines.pop();
                lines.push(line);
            }
            _ => lines.push(line),
        }
    }
    lines.join("\n") + "\n"
}

fn add(page: &mut Roff, part: &Part) {
    match part {
        Text(text) => {
            page.control("PP", []);
            page.text([roman(*text)]);
        }
        Item(name, text) => {
            page.control("TP", []);
            page.text([bold(*name)]);
            page.text([roman(*text)]);
        }
        Lines(lines) => {
            page.control("PP", []);
            page.control("nf", []);
            for line in lines.lines() {
                page.text([roman(line)]);
            }
            page.control("fi", []);
        }
    }
}
