//! Rendering of a tool's result as text or files.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::GeneralPurposeConfig;
use serde_json::Value;

use super::one_line;
use crate::file;
use crate::protocol::content::{Binary, Content, ToolResult};

/// Base64 with optional padding: some servers omit it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// Destinations for the parts of a result.
#[derive(Debug, Clone, Default)]
pub struct Destination {
    /// File for the binary part, or else the text (`--output`).
    pub file: Option<PathBuf>,
    /// Directory for every binary part, with generated file names (`--save-dir`).
    pub folder: Option<PathBuf>,
    /// Start of generated file names: the tool's name.
    pub stem: String,
}

impl Destination {
    /// Returns true if nothing is written to a file.
    pub fn is_stdout(&self) -> bool {
        self.file.is_none() && self.folder.is_none()
    }
}

/// A result, rendered.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Server text for standard output.
    pub text: Vec<String>,
    /// Bytes for standard output, unchanged (`--output -`).
    pub bytes: Vec<u8>,
    /// Notes for standard error on the files that were written.
    pub notes: Vec<String>,
}

/// Renders a result and writes its binary parts to their destinations. Fails with the path
/// that could not be written.
pub fn render(result: ToolResult, destination: &Destination) -> io::Result<Rendered> {
    let mut rendered = Rendered::default();
    let mut files = 0;
    let has_content = !result.content.is_empty();
    for content in result.content {
        match content {
            Content::Text(text) | Content::Resource { text, .. } => {
                rendered.text.push(text);
            }
            Content::Link { uri, name, mime_type } => {
                let kind =
                    mime_type.as_deref().map(|kind| format!(" ({kind})")).unwrap_or_default();
                rendered.text.push(format!("{name}  {uri}{kind}"));
            }
            // Print a block of an unknown kind as it was received, so that nothing is lost.
            Content::Unknown(raw) => rendered.text.push(raw),
            Content::Binary(binary) => {
                files += 1;
                save(&binary, files, destination, &mut rendered)?;
            }
        }
    }
    if let Some(structured) = result.structured.filter(|_| !has_content) {
        rendered.text.push(pretty(structured.get()));
    }
    if let Some(path) = destination.file.as_ref().filter(|path| files == 0 && !is_stdout(path)) {
        let text = rendered.text.join("\n") + "\n";
        named(path, file::write(path, text.as_bytes()))?;
        rendered.text.clear();
        rendered.notes.push(format!("wrote {} ({} bytes)", path.display(), text.len()));
    }
    Ok(rendered)
}

/// Pretty-prints JSON; returns text that cannot be parsed, such as JSON nested too deeply,
/// unchanged.
fn pretty(raw: &str) -> String {
    let value: Option<Value> = serde_json::from_str(raw).ok();
    value
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| raw.to_owned())
}

fn save(
    binary: &Binary,
    number: usize,
    destination: &Destination,
    rendered: &mut Rendered,
) -> io::Result<()> {
    let Ok(bytes) = BASE64.decode(binary.base64.trim()) else {
        // Print what cannot be decoded, so that nothing is lost.
        rendered.notes.push(format!("the {} is not Base64; it is shown as it came", binary.kind));
        rendered.text.push(binary.base64.clone());
        return Ok(());
    };
    if destination.file.is_none() && destination.folder.is_none() {
        rendered.text.push(format!(
            "[{} {}, {} bytes: --output FILE or --save-dir DIR keeps it]",
            binary.kind,
            binary.mime_type,
            bytes.len()
        ));
        return Ok(());
    }
    let mut wrote = |path: &Path| {
        rendered.notes.push(format!(
            "wrote {} ({}, {} bytes)",
            path.display(),
            one_line(&binary.mime_type),
            bytes.len()
        ));
    };
    if destination.file.as_deref().is_some_and(is_stdout) {
        rendered.bytes.extend(bytes);
        return Ok(());
    }
    if let Some(path) = &destination.file {
        let path = numbered(path, number);
        named(&path, file::write(&path, &bytes))?;
        wrote(&path);
    }
    if let Some(folder) = &destination.folder {
        let (path, mut file) = create_in(folder, &destination.stem, &binary.mime_type)?;
        named(&path, file.write_all(&bytes))?;
        wrote(&path);
    }
    Ok(())
}

