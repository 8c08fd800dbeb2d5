//! Laws of the merge that no example can cover, over manifests of many layouts that are changed
//! by entries, by style and by random edits of their lines.

use std::collections::BTreeMap;

use crate::oracle::{self, LAYOUTS, Numbers, resolved};
use sysbom::bom::{Components, Fields, Layout, Manifest, PatternSegment, Pin};
use sysbom::merge::{Conflict, ConflictStyle, Options, Outcome, Sides, judge_text_merge, merge};
use sysbom::yaml::Document;

const CASES: u64 = 4_000;

/// Base, ours and theirs: each side changed by entries and restyled, some broken by hand.
fn generate(seed: u64) -> Sides<String> {
    let mut numbers = Numbers::from_seed(seed ^ 0xabcd);
    let layout = LAYOUTS[numbers.below(LAYOUTS.len())];
    let base = oracle::base(&mut numbers, layout);
    let ours = oracle::changed(&mut numbers, layout, &base);
    let theirs = oracle::changed(&mut numbers, layout, &base);
    let mut text = |model| format!("{}{}", oracle::write(model, layout), extra(numbers.below(4)));
    let texts = Sides { base: text(&base), ours: text(&ours), theirs: text(&theirs) };
    let mut sides = Sides {
        base: texts.base,
        ours: restyled(&mut numbers, texts.ours),
        theirs: restyled(&mut numbers, texts.theirs),
    };
    // git asks a driver only where all three differ.
    if sides.ours == sides.base {
        sides.ours.insert_str(0, "# ours\n");
    }
    if sides.theirs == sides.base || sides.theirs == sides.ours {
        sides.theirs.push_str("# theirs\n");
    }
    sides
}

/// Further content below a manifest: the same for most sides.
fn extra(kind: usize) -> &'static str {
    match kind {
        0 => "notes: |\n  images:\n    app: not yaml\n\n  # not a comment\nteams: [a, b]\n",
        1 => "notes: >-\n  folded\n  text\n# the end\n",
        _ => "notes: |\n  images:\n    app: no yaml\n\n  # not a comment\nteams: [a, b]\n",
    }
}

fn restyled(numbers: &mut Numbers, text: String) -> String {
    match numbers.below(9) {
        0 => text.replace('\n', "\r\n"),
        1 => text.trim_end().to_owned(),
        2 => text.lines().fold(String::new(), |out, line| {
            let depth = line.len() - line.trim_start().len();
            format!("{out}{}{line}\n", " ".repeat(depth))
        }),
        3 => text.replace(": v", ": \"v").lines().fold(String::new(), |out, line| {
            let quote = if line.contains(": \"v") && !line.contains('{') { "\"" } else { "" };
            format!("{out}{line}{quote}\n")
        }),
        4 => format!("---\n{text}"),
        5 => broken(numbers, &text),
        6 => text.replace("\n  ", "\n\n  "),
        _ => text,
    }
}

/// One line deleted, doubled, moved, indented or cut.
fn broken(numbers: &mut Numbers, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (at, to) = (numbers.below(lines.len()), numbers.below(lines.len()));
    match numbers.below(6) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(to, lines[at].clone()),
        2 => {
            let line = lines.remove(at);
            lines.insert(to.min(lines.len()), line);
        }
        3 => lines[at].insert(0, ' '),
        4 => {
            let half = lines[at].chars().count() / 2;
            lines[at] = lines[at].chars().take(half).collect();
        }
        _ => lines[at].push_str(" # noted"),
    }
    lines.join("\n") + "\n"
}

fn run(texts: &Sides<String>, options: &Options) -> Outcome {
    let bytes = texts.as_ref().map(String::as_bytes);
    merge(bytes, options).unwrap_or_else(|why| judge_text_merge(bytes, None, &why, options))
}

