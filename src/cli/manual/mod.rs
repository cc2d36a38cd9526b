//! The manual pages: clap's definition of the command line, with more sections.

mod bench;
mod chapters;
mod options;

pub use bench::BENCH_EXAMPLES;
pub use chapters::{
    AGE_EXAMPLES, AGE_KEYGEN_EXAMPLES, CHECK_EXAMPLES, HEADER_EXAMPLES, INSPECT_EXAMPLES,
    KEYGEN_EXAMPLES, OPEN_EXAMPLES, REKEY_EXAMPLES, SEAL_EXAMPLES, SHORT_EXAMPLES,
};

use super::failure::Failure;
use bench::{BENCH_JSON, MEASURING};
use chapters::Part::{self, Item, Lines, Text};
use chapters::{
    AGE_STATUSES, AS_AGE, BACKUPS, CHECK_JSON, CHECKING, Chapter, DETECTION, DIFFERENCES,
    ENVIRONMENT, EXTERNAL, FILES, FORMATS, FORMATS_INTRODUCTION, GUARANTEES, HEADERS, IN_PLACE,
    JSON, KEYS, LISTS, OPENING, RANGES, REKEYING, REPORT, SALVAGE, SEALING, SHORT_FORMATS,
    STATUS_NOTE, STATUSES, STREAMS, TREES, TREES_EXAMPLES, TREES_INTRODUCTION, TREES_SYNOPSIS,
    WEAK,
};
use clap::Command;
use clap_mangen::Man;
use roff::{Roff, bold, roman};

/// When the pages last changed in substance.
const DATE: &str = "2026-11-28";

/// Returns what `--help` prints behind the options.
pub fn long_help() -> String {
    let mut help = format!("{SHORT_EXAMPLES}\n\nExit statuses:\n");
    for (status, meaning) in STATUSES {
        help.push_str(&format!("  {status}  {meaning}\n"));
    }
    help.push_str("\nThe manual page, fetool(1), has the rest.");
    help
}

/// A page: the overview, one subcommand, or a topic.
struct Page {
    name: String,
    section: &'static str,
    about: String,
    synopsis: &'static [&'static str],
    /// Paragraphs.
    description: Vec<String>,
    examples: &'static str,
    /// The command whose options are listed.
    command: Option<Command>,
    /// The subcommands, and what each does.
    commands: Vec<(String, String)>,
    chapters: Vec<Chapter>,
    statuses: Vec<(&'static str, &'static str)>,
    status_note: &'static str,
    see_also: String,
}

/// Returns the page of the whole command, of one subcommand, or of a topic.
pub fn page(mut cli: Command, name: Option<&str>) -> Result<Vec<u8>, Failure> {
    cli.build();
    let page = match name {
        None => overview(&cli),
        Some("formats") => Page {
            name: "fetool-formats".to_owned(),
            section: "5",
            about: "formats of encrypted files, and what they protect".to_owned(),
            synopsis: &[],
            description: paragraphs(FORMATS_INTRODUCTION),
            examples: "",
            command: None,
            commands: Vec::new(),
            chapters: vec![FORMATS, STREAMS, WEAK, DETECTION],
            statuses: Vec::new(),
            status_note: "",
            see_also: "fetool(1), fetool-inspect(1)".to_owned(),
        },
        Some("trees") => Page {
            name: "fetool-trees".to_owned(),
            section: "7",
            about: "whole directory trees with fetool".to_owned(),
            synopsis: TREES_SYNOPSIS,
            description: paragraphs(TREES_INTRODUCTION),
            examples: TREES_EXAMPLES,
            command: None,
            commands: Vec::new(),
            chapters: vec![TREES, BACKUPS],
            statuses: Vec::new(),
            status_note: "",
            see_also: "fetool(1), fetool-seal(1), fetool-open(1), fetool-check(1)".to_owned(),
        },
        Some(name) => subcommand(&cli, name)?,
    };
    page.render().map_err(Failure::from_system)
}

fn overview(cli: &Command) -> Page {
    let commands = visible(cli).map(|command| format!("fetool-{}(1)", command.get_name()));
    let mut see_also: Vec<String> = commands.collect();
    see_also.extend(["fetool-formats(5)", "fetool-trees(7)"].map(str::to_owned));
    Page {
        name: "fetool".to_owned(),
        section: "1",
        about: "encrypt and decrypt files, streams and directory trees".to_owned(),
        synopsis: &["fetool COMMAND [OPTION]... [PATH]..."],
        description: described(cli),
        examples: SHORT_EXAMPLES,
        command: None,
        commands: visible(cli).map(summary).collect(),
        chapters: vec![KEYS, SHORT_FORMATS, GUARANTEES, ENVIRONMENT, FILES],
        statuses: STATUSES.to_vec(),
        status_note: STATUS_NOTE,
        see_also: see_also.join(", "),
    }
}

