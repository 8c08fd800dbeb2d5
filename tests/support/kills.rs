//! One sequence of releases, made twice: once in peace, and once by processes that are killed at
//! any moment and started again. Both must come to the same commits.
#![allow(dead_code, reason = "every test target uses its own part of this")]

use std::path::Path;
use std::time::Duration;

use super::forge::{Forge, pin};
use super::random::Random;

const COMPONENTS: [&str; 4] = ["app", "model", "search", "web"];
/// The longest that a process may run before it is killed.
const LONGEST: usize = 120;
const FIRST_RELEASE: usize = 1_800_000_000;

/// One command, and when it is given.
struct Step {
    arguments: Vec<String>,
    time: String,
}

/// This many releases by every way there is, and branches brought up to date between them.
fn steps(releases: usize) -> Vec<Step> {
    let mut random = Random::new(releases as u64);
    let mut asked = [0; COMPONENTS.len()];
    let update = "update-branch --all --push origin --prune";
    let step = |count: usize| {
        let line = if count % 5 == 4 {
            update.to_owned()
        } else {
            let at = random.below(COMPONENTS.len());
            asked[at] += 1;
            let way = random.pick(&["--direct", "--direct", "--batch", ""]);
            format!("release {} --push origin {way}", pin(COMPONENTS[at], asked[at]))
        };
        let arguments = line.split_whitespace().map(str::to_owned).collect();
        Step { arguments, time: (FIRST_RELEASE + 17 * count).to_string() }
    };
    (0..releases * 5 / 4).map(step).collect()
}

/// Whoever is killed at any moment, with the git that it has started or without, and is started
/// again, leaves every branch at the very commit that nobody's death would have left it at.
#[track_caller]
pub fn same_in_the_end(releases: usize) {
    let steps = steps(releases);
    let (peace, war) = (Forge::new(&COMPONENTS), Forge::new(&COMPONENTS));
    let (calm, troubled) = (peace.clone("bot"), war.clone("bot"));
    let mut random = Random::new(3);
    let mut killed = 0;
    for step in &steps {
        run(&peace, &calm, step);
        while random.below(2) > 0 {
            killed += usize::from(start_and_kill(&war, &troubled, step, &mut random));
        }
        run(&war, &troubled, step);
    }
    assert!(killed > releases / 3, "only {killed} were killed before their end");
    let refs = |forge: &Forge| forge.git(&forge.origin(), &["for-each-ref"]);
    assert_eq!(refs(&war), refs(&peace));
    // The same commits; whoever is killed may keep the forge from writing down the push.
    peace.assert_nothing_is_lost();
    assert_eq!(war.git(&troubled, &["fsck", "--no-dangling", "--no-progress"]), "");
}

/// A git that is killed may leave a lock; who runs into one is told which.
#[track_caller]
fn run(forge: &Forge, clone: &Path, step: &Step) {
    let arguments: Vec<&str> = step.arguments.iter().map(String::as_str).collect();
    for _ in 0..5 {
        let ended = forge.run(clone, "sysbom", &arguments, &[("SOURCE_DATE_EPOCH", &step.time)]);
        if ended.status == Some(0) {
            return;
        }
        let said = format!("sysbom {arguments:?}\n{}\n{}", ended.out, ended.err);
        assert_eq!(ended.status, Some(2), "{said}");
        let lock = ended.err.split('\'').find(|part| is_lock(part)).expect(&said);
        assert!(ended.err.contains("remove that file"), "{said}");
        // It may have been the lock of a git that was still running.
        let _ = std::fs::remove_file(lock);
    }
    panic!("{arguments:?} meets locks again and again");
}

fn is_lock(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "lock")
}

/// SIGKILL at some moment, half of the time for the git that it waits for as well. Tells whether it
/// was still running.
fn start_and_kill(forge: &Forge, clone: &Path, step: &Step, random: &mut Random) -> bool {
    let arguments: Vec<&str> = step.arguments.iter().map(String::as_str).collect();
    let mut command = forge.command(clone, "sysbom", &arguments);
    let mut child = command.env("SOURCE_DATE_EPOCH", &step.time).spawn().expect("sysbom starts");
    std::thread::sleep(Duration::from_millis(random.below(LONGEST) as u64));
    let own = child.id();
    let listed = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
    // It may have ended by itself.
    let _ = child.kill();
    let ended = child.wait().expect("the child is ours");
    if random.below(2) == 0 {
        for git in listed.split_whitespace() {
            forge.run(clone, "kill", &["-KILL", git], &[]);
        }
    }
    ended.code().is_none()
}
