//! The merge driver in git's configuration.

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
/// A git before 2.44 leaves `%S %X %Y` as they stand.
pub(super) fn command_line(program: &str) -> String {
    let program = quoted(program);
    [
        &format!("{program} merge-driver --labels %S %X %Y -- %O %A %B %L %P"),
        "s=$?",
        "case $s in 0|1|129) exit $s;; esac",
        r#"echo "sysbom ended with status $s, every difference is marked in" %P >&2"#,
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
        let mut steps = Vec::new();
        for (key, value) in entries {
            let outcome = if self.local_config(key)?.as_deref() == Some(&value) {
                StepOutcome::AlreadyThere
            } else {
                self.git().run_with(&["config", "--local", "--replace-all", key, &value], b"")?;
                StepOutcome::Written(String::new())
            };
            steps.push(Step::new(key, outcome));
        }
        Ok(steps)
    }

    pub(super) fn uninstall_driver(&self) -> Result<Vec<Step>, Error> {
        let mut steps = Vec::new();
        for key in [NAME.0, DRIVER] {
            if self.local_config(key)?.is_some() {
                self.git().run_with(&["config", "--local", "--unset-all", key], b"")?;
                steps.push(Step::new(key, StepOutcome::Removed(String::new())));
            }
        }
        Ok(steps)
    }

    /// The command line that git would run, wherever it is configured.
    pub(super) fn configured_driver(&self) -> Result<Option<String>, Error> {
        self.config_value(&["config", "--get", DRIVER])
    }

    fn local_config(&self, key: &str) -> Result<Option<String>, Error> {
        self.config_value(&["config", "--local", "--get", key])
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
