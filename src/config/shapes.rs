//! Formats of other programs' configuration files.

use std::collections::HashSet;
use std::path::Path;

use jsonc_parser::{ParseOptions, parse_to_serde_value};
use serde_json::{Map, Value};

use super::variables::{Used, Variables, is_of_editor};
use super::{Configured, Reached, Remote};
use crate::endpoint::Endpoint;
use crate::env::Env;
use crate::protocol::headers;

/// Parses the servers in a file. Comments and trailing commas are accepted, because VS Code
/// allows them. With a folder, servers that the file names for it are included.
pub(super) fn parse(
    text: &str,
    path: &Path,
    env: &Env,
    folder: Option<&Path>,
) -> Result<Vec<Configured>, String> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    // Some editors write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root: Option<Value> =
        parse_to_serde_value(text, &options).map_err(|error| format!("it is not JSON: {error}"))?;
    let Some(Value::Object(root)) = root else { return Err("not a JSON object".to_owned()) };
    let root = Value::Object(root);
    let lists = lists(&root, folder);
    if lists.is_empty() {
        return Err("it has neither `mcpServers` nor `servers`".to_owned());
    }
    let inputs = root["inputs"].as_array().or_else(|| root["mcp"]["inputs"].as_array());
    let variables = Variables {
        env,
        folder: project_of(path),
        inputs: inputs.map(Vec::as_slice).unwrap_or_default(),
    };
    let mut servers: Vec<Configured> = Vec::new();
    let mut names = HashSet::new();
    for (name, entry) in lists.into_iter().flatten() {
        // The first of two entries with the same name is the nearer one.
        if names.insert(name) {
            let (name, file) = (name.clone(), path.to_owned());
            servers.push(Configured { name, file, reached: reached(entry, &variables) });
        }
    }
    Ok(servers)
}

/// Returns the maps of servers in a file, the nearer ones first.
fn lists<'r>(root: &'r Value, folder: Option<&Path>) -> Vec<&'r Map<String, Value>> {
    // Claude Code stores the settings of a directory under its path, in the user's own file.
    let folders = folder.into_iter().flat_map(Path::ancestors);
    let projects = folders.map(|above| &root["projects"][above.display().to_string()]);
    let projects = projects.map(|project| &project["mcpServers"]);
    let others = [
        // Claude, Cursor, Windsurf, Gemini, Cline.
        &root["mcpServers"],
        // VS Code's `mcp.json`, and its settings.
        &root["servers"],
        &root["mcp"]["servers"],
        // Zed.
        &root["context_servers"],
    ];
    let mut found: Vec<_> = projects.chain(others).filter_map(Value::as_object).collect();
    // opencode has the entries directly in the place where VS Code has `servers`.
    let opencode = root["mcp"].as_object().filter(|mcp| !mcp.contains_key("servers"));
    found.extend(opencode);
    found
}

/// Folders in which editors keep their files of a project.
const EDITORS: [&str; 8] =
    [".vscode", ".cursor", ".windsurf", ".zed", ".gemini", ".claude", ".roo", ".continue"];

/// Returns the project directory of a file: editors use a hidden subdirectory.
fn project_of(path: &Path) -> &Path {
    let folder = path.parent().unwrap_or(path);
    let is_editors = EDITORS.iter().any(|known| folder.file_name().is_some_and(|it| it == *known));
    if is_editors { folder.parent().unwrap_or(folder) } else { folder }
}

