//! Whole-process times of a merge, in turn with git's own text merge (and mergiraf, where it is in
//! PATH): A B A B, so that a machine that slows down slows both. Prints medians and their ratio;
//! judges nothing. `cargo bench`

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 11;

fn manifest(components: usize, moved: impl Fn(usize) -> bool, tag: &str) -> String {
    let mut text = String::from("images:\n");
    for at in 0..components {
        let (tag, digit) = if moved(at) { (tag, tag.len() + at) } else { ("v1.0.0", at) };
        let digest = format!("{digit:064x}");
        writeln!(
            text,
            "  c{at}:\n    image: ghcr.io/acme/c{at}\n    tag: {tag}\n    digest: sha256:{digest}"
        )
        .expect("writing to a string cannot fail");
    }
    text
}

fn timed(folder: &Path, program: &str, args: &[&str]) -> Option<Duration> {
    let start = Instant::now();
    let run = Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    run.ok().map(|_| start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let mut out = std::io::stdout();
    let peers: [(&str, &[&str]); 2] = [
        ("git", &["merge-file", "-p", "ours.yaml", "base.yaml", "theirs.yaml"]),
        ("mergiraf", &["merge", "base.yaml", "ours.yaml", "theirs.yaml"]),
    ];
    let mine = ["merge-file", "-p", "ours.yaml", "base.yaml", "theirs.yaml"];
    for components in [10, 1_000, 10_000] {
        let folder = tempfile::tempdir().expect("a folder for the texts");
        let write = |name: &str, text: String| {
            std::fs::write(folder.path().join(name), text).expect("it can be written");
        };
        write("base.yaml", manifest(components, |_| false, ""));
        write("ours.yaml", manifest(components, |at| at % 4 == 0, "v1.1.0"));
        write("theirs.yaml", manifest(components, |at| at % 4 == 2, "v1.2.0"));
        for (peer, args) in peers {
            if timed(folder.path(), peer, args).is_none() {
                continue;
            }
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..RUNS {
                ours.extend(timed(folder.path(), env!("CARGO_BIN_EXE_sysbom"), &mine));
                theirs.extend(timed(folder.path(), peer, args));
            }
            let (ours, theirs) = (median(ours), median(theirs));
            let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
            writeln!(
                out,
                "{components:>6} components: sysbom {ours:>10.1?}  {peer} {theirs:>10.1?}  ratio {ratio:.2}"
            )
            .expect("standard output takes it");
        }
    }
}
