//! Colour, decided for each stream by itself.
//!
//! colored decides by stdout alone; here it is told to colour always, and called only where the
//! stream's own decision says so. Colour adds, and never carries, a meaning.

use clap::ValueEnum;
use colored::Colorize as _;

use crate::env::{Env, Terminal};

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
#[expect(clippy::doc_markdown, reason = "help for people")]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Whether a stream is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    enabled: bool,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// A name to find again.
    Strong,
    /// Something aside.
    Faint,
    /// It worked.
    Good,
    /// It did not.
    Bad,
    /// Worth a look.
    Notable,
}

impl Style {
    /// `--color` wins; then `NO_COLOR` (no-color.org), `CLICOLOR_FORCE`, then whether the stream is a
    /// terminal that is not `dumb`.
    pub fn decide(choice: ColorChoice, env: &Env, terminal: Terminal) -> Self {
        let enabled = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if env.var("NO_COLOR").is_some() => false,
            ColorChoice::Auto if env.var("CLICOLOR_FORCE").is_some_and(|value| value != "0") => {
                true
            }
            ColorChoice::Auto => terminal.is_terminal && env.var("TERM") != Some("dumb"),
        };
        if enabled {
            colored::control::set_override(true);
        }
        Self { enabled }
    }

    /// Without colour.
    pub fn plain() -> Self {
        Self { enabled: false }
    }

    /// Whether there is any colour.
    pub fn is_enabled(self) -> bool {
        self.enabled
    }

    /// The text, painted where the stream is.
    pub fn paint(self, paint: Paint, text: &str) -> String {
        if !self.enabled {
            return text.to_owned();
        }
        match paint {
            Paint::Strong => text.bold(),
            Paint::Faint => text.dimmed(),
            Paint::Good => text.green(),
            Paint::Bad => text.red().bold(),
            Paint::Notable => text.yellow(),
        }
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enabled(choice: ColorChoice, variables: &[(&str, &str)], is_terminal: bool) -> bool {
        let terminal = Terminal { is_terminal, width: None };
        Style::decide(choice, &Env::of(variables), terminal).enabled
    }

    #[test]
    fn each_stream_decides_for_itself() {
        assert!(enabled(ColorChoice::Auto, &[], true));
        assert!(!enabled(ColorChoice::Auto, &[], false));
        assert!(!enabled(ColorChoice::Auto, &[("NO_COLOR", "1")], true));
        assert!(enabled(ColorChoice::Auto, &[("NO_COLOR", "")], true), "an empty one is not set");
        assert!(enabled(ColorChoice::Auto, &[("CLICOLOR_FORCE", "1")], false));
        assert!(!enabled(ColorChoice::Auto, &[("TERM", "dumb")], true));
        assert!(enabled(ColorChoice::Always, &[("NO_COLOR", "1")], false));
        assert!(!enabled(ColorChoice::Never, &[("CLICOLOR_FORCE", "1")], true));
    }
}