/// Returns true for `-`, which is standard output.
fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns the path of a part: the file itself for the first one, then `a-2.png` and so on.
fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension =
        path.extension().map(|ext| format!(".{}", ext.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{extension}"))
}

/// Creates a file such as `TOOL-1.png`. Never overwrites a file, and never uses a name
/// chosen by the server.
fn create_in(folder: &Path, stem: &str, mime_type: &str) -> io::Result<(PathBuf, File)> {
    named(folder, std::fs::create_dir_all(folder))?;
    let stem: String = stem
        .chars()
        // The tool's name may be long and may contain path separators.
        .take(48)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' })
        .collect();
    // `create_new` fails if the file exists, so parallel runs get different names.
    for number in 1.. {
        let path = folder.join(format!("{stem}-{number}.{}", extension(mime_type)));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return named(&path, opened).map(|file| (path, file)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn extension(mime_type: &str) -> &'static str {
    match mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "image/png" => "png",
        "image/jpeg" | "image/jpg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/svg+xml" => "svg",
        "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/ogg" => "ogg",
        "application/pdf" => "pdf",
        "application/json" => "json",
        "application/gzip" => "gz",
        "application/zip" => "zip",
        "text/plain" => "txt",
        _ => "bin",
    }
}

fn named<T>(path: &Path, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn result(value: &Value) -> ToolResult {
        ToolResult::parse(&serde_json::value::to_raw_value(value).unwrap()).unwrap()
    }

    fn image() -> ToolResult {
        result(&json!({"content": [
            {"type": "text", "text": "two:"},
            {"type": "image", "data": "YWJj", "mimeType": "image/png"},
            {"type": "audio", "data": "YWI", "mimeType": "../../evil"},
        ]}))
    }

    #[test]
    fn a_binary_part_is_announced_where_it_goes_nowhere() {
        let rendered = render(image(), &Destination::default()).unwrap();
        assert_eq!(rendered.text[0], "two:");
        assert!(rendered.text[1].starts_with("[image image/png, 3 bytes"), "{rendered:?}");
    }

    #[test]
    fn files_have_our_names_and_overwrite_none() {
        let folder = tempfile::tempdir().unwrap();
        let destination = Destination {
            folder: Some(folder.path().to_owned()),
            stem: "../get image".into(),
            ..Destination::default()
        };
        render(image(), &destination).unwrap();
        render(image(), &destination).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let stem = "---get-image";
        assert_eq!(
            names,
            [
                format!("{stem}-1.bin"),
                format!("{stem}-1.png"),
                format!("{stem}-2.bin"),
                format!("{stem}-2.png")
            ]
        );
        assert_eq!(std::fs::read(folder.path().join(format!("{stem}-1.png"))).unwrap(), b"abc");
    }

    #[test]
    fn output_takes_the_bytes_or_else_the_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let destination = Destination { file: Some(path.clone()), ..Destination::default() };
        let rendered = render(image(), &destination).unwrap();
        assert_eq!(rendered.text, ["two:"]);
        assert_eq!(std::fs::read(&path).unwrap(), b"abc");
        assert_eq!(std::fs::read(folder.path().join("a-2.png")).unwrap(), b"ab");
        let text = result(&json!({"content": [{"type": "text", "text": "hi"}]}));
        assert!(render(text, &destination).unwrap().text.is_empty());
        assert_eq!(std::fs::read(&path).unwrap(), b"hi\n");
    }

    #[test]
    fn structured_content_is_shown_where_there_is_no_other() {
        let rendered = render(
            result(&json!({"structuredContent": {"b": 1, "a": 2}})),
            &Destination::default(),
        );
        assert_eq!(rendered.unwrap().text, ["{\n  \"b\": 1,\n  \"a\": 2\n}"]);
    }

    #[test]
    fn what_is_not_base64_is_not_lost() {
        let broken =
            result(&json!({"content": [{"type": "image", "data": "%%", "mimeType": "image/png"}]}));
        let rendered = render(broken, &Destination::default()).unwrap();
        assert_eq!(rendered.text, ["%%"]);
        assert_eq!(rendered.notes.len(), 1);
    }
}
