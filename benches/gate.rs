//! The gate's own time for one push of 10,000 commits that change the manifest alone, onto 100,000
//! archives; once in a straight line, once with every other commit a merge. Objects are in place
//! already, so what git itself does with a push is not in it. Prints the times; judges nothing.
//! `cargo bench --bench gate`

#[path = "../tests/support/long_history.rs"]
mod long_history;

use long_history::{Line, LongHistory};

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let (archives, commits) =
        if std::env::args().any(|arg| arg == "--bench") { (100_000, 10_000) } else { (100, 100) };
    for (line, name) in [(Line::Straight, "in a straight line"), (Line::Merges, "half of them merges")] {
        let history = LongHistory::new(archives, commits, line);
        let mut times: Vec<_> = (0..5).map(|_| history.judge()).collect();
        times.sort();
        let text = format!(
            "{commits} commits onto {archives} archives, {name}: median {} ms, longest {} ms\n",
            times[times.len() / 2].as_millis(),
            times[times.len() - 1].as_millis()
        );
        std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes()).expect("somebody listens");
    }
}
