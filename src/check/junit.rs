//! Findings as `JUnit` XML for CI systems: one test case per checked item.

use std::collections::HashMap;

use super::{Finding, Report, Severity};

/// Formats a report as a `JUnit` document. Warnings fail too if `is_strict`.
pub fn report(server: &str, report: &Report, is_strict: bool) -> String {
    let mut found: HashMap<usize, Vec<&Finding>> = HashMap::new();
    for finding in &report.findings {
        found.entry(finding.subject).or_default().push(finding);
    }
    let of = |at: usize| found.get(&at).map(Vec::as_slice).unwrap_or_default();
    let subjects = report.subjects.iter().enumerate();
    let cases: String =
        subjects.clone().map(|(at, subject)| case(subject, of(at), is_strict)).collect();
    let failures = subjects.filter(|(at, _)| failing(of(*at), is_strict).next().is_some()).count();
    let (server, tests) = (escaped(server), report.subjects.len());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"mcpoke check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n\
         <testsuite name=\"{server}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n\
         {cases}</testsuite>\n</testsuites>\n"
    )
}

/// Returns the findings that make a test case fail.
fn failing<'f>(found: &[&'f Finding], is_strict: bool) -> impl Iterator<Item = &'f Finding> {
    let counts = move |finding: &&Finding| is_strict || finding.severity == Severity::Error;
    found.iter().copied().filter(counts)
}

fn case(subject: &str, found: &[&Finding], is_strict: bool) -> String {
    let (kind, name) = subject.split_once(' ').unwrap_or(("", subject));
    let line = |finding: &Finding| {
        let severity = finding.severity.as_str();
        format!("{severity} [{}] {}: {}\n", finding.rule, finding.place, finding.text)
    };
    let mut inside = String::new();
    if let Some(first) = failing(found, is_strict).next() {
        let all: String = failing(found, is_strict).map(line).collect();
        inside += &format_failure(first.rule, &first.text, &all);
    }
    if !found.is_empty() {
        let all: String = found.iter().copied().map(line).collect();
        inside += "<system-out>";
        inside += &escaped(&all);
        inside += "</system-out>\n";
    }
    let head = format!("<testcase classname=\"{}\" name=\"{}\"", escaped(kind), escaped(name));
    if inside.is_empty() {
        format!("{head}/>\n")
    } else {
        format!("{head}>\n{inside}</testcase>\n")
    }
}

fn format_failure(rule: &str, text: &str, all: &str) -> String {
    let (rule, text, all) = (escaped(rule), escaped(text), escaped(all));
    format!("<failure type=\"{rule}\" message=\"{text}\">{all}</failure>\n")
}

/// Escapes text for XML; characters that XML cannot contain are replaced (XML 1.0, 2.2).
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' | '\t' => out.push(letter),
            control if (control as u32) < 0x20 || matches!(control, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}');
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::borrow::Cow;

    #[test]
    fn every_subject_is_a_case_and_every_error_a_failure() {
        let mut checked = Report::default();
        checked.list(
            "tools",
            [
                json!({"name": "good", "description": "x", "inputSchema": {"type": "object"}}),
                json!({"name": "<bad>\u{1}", "description": "x"}),
            ]
            .into_iter()
            .map(Cow::Owned),
        );
        let text = report("a & b", &checked, false);
        assert!(
            text.contains("<testsuite name=\"a &amp; b\" tests=\"2\" failures=\"1\""),
            "{text}"
        );
        assert!(text.contains("<testcase classname=\"tool\" name=\"good\"/>"), "{text}");
        assert!(
            text.contains("name=\"&lt;bad&gt;\u{fffd}\">\n<failure type=\"schema-missing\""),
            "{text}"
        );
        assert!(text.contains("<system-out>warning [tool-name]"), "{text}");
    }
}
