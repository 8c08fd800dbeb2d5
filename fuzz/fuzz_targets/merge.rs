//! Three texts and the laws of their merge. The texts are any bytes, or manifests in the layouts of
//! `tests/merge/oracle.rs` that the input changes byte by byte.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use sysbom::bom::{Layout, Manifest, Pin};
use sysbom::merge::{Options, Outcome, Sides, merge};
use sysbom::yaml::Document;

#[allow(dead_code, unreachable_pub)]
#[path = "../../tests/merge/oracle.rs"]
mod oracle;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, rest)) = bytes.split_first() else { return };
    let sides = if mode % 2 == 0 { raw(rest) } else { generated(rest) };
    let view = sides.as_ref().map(Vec::as_slice);
    let merged = merge(view, &Options::default());
    with_an_unchanged_side(&sides);
    match merged {
        Ok(Outcome::Merged(result)) => {
            holds_no_pin_of_neither_side(&result, &sides);
            exchanged_gives_the_same(&result, &sides);
        }
        Ok(Outcome::Conflicted { conflicts, .. }) => assert!(!conflicts.is_empty(), "a conflict over nothing"),
        Err(why) => assert!(!why.reason.is_empty()),
    }
    let virtual_base = merge(view, &Options { virtual_base: true, ..Options::default() });
    if let Ok(Outcome::Conflicted { bytes, .. }) = virtual_base {
        assert!(!bytes.windows(7).any(|window| window == b"<<<<<<<") || has_markers(&sides), "markers in a base");
    }
});

/// Three texts with a zero byte between them.
fn raw(bytes: &[u8]) -> Sides<Vec<u8>> {
    let mut texts = bytes.splitn(3, |byte| *byte == 0).map(<[u8]>::to_vec);
    let mut next = || texts.next().unwrap_or_default();
    Sides { base: next(), ours: next(), theirs: next() }
}

/// A manifest and two changes of it by the first eight bytes; then threes of bytes that change one
/// byte of one side each.
fn generated(bytes: &[u8]) -> Sides<Vec<u8>> {
    let (seed, changes) = bytes.split_at(bytes.len().min(8));
    let seed = seed.iter().fold(0, |seed: u64, byte| (seed << 8) | u64::from(*byte));
    let mut numbers = oracle::Numbers::from_seed(seed);
    let layout = oracle::LAYOUTS[numbers.below(oracle::LAYOUTS.len())];
    let base = oracle::base(&mut numbers, layout);
    let ours = oracle::changed(&mut numbers, layout, &base);
    let theirs = oracle::changed(&mut numbers, layout, &base);
    let text = |model| oracle::write(model, layout).into_bytes();
    let mut sides = Sides { base: text(&base), ours: text(&ours), theirs: text(&theirs) };
    for change in changes.chunks_exact(4) {
        let [side, high, low, byte] = [change[0], change[1], change[2], change[3]];
        let side_text = match side % 3 {
            0 => &mut sides.base,
            1 => &mut sides.ours,
            _ => &mut sides.theirs,
        };
        let at = usize::from(u16::from_be_bytes([high, low])) % (side_text.len() + 1);
        match side / 3 % 3 {
            0 => side_text.insert(at, byte),
            1 if at < side_text.len() => side_text[at] = byte,
            _ if at < side_text.len() => drop(side_text.remove(at)),
            _ => {}
        }
    }
    sides
}

fn has_markers(sides: &Sides<Vec<u8>>) -> bool {
    [&sides.base, &sides.ours, &sides.theirs].iter().any(|text| text.windows(7).any(|window| window == b"<<<<<<<"))
}

/// With an unchanged side the other is the result, to the byte.
fn with_an_unchanged_side(sides: &Sides<Vec<u8>>) {
    let (base, ours, theirs) = (&sides.base[..], &sides.ours[..], &sides.theirs[..]);
    for (three, expected) in [
        (Sides { base, ours: base, theirs }, theirs),
        (Sides { base, ours, theirs: base }, ours),
        (Sides { base, ours, theirs: ours }, ours),
    ] {
        assert_eq!(merge(three, &Options::default()), Ok(Outcome::Merged(expected.to_vec())));
    }
}

fn pins(text: &[u8]) -> Option<BTreeMap<String, Pin>> {
    let document = Document::parse_bytes(text).ok()?;
    let manifest = Manifest::read(&document, &Layout::default());
    Some(manifest.components.iter().map(|component| (component.name.clone(), component.pin())).collect())
}

fn holds_no_pin_of_neither_side(result: &[u8], sides: &Sides<Vec<u8>>) {
    let (Some(ours), Some(theirs)) = (pins(&sides.ours), pins(&sides.theirs)) else { return };
    let found = pins(result).expect("what is merged can be read");
    for (name, pin) in found {
        let known = [&ours, &theirs].iter().any(|side| side.get(&name) == Some(&pin));
        assert!(known, "`{name}` has a pin of neither side");
    }
}

fn exchanged_gives_the_same(result: &[u8], sides: &Sides<Vec<u8>>) {
    let exchanged = Sides { base: &sides.base[..], ours: &sides.theirs[..], theirs: &sides.ours[..] };
    match merge(exchanged, &Options::default()) {
        Ok(Outcome::Merged(other)) => {
            // Where the second reader takes both sides, it takes the result, whichever way round.
            if data(&sides.ours).is_some() && data(&sides.theirs).is_some() {
                assert_eq!(data(result), data(&other), "the data depends on the side");
            }
        }
        other => panic!("merged one way round only: {other:?}"),
    }
}

/// What the second reader makes of a text, if it can read it.
fn data(text: &[u8]) -> Option<serde_yaml::Value> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    serde_yaml::from_slice(text).ok().map(sorted)
}

/// The value with named lists in one order; that of mappings does not count.
fn sorted(value: serde_yaml::Value) -> serde_yaml::Value {
    use serde_yaml::Value;
    match value {
        Value::Sequence(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            if items.iter().all(|item| item.get("name").is_some()) {
                items.sort_by_key(|item| format!("{:?}", item["name"]));
            }
            Value::Sequence(items)
        }
        Value::Mapping(entries) => {
            let mut entries: Vec<(Value, Value)> = entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by_key(|(key, _)| format!("{key:?}"));
            Value::Mapping(entries.into_iter().collect())
        }
        other => other,
    }
}
