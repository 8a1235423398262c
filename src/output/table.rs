//! Tables without borders: truncated to the width of a terminal, complete in a pipe.

use std::io;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use textwrap::core::display_width;

use super::{Stream, one_line};

/// Maximum widths of the first columns on a terminal. Up to it, they are not truncated; the
/// other columns share the rest.
pub type Columns<'c> = &'c [u16];

/// Number of rows that are laid out at a time.
const BATCH: usize = 1000;

/// Prints rows as aligned lines; cells are escaped. The rows are read twice: for the widths, and to print them.
pub fn print_table(
    rows: impl Iterator<Item = Vec<String>> + Clone,
    columns: Columns<'_>,
    stream: &Stream,
) -> io::Result<()> {
    let widest = widths(rows.clone());
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let batch: Vec<Vec<String>> = rows.by_ref().take(BATCH).collect();
        stream.line(&layout(&batch, &widest, columns, stream))?;
    }
    Ok(())
}

/// Formats rows as aligned lines; cells are escaped.
pub fn table(rows: &[Vec<String>], columns: Columns<'_>, stream: &Stream) -> String {
    layout(rows, &widths(rows.iter()), columns, stream)
}

/// Returns the width of each column.
fn widths<R: AsRef<[String]>>(rows: impl Iterator<Item = R>) -> Vec<usize> {
    let mut widest: Vec<usize> = Vec::new();
    for row in rows {
        let row = row.as_ref();
        widest.resize(widest.len().max(row.len()), 0);
        for (width, cell) in widest.iter_mut().zip(row) {
            *width = (*width).max(display_width(&one_line(cell)));
        }
    }
    widest
}

/// Formats a row for a pipe, where nothing is cut.
fn padded(cells: &[String], widest: &[usize]) -> String {
    let mut line = String::new();
    for (cell, widest) in cells.iter().zip(widest) {
        let cell = one_line(cell);
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', 2 + (*widest).max(1) - display_width(&cell)));
    }
    line.truncate(line.trim_end().len());
    line
}

/// Formats some rows of a table whose columns are as wide as `widest`.
fn layout(rows: &[Vec<String>], widest: &[usize], columns: Columns<'_>, stream: &Stream) -> String {
    let Some(width) = stream.terminal.width.filter(|_| stream.terminal.is_terminal) else {
        let lines = rows.iter().map(|cells| padded(cells, widest));
        return lines.collect::<Vec<_>>().join("\n");
    };
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_truncation_indicator("…");
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(40));
    // A first row, which is not shown, makes the columns as wide as in the other parts of the table.
    let ruler: Vec<String> = widest.iter().map(|width| "x".repeat(*width)).collect();
    for cells in std::iter::once(&ruler).chain(rows) {
        let mut row = comfy_table::Row::from(cells.iter().map(|cell| one_line(cell)));
        // One line per row: a cell that is too long is truncated.
        row.max_height(1);
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if let Some(largest) = columns.get(index) {
            let wanted = u16::try_from(widest[index]).unwrap_or(u16::MAX).min(*largest);
            // The width includes the padding.
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(wanted + 2)));
        }
    }
    let lines = table.lines().skip(1);
    lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Env, Terminal};
    use crate::output::ColorChoice;
    use crate::output::Console;

    fn stream(width: Option<u16>) -> Stream {
        let mut stream = Console::new(&Env::of(&[]), ColorChoice::Never, false, false).out;
        stream.terminal = Terminal { is_terminal: width.is_some(), width };
        stream
    }

    fn rows() -> Vec<Vec<String>> {
        let long = "Adds two numbers, and then goes on to say a good deal more about adding them";
        vec![
            vec!["add".into(), "a b".into(), long.into()],
            vec!["echo\u{1b}".into(), "m".into(), "x".into()],
        ]
    }

    #[test]
    fn a_pipe_gets_every_word() {
        let text = table(&rows(), &[30, 30], &stream(None));
        assert!(text.lines().next().unwrap().ends_with("more about adding them"), "{text}");
        assert!(text.contains("echo\\u{1b}"), "{text}");
    }

    #[test]
    fn the_parts_of_a_long_table_are_aligned() {
        let long = (0..=2 * BATCH).map(|number| {
            let name = "n".repeat(1 + number / BATCH * 7);
            vec![name, "p".repeat(1 + number % 30), "words ".repeat(1 + number % 9)]
        });
        for width in [None, Some(70)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("out");
            let file = std::fs::File::create(&path).unwrap();
            let mut to = stream(width);
            to.target = std::sync::Arc::new(std::sync::Mutex::new(Box::new(file)));
            print_table(long.clone(), &[48], &to).unwrap();
            let text = std::fs::read_to_string(path).unwrap();
            assert_eq!(text.lines().count(), 2 * BATCH + 1);
            let at = |line: &str, letter| line.chars().position(|other| other == letter).unwrap();
            assert!(text.lines().all(|line| at(line, 'p') == 17), "{width:?}");
            let third = at(text.lines().next().unwrap(), 'w');
            assert!(text.lines().all(|line| at(line, 'w') == third), "{width:?}");
        }
    }

    #[test]
    fn a_terminal_gets_one_line_a_row() {
        let text = table(&rows(), &[30, 30], &stream(Some(60)));
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert!(text.contains('…'), "{text}");
    }
}
