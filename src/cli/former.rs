//! Former states and snapshots, by the names people have for them.

use crate::git::{Base, Repo};
use crate::policy::System;
use crate::text::escape;
use crate::tree::{Kind, ObjectId, Tree};
use crate::yaml::MAX_BYTES;

use super::failure::Failure;
use super::policies::archive_path;
use super::standing::systems;

/// A manifest that was, or a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// What to call it: the path of its file in history, or of its archive.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The commit that it was found in, or at which it became the state.
    pub commit: ObjectId,
    /// When that was committed, in seconds since 1970.
    pub committed: i64,
}

/// The states along base's first parents, newest first, the present one among them.
pub fn states<'r>(
    repo: &'r Repo,
    base: &Base,
    system: &'r System,
) -> Result<impl Iterator<Item = Result<Former, Failure>> + 'r, Failure> {
    let states = repo.states(&base.commit, &system.manifest)?;
    Ok(states.map(move |state| {
        let state = state?;
        let bytes = repo.blob(&state.blob, MAX_BYTES)?;
        let name = archive_path(system, state.committer_time, &bytes).to_string();
        Ok(Former { name, bytes, commit: state.commit, committed: state.committer_time })
    }))
}

/// The archive or snapshot of this name on base (without folder, with or without `.yaml`), else the
/// manifest at a revision.
pub fn find(repo: &Repo, base: &Base, system: &System, name: &str) -> Result<Former, Failure> {
    let tree = repo.commit_tree(&base.commit)?;
    let wanted = name.strip_suffix(".yaml").unwrap_or(name);
    let files = tree.files_below(&system.history)?;
    let found = files.iter().find(|entry| {
        let file = entry.path.name();
        entry.kind == Kind::File
            && (file.strip_suffix(".yaml") == Some(wanted) || entry.path.as_str() == name)
    });
    if let Some(entry) = found {
        let committed = repo.commit(&base.commit)?.committer_time;
        let bytes = tree.read(entry, MAX_BYTES)?;
        return Ok(Former { name: entry.path.to_string(), bytes, commit: base.commit.clone(), committed });
    }
    let commit = repo.resolve(name).map_err(|error| {
        Failure::from(error)
            .help(format!("name a file of {} without its folder, or a revision", system.history))
    })?;
    let tree = repo.commit_tree(&commit)?;
    let Some(entry) = tree.entry(&system.manifest)?.filter(|entry| entry.kind == Kind::File) else {
        return Err(Failure::new(format!("`{}` has no {}", escape(name), system.manifest)));
    };
    let bytes = tree.read(&entry, MAX_BYTES)?;
    let committed = repo.commit(&commit)?.committer_time;
    Ok(Former { name: commit.short().to_owned(), bytes, commit, committed })
}

/// Base, and the system that is meant.
pub fn on_base(repo: &Repo, wanted: Option<&str>) -> Result<(Base, System), Failure> {
    let base = repo.base()?.ok_or_else(|| {
        Failure::new("there is no commit to look at")
            .help("make the first one: `sysbom init`, then `git commit`")
    })?;
    let system = chosen(systems(repo, &base)?, wanted)?;
    Ok((base, system))
}

/// The system of this name; without one, the only one.
pub fn chosen(mut systems: Vec<System>, wanted: Option<&str>) -> Result<System, Failure> {
    let names: Vec<String> = systems
        .iter()
        .filter_map(|system| system.name.as_deref())
        .map(|name| escape(name).to_string())
        .collect();
    let known = if names.is_empty() {
        "there is only one system: leave out --system".to_owned()
    } else {
        format!("name one of them with --system: {}", names.join(", "))
    };
    match wanted {
        None if systems.len() == 1 => Ok(systems.remove(0)),
        None if systems.is_empty() => Err(Failure::new("there is no system yet")
            .help("commit a manifest where the policy says, then release into it")),
        None => Err(Failure::new("there are several systems").help(known)),
        Some(wanted) => systems
            .into_iter()
            .find(|system| system.name.as_deref() == Some(wanted))
            .ok_or_else(|| Failure::new(format!("there is no system `{}`", escape(wanted))).help(known)),
    }
}