fn reached(entry: &Value, variables: &Variables<'_>) -> Reached {
    // Windsurf and Gemini use keys of their own.
    let url = ["url", "serverUrl", "httpUrl"].iter().find_map(|key| entry[*key].as_str());
    let Some(url) = url else { return program(entry) };
    if let Some(kind) = entry["type"].as_str().filter(|kind| matches!(*kind, "ws" | "sdk")) {
        return Reached::Unusable(format!("its type is `{kind}`, and mcpoke supports HTTP only"));
    }
    if let Err(why) = check_url(&without_braces(url)) {
        return Reached::Unusable(why.to_owned());
    }
    let has_variables = url.contains("${") || url.contains("{env:");
    let mut used = Used::default();
    let mut own = |template: &str| variables.own(&without_braces(template), &mut used);
    let url = own(url);
    let mut headers = Vec::new();
    for (name, value) in entry["headers"].as_object().into_iter().flatten() {
        if let Err(why) = headers::check_of_file(name) {
            return Reached::Unusable(why);
        }
        match value {
            Value::String(value) => headers.push((name.clone(), own(value))),
            Value::Number(value) => headers.push((name.clone(), value.to_string())),
            _ => return Reached::Unusable(format!("its header `{name}` is not a string")),
        }
    }
    // A file from somebody else's project must not send the user's files anywhere. Check after
    // expansion: an empty variable may precede `file:`.
    let is_reference = |text: &String| text.starts_with("file:") || text.starts_with("env:");
    if headers.iter().map(|(_, value)| value).chain([&url]).any(is_reference) {
        let why = "a value begins with `file:` or `env:`, which works only on the command line";
        return Reached::Unusable(why.to_owned());
    }
    Reached::Http(Remote { url, headers, asked: used.asked, has_variables, folders: used.folders })
}

/// Returns an error if a variable is a part of the host name: the owner of the domain would receive its value.
/// A variable may replace scheme and host together. Characters that a URL parser drops or changes are refused, because
/// the URL is shown before it is approved.
fn check_url(url: &str) -> Result<(), &'static str> {
    if url.contains(|letter: char| letter == '\\' || letter.is_whitespace() || letter.is_control())
    {
        return Err("its URL contains a space, a backslash or a control character");
    }
    let is_safe = match url.split_once("${") {
        None => true,
        Some(("", rest)) => {
            let (name, after) = rest.split_once('}').unwrap_or_default();
            let is_whole = after.is_empty() || after.starts_with(['/', '?', '#']);
            is_whole && !is_of_editor(name)
        }
        // What follows the host cannot change it.
        Some((before, _)) => {
            let origin = |url: &str| Endpoint::parse(url).map(|endpoint| endpoint.origin());
            origin(before).is_ok_and(|one| origin(&format!("{before}1")) == Ok(one))
        }
    };
    if is_safe {
        return Ok(());
    }
    Err("a variable is a part of the host in its URL; it may only be the whole URL")
}

/// Converts opencode's `{env:NAME}` to `${env:NAME}`.
fn without_braces(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{env:") {
        out.push_str(before);
        out.push_str(if before.ends_with('$') { "{env:" } else { "${env:" });
        rest = after;
    }
    out + rest
}

