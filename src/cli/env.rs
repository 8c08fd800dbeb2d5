//! The world around a run, read once: working directory, environment, clock, terminal. Commands
//! get it as a plain value and ask nobody else.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::git::{GitEnv, Repo};
use crate::policy::Date;

use super::failure::Failure;

/// What a run knows of the world before it opens a repository.
#[derive(Clone, Debug)]
pub struct Env {
    /// Where it was started.
    pub cwd: PathBuf,
    /// The file of the running program, if the system tells.
    pub program: Option<PathBuf>,
    /// Whether standard output is a terminal.
    pub out_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub err_is_terminal: bool,
    /// Unix seconds at the start, by the system's clock.
    clock: i64,
    variables: BTreeMap<OsString, OsString>,
}

impl Env {
    /// Reads the world.
    pub fn read() -> Result<Env, Failure> {
        let cwd = std::env::current_dir()
            .map_err(|error| Failure::new("could not tell the working directory").because(error))?;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Env {
            cwd,
            program: std::env::current_exe().ok(),
            out_is_terminal: std::io::stdout().is_terminal(),
            err_is_terminal: std::io::stderr().is_terminal(),
            clock: i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX),
            variables: std::env::vars_os().collect(),
        })
    }

    /// A variable that is set to something.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// All variables.
    pub fn variables(&self) -> &BTreeMap<OsString, OsString> {
        &self.variables
    }

    /// What git says through the environment.
    pub fn git(&self) -> GitEnv {
        GitEnv::of_vars(self.variables.clone())
    }

    /// Opens the repository around the working directory.
    pub fn repository(&self) -> Result<Repo, Failure> {
        Ok(Repo::discover(&self.cwd, &self.git())?)
    }

    /// Opens the repository that is pushed to. What whoever pushes has set for themselves does not
    /// count.
    pub fn server_repository(&self) -> Result<Repo, Failure> {
        let git = GitEnv { overrides: Vec::new(), ..self.git() };
        Ok(Repo::discover(&self.cwd, &git)?)
    }

    /// `PATH` with the folder of the running program first, so that hooks and drivers started
    /// below are of this version.
    pub fn path_with_own_folder(&self) -> Option<OsString> {
        let own = self.program.as_deref()?.parent()?.to_owned();
        let theirs = self.var("PATH").unwrap_or_default();
        std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(theirs))).ok()
    }

    /// Whether this is a run of a CI system, where a forgotten `--base` must not be guessed.
    pub fn is_ci(&self) -> bool {
        let on = |name: &str| self.var(name).is_some_and(|value| value != "false" && value != "0");
        on("CI") || on("GITHUB_ACTIONS") || on("GITLAB_CI")
    }

    /// Whether to colour what goes to a stream, told whether that is a terminal.
    pub fn colour(&self, terminal: bool) -> bool {
        terminal && self.var("NO_COLOR").is_none() && self.var("TERM").is_none_or(|term| term != "dumb")
    }

    /// Unix seconds: `SOURCE_DATE_EPOCH` where set, else the clock.
    pub fn now(&self) -> Result<i64, Failure> {
        let Some(fixed) = self.var("SOURCE_DATE_EPOCH") else { return Ok(self.clock) };
        fixed.to_str().and_then(|seconds| seconds.parse().ok()).ok_or_else(|| {
            Failure::new("could not read the date from SOURCE_DATE_EPOCH")
                .because(format!("`{}` is no number of seconds", fixed.to_string_lossy()))
                .help("unset it, or set it to what `git log -1 --format=%ct` prints")
        })
    }
}

impl Env {
    /// The day in UTC.
    pub fn today(&self) -> Result<Date, Failure> {
        self.now().map(Date::of_unix_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Env {
        Env {
            cwd: PathBuf::new(),
            program: None,
            out_is_terminal: true,
            err_is_terminal: true,
            clock: 7,
            variables: variables.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        }
    }

    #[test]
    fn a_fixed_date_wins_over_the_clock_and_a_bad_one_is_refused() {
        assert_eq!(with(&[]).now(), Ok(7));
        assert_eq!(with(&[("SOURCE_DATE_EPOCH", "1718446500")]).now(), Ok(1_718_446_500));
        assert!(with(&[("SOURCE_DATE_EPOCH", "tomorrow")]).now().is_err());
    }

    #[test]
    fn ci_is_seen_unless_it_says_false() {
        assert!(with(&[("CI", "true")]).is_ci());
        assert!(!with(&[("CI", "false")]).is_ci());
        assert!(!with(&[]).is_ci());
    }

    #[test]
    fn no_color_and_a_dumb_terminal_are_honoured() {
        assert!(with(&[("TERM", "xterm")]).colour(true));
        assert!(!with(&[("NO_COLOR", "1")]).colour(true));
        assert!(!with(&[("TERM", "dumb")]).colour(true));
        assert!(!with(&[]).colour(false));
    }
}
