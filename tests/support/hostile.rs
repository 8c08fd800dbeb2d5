//! Hostile files, and the commands that meet them: what each takes, with git's own share left out.
//!
//! The program is watched through `/proc` while it runs: its own processor time and the most memory
//! it had, without those of the programs it starts. So this knows Linux alone.
#![allow(dead_code, reason = "the test and the bench use their own part of this")]

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{DIGEST_A, Place, Ran, Scratch, manifest, program};

/// Where the manifest is.
const MANIFEST: &str = "releases/current.yaml";
/// How much a file of many parts holds: nearly all that is read. A program built for tests is
/// twenty times slower, and gets a tenth.
const FULL: usize = if cfg!(debug_assertions) { 400_000 } else { 4_000_000 };
/// The most that is told of anything, in bytes.
pub const MOST_SAID: usize = 2 << 20;
/// Nothing takes longer; whatever does hangs.
const HANGS: Duration = Duration::from_mins(2);

/// A file that somebody means ill with.
pub struct Input {
    /// What it is.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: fn() -> Vec<u8>,
}

/// A command that reads such a file.
pub struct Meeting {
    /// What is done.
    pub name: &'static str,
    /// Puts the file in place, in a clone with one good state, and gives the command.
    pub prepare: fn(&Place, &[u8]) -> Order,
}

/// What to run.
pub struct Order {
    arguments: Vec<String>,
    variables: Vec<(&'static str, &'static str)>,
    input: String,
}

/// What came of it.
pub struct Taken {
    /// The answer.
    pub ran: Ran,
    /// The program's own processor time.
    pub time: Duration,
    /// The most memory that it had, in bytes.
    pub memory: u64,
}

const fn input(name: &'static str, bytes: fn() -> Vec<u8>) -> Input {
    Input { name, bytes }
}

fn good() -> String {
    manifest(&[("app", "v1.1.0", DIGEST_A)])
}

fn with(more: &str) -> Vec<u8> {
    (good() + more).into_bytes()
}

/// As many of these as fit.
fn filled(before: &str, part: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = before.to_owned();
    for at in 0.. {
        let part = part(at);
        if text.len() + part.len() > FULL {
            break;
        }
        text += &part;
    }
    text.into_bytes()
}

/// The files.
pub const INPUTS: &[Input] = &[
    input("an alias bomb", || {
        let bomb: String =
            (1..40).map(|at| format!("a{at}: &a{at} [*a{0}, *a{0}, *a{0}]\n", at - 1)).collect();
        with(&format!("a0: &a0 [x, x]\n{bomb}"))
    }),
    input("200,000 brackets", || with(&("x: ".to_owned() + &"[".repeat(200_000)))),
    input("200,000 braces", || with(&("x: ".to_owned() + &"{a: ".repeat(200_000)))),
    input("200,000 dashes", || with(&("x:\n  ".to_owned() + &"- ".repeat(200_000)))),
    input("60 levels, a million brackets", || {
        let levels = "[".repeat(58) + &"[],".repeat(600_000) + &"]".repeat(58);
        with(&format!("x: {levels}\n"))
    }),
    input("100 MB of comment", || with(&format!("# {}\n", "x".repeat(100 << 20)))),
    input("100 MB of components", || {
        let one = good();
        let (_, entry) = one.split_once('\n').expect("it has lines");
        (one.clone() + &entry.repeat((100 << 20) / entry.len())).into_bytes()
    }),
    input("NUL bytes", || with(&"\0".repeat(FULL / 2))),
    input("not UTF-8", || [with("x: "), vec![0xff; FULL / 2]].concat()),
    input("a key of 3 MB", || with(&format!("{}: 1\n", "k".repeat(3 << 20)))),
    input("a tag of 3 MB", || with("").into_iter().chain(tagged(&"v1".repeat(3 << 19))).collect()),
    input("a quoted tag of 1 MB of escapes", || {
        with("").into_iter().chain(tagged(&format!("\"{}\"", "\\e[31m".repeat(170_000)))).collect()
    }),
    input("commands for the runner in 10,000 keys", || {
        filled("images:\n", |at| format!("  \"\\n::error::{at}\\r\\e[2J\":\n    tag: latest\n"))
    }),
    input("40,000 floating tags", || {
        filled("images:\n", |at| {
            format!("  c{at}:\n    image: ghcr.io/acme/app\n    tag: latest\n    digest: {DIGEST_A}\n")
        })
    }),
    input("100,000 components of nothing", || filled("images:\n", |at| format!("  c{at}: {{}}\n"))),
    input("one key 400,000 times", || filled(&good(), |_| "x: 1\n".to_owned())),
    input("a component's key 100,000 times", || {
        filled("images:\n  app:\n", |at| format!("    tag: v{at}.0.0\n"))
    }),
    input("100,000 keys near a known one", || filled(&good(), |at| format!("    digets{at}: x\n"))),
    input("a million comments", || filled(&good(), |_| "#\n".to_owned())),
    input("a million blank lines", || filled(&good(), |_| " \n".to_owned())),
    input("100,000 exceptions", || {
        filled("images:\n", |at| format!("  c{at}: x  # sysbom: allow[floating-tag] so\n"))
    }),
    input("100,000 anchors", || filled(&good(), |at| format!("k{at}: &a{at} x\n"))),
    input("100,000 documents", || filled(&good(), |_| "---\na: b\n".to_owned())),
    input("100,000 markers", || {
        filled("", |_| "<<<<<<< ours\na: b\n=======\na: c\n>>>>>>> theirs\n".to_owned())
    }),
    input("line breaks that only Helm sees", || filled(&good(), |_| "#\u{2028}\u{85}".to_owned())),
    input("an open quote", || with(&format!("x: \"{}", "a\n ".repeat(FULL / 3)))),
    input("an open block scalar", || with(&format!("x: |\n{}", "  y\n".repeat(FULL / 4)))),
    input("100,000 explicit keys", || filled(&good(), |at| format!("? k{at}\n: v\n"))),
];

