//! Tables without borders: truncated to the width of a terminal, complete in a pipe.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::{Stream, one_line};

/// Maximum widths of the first columns on a terminal. Up to it, they are not truncated; the
/// other columns share the rest.
pub type Columns<'c> = &'c [u16];

/// Formats rows as aligned lines; cells are escaped.
pub fn table(rows: &[Vec<String>], columns: Columns<'_>, stream: &Stream) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_truncation_indicator("…");
    let width = stream.terminal.width.filter(|_| stream.terminal.is_terminal);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(40));
    }
    for cells in rows {
        let mut row = comfy_table::Row::from(cells.iter().map(|cell| one_line(cell)));
        // One line per row: a cell that is too long is truncated.
        row.max_height(1);
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if let (Some(_), Some(largest)) = (width, columns.get(index)) {
            let cells = rows.iter().filter_map(|cells| cells.get(index));
            let widest = cells.map(|cell| one_line(cell).chars().count()).max().unwrap_or_default();
            let wanted = u16::try_from(widest).unwrap_or(u16::MAX).min(*largest);
            // The width includes the padding.
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(wanted + 2)));
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
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
    fn a_terminal_gets_one_line_a_row() {
        let text = table(&rows(), &[30, 30], &stream(Some(60)));
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert!(text.contains('…'), "{text}");
    }
}
