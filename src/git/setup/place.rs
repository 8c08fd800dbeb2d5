//! Where a file of ours lies, said so that it stays true when the repository is moved or copied:
//! below the git folder, or below the top of a working tree. A record that a copy has brought along
//! then speaks of the copy, and not of the original.

use std::path::{Component, Path, PathBuf};

use super::Repo;

/// The place of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Below the git folder that all worktrees share: `git:info/attributes`.
    Git(PathBuf),
    /// Below the top of a working tree: `tree:.gitattributes`, and of a linked one, by the name that
    /// git gave it, `tree@NAME:.gitattributes`.
    Tree {
        /// The name of a linked worktree.
        worktree: Option<String>,
        /// Below its top.
        path: PathBuf,
    },
    /// Anywhere else. Nothing is ever touched there.
    Elsewhere(PathBuf),
}

impl From<String> for Place {
    fn from(text: String) -> Place {
        let place = match text.split_once(':') {
            Some(("git", path)) => Some(Place::Git(path.into())),
            Some(("tree", path)) => Some(Place::Tree { worktree: None, path: path.into() }),
            Some((tree, path)) => tree
                .strip_prefix("tree@")
                .map(|name| Place::Tree { worktree: Some(name.to_owned()), path: path.into() }),
            None => None,
        };
        match place {
            Some(place) if place.stays_below() => place,
            // As former versions wrote it: an absolute path.
            _ => Place::Elsewhere(text.into()),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        match place {
            Place::Git(path) => format!("git:{}", path.display()),
            Place::Tree { worktree: None, path } => format!("tree:{}", path.display()),
            Place::Tree { worktree: Some(name), path } => format!("tree@{name}:{}", path.display()),
            Place::Elsewhere(path) => path.display().to_string(),
        }
    }
}

impl Place {
    fn stays_below(&self) -> bool {
        let (Place::Git(path) | Place::Tree { path, .. }) = self else { return false };
        path.components().next().is_some()
            && path.components().all(|part| matches!(part, Component::Normal(_)))
    }
}

impl Repo {
    /// The place of a file with this absolute path.
    pub(super) fn place_of(&self, path: &Path) -> Place {
        if let Some(path) = below(path, &self.shared_dir()) {
            return Place::Git(path);
        }
        let own = self.top().ok().map(|top| (self.worktree_name(), top));
        for (worktree, top) in own.into_iter().chain(self.other_tops()) {
            if let Some(path) = below(path, &top) {
                return Place::Tree { worktree, path };
            }
        }
        Place::Elsewhere(path.to_owned())
    }

    /// The absolute path of a place in the git folder or in this working tree.
    pub(super) fn path_of(&self, place: &Place) -> Option<PathBuf> {
        match place {
            Place::Git(path) => Some(self.shared_dir().join(path)),
            Place::Tree { worktree, path } if *worktree == self.worktree_name() => {
                self.top().ok().map(|top| top.join(path))
            }
            Place::Tree { .. } | Place::Elsewhere(_) => None,
        }
    }

    /// A place as it was noted, understood here. An absolute path of a former version that lies nowhere
    /// in this repository is from before it was moved or copied: the files of that version had few names.
    pub(super) fn understood(&self, noted: Place) -> Place {
        let Place::Elsewhere(path) = noted else { return noted };
        match self.place_of(&path) {
            Place::Elsewhere(path) if path.is_absolute() => of_former_name(&path),
            place => place,
        }
    }

    /// Whether it is in a worktree that has gone for good, or in no place that could be found again.
    pub(super) fn is_gone(&self, place: &Place) -> bool {
        match place {
            Place::Git(_) | Place::Tree { worktree: None, .. } => false,
            Place::Tree { worktree: Some(name), .. } => {
                !self.common_dir().join("worktrees").join(name).is_dir()
            }
            Place::Elsewhere(_) => true,
        }
    }

    /// Whether a folder lies in the git folder or in the working tree, wherever links on the way lead.
    pub(super) fn holds(&self, folder: &Path) -> bool {
        let Some(folder) = nearest(folder) else { return false };
        let lies_in = |own: &Path| own.canonicalize().is_ok_and(|own| folder.starts_with(own));
        lies_in(&self.shared_dir()) || self.top().is_ok_and(|top| lies_in(&top))
    }

    /// What git calls the linked worktree that this is; `None` in the main one.
    fn worktree_name(&self) -> Option<String> {
        let folder = self.absolute(self.git_dir());
        let is_linked = folder.parent().is_some_and(|parent| parent.ends_with("worktrees"))
            && folder.canonicalize().ok() != self.shared_dir().canonicalize().ok();
        is_linked.then(|| folder.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }

    /// The tops of all worktrees, with their names.
    fn other_tops(&self) -> Vec<(Option<String>, PathBuf)> {
        let main = self.inner.main_repo().ok().and_then(|repo| Some((None, repo.workdir()?.to_owned())));
        let linked = self.inner.worktrees().unwrap_or_default().into_iter().filter_map(|worktree| {
            let name = worktree.git_dir().file_name()?.to_string_lossy().into_owned();
            Some((Some(name), worktree.base().ok()?))
        });
        main.into_iter().chain(linked).collect()
    }
}

/// `/srv/ops.git/info/attributes`, `/srv/ops.git/hooks/update`, `/home/ada/ops/.gitattributes`
fn of_former_name(path: &Path) -> Place {
    let mut parts = path.components().rev().filter_map(|part| part.as_os_str().to_str());
    match (parts.next(), parts.next()) {
        (Some(name @ "attributes"), Some(folder @ "info")) | (Some(name), Some(folder @ "hooks")) => {
            Place::Git(Path::new(folder).join(name))
        }
        (Some(name @ ".gitattributes"), _) => Place::Tree { worktree: None, path: name.into() },
        _ => Place::Elsewhere(path.to_owned()),
    }
}

fn below(path: &Path, folder: &Path) -> Option<PathBuf> {
    let is_plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    if let Ok(path) = path.strip_prefix(folder)
        && is_plain(path)
    {
        return Some(path.to_owned());
    }
    let parent = path.parent()?.canonicalize().ok()?;
    Some(parent.strip_prefix(folder.canonicalize().ok()?).ok()?.join(path.file_name()?))
}

/// The folder itself, or the nearest one above it that is there.
pub(super) fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors().find_map(|folder| folder.canonicalize().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_it_is_read() {
        for text in [
            "git:info/attributes",
            "tree:.gitattributes",
            "tree@topic:tools/hooks/pre-push",
            "/srv/ops.git/hooks/update",
            "git:../x",
            "tree:",
            "C:\\ops\\.gitattributes",
        ] {
            assert_eq!(String::from(Place::from(text.to_owned())), text);
        }
        let is_elsewhere = |text: &str| matches!(Place::from(text.to_owned()), Place::Elsewhere(_));
        assert!(
            ["git:../x", "git:/x", "tree:", "tree@a:x/../../y", "C:\\x"]
                .iter()
                .all(|text| is_elsewhere(text))
        );
    }
}
