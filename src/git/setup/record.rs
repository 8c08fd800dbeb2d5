//! What install wrote, and over what, so that uninstall takes out just that.
//! Kept in the git folder that all worktrees share, and moved and copied with it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::{Error, Repo, fs as files};
use super::place::Place;

/// The file, in the common git folder.
const FILE: &str = "sysbom-installed.json";

/// What was added to files of the user, and what was written over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    pub(super) added: Vec<Added>,
    /// The hooks, by place, as they were written.
    pub(super) hooks: BTreeMap<Place, String>,
    /// Keys of git's configuration.
    pub(super) config: BTreeMap<String, Set>,
}

/// A key of git's configuration that was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Set {
    /// To what.
    pub(super) to: String,
    /// The values that it had.
    pub(super) before: Vec<String>,
}

/// A piece of text in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Added {
    pub(super) file: Place,
    /// Byte for byte, with the line break before it if we wrote that too.
    pub(super) text: String,
    /// Whether the file was made for it.
    pub(super) made: bool,
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from(self.clone()))
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Place, D::Error> {
        String::deserialize(deserializer).map(Place::from)
    }
}

impl Repo {
    fn record_path(&self) -> PathBuf {
        self.common_dir().join(FILE)
    }

    pub(super) fn record(&self) -> Result<Record, Error> {
        let path = self.record_path();
        let attempt = || format!("could not read {}", path.display());
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(|record| self.understood_here(record))
                .map_err(|cause| Error::new(attempt()).because(cause)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Record::default()),
            Err(cause) => Err(Error::new(attempt()).because(cause)),
        }
    }

    fn understood_here(&self, record: Record) -> Record {
        let added =
            record.added.into_iter().map(|added| Added { file: self.understood(added.file), ..added });
        let hooks = record.hooks.into_iter().map(|(place, text)| (self.understood(place), text));
        Record { added: added.collect(), hooks: hooks.collect(), config: record.config }
    }

    /// Forgets what nobody will ask for any more.
    pub(super) fn forget_what_is_gone(&self) -> Result<(), Error> {
        let mut record = self.record()?;
        record.added.retain(|added| !self.is_gone(&added.file));
        record.hooks.retain(|place, _| !self.is_gone(place));
        self.keep_record(&record)
    }

    pub(super) fn keep_record(&self, record: &Record) -> Result<(), Error> {
        let path = self.record_path();
        if *record == Record::default() {
            return match std::fs::remove_file(&path) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                    Err(Error::new(format!("could not remove {}", path.display())).because(cause))
                }
                _ => Ok(()),
            };
        }
        let text = serde_json::to_vec_pretty(record).expect("paths and texts are always JSON");
        files::replace_file(&path, &text)
    }
}
