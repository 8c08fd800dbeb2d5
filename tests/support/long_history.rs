//! A repository with many archives, and a push of many commits to it, made by `git fast-import`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// How the commits of the push hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Each on the one before.
    Straight,
    /// Every other one merges a branch of one commit.
    Merges,
}

/// `main` stands before the push, `next` is what is pushed to it.
pub struct LongHistory {
    folder: TempDir,
}

impl LongHistory {
    /// So many archives on `main`, so many commits from there to `next`, each with another manifest.
    pub fn new(archives: usize, commits: usize, line: Line) -> LongHistory {
        let folder = TempDir::with_prefix("sysbom-long-").expect("the machine has a temporary folder");
        run(folder.path(), &["init", "-q", "--bare", "-b", "main"], "");
        run(folder.path(), &["fast-import", "--quiet"], &stream(archives, commits, line));
        LongHistory { folder }
    }

    /// What `sysbom hook pre-receive` takes to find nothing wrong.
    pub fn judge(&self) -> Duration {
        let [old, new] = ["main", "next"].map(|name| run(self.folder.path(), &["rev-parse", name], ""));
        let input = format!("{} {} refs/heads/main\n", old.trim(), new.trim());
        let mut command = Command::new(env!("CARGO_BIN_EXE_sysbom"));
        command.args(["hook", "pre-receive"]).current_dir(self.folder.path()).env("GIT_DIR", ".");
        let begin = Instant::now();
        let (said, succeeded) = fed(&mut command, &input);
        let taken = begin.elapsed();
        assert!(succeeded && said.is_empty(), "{said}");
        taken
    }
}

fn manifest(number: usize) -> String {
    let digest = |seed: &str| hex(&Sha256::digest(format!("{seed}{number}")));
    format!(
        "images:\n  app:\n    image: ghcr.io/acme/app\n    tag: v1.{number}.0\n    digest: sha256:{}\n  \
         web:\n    image: ghcr.io/acme/web\n    tag: v2.{number}.0\n    digest: sha256:{}\n",
        digest("app"),
        digest("web")
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

/// What `git fast-import` reads.
fn stream(archives: usize, commits: usize, line: Line) -> String {
    let mut text = commit("refs/heads/main", 1, "");
    for number in 0..archives {
        text += &archive(number);
    }
    text += &file("releases/current.yaml", &manifest(archives));
    let mut tip = 1;
    for number in 0..commits {
        // The first of them brings the archive that the whole push needs.
        let kept = if number == 0 { archive(archives) } else { String::new() };
        let files = kept + &file("releases/current.yaml", &manifest(archives + 1 + number));
        let mut parents = format!("from :{tip}\n");
        if line == Line::Merges && number % 2 == 1 {
            text += &(commit("refs/heads/side", tip + 1, &parents) + &files);
            tip += 1;
            parents = format!("from :{}\nmerge :{tip}\n", tip - 1);
        }
        text += &(commit("refs/heads/next", tip + 1, &parents) + &files);
        tip += 1;
    }
    text
}

fn commit(branch: &str, mark: usize, parents: &str) -> String {
    let seconds = 1_718_446_500 + 60 * mark;
    format!(
        "commit {branch}\nmark :{mark}\ncommitter Ada <ada@example.org> {seconds} +0000\ndata 1\nx\n{parents}"
    )
}

fn file(path: &str, content: &str) -> String {
    format!("M 100644 inline {path}\ndata {}\n{content}\n", content.len())
}

fn archive(number: usize) -> String {
    let content = manifest(number);
    let hash = hex(&Sha256::digest(&content));
    let (day, second) = (number / 86_400, number % 86_400);
    let time = format!("{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60);
    file(&format!("releases/history/202001{:02}T{time}Z-{}.yaml", day + 1, &hash[..12]), &content)
}

fn run(folder: &Path, arguments: &[&str], input: &str) -> String {
    let (said, succeeded) = fed(Command::new("git").args(arguments).current_dir(folder), input);
    assert!(succeeded, "git {arguments:?}: {said}");
    said
}

fn fed(command: &mut Command, input: &str) -> (String, bool) {
    let command = command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("it was asked for").write_all(input.as_bytes()).expect("it reads all");
    let output = child.wait_with_output().expect("the child is ours");
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&said).into_owned(), output.status.success())
}
