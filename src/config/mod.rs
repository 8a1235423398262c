//! Servers that other programs' configuration files name: read, never written.
//!
//! Claude, Cursor, VS Code, Windsurf, Gemini, Zed, Cline and opencode each have a file of their own shape;
//! what they have in common is a name, a URL, and headers with variables in them.

mod shapes;
mod variables;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::env::Env;

/// The file that projects have (Claude Code, and others).
const PROJECT: &str = ".mcp.json";
/// Larger files than this are no configuration of servers, in bytes.
const MAX_SIZE: u64 = 4 * 1024 * 1024;

/// A server that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// Its name there.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// How it is reached.
    pub reached: Reached,
}

/// How a configured server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// Over HTTP.
    Http(Remote),
    /// As a program, over its standard input and output; its command line.
    Stdio(Vec<String>),
    /// The entry cannot be used, and why.
    Unusable(String),
}

/// A server on the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    /// Its URL, variables unexpanded.
    pub url: String,
    /// The headers to send, variables unexpanded.
    pub headers: Vec<(String, String)>,
    /// Variables that stand for what an editor asks its user for, and its question.
    pub asked: Vec<(String, String)>,
}

/// What was found, and where.
#[derive(Debug, Default)]
pub struct Found {
    /// The servers, in the order of their files.
    pub servers: Vec<Configured>,
    /// Files that could not be used, and why.
    pub problems: Vec<String>,
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
}

impl Found {
    /// The server of this name.
    pub fn named(&self, name: &str) -> Option<&Configured> {
        self.servers.iter().find(|server| server.name == name)
    }
}

/// Finds configured servers: in the file that was given (`--config`, `MCPOKE_CONFIG`), or else in the
/// `.mcp.json` of this folder or the nearest one above.
pub fn find(given: Option<&Path>, env: &Env, folder: &Path) -> Found {
    let mut found = Found::default();
    let given = given.or_else(|| env.var("MCPOKE_CONFIG").map(Path::new));
    if let Some(path) = given {
        found.read(&folder.join(path), env, folder);
        return found;
    }
    let nearest = folder.ancestors().map(|above| above.join(PROJECT)).find(|path| path.exists());
    if let Some(path) = nearest {
        found.read(&path, env, folder);
    }
    found
}

impl Found {
    fn read(&mut self, path: &Path, env: &Env, folder: &Path) {
        self.file = Some(path.to_owned());
        let servers = text_of(path).and_then(|text| shapes::parse(&text, path, env, folder));
        match servers {
            Ok(servers) => self.servers.extend(servers),
            Err(why) => self.problems.push(format!("cannot use {}: {why}", path.display())),
        }
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    let said = |error: std::io::Error| error.to_string();
    let data = std::fs::metadata(path).map_err(said)?;
    // A device or a pipe may have no end.
    if !data.is_file() {
        return Err(if data.is_dir() { "it is a folder" } else { "it is no file" }.to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(said)?;
    file.take(MAX_SIZE + 1).read_to_end(&mut bytes).map_err(said)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err("it is larger than 4 MiB".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn the_nearest_project_file_is_found_and_a_given_one_instead() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |url: &str| format!(r#"{{"mcpServers":{{"a":{{"url":"{url}"}}}}}}"#);
        write(&folder.path().join(PROJECT), &entry("http://far/"));
        write(&folder.path().join("p/.mcp.json"), &entry("http://near/"));
        write(&folder.path().join("p/q/other.json"), &entry("http://given/"));
        let url = |found: &Found| match &found.named("a").unwrap().reached {
            Reached::Http(remote) => remote.url.clone(),
            other => panic!("{other:?}"),
        };
        let env = Env::of(&[]);
        let below = folder.path().join("p/q");
        assert_eq!(url(&find(None, &env, &below)), "http://near/");
        assert_eq!(url(&find(None, &env, folder.path())), "http://far/");
        assert_eq!(url(&find(Some(Path::new("other.json")), &env, &below)), "http://given/");
        let env = Env::of(&[("MCPOKE_CONFIG", "other.json")]);
        assert_eq!(url(&find(None, &env, &below)), "http://given/");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/dev/zero", below.join("endless.json")).unwrap();
            let endless = find(Some(Path::new("endless.json")), &env, &below);
            assert!(endless.problems[0].contains("no file"), "{:?}", endless.problems);
        }
        let gone = find(Some(Path::new("gone.json")), &env, &below);
        assert!(gone.problems[0].contains("gone.json") && gone.servers.is_empty());
    }
}
