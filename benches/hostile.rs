//! What each command takes for each hostile file: its own processor time and memory, without what
//! git takes. Prints the table of docs/reliability.md, or those lines of it that words behind `--` are in.
//! `cargo bench --bench hostile -- comments`

#[path = "../tests/support/hostile.rs"]
mod hostile;
#[path = "../tests/support/mod.rs"]
mod support;

use std::io::Write;

use hostile::{Fixture, INPUTS, MEETINGS, Taken};

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let (flags, words): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let inputs = if flags.iter().any(|flag| flag == "--bench") { INPUTS } else { &INPUTS[..1] };
    let is_wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let fixture = Fixture::new();
    let mut out = std::io::stdout();
    let names: Vec<&str> = MEETINGS.iter().map(|meeting| meeting.name).collect();
    let mut line = |text: String| writeln!(out, "{text}").expect("somebody listens");
    line(format!("| ms, MB | {} |", names.join(" | ")));
    line(format!("|---{}|", "|---".repeat(names.len())));
    for input in inputs.iter().filter(|input| is_wanted(input.name)) {
        let bytes = (input.bytes)();
        let cell = |taken: Taken| format!("{}, {}", taken.time.as_millis(), taken.memory / 1_000_000);
        let cells: Vec<String> = MEETINGS.iter().map(|meeting| cell(fixture.meet(meeting, &bytes))).collect();
        line(format!("| {} | {} |", input.name, cells.join(" | ")));
    }
}
