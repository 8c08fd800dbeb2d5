//! Every row of `data/floating-tags.tsv`: a tag, whether a digest stands beside it, whether it is
//! accepted, and the step that decides.

use sysbom::policy::{Floating, Policy};

const ROWS: &str = include_str!("data/floating-tags.tsv");

#[test]
fn every_row_has_the_verdict_and_the_step_that_it_names() {
    let policy = Policy::default();
    let mut rows = 0;
    let mut wrong = Vec::new();
    for row in ROWS.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [tag, digest, verdict, reason] = columns[..] else { panic!("four columns: {row:?}") };
        rows += 1;
        let (seen, step) = match policy.floating("app", tag, digest == "y") {
            Floating::Accepted { step, .. } => ("accept", step),
            Floating::Rejected { step, message, .. } => {
                let named = message.ends_with(&format!("({step})")) || step == "pin-malformed";
                assert!(named, "the message names the step: {message}");
                ("reject", step)
            }
        };
        // Rows about a missing digest say no step: another rule reports it.
        let wanted =
            reason.split([':', ' ']).next().unwrap_or_default().replace("malformed-tag", "pin-malformed");
        if seen != verdict || (wanted != "not" && step != wanted) {
            wrong.push(format!("{tag}: {seen} by {step}, not {verdict} by {wanted}"));
        }
    }
    assert!(rows >= 174, "the table is there");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