fn pins(text: &str) -> Option<BTreeMap<String, Pin>> {
    let document = Document::parse(text).ok()?;
    let manifest = Manifest::read(&document, &Layout::default());
    Some(manifest.components.iter().map(|component| (component.name.clone(), component.pin())).collect())
}

/// Every pin of a result is that component's pin on one of the sides.
fn assert_no_torn_pin(seed: u64, result: &str, texts: &Sides<String>) {
    let found = pins(result).unwrap_or_else(|| panic!("seed {seed}: the result cannot be read:\n{result}"));
    let (ours, theirs) = (pins(&texts.ours), pins(&texts.theirs));
    for (name, pin) in found {
        let on = |side: &Option<BTreeMap<String, Pin>>| {
            side.as_ref().is_some_and(|pins| pins.get(&name) == Some(&pin))
        };
        assert!(on(&ours) || on(&theirs), "seed {seed}: `{name}` has a pin of neither side:\n{result}");
    }
}

#[test]
fn what_is_merged_can_be_read_and_holds_no_pin_of_neither_side() {
    let mut merged = 0;
    for seed in 0..CASES {
        let texts = generate(seed);
        match run(&texts, &Options::default()) {
            Outcome::Merged(bytes) => {
                merged += 1;
                assert_no_torn_pin(seed, std::str::from_utf8(&bytes).unwrap(), &texts);
            }
            Outcome::Conflicted { bytes, conflicts } => {
                assert!(!conflicts.is_empty(), "seed {seed}");
                let text = String::from_utf8(bytes).unwrap();
                if pins(&texts.ours).is_some() && pins(&texts.theirs).is_some() {
                    assert_no_torn_pin(seed, &resolved(&text, true), &texts);
                    assert_no_torn_pin(seed, &resolved(&text, false), &texts);
                }
            }
        }
    }
    assert!(merged > CASES / 4, "only {merged} merged");
}

