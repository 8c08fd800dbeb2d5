//! The refs of a repository at one moment, read once for a whole push: where they stand, and which
//! of them are other names of another. What may be pushed is for others to say.

use std::collections::BTreeMap;

use super::{Error, Repo, names};
use crate::tree::{ObjectId, RepoPath};

/// As far as git follows refs that name refs.
const MOST_STEPS: usize = 5;

/// All refs of a repository. Names are full; bytes of theirs that are not UTF-8 are written `\xNN`.
pub struct Refs<'repo> {
    repo: &'repo Repo,
    named: BTreeMap<String, Target>,
    /// The symbolic refs, by the ref that they lead to.
    other_names: BTreeMap<String, Vec<String>>,
}

/// What a ref names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Object(ObjectId),
    Ref(String),
}

impl Repo {
    /// Reads all refs, once. Broken ones are left out, as git does.
    ///
    /// # Errors
    /// The refs cannot be read.
    pub fn refs(&self) -> Result<Refs<'_>, Error> {
        let attempt = || Error::new("could not read the refs");
        let platform = self.inner.references().map_err(|cause| attempt().because(cause))?;
        let mut named = BTreeMap::new();
        for found in platform.all().map_err(|cause| attempt().because(cause))? {
            match found {
                Ok(found) => {
                    named.insert(name_of(found.name()), target_of(found.target()));
                }
                Err(cause) if is_skipped(&cause) => {}
                Err(cause) => return Err(attempt().because(cause)),
            }
        }
        let mut refs = Refs { repo: self, named, other_names: BTreeMap::new() };
        let symbolic = refs.named.iter().filter(|(_, target)| matches!(target, Target::Ref(_)));
        let ends = symbolic.filter_map(|(name, _)| Some((refs.end_of(name)?, name.clone())));
        for (end, name) in ends.collect::<Vec<_>>() {
            refs.other_names.entry(end).or_default().push(name);
        }
        Ok(refs)
    }
}

/// A ref that holds nonsense, and one that was packed or deleted meanwhile.
fn is_skipped(cause: &gix::Error) -> bool {
    let is_gone = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::NotFound;
    cause.downcast_any_ref::<gix::refs::file::find::ReferenceDecode>().is_some()
        || cause.downcast_any_ref::<std::io::Error>().is_some_and(is_gone)
}

fn name_of(name: &gix::refs::FullNameRef) -> String {
    names::repo_path(name.as_bstr()).to_string()
}

fn target_of(target: gix::refs::TargetRef<'_>) -> Target {
    match target {
        gix::refs::TargetRef::Object(id) => Target::Object(names::object_id(id)),
        gix::refs::TargetRef::Symbolic(name) => Target::Ref(name_of(name)),
    }
}

impl Refs<'_> {
    /// The ref that a push to `name` moves: where `name` is symbolic here, git follows it and tells
    /// its hooks nothing of that.
    ///
    /// # Errors
    /// It leads on and on.
    pub fn led_to(&self, name: &str) -> Result<String, Error> {
        self.end_of(name).ok_or_else(|| {
            Error::new(format!("could not read `{name}`"))
                .because("it is a symbolic ref that leads to no end")
        })
    }

    fn end_of(&self, name: &str) -> Option<String> {
        let mut at = name;
        for _ in 0..=MOST_STEPS {
            match self.named.get(at) {
                Some(Target::Ref(next)) => at = next,
                Some(Target::Object(_)) | None => return Some(at.to_owned()),
            }
        }
        None
    }

    /// All names of a ref that is not symbolic: its own, and those that lead to it.
    pub fn names_of<'a>(&'a self, end: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::once(end).chain(self.other_names.get(end).into_iter().flatten().map(String::as_str))
    }

    /// The object that a ref has which is not symbolic; `None` where there is no such ref.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn object(&self, end: &str) -> Result<Option<ObjectId>, Error> {
        if let Some(Target::Object(id)) = self.named.get(end) {
            return Ok(Some(id.clone()));
        }
        // It may have been packed while all were read; and what is broken was left out.
        let bytes = names::path_bytes(&RepoPath::new(end));
        let attempt = |cause: gix::Error| Error::new(format!("could not read `{end}`")).because(cause);
        let name = gix::refs::FullName::try_from(gix::bstr::BString::from(bytes));
        let Ok(name) = name else { return Ok(None) };
        let found = self.repo.inner.try_find_reference(name.as_ref()).map_err(attempt)?;
        let same = found.filter(|found| found.name() == name.as_ref());
        Ok(same.and_then(|found| found.target().try_id().map(names::object_id)))
    }

    /// The branches, by name, those among them that are another name of a ref.
    pub fn branches(&self) -> impl Iterator<Item = &str> {
        self.named.keys().map(String::as_str).filter(|name| name.starts_with("refs/heads/"))
    }
}
