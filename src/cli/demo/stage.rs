//! Where the demo plays: a folder, a clock of its own, and git with nobody's configuration.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::cli::console::Console;
use crate::cli::env::Env;
use crate::cli::failure::Failure;
use crate::text::escape_lines;

/// Runs commands before the eyes of the reader.
pub struct Stage<'a, 'b> {
    env: &'a Env,
    console: &'a mut Console<'b>,
    folder: PathBuf,
    /// Seconds since the demo's first commit.
    elapsed: u64,
}

/// What a command must come to for the story to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It succeeds.
    Done,
    /// It is refused, or stops at a conflict.
    Refused,
}

/// 2024-06-15 10:15:00 UTC: the same commits, ids and archive names on every machine.
const OPENING: u64 = 1_718_446_500;

impl<'a, 'b> Stage<'a, 'b> {
    /// A stage in `folder`.
    pub fn new(env: &'a Env, console: &'a mut Console<'b>, folder: PathBuf) -> Self {
        Stage { env, console, folder, elapsed: 0 }
    }

    /// Goes to another folder below this one.
    pub fn enter(&mut self, name: &str) {
        self.folder.push(name);
    }

    /// A new scene.
    pub fn scene(&mut self, title: &str) -> Result<(), Failure> {
        self.console.out(format!("\n== {title}\n"))
    }

    /// The narrator.
    pub fn tell(&mut self, text: &str) -> Result<(), Failure> {
        self.console.out(format!("\n{text}\n"))
    }

    /// Runs a command, shown with what came of it.
    pub fn run(&mut self, expect: Expect, words: &[&str]) -> Result<String, Failure> {
        self.console.out(format!("$ {}\n", shown(words)))?;
        let output = self.quietly(expect, words)?;
        self.console.out(indented(&output))?;
        Ok(output)
    }

    /// Runs a command, shown with the headlines of what came of it.
    pub fn run_in_brief(&mut self, expect: Expect, words: &[&str]) -> Result<(), Failure> {
        self.console.out(format!("$ {}\n", shown(words)))?;
        let output = self.quietly(expect, words)?;
        let headlines = output.lines().filter(|line| line.contains("warning[") || line.contains("error["));
        headlines.map(|line| indented(line.trim())).try_for_each(|line| self.console.out(line))
    }

    /// Runs a command that the story does not dwell on; gives what it said.
    pub fn quietly(&mut self, expect: Expect, words: &[&str]) -> Result<String, Failure> {
        let output = self.start(words)?;
        let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
        let came = if output.status.success() { Expect::Done } else { Expect::Refused };
        if came == expect {
            return Ok(said);
        }
        let wanted = match expect {
            Expect::Done => "to succeed",
            Expect::Refused => "to be refused",
        };
        Err(Failure::new(format!("the demo expected `{}` {wanted}", shown(words)))
            .because(format!("it ended with {}: {}", output.status, said.trim()))
            .help(format!("look around in {}", self.folder.display())))
    }

    fn start(&mut self, words: &[&str]) -> Result<Output, Failure> {
        let (program, arguments) = words.split_first().expect("a command has a first word");
        let own = self.env.program.as_deref();
        let program = own.filter(|_| *program == "sysbom").unwrap_or(Path::new(program));
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        self.isolate(&mut command);
        command.output().map_err(|error| {
            Failure::new(format!("could not start `{}`", program.display()))
                .because(error)
                .help("the demo needs git 2.38 or newer on the path")
        })
    }

    /// Nothing of the user's configuration: no templates, no signing, no hooks, no attributes.
    fn isolate(&mut self, command: &mut Command) {
        self.elapsed += 60;
        for name in self.env.variables().keys().filter(|name| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        // A run in CI asks for a base, and a fixed date would stop the story's own clock.
        for name in ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "SOURCE_DATE_EPOCH"] {
            command.env_remove(name);
        }
        let date = format!("@{} +0000", OPENING + self.elapsed);
        let fixed = [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("XDG_CONFIG_HOME", "/dev/null"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_MERGE_AUTOEDIT", "no"),
            ("GIT_EDITOR", "true"),
            ("GIT_PAGER", "cat"),
            ("LC_ALL", "C"),
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.org"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
            ("GIT_AUTHOR_DATE", &date),
            ("GIT_COMMITTER_DATE", &date),
        ];
        command.envs(fixed);
        if let Some(path) = self.env.path_with_own_folder() {
            command.env("PATH", path);
        }
    }

    /// Writes a file of the repository.
    pub fn write(&self, path: &str, content: &str) -> Result<(), Failure> {
        let path = self.folder.join(path);
        let folder = path.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, content))
            .map_err(|error| Failure::io("write", &path, &error))
    }

    /// Reads a file of the repository.
    pub fn read(&self, path: &str) -> Result<String, Failure> {
        let path = self.folder.join(path);
        std::fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))
    }

    /// Replaces texts in a file by others, as someone with an editor would.
    pub fn edit(&mut self, path: &str, changes: &[(&str, &str)]) -> Result<(), Failure> {
        let mut text = self.read(path)?;
        let mut shown = Vec::new();
        for (before, after) in changes {
            if !text.contains(before) {
                return Err(Failure::new(format!("the demo expected `{before}` in {path}")));
            }
            text = text.replacen(before, after, 1);
            shown.push(format!("{} -> {}", in_brief(before), in_brief(after)));
        }
        self.console.out(format!("(edits {path}: {})\n", shown.join(", ")))?;
        self.write(path, &text)
    }
}

/// One line, with the digits of a digest left out after the first few.
fn in_brief(text: &str) -> String {
    let words = text.split_whitespace().map(|word| match word.get(..12) {
        Some(first) if word.len() == 64 => format!("{first}..."),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A command as one would type it.
fn shown(words: &[&str]) -> String {
    let mut line = String::new();
    for word in words {
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=@^~".contains(c));
        let _ = if plain { write!(line, "{word} ") } else { write!(line, "'{word}' ") };
    }
    line.truncate(line.trim_end().len());
    line
}

fn indented(output: &str) -> String {
    let output = escape_lines(output.trim_end()).to_string();
    output.lines().fold(String::new(), |text, line| text + format!("    {line}").trim_end() + "\n")
}
