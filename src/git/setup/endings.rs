//! Files whose line endings git has turned on the way to the disk. Once `-text` keeps their bytes,
//! those on disk would count as a change; they get the bytes of the index.

use std::collections::BTreeSet;

use super::super::{fs as files, names};
use super::{Error, Repo, Step, StepOutcome};
use crate::tree::RepoPath;

impl Repo {
    /// The tracked files that have changes of the user's; nothing in a bare repository.
    pub(super) fn changed_files(&self) -> Result<BTreeSet<RepoPath>, Error> {
        if self.is_bare() {
            return Ok(BTreeSet::new());
        }
        let said = self.git().output(&["diff", "--no-ext-diff", "--name-only", "--no-relative", "-z"])?;
        Ok(said.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(names::repo_path).collect())
    }

    /// Gives the files that `-text` covers now the line endings of the index, but not those that had
    /// changes before.
    pub(super) fn settle_endings(&self, changed: &BTreeSet<RepoPath>) -> Result<Vec<Step>, Error> {
        if self.is_bare() {
            return Ok(Vec::new());
        }
        let (mine, clean): (Vec<_>, Vec<_>) =
            self.turned_files()?.into_iter().partition(|path| changed.contains(path));
        for path in &clean {
            if let Some(id) = self.staged_id(path)? {
                let bytes = self.blob(&id, usize::MAX)?;
                files::replace_file(&self.top()?.join(names::disk_path(path)), &bytes)?;
            }
        }
        // It ends with 1 where other files have changes, and it may wait for another git in vain:
        // then the next git that looks finds out.
        self.git().end(&["update-index", "-q", "--refresh"], b"")?;
        let written = clean.iter().map(|path| {
            let note = "its line endings are those of the index now, for git no longer turns them";
            Step::new(path.as_str(), StepOutcome::Written(note.to_owned()))
        });
        let left = mine.iter().map(|path| {
            let why = "git no longer turns its line endings, and it has changes of yours";
            Step::left(path.as_str(), why, "save it with the line endings of a Unix file, then add it")
        });
        Ok(written.chain(left).collect())
    }

    /// The tracked files without conversion that have carriage returns on disk and none in the index.
    fn turned_files(&self) -> Result<Vec<RepoPath>, Error> {
        // i/lf    w/crlf  attr/-text              <tab>releases/current.yaml
        let said = self.git().output(&["ls-files", "-z", "--eol", "--", ":(top,attr:-text)"])?;
        let rows = said.split(|byte| *byte == 0).filter_map(|row| {
            let tab = row.iter().position(|byte| *byte == b'\t')?;
            let mut words = row[..tab].split(|byte| *byte == b' ').filter(|word| !word.is_empty());
            let is_turned = words.next()? == b"i/lf" && matches!(words.next()?, b"w/crlf" | b"w/mixed");
            is_turned.then(|| names::repo_path(&row[tab + 1..]))
        });
        Ok(rows.collect())
    }
}
