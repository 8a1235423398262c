//! Recipes: the smallest complete client for one server, without an SDK.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::protocol::envelope::{self, META_CAPABILITIES, META_CLIENT, META_VERSION};

/// The language of a recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(clippy::doc_markdown, reason = "help for people")]
pub enum Language {
    /// A POSIX shell script with curl
    Curl,
    /// Python, its standard library alone
    Python,
    /// JavaScript with fetch (Node.js 18, Deno 2, Bun, or newer)
    Javascript,
    /// Rust, with ureq and serde_json
    Rust,
}

/// The server and the request that a recipe is for.
pub struct Recipe {
    /// The server's URL; `None` if it contains a secret and is read from `MCP_URL`.
    pub url: Option<String>,
    /// The Unix domain socket through which the server is reached.
    pub socket: Option<String>,
    /// The method to call.
    pub method: String,
    /// The parameters of the request.
    pub params: Value,
    /// The user's own headers.
    pub headers: Vec<(String, HeaderSource)>,
    /// The era of the server.
    pub speaks: Speaks,
}

/// The era of a server, with the values that a recipe needs.
pub enum Speaks {
    /// With a handshake (legacy era).
    Legacy {
        /// The protocol version to offer.
        version: String,
        /// Statuses for an unknown session.
        lost: Vec<u16>,
    },
    /// Without a handshake (modern era).
    Modern {
        /// The protocol version of each request.
        version: String,
        /// Headers that mirror parameters.
        mirrored: Vec<(String, String)>,
    },
}

/// A header's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderSource {
    /// Literal text.
    Plain(String),
    /// Literal text, followed by the value of the named environment variable.
    Secret(String, String),
}

/// Environment variable for a URL that contains a secret.
const URL_VARIABLE: &str = "MCP_URL";

/// Returns the template for a language and an era.
fn template(language: Language, modern: bool) -> &'static str {
    match (language, modern) {
        (Language::Curl, false) => include_str!("recipes/legacy.sh"),
        (Language::Curl, true) => include_str!("recipes/modern.sh"),
        (Language::Python, false) => include_str!("recipes/legacy.py"),
        (Language::Python, true) => include_str!("recipes/modern.py"),
        (Language::Javascript, false) => include_str!("recipes/legacy.js"),
        (Language::Javascript, true) => include_str!("recipes/modern.js"),
        (Language::Rust, false) => include_str!("recipes/legacy.rs"),
        (Language::Rust, true) => include_str!("recipes/modern.rs"),
    }
}

/// Renders the complete program.
pub fn recipe(recipe: &Recipe, language: Language) -> String {
    let (version, lost, mut headers, modern) = match &recipe.speaks {
        Speaks::Legacy { version, lost } => (version, lost.as_slice(), Vec::new(), false),
        Speaks::Modern { version, mirrored } => {
            let own = envelope::standard_headers(version, &recipe.method, &recipe.params);
            let mirrored = own.into_iter().chain(mirrored.iter().cloned());
            (
                version,
                [].as_slice(),
                mirrored.map(|(n, v)| (n, HeaderSource::Plain(v))).collect(),
                true,
            )
        }
    };
    // The templates set these two headers themselves, except that curl's sends Mcp-Method with
    // the others.
    headers.retain(|(name, _)| {
        !name.eq_ignore_ascii_case("mcp-protocol-version")
            && (language == Language::Curl || !name.eq_ignore_ascii_case("mcp-method"))
    });
    headers.extend(recipe.headers.iter().cloned());
    let mut lines: String =
        headers.iter().map(|(name, given)| header(language, name, given)).collect();
    if let Some(path) = recipe.socket.as_ref().filter(|_| language == Language::Curl) {
        lines.insert_str(0, &format!("        --unix-socket {} \\\n", literal(language, path)));
    }
    let url = match &recipe.url {
        Some(url) => literal(language, url),
        None => variable(language, URL_VARIABLE),
    };
    let title = match recipe.params["name"].as_str() {
        Some(tool) => format!("Calls {} on an MCP server ({})", plain(tool), plain(version)),
        None => format!("Asks an MCP server ({}) for {}", plain(version), plain(&recipe.method)),
    };
    let lost = lost.iter().map(u16::to_string).collect::<Vec<_>>();
    let lost = lost.join(if language == Language::Curl { "|" } else { ", " });
    filled(template(language, modern), |name| match name {
        "TITLE" => title.clone(),
        "VERSION" => plain(version),
        "LOST" => lost.clone(),
        "IMPORT" => import(recipe, language).to_owned(),
        "METHOD" => literal(language, &recipe.method),
        "HEADERS" => lines.clone(),
        "URL" => url.clone(),
        "MESSAGE" => literal(language, &message(recipe, modern, version)),
        "MESSAGES" => messages(language).trim_end().to_owned(),
        "PARAMS" => value(language, &recipe.params),
        other => format!("@{other}@"),
    })
}