fn subcommand(cli: &Command, name: &str) -> Result<Page, Failure> {
    let command = cli
        .find_subcommand(name)
        .ok_or_else(|| Failure::usage(format!("there is no subcommand '{name}'")))?;
    let (chapters, trees): (Vec<Chapter>, bool) = match name {
        "seal" => (vec![SEALING], true),
        "open" => (vec![OPENING, RANGES, SALVAGE], true),
        "check" => (vec![CHECKING, LISTS, CHECK_JSON], true),
        "header" => (vec![HEADERS], false),
        "inspect" => (vec![REPORT, JSON], false),
        "rekey" => (vec![REKEYING, IN_PLACE], true),
        "age" | "age-keygen" => (vec![AS_AGE, DIFFERENCES], false),
        "bench" => (vec![MEASURING, BENCH_JSON], false),
        _ => (vec![], false),
    };
    let (options, shortened) = options::of_page(cli, command);
    let mut description = described(command);
    if shortened {
        description.push(options::NOTE.to_owned());
    }
    let (statuses, status_note) = match name {
        "age" | "age-keygen" => (AGE_STATUSES.to_vec(), ""),
        // They open nothing.
        "keygen" | "bench" => (STATUSES[..3].to_vec(), ""),
        _ => (
            STATUSES.to_vec(),
            "fetool(1) says more about the exit status.",
        ),
    };
    Ok(Page {
        name: format!("fetool-{name}"),
        section: "1",
        about: lowercase(&command.get_about().cloned().unwrap_or_default().to_string()),
        synopsis: synopsis(name),
        description,
        examples: examples(name),
        command: Some(options),
        commands: Vec::new(),
        chapters,
        statuses,
        status_note,
        see_also: match trees {
            true => "fetool(1), fetool-formats(5), fetool-trees(7)",
            false => "fetool(1), fetool-formats(5)",
        }
        .to_owned(),
    })
}

/// Returns the name of a subcommand's page, and what the command does.
fn summary(command: &Command) -> (String, String) {
    let about = command.get_about().cloned().unwrap_or_default();
    let name = format!("fetool-{}(1)", command.get_name());
    (name, lowercase(&about.to_string()))
}

fn visible(cli: &Command) -> impl Iterator<Item = &Command> {
    cli.get_subcommands()
        .filter(|command| !command.is_hide_set())
}

/// Returns the long help without its first line, which the page has under NAME.
fn described(command: &Command) -> Vec<String> {
    let long = command.get_long_about().cloned().unwrap_or_default();
    paragraphs(&long.to_string()).split_off(1)
}

fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n").map(str::to_owned).collect()
}

fn lowercase(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn examples(subcommand: &str) -> &'static str {
    match subcommand {
        "seal" => SEAL_EXAMPLES,
        "open" => OPEN_EXAMPLES,
        "check" => CHECK_EXAMPLES,
        "header" => HEADER_EXAMPLES,
        "inspect" => INSPECT_EXAMPLES,
        "rekey" => REKEY_EXAMPLES,
        "keygen" => KEYGEN_EXAMPLES,
        "age" => AGE_EXAMPLES,
        "age-keygen" => AGE_KEYGEN_EXAMPLES,
        "bench" => BENCH_EXAMPLES,
        _ => "",
    }
}