/// A second component with this tag.
fn tagged(tag: &str) -> Vec<u8> {
    format!("  web:\n    image: ghcr.io/acme/web\n    tag: {tag}\n    digest: {DIGEST_A}\n").into_bytes()
}

fn sysbom(arguments: &[&str]) -> Order {
    Order {
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        variables: Vec::new(),
        input: String::new(),
    }
}

/// Commits the file as the manifest, and gives the line that git would tell a server.
fn pushed(place: &Place, bytes: &[u8]) -> String {
    place.write(MANIFEST, bytes);
    place.sysbom(&["archive"]).expect(0);
    place.commit("Hostile");
    let input = place.git(&["rev-parse", "origin/main", "main"]).replace('\n', " ") + " refs/heads/main\n";
    // Where the branch stands, the repository says, and not the push.
    place.git(&["reset", "-q", "--soft", "origin/main"]);
    input
}

/// Publishes the file as the manifest: base itself is hostile.
fn published(place: &Place, bytes: &[u8]) {
    place.write(MANIFEST, bytes);
    place.commit("Hostile");
    place.git(&["push", "-q", "origin", "main"]);
}

const RELEASE: &[&str] =
    &["release", "app=v1.2.0@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"];

/// The commands.
pub const MEETINGS: &[Meeting] = &[
    Meeting {
        name: "check",
        prepare: |place, bytes| {
            place.write(MANIFEST, bytes);
            sysbom(&["check"])
        },
    },
    Meeting {
        name: "check, as SARIF",
        prepare: |place, bytes| {
            place.write(MANIFEST, bytes);
            sysbom(&["check", "--format", "sarif"])
        },
    },
    Meeting {
        name: "check --fix",
        prepare: |place, bytes| {
            place.write(MANIFEST, bytes);
            sysbom(&["check", "--fix"])
        },
    },
    Meeting {
        name: "check of a policy",
        prepare: |place, bytes| {
            place.write(".sysbom.yaml", bytes);
            sysbom(&["check"])
        },
    },
    Meeting {
        name: "pre-commit",
        prepare: |place, bytes| {
            place.write(MANIFEST, bytes);
            place.git(&["add", MANIFEST]);
            sysbom(&["hook", "pre-commit"])
        },
    },
    Meeting {
        name: "pre-receive",
        prepare: |place, bytes| {
            let input = pushed(place, bytes);
            Order { input, variables: vec![("GIT_DIR", ".git")], ..sysbom(&["hook", "pre-receive"]) }
        },
    },
    Meeting { name: "merge, as ours", prepare: |place, bytes| merging(place, bytes, "ours") },
    Meeting { name: "merge, as theirs", prepare: |place, bytes| merging(place, bytes, "theirs") },
    Meeting {
        name: "release onto it",
        prepare: |place, bytes| {
            published(place, bytes);
            sysbom(RELEASE)
        },
    },
    Meeting {
        name: "release --payload",
        prepare: |place, bytes| {
            place.write("payload", bytes);
            sysbom(&["release", "--payload", "payload"])
        },
    },
    Meeting {
        name: "diff",
        prepare: |place, bytes| {
            published(place, bytes);
            sysbom(&["diff", "HEAD^", "HEAD"])
        },
    },
    Meeting {
        name: "show",
        prepare: |place, bytes| {
            published(place, bytes);
            sysbom(&["show"])
        },
    },
    Meeting {
        name: "snapshot --params",
        prepare: |place, bytes| {
            place.write("params", bytes);
            sysbom(&["snapshot", "exp-1", "--owner", "ada", "--params", "params"])
        },
    },
    Meeting {
        name: "init --from",
        prepare: |place, bytes| {
            place.git(&["rm", "-q", "-r", "releases"]);
            place.write("values", bytes);
            sysbom(&["init", "--from", "values"])
        },
    },
];