#[test]
fn merging_with_an_unchanged_side_gives_the_other_to_the_byte() {
    for seed in 0..CASES {
        let Sides { base, ours, theirs } = generate(seed);
        for (sides, expected) in [
            (Sides { base: base.clone(), ours: base.clone(), theirs: theirs.clone() }, &theirs),
            (Sides { base: base.clone(), ours: ours.clone(), theirs: base.clone() }, &ours),
            (Sides { base, ours: ours.clone(), theirs: ours.clone() }, &ours),
        ] {
            assert_eq!(
                run(&sides, &Options::default()),
                Outcome::Merged(expected.clone().into_bytes()),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn exchanging_the_sides_gives_the_same_data() {
    for seed in 0..CASES {
        let texts = generate(seed);
        match (run(&texts, &Options::default()), run(&texts.clone().swapped(), &Options::default())) {
            (Outcome::Merged(one), Outcome::Merged(other)) => {
                let data =
                    |bytes: &[u8]| serde_yaml::from_slice::<serde_yaml::Value>(bytes).map(sorted).unwrap();
                assert_eq!(data(&one), data(&other), "seed {seed}");
            }
            (Outcome::Conflicted { conflicts: one, .. }, Outcome::Conflicted { conflicts: other, .. }) => {
                let subjects = |conflicts: &[Conflict]| {
                    let mut subjects: Vec<String> = conflicts.iter().map(|c| c.subject.clone()).collect();
                    subjects.sort();
                    subjects
                };
                assert_eq!(subjects(&one), subjects(&other), "seed {seed}");
            }
            (Outcome::Merged(bytes), _) | (_, Outcome::Merged(bytes)) => {
                panic!("seed {seed}: only one way round it is\n{}", String::from_utf8_lossy(&bytes))
            }
        }
    }
}

/// The value with the entries of mappings and the items of named lists in one order.
fn sorted(value: serde_yaml::Value) -> serde_json::Value {
    fn sort(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Array(items) => {
                items.iter_mut().for_each(sort);
                if items.iter().all(|item| item.get("name").is_some()) {
                    items.sort_by_key(|item| item["name"].to_string());
                }
            }
            serde_json::Value::Object(entries) => entries.values_mut().for_each(sort),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(value).expect("a manifest has a JSON form");
    sort(&mut value);
    value
}

#[test]
fn every_line_of_a_merge_is_a_line_of_a_side() {
    for seed in 0..CASES {
        let texts = generate(seed);
        if let Outcome::Merged(bytes) = run(&texts, &Options::default()) {
            let uncommented = |line| str::split(line, " #").next().unwrap_or_default().trim();
            let sides = texts.ours.lines().chain(texts.theirs.lines());
            let lines: std::collections::HashSet<&str> = sides.map(uncommented).collect();
            let text = String::from_utf8(bytes).unwrap();
            // Within braces a line is put together from pieces of both sides.
            for line in text.lines().filter(|line| !line.contains('{')).map(uncommented) {
                assert!(lines.contains(line), "seed {seed}: {line:?} is on no side");
            }
        }
    }
}

#[test]
fn a_virtual_base_holds_no_markers_and_no_conflicting_value_of_a_side() {
    let options = Options { virtual_base: true, ..Options::default() };
    let mut conflicted = 0;
    for seed in 0..CASES / 2 {
        let texts = generate(seed);
        let Outcome::Conflicted { bytes, .. } = run(&texts, &options) else { continue };
        conflicted += 1;
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            !text.contains("<<<<<<<") && text.contains("sysbom.invalid/virtual-base"),
            "seed {seed}:\n{text}"
        );
        let outer = Sides { base: text, ours: texts.ours.clone(), theirs: texts.theirs.clone() };
        let Sides { base, ours, theirs } = &texts;
        if let Outcome::Merged(bytes) = run(&outer, &Options::default()) {
            panic!(
                "seed {seed}: the outer merge drops a side\nbase:\n{base}\nours:\n{ours}\ntheirs:\n{theirs}\nvirtual:\n{}\nmerged:\n{}",
                outer.base,
                String::from_utf8_lossy(&bytes)
            );
        }
    }
    assert!(conflicted > 100, "only {conflicted} conflicted");
}

#[test]
fn a_conflict_shows_the_base_where_the_style_asks_for_it() {
    for style in [ConflictStyle::Diff3, ConflictStyle::Zdiff3] {
        let text = |tag: &str| format!("images:\n  app:\n    tag: {tag}\n");
        let texts = Sides { base: text("v1"), ours: text("v2"), theirs: text("v3") };
        let Outcome::Conflicted { bytes, .. } = run(&texts, &Options { style, ..Options::default() }) else {
            panic!("both sides moved it")
        };
        let expected = "images:\n<<<<<<< ours\n  app:\n    tag: v2\n||||||| base\n  app:\n    tag: v1\n=======\n  app:\n    tag: v3\n>>>>>>> theirs\n";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}

#[test]
fn a_conflict_names_the_component_as_the_layout_does() {
    let pattern = vec![PatternSegment::Any, PatternSegment::Key("image".into())];
    let layout = Layout { components: Components::Matching(pattern), fields: Fields::default() };
    let text = |tag: &str| format!("app:\n  image: {{image: a/b, tag: {tag}}}\n");
    let texts = Sides { base: text("v1"), ours: text("v2"), theirs: text("v3") };
    let Outcome::Conflicted { conflicts, .. } = run(&texts, &Options { layout, ..Options::default() }) else {
        panic!("both sides moved it")
    };
    assert_eq!(conflicts.iter().map(|conflict| conflict.subject.as_str()).collect::<Vec<_>>(), ["app"]);
}

#[test]
fn a_component_that_a_pattern_names_is_renamed_by_its_pin() {
    let pattern = vec![PatternSegment::Any, PatternSegment::Key("image".into())];
    let layout = Layout { components: Components::Matching(pattern), fields: Fields::default() };
    let text = |name: &str, replicas| {
        format!("{name}:\n  replicas: {replicas}\n  image: {{image: a/b, tag: v1}}\nx: 1\n")
    };
    let texts = Sides { base: text("app", 1), ours: text("one", 1), theirs: text("two", 2) };
    let Outcome::Conflicted { conflicts, .. } = run(&texts, &Options { layout, ..Options::default() }) else {
        panic!("it would stand there twice")
    };
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].values.theirs, "renamed to `two`");
}

#[test]
fn a_key_without_value_is_set_off_from_the_comma_that_follows() {
    let texts = Sides { base: "", ours: "{app: v1, web: v1}\n", theirs: "none:\nweb: v1\n" };
    let merged = run(&texts.map(str::to_owned), &Options::default());
    assert_eq!(merged, Outcome::Merged(b"{app: v1, none: , web: v1}\n".to_vec()));
    let texts = Sides { base: "", ours: "{none:}\n", theirs: "{web: v1}\n" };
    let merged = run(&texts.map(str::to_owned), &Options::default());
    assert_eq!(merged, Outcome::Merged(b"{none: , web: v1}\n".to_vec()));
}

#[test]
fn a_byte_order_mark_stands_behind_a_marker_that_comes_first() {
    let text = |tag: &str| format!("\u{feff}app: {tag}\nweb: v1\n");
    let both = conflicted(&text("v1"), &text("v2"), &text("v3"));
    let expected = "<<<<<<< ours\n\u{feff}app: v2\n=======\n\u{feff}app: v3\n>>>>>>> theirs\nweb: v1\n";
    assert_eq!(both, expected);
}

/// What stands in a file after a merge that conflicts, written out.
fn conflicted(base: &str, ours: &str, theirs: &str) -> String {
    let texts = Sides { base: base.to_owned(), ours: ours.to_owned(), theirs: theirs.to_owned() };
    match run(&texts, &Options::default()) {
        Outcome::Conflicted { bytes, .. } => String::from_utf8(bytes).unwrap(),
        Outcome::Merged(bytes) => panic!("merged:\n{}", String::from_utf8_lossy(&bytes)),
    }
}

#[test]
fn a_comment_that_both_changed_behind_a_pin_never_cuts_the_pin() {
    let text = |tag: &str, comment: &str, digest: &str| {
        format!("images:\n  app:\n    tag: {tag} # {comment}\n    digest: {digest}\n")
    };
    let both =
        conflicted(&text("v1", "old", "d1"), &text("v1", "approved", "d1"), &text("v2", "released", "d2"));
    let expected = "images:\n<<<<<<< ours\n  app:\n    tag: v2 # approved\n    digest: d2\n=======\n  app:\n    tag: v2 # released\n    digest: d2\n>>>>>>> theirs\n";
    assert_eq!(both, expected);
}

#[test]
fn comment_lines_that_both_changed_stand_alone_between_markers() {
    let text = |comment: &str, app: &str, web: &str| {
        format!("# {comment}\nimages:\n  app: {{tag: {app}}}\n  web: {{tag: {web}}}\n")
    };
    let both = conflicted(&text("a", "v1", "v1"), &text("b", "v2", "v1"), &text("c", "v1", "v2"));
    let expected =
        "<<<<<<< ours\n# b\n=======\n# c\n>>>>>>> theirs\nimages:\n  app: {tag: v2}\n  web: {tag: v2}\n";
    assert_eq!(both, expected);
}

#[test]
fn a_conflict_within_braces_is_shown_with_everything_else_merged_on_both_sides() {
    let text = |app: &str, web: &str| format!("images: {{app: {{tag: {app}}}, web: {{tag: {web}}}}}\n");
    let both = conflicted(&text("v1", "v1"), &text("v2", "v1"), &text("v3", "v2"));
    let expected = "<<<<<<< ours\nimages: {app: {tag: v2}, web: {tag: v2}}\n=======\nimages: {app: {tag: v3}, web: {tag: v2}}\n>>>>>>> theirs\n";
    assert_eq!(both, expected);
}