/// Returns the code that reads the messages of a response in both eras.
fn messages(language: Language) -> &'static str {
    match language {
        Language::Python => include_str!("recipes/messages.py"),
        Language::Javascript => include_str!("recipes/messages.js"),
        Language::Rust => include_str!("recipes/messages.rs"),
        Language::Curl => include_str!("recipes/messages.sh"),
    }
}

/// Returns the line that makes environment variables available, if the recipe reads any.
fn import(recipe: &Recipe, language: Language) -> &'static str {
    let is_secret = |(_, source): &(_, HeaderSource)| matches!(source, HeaderSource::Secret(..));
    let reads_variables = recipe.url.is_none() || recipe.headers.iter().any(is_secret);
    match language {
        Language::Python if reads_variables => "import os\n",
        Language::Javascript if reads_variables => "const env = process.env;\n",
        _ => "",
    }
}

/// Replaces the @NAMES@ in a template. A single pass, because the values may contain such
/// names.
fn filled(template: &str, value: impl Fn(&str) -> String) -> String {
    let is_name =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let mut out = String::new();
    let mut parts = template.split('@');
    out.push_str(parts.next().unwrap_or_default());
    let mut filled = false;
    for part in parts {
        if filled {
            out.push_str(part);
            filled = false;
        } else if is_name(part) {
            out.push_str(&value(part));
            filled = true;
        } else {
            out.push('@');
            out.push_str(part);
        }
    }
    out
}

/// Returns the whole JSON-RPC message, for curl.
fn message(recipe: &Recipe, modern: bool, version: &str) -> String {
    let mut params = recipe.params.clone();
    if modern {
        params["_meta"] = json!({
            META_VERSION: version,
            META_CLIENT: {"name": "recipe", "version": "1"},
            META_CAPABILITIES: {},
        });
    }
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": recipe.method, "params": params});
    undisguised(&call.to_string())
}

/// Reduces text to characters that are safe in a comment, at most 60.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || "-_./:".contains(*c)).take(60).collect()
}

fn header(language: Language, name: &str, given: &HeaderSource) -> String {
    match (language, given) {
        (Language::Curl, HeaderSource::Plain(value)) => {
            format!("        -H {} \\\n", literal(language, &format!("{name}: {value}")))
        }
        (Language::Curl, HeaderSource::Secret(before, variable)) => {
            format!("        -H \"{name}: {before}${{{variable}:?}}\" \\\n")
        }
        (Language::Rust, given) => {
            format!("({}, {}), ", quoted(name), value_of(language, given))
        }
        (Language::Python, given) => {
            format!("    {}: {},\n", quoted(name), value_of(language, given))
        }
        (Language::Javascript, given) => {
            format!("  {}: {},\n", quoted(name), value_of(language, given))
        }
    }
}

