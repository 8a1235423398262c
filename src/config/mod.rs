//! Servers from the configuration files of other programs, which are never written.
//!
//! Claude, Cursor, VS Code, Windsurf, Gemini, Zed, Cline and opencode each use a format of
//! their own. All of them have a name, a URL, and headers with variables.

mod shapes;
mod variables;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::digest::sha256;
use crate::endpoint::Endpoint;
use crate::env::Env;
use crate::file;
use crate::redact::without_secrets;

/// Parses the servers in the text of a file that was found. Returns an error if it is no configuration file.
pub fn parse(text: &str, path: &Path, env: &Env) -> Result<Vec<Configured>, String> {
    shapes::parse(text, path, env, None)
}

/// Configuration file of a project (Claude Code and others).
const PROJECT: &str = ".mcp.json";
/// Maximum size of a configuration file, in bytes.
const MAX_SIZE: u64 = 4 * 1024 * 1024;

/// A server from a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// Name of the server in the file.
    pub name: String,
    /// The configuration file.
    pub file: PathBuf,
    /// The way to reach the server.
    pub reached: Reached,
}

/// The way to reach a configured server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// Over HTTP.
    Http(Remote),
    /// As a program, over its standard input and output, with its command line.
    Stdio(Vec<String>),
    /// The entry cannot be used, for this reason.
    Unusable(String),
}

/// A server on the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    /// The URL, with variables not yet expanded.
    pub url: String,
    /// The headers to send, with variables not yet expanded.
    pub headers: Vec<(String, String)>,
    /// Environment variables that replace the prompts of an editor, with the text of the
    /// prompt.
    pub asked: Vec<(String, String)>,
    /// The URL has variables, of the environment or of the editor.
    pub has_variables: bool,
    /// Variables of the editor for folders, which are expanded already.
    pub folders: Vec<String>,
}

impl Remote {
    /// Returns the part of the URL that gives its origin by itself: everything before the first variable, or
    /// the first variable if the URL starts with one.
    pub fn base(&self) -> &str {
        let end = match self.url.find("${") {
            Some(0) => self.url.find('}').map_or(0, |at| at + 1),
            Some(at) => at,
            None => self.url.len(),
        };
        &self.url[..end]
    }

    /// Returns the URL for display: the host as it is used, and variables by their names.
    pub fn shown_url(&self) -> String {
        let base = self.base();
        // A variable may hold the whole beginning; then nothing is known of it.
        match Endpoint::parse(base).ok().filter(|_| !base.starts_with("${")) {
            Some(endpoint) => without_secrets(&format!("{endpoint}{}", &self.url[base.len()..])),
            None => without_secrets(&self.url),
        }
    }
}

impl Configured {
    /// Returns true if the entry uses more than a fixed URL: headers or variables. In a file that was found,
    /// that needs the user's approval.
    pub fn needs_approval(&self) -> bool {
        match &self.reached {
            Reached::Http(remote) => remote.has_variables || !remote.headers.is_empty(),
            Reached::Stdio(_) | Reached::Unusable(_) => false,
        }
    }

    /// Returns the names of the variables that the entry uses, each once.
    pub fn variables(&self) -> Vec<&str> {
        let Reached::Http(remote) = &self.reached else { return Vec::new() };
        let texts = remote.headers.iter().map(|(_, value)| value).chain([&remote.url]);
        let of_environment = texts.flat_map(|text| text.split("${").skip(1));
        let of_environment =
            of_environment.map(|part| part.split(['}', ':']).next().unwrap_or_default());
        let mut seen = HashSet::new();
        let all = of_environment.chain(remote.folders.iter().map(String::as_str));
        all.filter(|name| seen.insert(*name)).collect()
    }
}

/// The configured servers, and problems with their files.
#[derive(Debug, Default)]
pub struct ConfiguredServers {
    /// The servers, in the order of their files.
    pub servers: Vec<Configured>,
    /// Files that could not be used, with the reason.
    pub problems: Vec<String>,
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
    /// SHA-256 digest of its text, in hexadecimal.
    pub digest: String,
    /// The file was found in this directory or above; the user did not name it.
    pub is_discovered: bool,
}

impl ConfiguredServers {
    /// Returns the server with this name.
    pub fn named(&self, name: &str) -> Option<&Configured> {
        self.servers.iter().find(|server| server.name == name)
    }
}

/// Reads configured servers from the given file (`--config`, `MCPOKE_CONFIG`), or else from
/// the nearest `.mcp.json` in this directory or above.
pub fn find(given: Option<&Path>, env: &Env, folder: &Path) -> ConfiguredServers {
    let mut found = ConfiguredServers::default();
    let given = given.or_else(|| env.var("MCPOKE_CONFIG").map(Path::new));
    if let Some(path) = given {
        found.read(&folder.join(path), env, Some(folder));
        return found;
    }
    let nearest = folder.ancestors().map(|above| above.join(PROJECT)).find(|path| path.exists());
    if let Some(path) = nearest {
        found.is_discovered = true;
        // An approval covers the file itself, wherever a symbolic link to it is.
        let path = std::fs::canonicalize(&path).unwrap_or(path);
        match check_owner(&path) {
            // What a file says for folders by their paths depends on where the command runs, so an approval
            // could not cover it.
            Ok(()) => found.read(&path, env, None),
            Err(why) => {
                found.problems.push(format!("cannot use {}: {why}", path.display()));
                found.file = Some(path);
            }
        }
    }
    found
}

impl ConfiguredServers {
    fn read(&mut self, path: &Path, env: &Env, folder: Option<&Path>) {
        self.file = Some(path.to_owned());
        let servers = text_of(path).and_then(|text| {
            self.digest = sha256(text.as_bytes());
            shapes::parse(&text, path, env, folder)
        });
        match servers {
            Ok(servers) => self.servers.extend(servers),
            Err(why) => self.problems.push(format!("cannot use {}: {why}", path.display())),
        }
    }
}

/// Refuses a file that another user owns or can change: it decides where requests go.
#[cfg(unix)]
fn check_owner(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err("it belongs to another user; use --config to read it anyway".to_owned());
    }
    if about.mode() & 0o002 != 0 {
        return Err("everybody can write to it; use --config to read it anyway".to_owned());
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner(_: &Path) -> Result<(), String> {
    Ok(())
}

fn text_of(path: &Path) -> Result<String, String> {
    let said = |error: std::io::Error| error.to_string();
    let data = std::fs::metadata(path).map_err(said)?;
    // A device or a pipe may never end.
    if !data.is_file() {
        return Err(if data.is_dir() { "it is a folder" } else { "it is not a file" }.to_owned());
    }
    let bytes = file::read(path, MAX_SIZE).map_err(said)?;
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
        let url = |found: &ConfiguredServers| match &found.named("a").unwrap().reached {
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
            assert!(endless.problems[0].contains("not a file"), "{:?}", endless.problems);
        }
        let gone = find(Some(Path::new("gone.json")), &env, &below);
        assert!(gone.problems[0].contains("gone.json") && gone.servers.is_empty());
    }
}
