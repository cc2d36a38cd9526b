//! Tables for people: rows in groups, and a bar on every line if a terminal has room for it.

use super::columns::Look;

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";
/// Narrower bars show nothing.
const BAR_MIN: usize = 5;

pub struct Table<'a> {
    pub title: &'a str,
    /// A line below the title.
    pub note: &'a str,
    pub heads: [&'a str; 3],
    pub rows: Vec<Row>,
}

/// One line. Rows of one group are consecutive.
pub struct Row {
    pub group: String,
    /// The label and two values.
    pub cells: [String; 3],
    /// The smaller value and the larger one: the lengths of the bar's full part and of the whole bar.
    pub bar: Option<(f64, f64)>,
}

impl Table<'_> {
    pub fn draw(&self, look: &Look) -> String {
        let rows = &self.rows;
        let widths = [0, 1, 2].map(|i| {
            let cells = rows.iter().map(|row| letters(&row.cells[i]));
            cells.chain([self.heads[i].len()]).max().unwrap_or(0) + 2
        });
        let line = |[label, first, second]: [&str; 3]| {
            let [a, b, c] = widths;
            format!("{label:<a$}{first:>b$}{second:>c$}")
        };
        // Two columns are before the bar, and some terminals wrap after the last one.
        let left = widths.iter().sum::<usize>() + 3;
        let room = look.width.and_then(|width| width.checked_sub(left));
        let room = room.filter(|room| *room >= BAR_MIN);
        let bars = rows.iter().filter_map(|row| row.bar);
        let longest = bars.map(|(_, large)| large).fold(0.0, f64::max);

        let mut text = look.painted(BOLD, self.title) + "\n" + &look.painted(DIM, self.note) + "\n";
        text += line(self.heads).trim_end();
        let mut group = "";
        for row in rows {
            if row.group != group {
                group = &row.group;
                text += &("\n".to_owned() + &look.painted(BOLD, group));
            }
            let line = line(row.cells.each_ref().map(String::as_str));
            text += "\n";
            match (room, row.bar) {
                (Some(room), Some(bar)) => {
                    // Full up to the smaller value, pale up to the larger one.
                    let length = |value: f64| (value / longest * room as f64).round() as usize;
                    let (full, all) = (length(bar.0), length(bar.1));
                    let bar = "█".repeat(full) + &"▒".repeat(all.saturating_sub(full));
                    text += &(line + "  " + &look.painted(GREEN, &bar));
                }
                _ => text += line.trim_end(),
            }
        }
        text + "\n"
    }
}

/// Returns the columns of a text; each letter here takes one.
fn letters(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: Option<usize>) -> String {
        let row = |group: &str, label: &str, bar| Row {
            group: group.to_owned(),
            cells: [label, "8.00 ±10%", "4.00 ±10%"].map(str::to_owned),
            bar,
        };
        let table = Table {
            title: "What was measured",
            note: "and how",
            heads: ["", "seal", "open"],
            rows: vec![
                row("gfe", "  memory  2 jobs", Some((4.0, 8.0))),
                row("copying alone", "  memory", None),
            ],
        };
        let colour = false;
        table.draw(&Look { width, colour })
    }

    #[test]
    fn cells_are_in_columns() {
        assert_eq!(
            drawn(None),
            "What was measured\n\
             and how\n\
             \x20                        seal       open\n\
             gfe\n\
             \x20 memory  2 jobs    8.00 ±10%  4.00 ±10%\n\
             copying alone\n\
             \x20 memory            8.00 ±10%  4.00 ±10%\n"
        );
    }

    #[test]
    fn bars_fill_the_terminal_and_no_more() {
        let plain = drawn(None);
        for width in [70, 80, 200] {
            let text = drawn(Some(width));
            let widest = text.lines().map(letters).max();
            assert_eq!(widest, Some(width - 1));
            let (full, pale) = (text.matches('█').count(), text.matches('▒').count());
            assert!(full.abs_diff(pale) <= 1, "{full} and {pale}");
        }
        assert_eq!(drawn(Some(45)), plain, "there is no room");
        assert_eq!(drawn(Some(1)), plain);
    }
}
