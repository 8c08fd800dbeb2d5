//! The merge driver in git's configuration.

use super::record::Set;
use super::{Error, Repo, Step, StepOutcome};

const NAME: (&str, &str) = ("merge.sysbom.name", "sysbom: merge component by component");
const DRIVER: &str = "merge.sysbom.driver";

/// The command line that git hands to `sh` for each manifest both sides changed.
///
/// git takes every status up to 128 for "conflict, the file is ready", so a program that is
/// missing or dies would leave our side in the file without a mark. Then git's own merge has to
/// show the two sides: against an empty base, for with the true one it takes half of a pin from
/// each side and calls that clean. Should it find nothing to mark (one side is empty), 129 stops
/// the merge.
///
/// A program that is not there is looked for first: the shell would say so with all of this line
/// in front, for git names it as the script.
///
/// A git before 2.44 leaves `%S %X %Y` as they stand.
pub(super) fn command_line(program: &str) -> String {
    let program = quoted(program);
    [
        &format!("if command -v {program} >/dev/null"),
        &format!("then {program} merge-driver --labels %S %X %Y -- %O %A %B %L %P"),
        "s=$?",
        "case $s in 0|1|129) exit $s;; esac",
        r#"w="sysbom ended with status $s""#,
        r#"else w="sysbom is not in PATH""#,
        "fi",
        r#"echo "$w: every difference is marked in" %P >&2"#,
        "x=%X y=%Y",
        "case $x in [!%]*) ;; *) x=ours y=theirs;; esac",
        r#"git merge-file --marker-size=%L -L "$x" -L "no base" -L "$y" %A /dev/null %B"#,
        "s=$?",
        "case $s in 0|12[89]|1[3-9]?|2??) exit 129;; esac",
        "exit 1",
    ]
    .join("; ")
}

/// A word for `sh`.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    // `%` is doubled for git, which replaces what stands behind it.
    format!("'{}'", word.replace('\'', r"'\''").replace('%', "%%"))
}

impl Repo {
    pub(super) fn install_driver(&self, program: &str) -> Result<Vec<Step>, Error> {
        // The driver first: git dies of a driver that has a name only.
        let entries = [(DRIVER, command_line(program)), (NAME.0, NAME.1.to_owned())];
        entries.into_iter().map(|(key, value)| self.set(key, &value)).collect()
    }

    fn set(&self, key: &str, value: &str) -> Result<Step, Error> {
        let there = self.local_config(key)?;
        if there == [value] {
            return Ok(Step::new(key, StepOutcome::AlreadyThere));
        }
        let mut record = self.record()?;
        let before = match record.config.remove(key) {
            // Written by an earlier install.
            Some(set) if there == [&*set.to] => set.before,
            _ => there,
        };
        let note =
            if before.is_empty() { "" } else { "what was set before comes back with `sysbom uninstall`" };
        record.config.insert(key.to_owned(), Set { to: value.to_owned(), before });
        // Noted before it is written: a note too many is found out, one too few is not.
        self.keep_record(&record)?;
        self.git().run_with(&["config", "--local", "--replace-all", key, value], b"")?;
        Ok(Step::new(key, StepOutcome::Written(note.to_owned())))
    }

    pub(super) fn uninstall_driver(&self) -> Result<Vec<Step>, Error> {
        let mut record = self.record()?;
        let mut steps = Vec::new();
        for key in [NAME.0, DRIVER] {
            if let Some(set) = record.config.remove(key) {
                steps.extend(self.put_back(key, &set)?);
            }
        }
        self.keep_record(&record)?;
        Ok(steps)
    }

    fn put_back(&self, key: &str, set: &Set) -> Result<Option<Step>, Error> {
        let there = self.local_config(key)?;
        if there.is_empty() || there == set.before {
            return Ok(None);
        }
        if there != [&*set.to] {
            let help = format!("to take it out: `git config --unset-all {key}`");
            return Ok(Some(Step::left(key, "it has been set to something else since", help)));
        }
        self.git().run_with(&["config", "--local", "--unset-all", key], b"")?;
        for value in &set.before {
            self.git().run_with(&["config", "--local", "--add", key, value], b"")?;
        }
        let note = if set.before.is_empty() { "" } else { "what was set before is back" };
        Ok(Some(Step::new(key, StepOutcome::Removed(note.to_owned()))))
    }

    /// The command line that git would run, wherever it is configured.
    pub(super) fn configured_driver(&self) -> Result<Option<String>, Error> {
        self.config_value(&["config", "--get", DRIVER])
    }

    /// All values of a key, as they stand in the repository's own configuration.
    fn local_config(&self, key: &str) -> Result<Vec<String>, Error> {
        let values = self.config_value(&["config", "--local", "-z", "--get-all", key])?;
        let values = values.unwrap_or_default();
        Ok(values.split_terminator('\0').map(str::to_owned).collect())
    }

    /// Asks git and not the configuration read at the start, which may be older.
    pub(super) fn config_value(&self, args: &[&str]) -> Result<Option<String>, Error> {
        let ended = self.git().end(args, b"")?;
        match ended.status.code() {
            Some(0) => {
                let value = String::from_utf8_lossy(&ended.stdout);
                Ok(Some(value.strip_suffix('\n').unwrap_or(&value).to_owned()))
            }
            Some(1) => Ok(None),
            _ => Err(super::super::program::refused(args, &ended)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_anywhere_is_one_word() {
        assert_eq!(quoted("sysbom"), "sysbom");
        assert_eq!(quoted("/opt/my tools/sys'bom 100%A"), r"'/opt/my tools/sys'\''bom 100%%A'");
        assert_eq!(quoted(""), "''");
    }
}