fn synopsis(subcommand: &str) -> &'static [&'static str] {
    match subcommand {
        "seal" => &[
            "fetool seal {-k SPEC | --to RECIPIENT | -p[=SPEC]}... [OPTION]... [-o FILE] [PATH]",
            "fetool seal -r {-k SPEC | --to RECIPIENT | -p[=SPEC]}... [OPTION]... [-O DIR] PATH...",
        ],
        "open" => &[
            "fetool open {-k SPEC | -p[=SPEC]}... [OPTION]... [-o FILE] [PATH]",
            "fetool open --check {-k SPEC | -p[=SPEC]}... [OPTION]... [PATH]",
            "fetool open --range RANGE {-k SPEC | -p[=SPEC]}... [OPTION]... [-o FILE] [PATH]",
            "fetool open --salvage[=HOW] {-k SPEC | -p[=SPEC]}... [OPTION]... -o FILE PATH",
            "fetool open -r {-k SPEC | -p[=SPEC]}... [OPTION]... [-O DIR] PATH...",
        ],
        "check" => &["fetool check [-k SPEC | -p[=SPEC]]... [-r] [OPTION]... [PATH]..."],
        "header" => &[
            "fetool header save FILE -o COPY",
            "fetool header restore COPY FILE [OPTION]...",
        ],
        "inspect" => &[
            "fetool inspect [OPTION]... [PATH]...",
            "fetool inspect --verify {-k SPEC | -p[=SPEC]}... [OPTION]... [PATH]...",
        ],
        "rekey" => &[
            "fetool rekey {-k SPEC | -p[=SPEC]}... NEW [-i] [OPTION]... [PATH]",
            "fetool rekey --add {-k SPEC | -p[=SPEC]}... NEW [-i] [OPTION]... [PATH]",
            "fetool rekey --remove {-k SPEC | -p[=SPEC]}... [-i] [OPTION]... [PATH]",
            "fetool rekey --reseal {-k SPEC | -p[=SPEC]}... NEW [-i] [OPTION]... [PATH]",
            "fetool rekey --list [--json] [PATH]",
        ],
        "keygen" => &["fetool keygen [--age [--pq]] [--comment TEXT] [-o FILE]"],
        "age" => &[
            "fetool age [--encrypt] {-r RECIPIENT | -R FILE | -p}... [-a] [-o OUTPUT] [INPUT]",
            "fetool age --decrypt [-i FILE | -j PLUGIN]... [-o OUTPUT] [INPUT]",
        ],
        "age-keygen" => &[
            "fetool age-keygen [-pq] [-o OUTPUT]",
            "fetool age-keygen -y [-o OUTPUT] [INPUT]",
        ],
        "bench" => &["fetool bench [OPTION]... [WHAT]..."],
        "help" => &["fetool help [COMMAND]"],
        _ => &[],
    }
}

impl Page {
    fn render(self) -> std::io::Result<Vec<u8>> {
        let has_options = self.command.is_some();
        let command = self
            .command
            .unwrap_or_else(|| Command::new("fetool"))
            .name(self.name.clone())
            .display_name(self.name.clone())
            .bin_name(self.name.clone())
            .about(self.about)
            .override_usage(self.synopsis.join("\n"))
            .after_help("")
            .after_long_help("")
            .disable_version_flag(true)
            .disable_help_flag(true);
        let man = Man::new(command)
            .title(self.name.to_uppercase())
            .section(self.section)
            .date(DATE)
            .source(format!("fetool {}", env!("CARGO_PKG_VERSION")))
            .manual("fetool manual");
        let mut page = Vec::new();
        man.render_title(&mut page)?;
        man.render_name_section(&mut page)?;
        if !self.synopsis.is_empty() {
            man.render_synopsis_section(&mut page)?;
        }
        let mut first = Roff::new();
        first.control("SH", ["DESCRIPTION"]);
        for paragraph in &self.description {
            first.control("PP", []);
            first.text([roman(paragraph)]);
        }
        if let Some((_, lines)) = self.examples.split_once('\n') {
            first.control("SH", ["EXAMPLES"]);
            first.control("nf", []);
            for line in lines.lines() {
                first.text([roman(line.trim_start())]);
            }
            first.control("fi", []);
        }
        first.to_writer(&mut page)?;
        if has_options {
            man.render_options_section(&mut page)?;
        }
        let mut rest = Roff::new();
        if !self.commands.is_empty() {
            rest.control("SH", ["COMMANDS"]);
            for (name, about) in &self.commands {
                rest.control("TP", []);
                rest.text([bold(name)]);
                rest.text([roman(about)]);
            }
            add(&mut rest, &Text(EXTERNAL));
        }
        for (title, parts) in &self.chapters {
            rest.control("SH", [*title]);
            parts.iter().for_each(|part| add(&mut rest, part));
        }
        if !self.statuses.is_empty() {
            rest.control("SH", ["EXIT STATUS"]);
            for (status, meaning) in self.statuses {
                add(&mut rest, &Item(status, meaning));
            }
            if !self.status_note.is_empty() {
                add(&mut rest, &Text(self.status_note));
            }
        }
        rest.control("SH", ["SEE ALSO"]);
        rest.text([roman(&self.see_also)]);
        rest.to_writer(&mut page)?;
        Ok(tidy(&String::from_utf8_lossy(&page)).into_bytes())
    }
}

/// Removes what `mandoc -T lint` reports in generated pages: blanks at the end of lines, paragraph macros without
/// effect, and roff's preamble before every part but the first.
fn tidy(page: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in page.lines().map(str::trim_end) {
        let before = lines.last().copied().unwrap_or_default();
        let is_preamble = line.starts_with(".ie \\n(.g") || line.starts_with(".el .ds Aq");
        match line {
            _ if is_preamble && lines.contains(&line) => {}
            // An empty line is a '.sp'.
            ".br" if before.is_empty() => {}
            ".PP" if before.starts_with(".SH") || before.starts_with(".SS") => {}
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
