//! Files with secrets: mode 0600 in a folder of mode 0700, replaced atomically.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufWriter, ErrorKind, Read as _, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Durability of a write.
#[derive(Clone, Copy)]
pub(super) enum Durability {
    /// For data that can be obtained again.
    Cached,
    /// For data that cannot be obtained again.
    Synced,
}

/// Removes what killed processes left in the folder of files that are being written. Such a file is locked
/// while its process lives. Failures do not matter: the next command tries again.
pub(super) fn sweep(unfinished: &Path) {
    if check_folder(unfinished).is_err() {
        return;
    }
    let Ok(entries) = std::fs::read_dir(unfinished) else { return };
    for entry in entries.flatten() {
        // Opening a pipe could wait for ever.
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let is_abandoned =
            is_file && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if is_abandoned {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Writes a file atomically: a reader sees the old text or the new one, never a part. Until it is complete, it
/// is in a folder of its own, which has to be on the same file system.
pub(super) fn write(
    path: &Path,
    unfinished: &Path,
    durability: Durability,
    text: impl Fn(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let folder = path.parent().context("a path without a folder")?;
    create_folder(folder)?;
    create_folder(unfinished)?;
    check_folder(unfinished)?;
    // Some files are in the state folder itself.
    if unfinished.parent() != Some(folder) {
        check_folder(folder)?;
    }
    match write_once(path, unfinished, durability, &text) {
        // Another process may have swept the file before it was locked.
        Err(error) if is_missing(&error) => write_once(path, unfinished, durability, &text),
        outcome => outcome,
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|io| io.kind() == ErrorKind::NotFound)
}

fn write_once(
    path: &Path,
    unfinished: &Path,
    durability: Durability,
    text: &impl Fn(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    // tempfile creates the file with mode 0600, and the rename keeps it.
    let mut file = tempfile::NamedTempFile::new_in(unfinished)
        .with_context(|| format!("cannot write in {}", unfinished.display()))?;
    // Where files cannot be locked, `sweep` removes nothing.
    let _ = file.as_file().try_lock();
    let write = |file: &mut File| {
        let mut buffered = BufWriter::new(file);
        text(&mut buffered)?;
        buffered.flush()
    };
    write(file.as_file_mut())
        .and_then(|()| match durability {
            Durability::Cached => Ok(()),
            Durability::Synced => file.as_file().sync_data(),
        })
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.persist(path)
        .map_err(|error| error.error)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// Opens a file, or returns `None` if there is none. Refuses a file that others own or can
/// read: it may hold a session id or a token, and decides where these are sent.
pub(super) fn open(path: &Path) -> Result<Option<File>> {
    let failed = || format!("cannot read {}", path.display());
    let about = match std::fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        // This includes a file in place of a folder.
        Err(error) => return Err(error).with_context(failed),
    };
    // Owner and mode are checked on the path itself, so the read must not follow a link.
    if about.is_symlink() {
        bail!("{} is a symbolic link, not a file; remove it", path.display());
    }
    if !about.is_file() {
        bail!("cannot read {}: it is not a file; remove it", path.display());
    }
    check_owner_and_mode(path, &about)?;
    // Whoever can write to a folder can replace what is in it.
    if let Some(folder) = path.parent() {
        check_owner_and_mode(folder, &std::fs::metadata(folder).with_context(failed)?)?;
    }
    File::open(path).map(Some).with_context(failed)
}

/// Reads a file, with the checks of [`open`]. Returns `None` if there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    let mut text = String::new();
    file.read_to_string(&mut text).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some(text))
}

#[cfg(unix)]
fn check_owner_and_mode(path: &Path, about: &std::fs::Metadata) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    if about.uid() != rustix::process::geteuid().as_raw() {
        bail!("{} belongs to another user; remove it, or set MCPOKE_STATE_DIR", path.display());
    }
    let (mode, path) = (about.mode() & 0o777, path.display());
    if about.is_file() && mode & 0o077 != 0 {
        bail!("{path} can be read by others (mode {mode:04o}): chmod 600 {path}");
    }
    if about.is_dir() && mode & 0o022 != 0 {
        bail!("others can write to {path} (mode {mode:04o}): chmod 700 {path}");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner_and_mode(_: &Path, _: &std::fs::Metadata) -> Result<()> {
    Ok(())
}

/// Removes a file; a missing file is not an error.
pub(super) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Lock file held by one process at a time. The operating system releases it when the
/// process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Waits until no other process holds the lock. Returns an error after the limit.
pub(super) fn lock(path: &Path, limit: Option<Duration>) -> Result<Lock> {
    let folder = path.parent().context("a path without a folder")?;
    create_folder(folder)?;
    check_folder(folder)?;
    let mut options = private_options();
    options.write(true).create(true).truncate(false);
    do_not_follow_links(&mut options);
    let file = options.open(path).with_context(|| format!("cannot lock {}", path.display()))?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
            Err(TryLockError::WouldBlock) if limit.is_some_and(|limit| began.elapsed() > limit) => {
                bail!("another process has locked {} for too long", path.display());
            }
            // File locks have no wait with a timeout, and holders usually need a few milliseconds.
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Creates a folder and its missing parents, accessible only to the user.
fn create_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    for_the_user_alone(&mut builder);
    builder.create(folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// Returns an error if other users can change this folder or its parent.
fn check_folder(folder: &Path) -> Result<()> {
    let failed = |path: &Path| format!("cannot read {}", path.display());
    let about = std::fs::symlink_metadata(folder).with_context(|| failed(folder))?;
    if about.is_symlink() {
        bail!("{} is a symbolic link, not a folder; remove it", folder.display());
    }
    check_owner_and_mode(folder, &about)?;
    let state = folder.parent().unwrap_or(folder);
    check_owner_and_mode(state, &std::fs::metadata(state).with_context(|| failed(state))?)
}

#[cfg(unix)]
fn for_the_user_alone(builder: &mut std::fs::DirBuilder) {
    use std::os::unix::fs::DirBuilderExt as _;
    builder.mode(0o700);
}

#[cfg(not(unix))]
fn for_the_user_alone(_: &mut std::fs::DirBuilder) {}

/// Returns options that create files accessible only to the user.
pub fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    set_private_mode(&mut options);
    options
}

#[cfg(unix)]
fn set_private_mode(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn set_private_mode(_: &mut OpenOptions) {}

#[cfg(unix)]
fn do_not_follow_links(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
}

#[cfg(not(unix))]
fn do_not_follow_links(_: &mut OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_or_removed_where_others_can_write() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (state, victim) = (folder.path().join("state"), folder.path().join("victim"));
        std::fs::create_dir_all(state.join("sessions")).unwrap();
        std::fs::create_dir_all(&victim).unwrap();
        std::fs::write(victim.join("precious"), "x").unwrap();
        std::os::unix::fs::symlink(&victim, state.join("unfinished")).unwrap();
        let text = |file: &mut dyn Write| file.write_all(b"text");
        let write = || {
            let to = state.join("sessions/x");
            write(&to, &state.join("unfinished"), Durability::Cached, text)
        };
        sweep(&state.join("unfinished"));
        assert!(victim.join("precious").exists());
        assert!(write().unwrap_err().to_string().contains("symbolic link"));
        std::fs::remove_file(state.join("unfinished")).unwrap();
        write().unwrap();
        std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(write().unwrap_err().to_string().contains("others can write"));
        assert!(lock(&state.join("locks/x"), None).is_err());
    }

    #[test]
    fn what_a_killed_process_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let unfinished = folder.path().join("unfinished");
        create_folder(&unfinished).unwrap();
        let (left, busy) = (unfinished.join("left"), unfinished.join("busy"));
        std::fs::write(&left, "a token").unwrap();
        std::fs::write(&busy, "half").unwrap();
        let writing = File::open(&busy).unwrap();
        writing.lock().unwrap();
        let text = |file: &mut dyn Write| file.write_all(b"text");
        write(&folder.path().join("x"), &unfinished, Durability::Cached, text).unwrap();
        sweep(&unfinished);
        assert!(!left.exists() && busy.exists());
        drop(writing);
        sweep(&unfinished);
        assert!(!busy.exists());
        assert_eq!(std::fs::read_to_string(folder.path().join("x")).unwrap(), "text");
    }
}
