//! The attributes that send a manifest to the driver and keep the bytes of history.

use std::path::{Path, PathBuf};

use super::super::fs as files;
use super::record::Added;
use super::{AttributesFile, Error, Repo, Setup, Step, StepOutcome};
use crate::tree::{RepoPath, Tree};

/// The lines for these manifests.
///
/// ```text
/// releases/**/current.yaml merge=sysbom -text
/// releases/**/history/** -text linguist-generated
/// ```
pub(super) fn lines(manifests: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for manifest in manifests {
        let (manifest, history) = patterns(manifest);
        lines.push(format!("{manifest} merge=sysbom -text"));
        lines.push(format!("{history} -text linguist-generated"));
    }
    let mut seen = std::collections::HashSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    lines
}

fn patterns(manifest: &str) -> (String, String) {
    // The usual place covers systems that are added later.
    if manifest == "releases/current.yaml" || manifest == "releases/{system}/current.yaml" {
        return ("releases/**/current.yaml".to_owned(), "releases/**/history/**".to_owned());
    }
    let pattern = manifest.split("{system}").map(literal).collect::<Vec<_>>().join("*");
    let history = match pattern.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/history/**"),
        // A slash in front binds a pattern without any other to the top.
        None => "/history/**".to_owned(),
    };
    let pattern = if pattern.contains('/') { pattern } else { format!("/{pattern}") };
    (word(&pattern), word(&history))
}

/// Text that stands for itself in a pattern.
fn literal(text: &str) -> String {
    let mut pattern = String::new();
    for char in text.chars() {
        if matches!(char, '*' | '?' | '[' | '\\') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern
}

/// A pattern as it stands in the file: in quotes if a blank would end it.
fn word(pattern: &str) -> String {
    if pattern.contains([' ', '\t', '"']) || pattern.starts_with(['#', '!', '[']) {
        return format!("\"{}\"", pattern.replace('\\', "\\\\").replace('"', "\\\""));
    }
    pattern.to_owned()
}

/// The text to append so that every line is there; `None` if all are. A line counts if it names
/// the same pattern and at least the same attributes.
fn missing(before: &[u8], lines: &[String]) -> Option<String> {
    let text = String::from_utf8_lossy(before);
    let is_there = |line: &String| {
        let mut words = line.rsplitn(3, ' ').collect::<Vec<_>>();
        let pattern = words.pop().unwrap_or_default();
        text.lines().any(|there| {
            there.trim_start().strip_prefix(pattern).is_some_and(|attributes| {
                let set: Vec<&str> = attributes.split_ascii_whitespace().collect();
                attributes.starts_with([' ', '\t']) && words.iter().all(|word| set.contains(word))
            })
        })
    };
    let missing: Vec<&String> = lines.iter().filter(|line| !is_there(line)).collect();
    if missing.is_empty() {
        return None;
    }
    let end = if before.windows(2).any(|two| two == b"\r\n") { "\r\n" } else { "\n" };
    let mut added = String::new();
    if !before.is_empty() && !before.ends_with(b"\n") {
        added.push_str(end);
    }
    for line in missing {
        added.push_str(line);
        added.push_str(end);
    }
    Some(added)
}

impl Repo {
    pub(super) fn install_attributes(&self, setup: &Setup) -> Result<Step, Error> {
        let file = self.attributes_file(setup.attributes);
        let shown = file.display().to_string();
        let before = read(&file)?;
        let Some(added) = missing(before.as_deref().unwrap_or_default(), &lines(&setup.manifests)) else {
            return Ok(Step::new(shown, StepOutcome::AlreadyThere));
        };
        let by_hand = || format!("add these lines where it leads: {}", added.trim().replace('\n', "; "));
        if std::fs::symlink_metadata(&file).is_ok_and(|meta| !meta.is_file()) {
            return Ok(Step::left(shown, "it is a link, which git does not follow here", by_hand()));
        }
        if !self.holds(&file) {
            return Ok(Step::left(shown, "its folder leads out of this repository", by_hand()));
        }
        let made = before.is_none();
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|cause| Error::new(format!("could not make {}", folder.display())).because(cause))?;
        }
        // Noted before it is written: a note too many is found out, one too few is not.
        let mut record = self.record()?;
        record.added.push(Added { file: self.place_of(&file), text: added.clone(), made });
        self.keep_record(&record)?;
        files::replace_file(&file, &[&before.unwrap_or_default()[..], added.as_bytes()].concat())?;
        let note = match setup.attributes {
            AttributesFile::Repository if !self.is_bare() => "commit it, so that every clone has it",
            _ => "",
        };
        Ok(Step::new(shown, StepOutcome::Written(note.to_owned())))
    }

    pub(super) fn uninstall_attributes(&self) -> Result<Vec<Step>, Error> {
        let mut record = self.record()?;
        let mut steps = Vec::new();
        for added in std::mem::take(&mut record.added) {
            match self.path_of(&added.file) {
                Some(file) => steps.extend(self.take_out(&file, &added)?),
                // Written in another worktree, which has to be asked itself.
                None => record.added.push(added),
            }
        }
        self.keep_record(&record)?;
        Ok(steps)
    }

    fn take_out(&self, file: &Path, added: &Added) -> Result<Option<Step>, Error> {
        let shown = file.display().to_string();
        let Some(before) = read(file)? else { return Ok(None) };
        if !self.holds(file) {
            let help = "look for lines with `sysbom` where it leads";
            return Ok(Some(Step::left(shown, "it leads out of this repository", help)));
        }
        let wanted = added.text.as_bytes();
        let Some(at) = before.windows(wanted.len()).rposition(|slice| slice == wanted) else {
            return Ok(Some(Step::left(shown, "it has been edited since", "look for lines with `sysbom`")));
        };
        if self.is_committed(file, added)? {
            let help = "to take them out for everybody, delete the lines and commit";
            return Ok(Some(Step::left(shown, "its lines are committed, and so everybody's", help)));
        }
        let after = [&before[..at], &before[at + wanted.len()..]].concat();
        if after.is_empty() && added.made {
            std::fs::remove_file(file)
                .map_err(|cause| Error::new(format!("could not remove {shown}")).because(cause))?;
        } else {
            files::replace_file(file, &after)?;
        }
        Ok(Some(Step::new(shown, StepOutcome::Removed(String::new()))))
    }

    fn is_committed(&self, file: &Path, added: &Added) -> Result<bool, Error> {
        let Ok(top) = self.top() else { return Ok(false) };
        if file != top.join(".gitattributes") {
            return Ok(false);
        }
        let Some(head) = self.head()? else { return Ok(false) };
        let unreadable = |cause| Error::new("could not read .gitattributes of HEAD").because(cause);
        let tree = self.commit_tree(&head)?;
        let Some(entry) = tree.entry(&RepoPath::new(".gitattributes")).map_err(unreadable)? else {
            return Ok(false);
        };
        let committed = tree.read(&entry, 1 << 20).map_err(unreadable)?;
        let committed = String::from_utf8_lossy(&committed);
        Ok(added
            .text
            .lines()
            .filter(|line| !line.is_empty())
            .any(|line| committed.lines().any(|l| l == line)))
    }

    fn attributes_file(&self, which: AttributesFile) -> PathBuf {
        match (which, self.top()) {
            (AttributesFile::Repository, Ok(top)) => top.join(".gitattributes"),
            _ => self.shared_dir().join("info").join("attributes"),
        }
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::new(format!("could not read {}", path.display())).because(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(manifest: &str) -> Vec<String> {
        lines(&[manifest.to_owned()])
    }

    #[test]
    fn the_usual_place_covers_every_system() {
        let usual = [
            "releases/**/current.yaml merge=sysbom -text",
            "releases/**/history/** -text linguist-generated",
        ];
        assert_eq!(of("releases/current.yaml"), usual);
        assert_eq!(lines(&["releases/current.yaml".into(), "releases/{system}/current.yaml".into()]), usual);
    }

    #[test]
    fn any_other_place_gets_patterns_of_its_own() {
        assert_eq!(
            of("deploy/{system}/bom.yaml"),
            ["deploy/*/bom.yaml merge=sysbom -text", "deploy/*/history/** -text linguist-generated"]
        );
        assert_eq!(of("bom.yaml"), ["/bom.yaml merge=sysbom -text", "/history/** -text linguist-generated"]);
        assert_eq!(of("a b/[x]*.yaml")[0], r#""a b/\\[x]\\*.yaml" merge=sysbom -text"#);
    }

    #[test]
    fn only_what_is_missing_is_appended_in_the_files_own_way() {
        let lines = of("releases/current.yaml");
        let both = format!("{}\n{}\n", lines[0], lines[1]);
        assert_eq!(missing(b"", &lines), Some(both.clone()));
        assert_eq!(missing(b"* text=auto", &lines), Some(format!("\n{both}")));
        assert_eq!(missing(b"* text=auto\r\n", &lines), Some(both.replace('\n', "\r\n")));
        assert_eq!(missing(both.as_bytes(), &lines), None);
        let first = b"  releases/**/current.yaml  -text\tmerge=sysbom diff=yaml\n";
        assert_eq!(missing(first, &lines), Some(format!("{}\n", lines[1])));
        assert_eq!(missing(b"# releases/**/current.yaml merge=sysbom -text\n", &lines), Some(both));
    }
}
