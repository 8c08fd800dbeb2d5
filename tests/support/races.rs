//! Eight processes that release at the same time, each from its own clone, onto one forge; some of
//! them killed at any moment and started again.
#![allow(dead_code, reason = "every test target uses its own part of this")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::forge::{Forge, pin};
use super::random::Random;

const WORKERS: usize = 8;
/// Each is released by two workers: one the odd versions, one the even ones.
const COMPONENTS: [&str; 4] = ["app", "model", "search", "web"];

/// Whether processes are killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Killing {
    Nobody,
    Some,
}

/// Where the workers work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clones {
    OfTheirOwn,
    Shared,
}

/// What one release came to: `updated`, `superseded`, `noop`.
type Answers = BTreeMap<String, usize>;

struct Worker<'a> {
    forge: &'a Forge,
    number: usize,
    each: usize,
    options: &'a [&'a str],
    killing: Killing,
    clones: Clones,
}

impl Worker<'_> {
    fn run(&self) -> Answers {
        let clone = match self.clones {
            Clones::OfTheirOwn => self.forge.clone(&format!("clone-{}", self.number)),
            Clones::Shared => self.forge.path("seed"),
        };
        let component = COMPONENTS[self.number % COMPONENTS.len()];
        let mut random = Random::new(self.number as u64 + 1);
        let mut answers = Answers::new();
        for count in 0..self.each {
            let version = 1 + 2 * count + self.number / COMPONENTS.len();
            let pin = pin(component, version);
            let arguments =
                [&["release", &pin, "--push", "origin", "--format", "json"], self.options].concat();
            while self.killing == Killing::Some && random.below(2) > 0 {
                self.start_and_kill(&clone, &arguments, random.below(250));
            }
            *answers.entry(self.release(&clone, &arguments)).or_default() += 1;
        }
        answers
    }

    fn release(&self, clone: &Path, arguments: &[&str]) -> String {
        let ended = self.forge.run(clone, "sysbom", arguments, &[]);
        assert_eq!(ended.status, Some(0), "sysbom {arguments:?}\n{}\n{}", ended.out, ended.err);
        let answer: serde_json::Value = serde_json::from_str(&ended.out).expect("the answer is JSON");
        answer["result"].as_str().expect("it has a result").to_owned()
    }

    /// SIGKILL, at some moment; what it has started itself goes on.
    fn start_and_kill(&self, clone: &Path, arguments: &[&str], after: usize) {
        let mut child = self.forge.command(clone, "sysbom", arguments).spawn().expect("sysbom starts");
        std::thread::sleep(Duration::from_millis(after as u64));
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().expect("the child is ours");
    }
}

/// All workers at once; gives the forge and what was answered.
pub fn race(releases: usize, options: &[&str], killing: Killing, clones: Clones) -> (Forge, Answers) {
    let forge = Forge::new(&COMPONENTS);
    let each = releases / WORKERS;
    let answers = std::thread::scope(|scope| {
        let start = |number| Worker { forge: &forge, number, each, options, killing, clones };
        let threads: Vec<_> = (0..WORKERS).map(|number| scope.spawn(move || start(number).run())).collect();
        let mut all = Answers::new();
        for thread in threads {
            for (answer, count) in thread.join().expect("a worker has found something wrong") {
                *all.entry(answer).or_default() += count;
            }
        }
        all
    });
    (forge, answers)
}

/// The versions that components have on a branch after each of its updates, none of them ever lower
/// than before, and the last one the newest of all.
#[track_caller]
fn assert_no_update_is_lost(forge: &Forge, branch: &str, components: &[&str], newest: usize) -> usize {
    let updates = forge.updates(branch);
    let mut before: BTreeMap<String, usize> = BTreeMap::new();
    let mut changes = 0;
    for update in &updates {
        let now = forge.versions(&update.new);
        for (name, version) in &now {
            let former = before.get(name).copied().unwrap_or_default();
            assert!(*version >= former, "{branch}: {name} went from {former} back to {version}");
            changes += usize::from(*version > former);
        }
        before = now;
    }
    for name in components {
        assert_eq!(before[*name], newest, "{branch}: {name}");
    }
    changes
}

fn newest(releases: usize) -> usize {
    2 * (releases / WORKERS)
}

/// Straight onto main.
pub fn direct(releases: usize, killing: Killing, clones: Clones) {
    let (forge, answers) = race(releases, &["--direct"], killing, clones);
    let changes = assert_no_update_is_lost(&forge, "main", &COMPONENTS, newest(releases));
    // Nothing twice, and nothing that nobody was told of.
    assert_eq!(changes, forge.updates("main").len() - 1);
    if killing == Killing::Nobody {
        assert_eq!(Some(&changes), answers.get("updated"), "{answers:?}");
    }
    forge.assert_nothing_is_lost();
}

/// Onto one branch for each component.
pub fn on_branches(releases: usize, killing: Killing) {
    let (forge, _) = race(releases, &[], killing, Clones::OfTheirOwn);
    for name in COMPONENTS {
        let branch = format!("sysbom/release/{name}");
        assert_no_update_is_lost(&forge, &branch, &[name], newest(releases));
        let parent = forge.git(&forge.origin(), &["rev-parse", &format!("{branch}^")]);
        assert_eq!(Some(parent), forge.tip("main"));
    }
    assert_eq!(forge.branches().len(), 1 + COMPONENTS.len());
}

/// Onto the one branch on which all wait together.
pub fn in_a_batch(releases: usize, killing: Killing) {
    let (forge, _) = race(releases, &["--batch"], killing, Clones::OfTheirOwn);
    assert_no_update_is_lost(&forge, "sysbom/batch", &COMPONENTS, newest(releases));
    let tip = forge.tip("sysbom/batch").expect("the branch is there");
    let base = forge.tip("main").expect("main is there");
    let ended = forge.run(&forge.origin(), "sysbom", &["check", "--base", &base, "--head", &tip], &[]);
    assert_eq!(ended.status, Some(0), "{}\n{}", ended.out, ended.err);
}
