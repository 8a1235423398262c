//! Presentation of exchanges, for people and programs: traces, ladders, pages, recipes and
//! failures. Their meaning is determined in `diagnose`.

mod har;
mod html;
mod ladder;
mod markdown;
mod page;
mod recipe;
mod recording;
mod trace_lines;
mod trace_text;

pub use har::Har;
pub use html::write as write_html;
pub use ladder::{Ladder, ascii};
pub use markdown::write as write_markdown;
pub use page::Page;
pub use recipe::{HeaderSource, Language, Recipe, Speaks, recipe};
pub use recording::read as read_recording;
pub use trace_lines::{TraceLines, exchanges_json};
pub use trace_text::TraceText;

/// Formats a status with its reason phrase: `404 Not Found`.
pub(crate) fn status_line(status: u16) -> String {
    let reason = ureq::http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    format!("{status} {reason}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_status_has_its_words() {
        assert_eq!(super::status_line(404), "404 Not Found");
        assert_eq!(super::status_line(599), "599");
    }
}
