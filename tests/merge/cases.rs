//! Every folder of tests/cases/merge: `base.yaml`, `ours.yaml`, `theirs.yaml`, what is expected
//! in `case.json`, and for a merge the whole `expected.yaml`. Each is also run with the sides
//! exchanged, where the answer must be the same data.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sysbom::merge::{Options, Outcome, Sides, judge_text_merge, merge};
use sysbom::yaml::Document;

struct Case {
    id: String,
    expect: String,
    sides: Sides<Vec<u8>>,
    expected: Option<String>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/merge");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(folder).expect("the cases are there").map(|f| f.unwrap().path()).collect();
    folders.sort();
    folders
        .iter()
        .map(|folder| {
            let read = |name: &str| {
                fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{}/{name}: {e}", folder.display()))
            };
            let about: serde_json::Value = serde_json::from_slice(&read("case.json")).unwrap();
            Case {
                id: about["id"].as_str().unwrap().to_owned(),
                expect: about["expect"].as_str().unwrap().to_owned(),
                sides: Sides {
                    base: read("base.yaml"),
                    ours: read("ours.yaml"),
                    theirs: read("theirs.yaml"),
                },
                expected: fs::read_to_string(folder.join("expected.yaml")).ok(),
            }
        })
        .collect()
}

/// The merge as the driver does it: by structure, else git's text merge, judged.
fn driver(sides: &Sides<Vec<u8>>) -> Outcome {
    let bytes = sides.as_ref().map(Vec::as_slice);
    let options = Options::default();
    merge(bytes, &options).unwrap_or_else(|why| {
        let text = text_merge(sides);
        judge_text_merge(bytes, text.as_deref(), &why, &options)
    })
}

fn text_merge(sides: &Sides<Vec<u8>>) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("base", &sides.base), ("ours", &sides.ours), ("theirs", &sides.theirs)] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let run = Command::new("git")
        .args(["merge-file", "-p", "ours", "base", "theirs"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    run.status.success().then_some(run.stdout)
}

fn without_snapshot_id(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with("snapshotId:")).collect()
}

/// What a document says, in a form that does not depend on the order of keys.
fn data(text: &str) -> serde_json::Value {
    let parsed: serde_yaml::Value = serde_yaml::from_str(text).expect("a result can be read");
    serde_json::to_value(parsed).expect("a manifest has a JSON form")
}

fn run(case: &Case, sides: &Sides<Vec<u8>>, exact: bool) {
    let outcome = driver(sides);
    match (case.expect.as_str(), &outcome) {
        ("conflict" | "either", Outcome::Conflicted { bytes, conflicts }) => {
            assert!(!conflicts.is_empty(), "{}", case.id);
            assert!(bytes.windows(8).any(|w| w == b"<<<<<<< "), "{}: a conflict has markers", case.id);
        }
        ("merge" | "either", Outcome::Merged(bytes)) => {
            let text = std::str::from_utf8(bytes).unwrap();
            let expected = case.expected.as_deref().unwrap();
            if exact {
                assert_eq!(text, expected, "{}", case.id);
            }
            assert_eq!(data(text), data(expected), "{}", case.id);
        }
        ("derived", Outcome::Merged(bytes)) => {
            let text = std::str::from_utf8(bytes).unwrap();
            let id = Document::parse(text)
                .ok()
                .and_then(|d| Some(d.scalar(d.get(d.root()?, "snapshotId")?)?.to_owned()));
            assert!(id.is_some_and(|id| id.starts_with("merge-") && id.len() == 18), "{}", case.id);
            assert_eq!(
                without_snapshot_id(text),
                without_snapshot_id(case.expected.as_deref().unwrap()),
                "{}",
                case.id
            );
        }
        (expect, Outcome::Merged(bytes) | Outcome::Conflicted { bytes, .. }) => {
            panic!("{}: expected {expect}, got\n{}", case.id, String::from_utf8_lossy(bytes))
        }
    }
}

#[test]
fn every_case_ends_as_it_says() {
    let cases = cases();
    assert!(cases.len() >= 60, "only {} cases found", cases.len());
    for case in &cases {
        run(case, &case.sides, true);
    }
}

#[test]
fn every_case_ends_alike_with_the_sides_exchanged() {
    for case in &cases() {
        run(case, &case.sides.clone().swapped(), true);
    }
}
