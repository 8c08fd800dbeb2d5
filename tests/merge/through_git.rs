//! Generated merges as git does them, with the program as its driver: the same oracle judges.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::generated::{self, Generated};
use crate::oracle::{self, Expected};

const CASES: u64 = 500;

fn git(folder: &Path, args: &[&str], input: Option<&[u8]>) -> Output {
    let mut command = Command::new("git");
    command.args(args).current_dir(folder).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("git runs");
    let mut stdin = running.stdin.take().expect("it was piped");
    stdin.write_all(input.unwrap_or_default()).expect("git reads its input");
    drop(stdin);
    running.wait_with_output().expect("git ends")
}

/// A repository in which `SEED/base`, `SEED/ours` and `SEED/theirs` are branches.
fn repository(cases: &[(u64, Generated)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for a repository");
    assert!(git(folder.path(), &["init", "-q"], None).status.success());
    std::fs::write(folder.path().join(".gitattributes"), "releases/**/current.yaml merge=sysbom -text\n")
        .unwrap();
    let driver = format!("'{}' merge-driver %O %A %B %L %P", env!("CARGO_BIN_EXE_sysbom"));
    assert!(git(folder.path(), &["config", "merge.sysbom.driver", &driver], None).status.success());
    let mut stream = String::new();
    for (seed, case) in cases {
        for (name, text) in
            [("base", &case.texts.base), ("ours", &case.texts.ours), ("theirs", &case.texts.theirs)]
        {
            writeln!(stream, "commit refs/heads/{seed}/{name}\ncommitter a <a@example.org> 1718445600 +0000")
                .unwrap();
            writeln!(stream, "data 0").unwrap();
            if name != "base" {
                writeln!(stream, "from refs/heads/{seed}/base").unwrap();
            }
            writeln!(stream, "M 100644 inline releases/current.yaml\ndata {}\n{text}", text.len()).unwrap();
        }
    }
    let imported = git(folder.path(), &["fast-import", "--quiet"], Some(stream.as_bytes()));
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    folder
}

#[test]
fn git_merges_what_the_oracle_merges_and_nothing_else() {
    let cases: Vec<(u64, Generated)> = (0..CASES).map(|seed| (seed, generated::generate(seed))).collect();
    let repository = repository(&cases);
    let mut needless = 0;
    for (seed, case) in &cases {
        let (ours, theirs) = (format!("{seed}/ours"), format!("{seed}/theirs"));
        let merge =
            git(repository.path(), &["merge-tree", "--write-tree", "--no-messages", &ours, &theirs], None);
        let tree = String::from_utf8_lossy(&merge.stdout).lines().next().unwrap_or_default().to_owned();
        let expected = oracle::expected(&case.models.base, &case.models.ours, &case.models.theirs);
        match (merge.status.code(), expected) {
            (Some(0), Expected::Merge(entries)) => {
                let shown = git(repository.path(), &["show", &format!("{tree}:releases/current.yaml")], None);
                let mut pins: Vec<_> = entries.into_iter().map(|entry| (entry.name, entry.pin)).collect();
                pins.sort();
                assert_eq!(oracle::read(&String::from_utf8(shown.stdout).unwrap()), pins, "seed {seed}");
            }
            (Some(1), Expected::Merge(_)) => needless += 1,
            (Some(0 | 1), Expected::Either) | (Some(1), Expected::Conflict) => {}
            (status, _) => {
                panic!("seed {seed}: git ended with {status:?}: {}", String::from_utf8_lossy(&merge.stderr))
            }
        }
    }
    assert!(needless * 100 < CASES, "{needless} needless conflicts");
}

/// The oracle is worth something only if it sees what a merge of lines does to these cases.
#[test]
fn the_oracle_sees_what_a_merge_of_lines_tears() {
    let folder = tempfile::tempdir().expect("a folder for three files");
    let (mut wrong, mut needless) = (0, 0);
    for seed in 0..CASES {
        let case = generated::generate(seed);
        for (name, text) in
            [("base", &case.texts.base), ("ours", &case.texts.ours), ("theirs", &case.texts.theirs)]
        {
            std::fs::write(folder.path().join(name), text).expect("a file for one side");
        }
        let merge = git(folder.path(), &["merge-file", "-p", "-q", "ours", "base", "theirs"], None);
        let is_clean = merge.status.success();
        match oracle::expected(&case.models.base, &case.models.ours, &case.models.theirs) {
            Expected::Conflict if is_clean => wrong += 1,
            Expected::Merge(entries) if is_clean => {
                let mut pins: Vec<_> = entries.into_iter().map(|entry| (entry.name, entry.pin)).collect();
                pins.sort();
                let text = String::from_utf8(merge.stdout).expect("the merge of texts is a text");
                wrong += u64::from(oracle::read(&text) != pins);
            }
            Expected::Merge(_) => needless += 1,
            Expected::Conflict | Expected::Either => {}
        }
    }
    assert!(wrong > 0, "no case is torn by a merge of lines");
    assert!(needless * 20 > CASES, "{needless} conflicts that need not be");
}
