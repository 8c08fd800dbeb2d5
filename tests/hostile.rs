//! Every command against every hostile file: it says what is wrong, once and in words, and takes
//! no more memory than it may. How long it takes is for `cargo bench --bench hostile` to tell.
#![cfg(target_os = "linux")]

#[path = "support/hostile.rs"]
mod hostile;
mod support;

use hostile::{Fixture, INPUTS, Input, MEETINGS, MOST_SAID, Meeting, Taken};

/// 200 MB.
const MOST_MEMORY: u64 = 200_000_000;

/// What is wrong with an answer.
fn fault(taken: &Taken) -> Option<String> {
    let ran = &taken.ran;
    let said = [ran.out.as_str(), ran.err.as_str()];
    let is_odd = |c: char| c.is_control() && c != '\n';
    let refuses = |text: &&str| text.contains("error") || text.contains("conflict");
    if !matches!(ran.status, Some(0..=3 | 127 | 129 | 255)) || ran.err.contains("bug in sysbom") {
        return Some(format!("ends with {:?}: {:.300}", ran.status, ran.err));
    }
    if ran.status != Some(0) && !said.iter().any(refuses) {
        return Some(format!("does not say why it ends with {:?}: {:.300}", ran.status, ran.err));
    }
    if said.iter().any(|text| text.len() > MOST_SAID) {
        return Some(format!("says {} and {} bytes", ran.out.len(), ran.err.len()));
    }
    if said.iter().any(|text| text.contains(is_odd)) {
        return Some("lets a control character through".to_owned());
    }
    if said.iter().any(|text| text.lines().any(|line| line.trim_start().starts_with("::"))) {
        return Some("gives a command to the runner".to_owned());
    }
    (taken.memory > MOST_MEMORY).then(|| format!("takes {} MB", taken.memory / 1_000_000))
}

fn meet_all(meetings: &[Meeting]) {
    let fixture = Fixture::new();
    let mut wrong = Vec::new();
    for input in INPUTS {
        let bytes = (input.bytes)();
        for meeting in meetings {
            let taken = fixture.meet(meeting, &bytes);
            if let Some(fault) = fault(&taken) {
                wrong.push(format!("{} meets {}: {fault}", meeting.name, input.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
#[ignore = "takes minutes with a program that is not optimised: SYSBOM_PROGRAM=$PWD/target/release/sysbom cargo test --test hostile -- --ignored"]
fn a_hostile_file_is_answered_within_bounds_by_every_command() {
    let (first, second) = MEETINGS.split_at(MEETINGS.len() / 2);
    std::thread::scope(|scope| {
        scope.spawn(|| meet_all(first));
        scope.spawn(|| meet_all(second));
    });
}

/// The gate refuses each of these files.
fn gate_refuses(inputs: impl Iterator<Item = &'static Input>) {
    let fixture = Fixture::new();
    let gate = MEETINGS.iter().find(|meeting| meeting.name == "pre-receive").expect("it is in the table");
    for input in inputs {
        let taken = fixture.meet(gate, &(input.bytes)());
        assert_eq!(taken.ran.status, Some(1), "{}: {:.500}", input.name, taken.ran.err);
    }
}

#[test]
fn the_worst_of_hostile_manifests_are_refused_by_the_gate() {
    let worst = ["an alias bomb", "200,000 brackets", "NUL bytes", "not UTF-8", "100,000 markers"];
    let found: Vec<&Input> = INPUTS.iter().filter(|input| worst.contains(&input.name)).collect();
    assert_eq!(found.len(), worst.len());
    gate_refuses(found.into_iter());
}

#[test]
#[ignore = "takes minutes with a program that is not optimised: SYSBOM_PROGRAM=$PWD/target/release/sysbom cargo test --test hostile -- --ignored"]
fn every_hostile_manifest_is_refused_by_the_gate() {
    // Long, odd, and worth a warning at most.
    let harmless = [
        "a million comments",
        "a million blank lines",
        "100,000 keys near a known one",
        "an open block scalar",
        "100,000 explicit keys",
    ];
    gate_refuses(INPUTS.iter().filter(|input| !harmless.contains(&input.name)));
}
