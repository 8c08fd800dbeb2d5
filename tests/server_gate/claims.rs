//! What a client may write that no `git push` writes: claims of where refs stand, one ref twice.

use std::io::Write;
use std::process::Stdio;

use super::Guarded;
use super::pushes::{Fixture, Hash};

const ZERO: &str = "0000000000000000000000000000000000000000";

impl Guarded<'_> {
    /// What git's receiver answers to just these commands, `OLD NEW REF`; their objects are there.
    fn command(&self, commands: &[String]) -> String {
        let line = |text: &str| format!("{:04x}{text}", text.len() + 4);
        let mut input: Vec<u8> = commands
            .iter()
            .enumerate()
            .map(|(at, command)| line(&format!("{command}{}", if at == 0 { "\0report-status" } else { "" })))
            .chain(["0000".to_owned()])
            .collect::<String>()
            .into();
        if commands.iter().any(|command| !command.contains(&format!(" {ZERO} "))) {
            let mut pack = self.fixture.scratch.command(&self.server, "git");
            let pack = pack.args(["pack-objects", "--stdout", "-q"]).stdin(Stdio::null()).output();
            input.extend(pack.expect("git is there").stdout);
        }
        let mut receiver = self.fixture.scratch.command(self.clone.top(), "git");
        receiver.arg("receive-pack").arg(&self.server);
        receiver.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut receiver = receiver.spawn().expect("git is there");
        receiver.stdin.take().expect("it was asked for").write_all(&input).expect("it reads all");
        let output = receiver.wait_with_output().expect("the child is ours");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    fn id(&self, rev: &str) -> String {
        self.fixture.scratch.at(&self.server).git(&["rev-parse", rev])
    }
}

#[test]
fn a_protected_branch_is_not_deleted_whatever_is_said_of_where_it_stands() {
    let fixture = Fixture::new(Hash::Sha1);
    for (name, install) in [("received", &[][..]), ("updated", &["--update-hook"])] {
        let guarded = Guarded::new(&fixture, name, install);
        guarded.config("receive.denyDeleteCurrent", "ignore");
        let before = guarded.refs();
        for claimed in [ZERO.to_owned(), "1".repeat(40), guarded.id("feature"), guarded.id("main")] {
            let said = guarded.command(&[format!("{claimed} {ZERO} refs/heads/main")]);
            assert!(said.contains("ng refs/heads/main"), "{said}");
            assert!(said.contains("manifest-missing") && said.contains("is protected"), "{said}");
            assert_eq!(guarded.refs(), before, "{claimed}");
        }
        guarded.command(&[format!("{ZERO} {ZERO} refs/heads/feature")]);
        assert!(!guarded.refs().contains("feature"));
    }
}

#[test]
fn a_protected_branch_is_made_anew_in_no_push_that_deletes_it() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    guarded.config("receive.denyDeleteCurrent", "ignore");
    let (before, first) = (guarded.refs(), guarded.id("main^"));
    let said = guarded
        .command(&[format!("{ZERO} {ZERO} refs/heads/main"), format!("{ZERO} {first} refs/heads/main")]);
    assert!(said.contains("ng refs/heads/main") && said.contains("more than once"), "{said}");
    assert_eq!(guarded.refs(), before);
}

#[test]
fn a_protected_branch_that_stands_elsewhere_than_the_push_says_is_not_moved() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let [first, main, feature] = ["main^", "main", "feature"].map(|rev| guarded.id(rev));
    let before = guarded.refs();
    for claimed in [&first, &feature, &ZERO.to_owned()] {
        let said = guarded.command(&[format!("{claimed} {feature} refs/heads/main")]);
        assert!(said.contains(&format!("it stands at {}", &main[..10])), "{said}");
        assert_eq!(guarded.refs(), before);
    }
    let said = guarded.command(&[format!("{main} {feature} refs/heads/main")]);
    assert!(said.contains("ok refs/heads/main"), "{said}");
}

#[test]
fn a_push_moves_a_ref_once_under_whichever_names() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    fixture.scratch.at(&guarded.server).git(&["symbolic-ref", "refs/heads/trunk", "refs/heads/main"]);
    let [first, main, feature] = ["main^", "main", "feature"].map(|rev| guarded.id(rev));
    let before = guarded.refs();
    for (second, name) in [
        (format!("{feature} {first}"), "main"),
        (format!("{main} {feature}"), "main"),
        (format!("{main} {first}"), "trunk"),
        (format!("{ZERO} {feature}"), "trunk"),
        (format!("{main} {ZERO}"), "trunk"),
    ] {
        let said = guarded
            .command(&[format!("{main} {feature} refs/heads/main"), format!("{second} refs/heads/{name}")]);
        assert!(said.contains("refs/heads/main: this push moves it more than once"), "{said}");
        assert_eq!(guarded.refs(), before, "{second} {name}");
    }
    // As a mirror does it: both names to the same place, which is one move.
    let said = guarded.command(&[
        format!("{main} {feature} refs/heads/main"),
        format!("{main} {feature} refs/heads/trunk"),
    ]);
    assert!(said.contains("ok refs/heads/main"), "{said}");
    assert_eq!(guarded.id("main"), feature);
}
