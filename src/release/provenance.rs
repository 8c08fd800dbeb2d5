//! Where a snapshot comes from: the record that it carries, written and read back.

use sha2::{Digest as _, Sha256};

use super::Moment;
use crate::bom::SnapshotId;
use crate::tree::ObjectId;
use crate::yaml::{Document, Value};

/// The key of the record.
pub(super) const RECORD: &str = "sysbom";

/// Where a snapshot comes from, as it says itself under `sysbom`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Record {
    /// Who to ask.
    pub owner: Option<String>,
    /// What is expected.
    pub hypothesis: Option<String>,
    /// When it was made.
    pub created: Option<Moment>,
    /// The commit of the operation repository that it was made on.
    pub commit: String,
    /// The state that it started from: an archive's or a snapshot's path, or the manifest's.
    pub release: String,
    /// The chart that was deployed with it.
    pub chart: Option<Chart>,
    /// The values files that go before it, in this order, each with the SHA-256 of its bytes.
    pub values: Vec<(String, String)>,
    /// What load it ran under.
    pub load: Option<String>,
    /// Where it was measured.
    pub metrics: Option<String>,
    /// The snapshot that it repeats.
    pub reproduces: Option<String>,
}

/// A chart at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Its folder.
    pub path: String,
    /// Its version, as `Chart.yaml` has it.
    pub version: String,
    /// What tells its content from any other: git's id of the folder.
    pub digest: String,
}

impl Record {
    /// As it stands under [`RECORD`].
    pub(super) fn value(&self, id: &SnapshotId) -> Value {
        let mut entries = Vec::new();
        let mut text = |key: &str, value: Option<&str>| {
            entries.extend(value.map(|value| (key.to_owned(), Value::text(value))));
        };
        text("id", Some(id.as_str()));
        text("owner", self.owner.as_deref());
        text("hypothesis", self.hypothesis.as_deref());
        text("created", self.created.map(|created| created.to_string()).as_deref());
        let base = [("commit", &self.commit), ("release", &self.release)];
        entries.push(("base".to_owned(), texts(&base)));
        if let Some(chart) = &self.chart {
            let chart = [("path", &chart.path), ("version", &chart.version), ("digest", &chart.digest)];
            entries.push(("chart".to_owned(), texts(&chart)));
        }
        if !self.values.is_empty() {
            let files = self.values.iter().map(|(path, sha256)| texts(&[("path", path), ("sha256", sha256)]));
            entries.push(("values".to_owned(), Value::Sequence(files.collect())));
        }
        let more = [("load", &self.load), ("metrics", &self.metrics), ("reproduces", &self.reproduces)];
        for (key, value) in more {
            entries.extend(value.as_ref().map(|value| (key.to_owned(), Value::text(value))));
        }
        Value::Mapping(entries)
    }

    /// The commit, if it is written as git's own id: 40 or 64 hex digits. A record can be written by
    /// hand, and git takes what begins with `-` for an option, however it is quoted.
    pub fn commit_id(&self) -> Option<&str> {
        ObjectId::is_whole(&self.commit).then_some(self.commit.as_str())
    }

    /// Reads the record of a snapshot; `None` for a text that has none.
    pub fn read(text: &str) -> Option<Record> {
        let document = Document::parse(text).ok()?;
        let node = document.get(document.root()?, RECORD)?;
        let at = |node, key| document.get(node, key);
        let text = |node, key| document.scalar(at(node, key)?).map(str::to_owned);
        let base = at(node, "base")?;
        let chart = at(node, "chart").and_then(|chart| {
            Some(Chart {
                path: text(chart, "path")?,
                version: text(chart, "version")?,
                digest: text(chart, "digest")?,
            })
        });
        let values = at(node, "values").map(|values| document.items(values)).unwrap_or_default();
        Some(Record {
            owner: text(node, "owner"),
            hypothesis: text(node, "hypothesis"),
            created: text(node, "created").and_then(|created| created.parse().ok()),
            commit: text(base, "commit")?,
            release: text(base, "release").unwrap_or_default(),
            chart,
            values: values
                .iter()
                .filter_map(|item| Some((text(item.value, "path")?, text(item.value, "sha256")?)))
                .collect(),
            load: text(node, "load"),
            metrics: text(node, "metrics"),
            reproduces: text(node, "reproduces"),
        })
    }
}

/// The SHA-256 of a file's bytes, as `sha256sum` prints it.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn texts(entries: &[(&str, &String)]) -> Value {
    Value::Mapping(
        entries.iter().map(|(key, text)| ((*key).to_owned(), Value::text(text.as_str()))).collect(),
    )
}
