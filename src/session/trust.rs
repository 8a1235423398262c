//! Approved configuration files: the path of each, and the digest of what was approved.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::files;
use super::record::{Record, parse_file};
use super::store::Store;

/// File format of the approved files.
#[derive(Serialize, Deserialize)]
struct TrustFile {
    format: u64,
    /// SHA-256 digests in hexadecimal, by absolute path.
    files: BTreeMap<String, String>,
}

impl Store {
    /// Returns the digest of each approved file, by absolute path.
    pub fn trusted(&self) -> Result<BTreeMap<String, String>> {
        let path = self.path(&["trusted"])?;
        let Some(text) = files::read(&path)? else { return Ok(BTreeMap::new()) };
        let file: TrustFile =
            parse_file(&text).with_context(|| format!("cannot use {}", path.display()))?;
        Ok(file.files)
    }

    /// Returns true if the file was approved with this content.
    pub fn trusts(&self, file: &Path, digest: &str) -> Result<bool> {
        Ok(self.trusted()?.get(&name_of(file)?).is_some_and(|known| known == digest))
    }

    /// Approves a file with this content.
    pub fn trust(&self, file: &Path, digest: &str) -> Result<()> {
        let name = name_of(file)?;
        self.change_trusted(|files| files.insert(name, digest.to_owned()))?;
        Ok(())
    }

    /// Withdraws the approval of a file. Returns false if it was not approved.
    pub fn revoke_trust(&self, file: &Path) -> Result<bool> {
        let name = name_of(file)?;
        Ok(self.change_trusted(|files| files.remove(&name))?.is_some())
    }

    fn change_trusted<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, String>) -> T,
    ) -> Result<T> {
        let _lock = self.lock("trusted files", Some(Duration::from_secs(5)))?;
        let mut all = self.trusted()?;
        let outcome = change(&mut all);
        let text = serde_json::to_string_pretty(&TrustFile { format: Record::FORMAT, files: all })?;
        self.write(&self.path(&["trusted"])?, &(text + "\n"))?;
        Ok(outcome)
    }
}

/// Returns the absolute path of a file, without symbolic links; the file itself may be gone.
fn name_of(file: &Path) -> Result<String> {
    let path = std::path::absolute(file)?;
    let path = std::fs::canonicalize(&path).unwrap_or_else(|_| {
        let folder = path.parent().and_then(|folder| std::fs::canonicalize(folder).ok());
        folder.zip(path.file_name()).map_or(path.clone(), |(folder, name)| folder.join(name))
    });
    let name = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(name.to_owned())
}