/// Reads the command line of a server. Its environment may contain secrets, and is left
/// out.
fn program(entry: &Value) -> Reached {
    let words = |value: &Value| -> Vec<String> {
        let words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.map(str::to_owned).collect()
    };
    let command = match &entry["command"] {
        Value::String(command) => {
            std::iter::once(command.clone()).chain(words(&entry["args"])).collect()
        }
        // opencode has one array; older versions of Zed have an object.
        Value::Array(_) => words(&entry["command"]),
        Value::Object(command) => {
            let path = command.get("path").and_then(Value::as_str).map(str::to_owned);
            let args = command.get("args").map(words).unwrap_or_default();
            path.into_iter().chain(args).collect()
        }
        _ => Vec::new(),
    };
    if command.is_empty() {
        return Reached::Unusable("it has neither a URL nor a command".to_owned());
    }
    Reached::Stdio(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<Configured> {
        let folder = Some(Path::new("/p/sub"));
        parse(text, Path::new("/p/.vscode/mcp.json"), &Env::of(&[]), folder).unwrap()
    }

    fn http(text: &str) -> Remote {
        match parsed(text).remove(0).reached {
            Reached::Http(remote) => remote,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_programs_shape_is_read() {
        let header = r#""headers": {"Authorization": "Bearer ${TOKEN}"}"#;
        for text in [
            format!(r#"{{"mcpServers": {{"a": {{"type": "http", "url": "http://h/", {header}}}}}}}"#),
            format!(r#"{{"mcpServers": {{"a": {{"serverUrl": "http://h/", {header}}}}}}}"#),
            format!(r#"{{"mcpServers": {{"a": {{"httpUrl": "http://h/", {header}}}}}}}"#),
            format!(r#"{{"servers": {{"a": {{"url": "http://h/", {header}}}}}, "inputs": []}}"#),
            format!(r#"{{"mcp": {{"servers": {{"a": {{"url": "http://h/", {header}}}}}}}}}"#),
            format!(r#"{{"context_servers": {{"a": {{"url": "http://h/", {header}}}}}}}"#),
            r#"{"mcp": {"a": {"type": "remote", "url": "http://h/", "headers": {"Authorization": "Bearer {env:TOKEN}"}}}}"#.to_owned(),
            format!(r#"{{"projects": {{"/p": {{"mcpServers": {{"a": {{"url": "http://h/", {header}}}}}}}}}}}"#),
        ] {
            let remote = http(&text);
            assert_eq!(remote.url, "http://h/", "{text}");
            let headers = [("Authorization".to_owned(), "Bearer ${TOKEN}".to_owned())];
            assert_eq!(remote.headers, headers, "{text}");
        }
    }

    #[test]
    fn what_editors_allow_is_read_over_and_nothing_else_is() {
        let text = "\u{feff}{ // servers\n \"servers\": {\"a\": {\"url\": \"http://h/${workspaceFolder}\",},}, /* */ }";
        assert_eq!(http(text).url, "http://h//p");
        let refused =
            |text: &str| parse(text, Path::new("/x.json"), &Env::of(&[]), None).unwrap_err();
        assert!(refused("{'servers': 1}").contains("not JSON"));
        assert!(refused("[]").contains("not a JSON object"));
        assert!(refused("").contains("not a JSON object"));
        assert!(refused("{\"a\": 1}").contains("mcpServers"));
    }

    #[test]
    fn the_project_of_an_editors_file_is_above_its_folder() {
        for (file, project) in [
            ("/p/.vscode/mcp.json", "/p"),
            ("/p/.cursor/mcp.json", "/p"),
            ("/p/.dotfiles/.mcp.json", "/p/.dotfiles"),
        ] {
            assert_eq!(project_of(Path::new(file)), Path::new(project));
        }
    }

    #[test]
    fn what_cannot_be_called_says_what_it_is() {
        let of = |entry: &str| {
            parsed(&format!("{{\"mcpServers\":{{\"a\":{entry}}}}}")).remove(0).reached
        };
        let words =
            |words: &[&str]| Reached::Stdio(words.iter().map(|w| (*w).to_owned()).collect());
        assert_eq!(
            of(r#"{"command":"npx","args":["-y","x"],"env":{"K":"s"}}"#),
            words(&["npx", "-y", "x"])
        );
        assert_eq!(of(r#"{"type":"local","command":["bun","x"]}"#), words(&["bun", "x"]));
        assert_eq!(of(r#"{"command":{"path":"uvx","args":["x"]}}"#), words(&["uvx", "x"]));
        assert!(matches!(of(r#"{"type":"ws","url":"ws://h/"}"#), Reached::Unusable(_)));
        assert!(matches!(of("{}"), Reached::Unusable(_)));
        assert!(matches!(of(r#"{"url":"file:/etc/passwd"}"#), Reached::Unusable(_)));
        let sends = r#"{"url":"http://h/","headers":{"X":"file:/home/me/.ssh/id_rsa"}}"#;
        assert!(matches!(of(sends), Reached::Unusable(_)));
        // `HOME` is not set here, so the variable is empty.
        let hidden =
            r#"{"url":"http://h/","headers":{"X":"${userHome}file:/home/me/.ssh/id_rsa"}}"#;
        assert!(matches!(of(hidden), Reached::Unusable(_)));
        assert!(matches!(of(r#"{"url":"http://h/","headers":{"a":[]}}"#), Reached::Unusable(_)));
    }
}