fn value_of(language: Language, given: &HeaderSource) -> String {
    match given {
        HeaderSource::Plain(value) if language == Language::Rust => {
            format!("String::from({})", rust(value))
        }
        HeaderSource::Plain(value) => literal(language, value),
        HeaderSource::Secret(before, name) if before.is_empty() => variable(language, name),
        HeaderSource::Secret(before, name) => match language {
            Language::Rust => {
                format!(
                    "format!(\"{before}{{}}\", std::env::var({}).expect(\"not set\"))",
                    quoted(name)
                )
            }
            _ => format!("{} + {}", quoted(before), variable(language, name)),
        },
    }
}

/// Returns the expression for an environment variable.
fn variable(language: Language, name: &str) -> String {
    match language {
        Language::Curl => format!("\"${{{name}:?}}\""),
        Language::Python => format!("os.environ[{}]", quoted(name)),
        Language::Javascript => format!("env[{}]", quoted(name)),
        Language::Rust => format!("std::env::var({}).expect(\"not set\")", quoted(name)),
    }
}

/// Returns text as a string literal.
fn literal(language: Language, text: &str) -> String {
    match language {
        Language::Curl => format!("'{}'", text.replace('\'', "'\\''")),
        Language::Python | Language::Javascript => quoted(text),
        Language::Rust => rust(text),
    }
}

/// Returns text as a JSON string, which is also valid in Python and JavaScript.
fn quoted(text: &str) -> String {
    undisguised(&Value::from(text).to_string())
}

/// Escapes what only strings hold in JSON text: U+2028 and U+2029, which end a line in older
/// JavaScript, and characters that change the direction of text, by which it could look like another.
fn undisguised(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut out, c| {
        match c {
            '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
        out
    })
}

fn rust(text: &str) -> String {
    format!("{text:?}")
}

/// Returns a JSON value as a literal.
fn value(language: Language, value: &Value) -> String {
    match (language, value) {
        (Language::Python, Value::Null) => "None".to_owned(),
        (Language::Python, Value::Bool(true)) => "True".to_owned(),
        (Language::Python, Value::Bool(false)) => "False".to_owned(),
        (Language::Rust, Value::String(text)) => rust(text),
        (_, Value::String(text)) => quoted(text),
        (_, Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|item| self::value(language, item)).collect();
            format!("[{}]", items.join(", "))
        }
        (_, Value::Object(fields)) => {
            let key =
                |name: &str| if language == Language::Rust { rust(name) } else { quoted(name) };
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, item)| format!("{}: {}", key(name), self::value(language, item)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        (Language::Rust, Value::Number(number)) => rust_number(number),
        _ => value.to_string(),
    }
}

