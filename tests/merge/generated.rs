//! Thousands of generated merges against an oracle that works on plain lists of entries. Nothing
//! may be merged silently or wrongly, and needless conflicts stay below one in a hundred.
//!
//! `SYSBOM_ORACLE_CASES=100000 cargo test --release --test merge` runs more of them.

use crate::oracle::{self, Expected, LAYOUTS, Layout, Model, Numbers};
use sysbom::merge::{Options, Outcome, Sides, merge};

pub struct Generated {
    pub layout: Layout,
    pub models: Sides<Model>,
    pub texts: Sides<String>,
}

pub fn generate(seed: u64) -> Generated {
    let mut numbers = Numbers::from_seed(seed);
    let layout = LAYOUTS[numbers.below(LAYOUTS.len())];
    let base = oracle::base(&mut numbers, layout);
    let ours = oracle::changed(&mut numbers, layout, &base);
    let theirs = oracle::changed(&mut numbers, layout, &base);
    let models = Sides { base, ours, theirs };
    let texts = models.as_ref().map(|model| oracle::write(model, layout));
    Generated { layout, models, texts }
}

fn merged(texts: &Sides<String>) -> Outcome {
    merge(texts.as_ref().map(String::as_bytes), &Options::default()).expect("generated texts have structure")
}

enum Verdict {
    Merged,
    Conflicted,
    Needless,
    Wrong(String),
}

fn judge(case: &Generated) -> Verdict {
    let outcome = merged(&case.texts);
    let expected = oracle::expected(&case.models.base, &case.models.ours, &case.models.theirs);
    match (expected, outcome) {
        (Expected::Conflict | Expected::Either, Outcome::Conflicted { .. }) => Verdict::Conflicted,
        (Expected::Either, Outcome::Merged(_)) => Verdict::Merged,
        (Expected::Merge(_), Outcome::Conflicted { .. }) => Verdict::Needless,
        (Expected::Conflict, Outcome::Merged(bytes)) => {
            Verdict::Wrong(format!("merged silently:\n{}", String::from_utf8_lossy(&bytes)))
        }
        (Expected::Merge(entries), Outcome::Merged(bytes)) => {
            let text = String::from_utf8(bytes).expect("the merge of texts is a text");
            let mut pins: Vec<_> =
                entries.iter().map(|entry| (entry.name.clone(), entry.pin.clone())).collect();
            pins.sort();
            let mut comments: Vec<String> =
                entries.iter().filter_map(|entry| entry.comment.clone()).collect();
            comments.sort();
            if pins == oracle::read(&text) && comments == oracle::comments(&text) {
                Verdict::Merged
            } else {
                Verdict::Wrong(format!("merged wrongly:\n{text}"))
            }
        }
    }
}

fn cases() -> u64 {
    std::env::var("SYSBOM_ORACLE_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000)
}

#[test]
fn nothing_is_merged_silently_or_wrongly_and_few_conflicts_are_needless() {
    let (mut merges, mut needless) = (0, Vec::new());
    for seed in 0..cases() {
        let case = generate(seed);
        match judge(&case) {
            Verdict::Merged => merges += 1,
            Verdict::Conflicted => {}
            Verdict::Needless => needless.push((seed, case.layout)),
            Verdict::Wrong(how) => {
                let Sides { base, ours, theirs } = &case.texts;
                panic!(
                    "seed {seed}, {:?}: {how}\nbase:\n{base}\nours:\n{ours}\ntheirs:\n{theirs}",
                    case.layout
                )
            }
        }
    }
    assert!(merges * 3 > cases(), "the cases are to merge as well as to conflict");
    assert!(
        needless.len() as u64 * 100 < cases(),
        "{} needless, first: {:?}",
        needless.len(),
        &needless[..5]
    );
}

#[test]
fn the_sides_exchanged_give_the_same_data() {
    for seed in 0..cases() / 10 {
        let case = generate(seed);
        let swapped = case.texts.clone().swapped();
        match (merged(&case.texts), merged(&swapped)) {
            (Outcome::Merged(one), Outcome::Merged(other)) => {
                let read = |bytes: &[u8]| oracle::read(std::str::from_utf8(bytes).unwrap());
                assert_eq!(read(&one), read(&other), "seed {seed}");
            }
            (Outcome::Conflicted { .. }, Outcome::Conflicted { .. }) => {}
            (one, other) => panic!("seed {seed}, {:?}: {one:?} but swapped {other:?}", case.layout),
        }
    }
}

#[test]
fn whichever_side_of_a_conflict_is_kept_no_other_change_is_lost() {
    let mut checked = 0;
    for seed in 0..cases() / 10 {
        let case = generate(seed);
        let Outcome::Conflicted { bytes, .. } = merged(&case.texts) else { continue };
        let text = String::from_utf8(bytes).expect("the merge of texts is a text");
        for kept in [true, false].map(|ours| oracle::read(&oracle::resolved(&text, ours))) {
            let Sides { base, ours, theirs } = &case.models;
            for name in ours.iter().chain(theirs).map(|entry| &entry.name) {
                let pin = |model: &'_ Model| {
                    model.iter().find(|entry| entry.name == *name).map(|entry| entry.pin.clone())
                };
                let (b, o, t) = (pin(base), pin(ours), pin(theirs));
                if let Ok(expected) = oracle::three_way(b.as_ref(), o.as_ref(), t.as_ref()) {
                    let found = kept.iter().find(|(found, _)| found == name).map(|(_, pin)| pin);
                    // What one side removed and the other commented is a conflict of its own.
                    if expected.is_some() {
                        assert_eq!(found, expected, "seed {seed}, {:?}, `{name}`:\n{text}", case.layout);
                        checked += 1;
                    }
                }
            }
        }
    }
    assert!(checked > 1_000, "only {checked} pins were compared");
}
