//! Findings as `JUnit` XML, which every CI reads: a test case for each thing that was looked at.

use super::{Report, Severity};

/// The document.
pub fn report(server: &str, report: &Report) -> String {
    let cases: String = report.subjects.iter().map(|subject| case(subject, report)).collect();
    let failures =
        report.subjects.iter().filter(|subject| errors(subject, report).next().is_some()).count();
    let (server, tests) = (escaped(server), report.subjects.len());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"mcpoke check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n\
         <testsuite name=\"{server}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n\
         {cases}</testsuite>\n</testsuites>\n"
    )
}

fn of<'r>(subject: &'r str, report: &'r Report) -> impl Iterator<Item = &'r super::Finding> {
    report.findings.iter().filter(move |finding| finding.subject == subject)
}

fn errors<'r>(subject: &'r str, report: &'r Report) -> impl Iterator<Item = &'r super::Finding> {
    of(subject, report).filter(|finding| finding.severity == Severity::Error)
}

fn case(subject: &str, report: &Report) -> String {
    let (kind, name) = subject.split_once(' ').unwrap_or(("", subject));
    let line = |finding: &super::Finding| {
        format!(
            "{} [{}] {}: {}\n",
            finding.severity.as_str(),
            finding.rule,
            finding.place,
            finding.text
        )
    };
    let failed: String = errors(subject, report).map(line).collect();
    let all: String = of(subject, report).map(line).collect();
    let mut inside = String::new();
    if let Some(first) = errors(subject, report).next() {
        inside += &format_failure(first.rule, &first.text, &failed);
    }
    if !all.is_empty() {
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

/// Text as XML has it; what XML cannot hold at all is replaced (XML 1.0, 2.2).
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

    #[test]
    fn every_subject_is_a_case_and_every_error_a_failure() {
        let mut checked = Report::default();
        checked.list(
            "tools",
            &[
                json!({"name": "good", "description": "x", "inputSchema": {"type": "object"}}),
                json!({"name": "<bad>\u{1}", "description": "x"}),
            ],
        );
        let text = report("a & b", &checked);
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
