//! The order of the house: a module uses those of its own floor or below, as CONTRIBUTING.md has them, and
//! neither modules nor files import each other in a circle.
//!
//! A room's `mod.rs` is its face: it declares the room's files and hands their names on, and the files may
//! use what it defines. Tests may use anything.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The text of each source file, by its path below `src`.
type Sources = BTreeMap<String, String>;
/// Imports between modules.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Sources {
    fn walk(folder: &Path, below: &str, found: &mut Sources) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let inner = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            if path.is_dir() {
                walk(&path, &inner, found);
            } else if name.strip_suffix(".rs").is_some() {
                found.insert(inner, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = Sources::new();
    walk(&root().join("src"), "", &mut found);
    // Recipes are printed and not compiled.
    found.retain(|path, _| !path.starts_with("report/recipes/"));
    without_tests(found)
}

/// Leaves out modules that exist only for tests, and the tests of the others.
fn without_tests(sources: Sources) -> Sources {
    let mut only_tests = BTreeSet::new();
    for (path, text) in &sources {
        let folder = folder_of(path);
        for (at, _) in text.match_indices("#[cfg(test)]\n") {
            let rest = &text[at + "#[cfg(test)]\n".len()..];
            let line = rest.lines().next().unwrap_or_default();
            if let Some((_, name)) = line.trim_end_matches(';').split_once("mod ")
                && line.ends_with(';')
            {
                only_tests.insert(format!("{folder}{name}"));
            }
        }
    }
    let is_test = |path: &str| {
        only_tests.iter().any(|test| {
            path.strip_prefix(test.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    };
    sources
        .into_iter()
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| {
            let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
            let code = text[..end].lines().filter(|line| !line.trim_start().starts_with("//"));
            (path, code.collect::<Vec<_>>().join("\n"))
        })
        .collect()
}

/// The folder of a path, with a slash at its end; empty for a file of `src` itself.
fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// The module of a file: `client/era.rs` is `["client", "era"]`.
fn module_of(path: &str) -> Vec<&str> {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').collect()
}

/// Every path that a file names after `use`, or with `crate::` in its code, from the root of the crate.
fn paths(path: &str, text: &str) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("use ") {
        let starts = text[..at].ends_with('\n') || text[..at].ends_with(") ") || at == 0;
        let public = text[..at].ends_with("pub ");
        if !starts && !public {
            continue;
        }
        let Some(end) = text[at..].find(';') else { continue };
        expand(&text[at + 4..at + end], &[], &mut found);
    }
    for (at, _) in text.match_indices("crate::") {
        let named = text[at..].chars().take_while(|c| c.is_alphanumeric() || "_:".contains(*c));
        let named: String = named.collect();
        found.insert(named.trim_end_matches(':').split("::").map(str::to_owned).collect());
    }
    found.into_iter().filter_map(|named| resolved(path, named)).collect()
}

/// Takes `a::{b, c::{d}}` apart.
fn expand(text: &str, before: &[String], found: &mut BTreeSet<Vec<String>>) {
    let text = text.trim();
    if let Some((head, group)) = text.split_once('{') {
        let mut prefix = before.to_vec();
        prefix.extend(head.split("::").map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned));
        let group = group.trim_end().strip_suffix('}').unwrap_or(group);
        let (mut depth, mut start) = (0, 0);
        for (at, letter) in group.char_indices().chain([(group.len(), ',')]) {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    let part = &group[start..at];
                    if !part.trim().is_empty() {
                        expand(part, &prefix, found);
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let name = text.split(" as ").next().unwrap_or(text);
    let mut whole = before.to_vec();
    whole.extend(name.split("::").map(|part| part.trim().to_owned()));
    found.insert(whole);
}

/// A path from the root of the crate; `None` for another crate's.
fn resolved(path: &str, named: Vec<String>) -> Option<Vec<String>> {
    let mut here: Vec<String> = module_of(path).into_iter().map(str::to_owned).collect();
    let mut named = named.into_iter().peekable();
    match named.peek().map(String::as_str) {
        Some("crate") => {
            named.next();
            here.clear();
        }
        Some("super" | "self") => {
            while let Some(first @ ("super" | "self")) = named.peek().map(String::as_str) {
                if first == "super" {
                    here.pop();
                }
                named.next();
            }
        }
        // A face names its own files without a prefix.
        Some(_) if path.ends_with("mod.rs") => {}
        _ => return None,
    }
    here.extend(named);
    (!here.is_empty()).then_some(here)
}

/// The room of a module: its first name.
fn room(module: &[String]) -> &str {
    module.first().map_or("", String::as_str)
}

/// Rooms used by each room.
fn rooms(sources: &Sources) -> Graph {
    let known: BTreeSet<&str> = sources.keys().map(|path| module_of(path)[0]).collect();
    let mut graph = Graph::new();
    for (path, text) in sources {
        let own = module_of(path)[0];
        let used = graph.entry(own.to_owned()).or_default();
        for named in paths(path, text) {
            let other = room(&named);
            if other != own && known.contains(other) {
                used.insert(other.to_owned());
            }
        }
    }
    graph
}

/// Files used by each file. A `mod.rs` stands for the file that it re-exports.
fn files(sources: &Sources) -> Graph {
    let mut graph = Graph::new();
    for (path, text) in sources.iter().filter(|(path, _)| !path.ends_with("mod.rs")) {
        let used = graph.entry(path.clone()).or_default();
        for named in paths(path, text) {
            if let Some(file) = file_of(sources, &named).filter(|file| file != path) {
                used.insert(file);
            }
        }
    }
    graph
}

/// The file that defines what this path names.
fn file_of(sources: &Sources, named: &[String]) -> Option<String> {
    for length in (1..=named.len()).rev() {
        let module = named[..length].join("/");
        let file = format!("{module}.rs");
        if sources.contains_key(&file) {
            return Some(file);
        }
        let face = format!("{module}/mod.rs");
        if let (Some(text), Some(item)) = (sources.get(&face), named.get(length)) {
            let handed_on = paths(&face, text).into_iter().find(|handed| {
                handed.len() > length + 1
                    && handed.last() == Some(item)
                    && handed.starts_with(&named[..length])
            })?;
            return file_of(sources, &handed_on);
        }
    }
    None
}

/// The members of a circle, if there is one.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    fn visit(
        at: &str,
        graph: &Graph,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = way.iter().position(|known| known == at) {
            return Some(way[start..].to_vec());
        }
        if !done.insert(at.to_owned()) {
            return None;
        }
        way.push(at.to_owned());
        for next in graph.get(at).into_iter().flatten() {
            if let Some(found) = visit(next, graph, way, done) {
                return Some(found);
            }
        }
        way.pop();
        None
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|at| visit(at, graph, &mut Vec::new(), &mut done))
}

/// The floor of each room, from the table in CONTRIBUTING.md: `| 5 | `client/`, … | … |`.
fn floors(table: &str) -> BTreeMap<String, u32> {
    let mut floors = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| ")) {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let Some(floor) = cells.next().and_then(|cell| cell.parse::<u32>().ok()) else { continue };
        for name in cells.next().unwrap_or_default().split(',') {
            let name = name.trim().trim_matches('`').trim_end_matches(".rs").trim_end_matches('/');
            floors.insert(name.to_owned(), floor);
        }
    }
    floors
}

/// Every import that leads up.
fn leads_up(graph: &Graph, floors: &BTreeMap<String, u32>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (room, used) in graph.iter().filter(|(room, _)| *room != "lib") {
        let Some(floor) = floors.get(room) else {
            wrong.push(format!("`{room}` has no floor in CONTRIBUTING.md"));
            continue;
        };
        for other in used {
            match floors.get(other) {
                Some(above) if above > floor => {
                    wrong.push(format!("`{room}` (floor {floor}) uses `{other}` (floor {above})"));
                }
                _ => {}
            }
        }
    }
    wrong
}

#[test]
fn no_module_uses_one_above_it() {
    let table = std::fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let floors = floors(&table);
    let sources = sources();
    let graph = rooms(&sources);
    assert_eq!(leads_up(&graph, &floors), Vec::<String>::new());
    // A room that was moved or removed leaves the table too.
    for name in floors.keys() {
        assert!(graph.contains_key(name), "CONTRIBUTING.md has a floor for `{name}`");
    }
}

#[test]
fn nothing_imports_itself_in_a_circle() {
    let sources = sources();
    assert_eq!(circle(&rooms(&sources)), None);
    assert_eq!(circle(&files(&sources)), None);
}

/// A house of three rooms.
fn small(extra: (&str, &str)) -> Sources {
    let texts = [
        ("high.rs", "use crate::low::{Thing, inner::Other};\n"),
        ("low/mod.rs", "mod inner;\nmod thing;\npub use thing::Thing;\n"),
        ("low/thing.rs", "use super::inner::Other;\npub struct Thing;\n"),
        ("low/inner.rs", "pub struct Other;\n"),
    ];
    let texts = texts.into_iter().chain([extra]);
    without_tests(texts.map(|(path, text)| (path.to_owned(), text.to_owned())).collect())
}

#[test]
fn an_import_that_breaks_the_order_is_found() {
    let floors = floors("| floor | room |\n| 2 | `high.rs` | x |\n| 1 | `low/` | y |\n");
    assert_eq!(floors.len(), 2);
    let fine = small(("none.rs", ""));
    assert_eq!(leads_up(&rooms(&fine), &floors), ["`none` has no floor in CONTRIBUTING.md"]);
    for text in ["use crate::high::Up;\n", "fn f() { crate::high::up() }\n", "use crate::{high};\n"]
    {
        let broken = small(("low/inner.rs", text));
        assert_eq!(leads_up(&rooms(&broken), &floors), ["`low` (floor 1) uses `high` (floor 2)"]);
        assert!(circle(&rooms(&broken)).is_some());
    }
    let tested = "pub struct Other;\n#[cfg(test)]\nmod tests {\n    use crate::high::Up;\n}\n";
    assert_eq!(leads_up(&rooms(&small(("low/inner.rs", tested))), &floors), Vec::<String>::new());
}

#[test]
fn a_circle_of_files_is_found_through_the_face_of_their_room() {
    assert_eq!(circle(&files(&small(("none.rs", "")))), None);
    for text in ["use super::Thing;\n", "use super::thing::Thing;\n", "use crate::low::Thing;\n"] {
        let found = circle(&files(&small(("low/inner.rs", text))));
        let found: BTreeSet<String> = found.unwrap().into_iter().collect();
        let both = ["low/inner.rs", "low/thing.rs"].map(str::to_owned);
        assert_eq!(found, BTreeSet::from(both), "{text}");
    }
}
