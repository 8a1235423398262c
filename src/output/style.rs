//! Colour, decided separately for each stream.
//!
//! The `colored` crate decides by stdout alone. Here it is set to colour always, and is
//! only called for streams with colour. Colour never carries meaning on its own.

use clap::ValueEnum;
use colored::Colorize as _;

use crate::env::{Env, Terminal};

/// Choice of when to use colour.
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

/// Colour setting of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    enabled: bool,
}

/// Role of a piece of text, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// A name to look for.
    Strong,
    /// Less important text.
    Faint,
    /// Success.
    Good,
    /// Failure.
    Bad,
    /// Text that deserves attention.
    Notable,
}

impl Style {
    /// Text without colours.
    pub const PLAIN: Self = Self { enabled: false };

    /// Decides by `--color`, then `NO_COLOR` (no-color.org), then `CLICOLOR_FORCE`, and finally
    /// whether the stream is a terminal that is not `dumb`.
    pub fn decide(choice: ColorChoice, env: &Env, terminal: Terminal) -> Self {
        let enabled = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            // `Env::var` ignores empty variables, as no-color.org demands.
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

    /// Returns a style without colour.
    pub fn plain() -> Self {
        Self { enabled: false }
    }

    /// Returns true if there is colour.
    pub fn is_enabled(self) -> bool {
        self.enabled
    }

    /// Adds colour to text, if the stream has colour.
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