/// Returns a number of any size as an expression; a plain literal would be an `i32`.
fn rust_number(number: &serde_json::Number) -> String {
    let text = number.to_string();
    if number.is_i64() {
        format!("{text}i64")
    } else if number.is_u64() {
        format!("{text}u64")
    } else if text.contains(['.', 'e', 'E']) && number.as_f64().is_some_and(f64::is_finite) {
        format!("{text}f64")
    } else {
        format!("serde_json::from_str::<Value>({text:?})?")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_the_text_and_looks_like_nothing_else() {
        for text in ["I ❤\u{fe0f} it", "می\u{200c}خواهم", "a\u{202e}b\u{2066}c\u{2028}d\u{1b}e"]
        {
            let literal = quoted(text);
            assert_eq!(serde_json::from_str::<String>(&literal).unwrap(), text);
            assert!(!literal.contains(['\u{202e}', '\u{2066}', '\u{2028}', '\u{1b}']), "{literal}");
        }
        assert_eq!(quoted("I ❤\u{fe0f} it"), "\"I ❤\u{fe0f} it\"");
    }

    const ALL: [Language; 4] =
        [Language::Curl, Language::Python, Language::Javascript, Language::Rust];

    fn of(speaks: Speaks) -> Recipe {
        Recipe {
            url: Some("http://127.0.0.1:1/mcp".into()),
            socket: None,
            method: "tools/call".into(),
            params: json!({"name": "echo", "arguments": {"message": "it's \"so\"", "on": true, "no": null}}),
            headers: vec![(
                "authorization".into(),
                HeaderSource::Secret("Bearer ".into(), "MCP_TOKEN".into()),
            )],
            speaks,
        }
    }

    #[test]
    fn curl_is_told_of_a_socket_in_every_command() {
        let mut behind = of(Speaks::Legacy { version: "2025-11-25".into(), lost: vec![404] });
        behind.socket = Some("/run/a b.sock".into());
        let text = recipe(&behind, Language::Curl);
        assert_eq!(text.matches("--unix-socket '/run/a b.sock'").count(), 2, "{text}");
    }

    #[test]
    fn nothing_is_left_open() {
        for language in ALL {
            for speaks in [
                Speaks::Legacy { version: "2025-11-25".into(), lost: vec![404, 400] },
                Speaks::Modern {
                    version: "2026-07-28".into(),
                    mirrored: vec![("Mcp-Param-Region".into(), "x".into())],
                },
            ] {
                let text = recipe(&of(speaks), language);
                for name in [
                    "TITLE", "URL", "HEADERS", "LOST", "VERSION", "METHOD", "PARAMS", "MESSAGE",
                    "MESSAGES", "IMPORT",
                ] {
                    assert!(!text.contains(&format!("@{name}@")), "{name} in\n{text}");
                }
                assert!(text.contains("MCP_TOKEN") && text.contains("127.0.0.1:1"), "{text}");
            }
        }
    }

    #[test]
    fn environment_variables_are_imported_only_if_one_is_read() {
        for (language, import) in
            [(Language::Python, "import os\n"), (Language::Javascript, "const env =")]
        {
            for modern in [false, true] {
                let speaks = || {
                    if modern {
                        Speaks::Modern { version: "2026-07-28".into(), mirrored: Vec::new() }
                    } else {
                        Speaks::Legacy { version: "2025-11-25".into(), lost: vec![404] }
                    }
                };
                let mut without = of(speaks());
                without.headers.clear();
                assert!(!recipe(&without, language).contains(import));
                assert!(recipe(&of(speaks()), language).contains(import));
                without.url = None;
                assert!(recipe(&without, language).contains(import));
            }
        }
    }

    #[test]
    fn values_are_literals_of_their_language() {
        let odd = json!({"a'": [true, null, "\u{2028}\"'"]});
        assert_eq!(value(Language::Python, &odd), r#"{"a'": [True, None, "\u2028\"'"]}"#);
        assert_eq!(value(Language::Javascript, &odd), r#"{"a'": [true, null, "\u2028\"'"]}"#);
        assert_eq!(literal(Language::Curl, "it's"), "'it'\\''s'");
        assert_eq!(value(Language::Rust, &json!("a\"\u{7}")), "\"a\\\"\\u{7}\"");
        assert_eq!(
            value(Language::Rust, &json!([3_000_000_000_u32, 1.5])),
            "[3000000000i64, 1.5f64]"
        );
    }

    #[test]
    fn what_is_filled_in_is_not_filled_in_again() {
        let mut odd = of(Speaks::Legacy { version: "2025-11-25".into(), lost: vec![404] });
        odd.params["arguments"] = json!({"message": "@PARAMS@ @URL@ a@b"});
        odd.headers.push(("x-odd".into(), HeaderSource::Plain("@MESSAGE@".into())));
        for language in ALL {
            let text = recipe(&odd, language);
            assert_eq!(text.matches("@PARAMS@ @URL@ a@b").count(), 1, "{text}");
            assert!(text.contains("@MESSAGE@"), "{text}");
        }
    }

    #[test]
    fn what_a_server_names_cannot_end_a_comment() {
        let mut odd = of(Speaks::Legacy { version: "2025-11-25".into(), lost: vec![404] });
        odd.params["name"] = json!("x\"\"\"\nimport os\n*/");
        for language in ALL {
            let text = recipe(&odd, language);
            assert!(text.contains("Calls ximportos/ on"), "{text}");
        }
    }
}