fn merging(place: &Place, bytes: &[u8], hostile: &str) -> Order {
    let other = good().replace("v1.1.0", "v1.2.0");
    for side in ["base", "ours", "theirs"] {
        place.write(side, if side == "base" { good() } else { other.clone() });
    }
    place.write(hostile, bytes);
    sysbom(&["merge-file", "ours", "base", "theirs"])
}

/// A clone with one good state on main, and the server it came from.
pub struct Fixture {
    scratch: Scratch,
}

impl Fixture {
    /// Makes both.
    pub fn new() -> Fixture {
        let scratch = Scratch::new();
        scratch.git(&["init", "-q", "--bare", "-b", "main", "../server.git"]);
        scratch.git(&["config", "core.compression", "0"]);
        scratch.git(&["remote", "add", "origin", "../server.git"]);
        scratch.write(MANIFEST, good());
        scratch.commit("Begin");
        scratch.git(&["push", "-q", "-u", "origin", "main"]);
        scratch.git(&["remote", "set-head", "origin", "main"]);
        Fixture { scratch }
    }

    /// Lets one command meet one file.
    pub fn meet(&self, meeting: &Meeting, bytes: &[u8]) -> Taken {
        let (folder, server) =
            (self.scratch.root().join("clone"), self.scratch.root().join("server-of-one.git"));
        copy(self.scratch.top(), &folder);
        copy(&self.scratch.root().join("server.git"), &server);
        let place = self.scratch.at(&folder);
        place.git(&["remote", "set-url", "origin", "../server-of-one.git"]);
        let order = (meeting.prepare)(&place, bytes);
        let mut command = self.scratch.command(&folder, &program());
        command.args(&order.arguments).envs(order.variables);
        let taken = watched(&mut command, &order.input);
        for made in [folder, server] {
            std::fs::remove_dir_all(made).expect("scratch is ours");
        }
        taken
    }
}

fn copy(from: &Path, to: &Path) {
    let ended = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(ended.is_ok_and(|status| status.success()), "{} cannot be copied", from.display());
}

/// Runs the command and looks at it a thousand times a second.
fn watched(command: &mut Command, input: &str) -> Taken {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let process = format!("/proc/{}", child.id());
    // A program that does not read its input closes the pipe; that is its business.
    let _ = std::io::Write::write_all(&mut child.stdin.take().expect("it was asked for"), input.as_bytes());
    let out = collected(child.stdout.take().expect("it was asked for"));
    let err = collected(child.stderr.take().expect("it was asked for"));
    let begin = Instant::now();
    let (mut time, mut memory) = (Duration::ZERO, 0);
    let status = loop {
        memory = memory.max(memory_of(&process).unwrap_or(0));
        time = time.max(time_of(&process).unwrap_or_default());
        if let Some(status) = child.try_wait().expect("the child is ours") {
            break status;
        }
        if begin.elapsed() > HANGS {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let [out, err] = [out, err].map(|stream| stream.join().expect("the reader does not panic"));
    Taken { ran: Ran { status: status.code(), out, err }, time, memory }
}

fn collected(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a pipe can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The most memory that the process had.
fn memory_of(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

/// The processor time that the process itself took.
fn time_of(process: &str) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything; the 12th and 13th field behind it are ticks.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}
