//! What git tells its hooks and drivers through the environment, taken once and passed on as a
//! value.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::tree::ObjectId;

/// The `GIT_*` variables that say which repository is meant and in which state it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitEnv {
    /// `GIT_DIR`: in hooks of linked worktrees and of bare repositories.
    pub git_dir: Option<PathBuf>,
    /// `GIT_WORK_TREE`.
    pub work_tree: Option<PathBuf>,
    /// `GIT_INDEX_FILE`: the index that is being committed.
    pub index_file: Option<PathBuf>,
    /// `GIT_OBJECT_DIRECTORY`: in pre-receive the quarantine of the push.
    pub object_directory: Option<PathBuf>,
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`: in pre-receive the repository's own store.
    pub alternates: Option<OsString>,
    /// `GIT_SHALLOW_FILE`: while a shallow push is judged.
    pub shallow_file: Option<PathBuf>,
    /// `GIT_CONFIG_PARAMETERS`: what `git -c KEY=VALUE` sets, as `KEY=VALUE`, or `KEY` for true.
    pub overrides: Vec<String>,
    /// The commits named by `GITHEAD_<id>`: what a merge brings in, before `MERGE_HEAD` is written.
    pub merging: Vec<ObjectId>,
}

impl GitEnv {
    /// Takes what it knows from the variables of an environment.
    pub fn of_vars(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut env = GitEnv::default();
        for (name, value) in vars {
            env.take(&name.to_string_lossy(), value);
        }
        env.merging.sort();
        env
    }

    fn take(&mut self, name: &str, value: OsString) {
        match name {
            _ if value.is_empty() => {}
            "GIT_DIR" => self.git_dir = Some(value.into()),
            "GIT_WORK_TREE" => self.work_tree = Some(value.into()),
            "GIT_INDEX_FILE" => self.index_file = Some(value.into()),
            "GIT_OBJECT_DIRECTORY" => self.object_directory = Some(value.into()),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES" => self.alternates = Some(value),
            "GIT_SHALLOW_FILE" => self.shallow_file = Some(value.into()),
            "GIT_CONFIG_PARAMETERS" => self.overrides = overrides(&value.to_string_lossy()),
            _ => match name.strip_prefix("GITHEAD_") {
                Some(id) if id.len() >= 40 && id.bytes().all(|b| b.is_ascii_hexdigit()) => {
                    self.merging.push(ObjectId::new(id.to_ascii_lowercase()));
                }
                _ => {}
            },
        }
    }
}

/// Reads what git writes: `'key'='value' 'key'`, and in its older form `'key=value'`. Each piece is
/// quoted for a shell; a quote inside is `'\\''`, and so is `!`.
fn overrides(text: &str) -> Vec<String> {
    let mut entries = Vec::new();
    let mut entry = String::new();
    let mut is_quoted = false;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\'' => is_quoted = !is_quoted,
            '\\' if !is_quoted => entry.extend(chars.next()),
            ' ' if !is_quoted => entries.push(std::mem::take(&mut entry)),
            other => entry.push(other),
        }
    }
    entries.push(entry);
    entries.retain(|entry| !entry.is_empty());
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_sets_for_one_command_is_read_in_both_forms() {
        let text =
            r"'sysbom.base'='origin/it'\''s' 'a.b' 'merge.conflictStyle=diff3' 'c.d'='x y'\!'z' 'e.f'=";
        let expected = ["sysbom.base=origin/it's", "a.b", "merge.conflictStyle=diff3", "c.d=x y!z", "e.f="];
        assert_eq!(overrides(text), expected);
        assert_eq!(overrides(""), [""; 0]);
    }

    #[test]
    fn only_what_names_the_repository_is_taken() {
        let id = "a".repeat(40);
        let vars = [
            ("GIT_DIR", "/r/.git"),
            ("GIT_INDEX_FILE", ""),
            ("GIT_AUTHOR_NAME", "x"),
            (&format!("GITHEAD_{id}"), "topic"),
            ("GITHEAD_nonsense", "topic"),
        ]
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let expected = GitEnv {
            git_dir: Some("/r/.git".into()),
            merging: vec![ObjectId::new(id.as_str())],
            ..GitEnv::default()
        };
        assert_eq!(GitEnv::of_vars(vars), expected);
    }
}
