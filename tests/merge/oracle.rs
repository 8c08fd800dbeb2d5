//! A manifest as a plain list of entries, the ways a side can change it, what two such changes
//! come to, and how the list is written in each layout. Knows nothing of the merge it judges:
//! what is expected is computed on the lists.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A stream of numbers that is the same on every machine (`SplitMix64`).
pub struct Numbers(u64);

impl Numbers {
    pub fn from_seed(seed: u64) -> Self {
        Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    pub image: String,
    pub tag: String,
    pub digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub pin: Pin,
    pub comment: Option<String>,
}

pub type Model = Vec<Entry>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Block,
    Alphabetical,
    TagFirst,
    Commented,
    BlankLines,
    Flow,
    OneString,
    List,
}

pub const LAYOUTS: [Layout; 8] = [
    Layout::Block,
    Layout::Alphabetical,
    Layout::TagFirst,
    Layout::Commented,
    Layout::BlankLines,
    Layout::Flow,
    Layout::OneString,
    Layout::List,
];

const NAMES: [&str; 12] = [
    "app",
    "api",
    "web",
    "modelService",
    "gateway",
    "worker",
    "cron",
    "mailer",
    "search",
    "auth",
    "job",
    "ui",
];

pub fn base(numbers: &mut Numbers, layout: Layout) -> Model {
    let mut names: Vec<&str> = NAMES.to_vec();
    for at in (1..names.len()).rev() {
        names.swap(at, numbers.below(at + 1));
    }
    let count = 3 + numbers.below(5);
    let mut model: Model = names[..count]
        .iter()
        .map(|name| Entry {
            name: (*name).to_owned(),
            pin: Pin { image: format!("ghcr.io/acme/{name}"), tag: tag(numbers), digest: digest(numbers) },
            comment: (layout == Layout::Commented).then(|| format!("team {}", numbers.below(90))),
        })
        .collect();
    if layout == Layout::Alphabetical {
        model.sort_by(|a, b| a.name.cmp(&b.name));
    }
    model
}

fn tag(numbers: &mut Numbers) -> String {
    format!("v{}.{}.{}", 1 + numbers.below(3), numbers.below(10), numbers.below(10))
}

fn digest(numbers: &mut Numbers) -> String {
    (0..4).fold("sha256:".to_owned(), |hex, _| format!("{hex}{:016x}", numbers.next()))
}

/// One side's change: one to three of bump, rebuild, retag, registry move, add, remove, swap and comment.
pub fn changed(numbers: &mut Numbers, layout: Layout, base: &Model) -> Model {
    let mut model = base.clone();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(model.len());
        match numbers.below(8) {
            1 => model[at].pin.digest = digest(numbers),
            2 => model[at].pin.tag = tag(numbers),
            3 => model[at].pin.image = format!("quay.io/acme/{}", model[at].name),
            4 => add(numbers, layout, &mut model),
            5 if model.len() > 2 => drop(model.remove(at)),
            6 => {
                let other = numbers.below(model.len());
                model.swap(at, other);
            }
            // Within braces there is no place for a comment.
            7 if layout != Layout::Flow => model[at].comment = Some(format!("note {}", numbers.below(90))),
            _ => {
                model[at].pin.tag = tag(numbers);
                model[at].pin.digest = digest(numbers);
            }
        }
    }
    model
}

fn add(numbers: &mut Numbers, layout: Layout, model: &mut Model) {
    let name = NAMES[numbers.below(NAMES.len())];
    if model.iter().any(|entry| entry.name == name) {
        return;
    }
    let pin = Pin { image: format!("ghcr.io/acme/{name}"), tag: tag(numbers), digest: digest(numbers) };
    let entry = Entry { name: name.to_owned(), pin, comment: None };
    let at = match layout {
        Layout::Alphabetical => model.iter().position(|e| e.name.as_str() > name).unwrap_or(model.len()),
        _ => numbers.below(model.len() + 1),
    };
    model.insert(at, entry);
}

/// What two changes of one base come to.
pub enum Expected {
    /// These entries, in any order.
    Merge(Vec<Entry>),
    Conflict,
    /// Either is right: one side removed what the other only commented.
    Either,
}

pub fn expected(base: &Model, ours: &Model, theirs: &Model) -> Expected {
    let names: BTreeSet<&String> = base.iter().chain(ours).chain(theirs).map(|entry| &entry.name).collect();
    let find = |model: &Model, name: &str| model.iter().find(|entry| entry.name == name).cloned();
    let mut merged = Vec::new();
    let mut either = false;
    for name in names {
        let (b, o, t) = (find(base, name), find(ours, name), find(theirs, name));
        let pins = (b.as_ref().map(|e| &e.pin), o.as_ref().map(|e| &e.pin), t.as_ref().map(|e| &e.pin));
        let Ok(pin) = three_way(pins.0, pins.1, pins.2) else { return Expected::Conflict };
        let comments = [&b, &o, &t].map(|e| e.as_ref().and_then(|e| e.comment.clone()));
        match pin {
            None => {
                either |= (o.is_some() && comments[1] != comments[0])
                    || (t.is_some() && comments[2] != comments[0]);
            }
            Some(pin) => {
                let comment = match (&o, &t) {
                    (Some(o), None) => o.comment.clone(),
                    (None, Some(t)) => t.comment.clone(),
                    _ => match three_way(comments[0].as_ref(), comments[1].as_ref(), comments[2].as_ref()) {
                        Ok(comment) => comment.cloned(),
                        Err(()) => return Expected::Conflict,
                    },
                };
                merged.push(Entry { name: name.clone(), pin: pin.clone(), comment });
            }
        }
    }
    if either { Expected::Either } else { Expected::Merge(merged) }
}

/// What three values of one thing come to; `Err` if both sides changed it apart.
pub fn three_way<'e, T: PartialEq>(
    b: Option<&'e T>,
    o: Option<&'e T>,
    t: Option<&'e T>,
) -> Result<Option<&'e T>, ()> {
    if o == t || t == b {
        Ok(o)
    } else if o == b {
        Ok(t)
    } else {
        Err(())
    }
}

pub fn write(model: &Model, layout: Layout) -> String {
    let mut out = String::new();
    if layout == Layout::Flow {
        let entries: Vec<String> = model
            .iter()
            .map(|e| {
                format!(
                    "{}: {{image: {}, tag: {}, digest: '{}'}}",
                    e.name, e.pin.image, e.pin.tag, e.pin.digest
                )
            })
            .collect();
        writeln!(out, "images: {{{}}}", entries.join(", ")).unwrap();
    } else {
        out.push_str("images:\n");
        for entry in model {
            write_entry(&mut out, entry, layout);
        }
    }
    out.push_str("experiment:\n  canaryEnabled: false\n");
    out
}

fn write_entry(out: &mut String, entry: &Entry, layout: Layout) {
    let Entry { name, pin, comment } = entry;
    if layout == Layout::BlankLines {
        out.push('\n');
    }
    if let Some(comment) = comment {
        writeln!(out, "  # {comment}").unwrap();
    }
    let keys: [(&str, &String); 3] = match layout {
        Layout::Alphabetical => [("digest", &pin.digest), ("image", &pin.image), ("tag", &pin.tag)],
        Layout::TagFirst => [("tag", &pin.tag), ("digest", &pin.digest), ("image", &pin.image)],
        _ => [("image", &pin.image), ("tag", &pin.tag), ("digest", &pin.digest)],
    };
    match layout {
        Layout::OneString => writeln!(out, "  {name}: {}:{}@{}", pin.image, pin.tag, pin.digest).unwrap(),
        Layout::List => writeln!(out, "  - name: {name}").unwrap(),
        _ => writeln!(out, "  {name}:").unwrap(),
    }
    if layout == Layout::OneString {
        return;
    }
    for (at, (key, value)) in keys.iter().enumerate() {
        if layout == Layout::BlankLines && at > 0 {
            out.push('\n');
        }
        if layout == Layout::Commented && *key == "digest" {
            out.push_str("    # pinned by CI\n");
        }
        writeln!(out, "    {key}: {value}").unwrap();
    }
}

/// Reads entries back from a merged text, line by line and without a YAML parser for the comments,
/// with one for the data.
pub fn read(text: &str) -> Vec<(String, Pin)> {
    let data: serde_yaml::Value = serde_yaml::from_str(text).expect("a merged text can be read");
    let field = |value: &serde_yaml::Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let pin = |value: &serde_yaml::Value| match value.as_str() {
        Some(reference) => {
            let (name, digest) = reference.split_once('@').unwrap_or((reference, ""));
            let (image, tag) = name.rsplit_once(':').unwrap_or((name, ""));
            Pin { image: image.to_owned(), tag: tag.to_owned(), digest: digest.to_owned() }
        }
        None => {
            Pin { image: field(value, "image"), tag: field(value, "tag"), digest: field(value, "digest") }
        }
    };
    let mut found: Vec<(String, Pin)> = match &data["images"] {
        serde_yaml::Value::Mapping(entries) => {
            entries.iter().map(|(name, value)| (name.as_str().unwrap().to_owned(), pin(value))).collect()
        }
        serde_yaml::Value::Sequence(items) => {
            items.iter().map(|item| (field(item, "name"), pin(item))).collect()
        }
        other => panic!("images are neither mapping nor list: {other:?}"),
    };
    found.sort();
    found
}

/// The comments above entries, as a sorted list.
pub fn comments(text: &str) -> Vec<String> {
    let mut found: Vec<String> =
        text.lines().filter_map(|line| line.strip_prefix("  # ")).map(str::to_owned).collect();
    found.sort();
    found
}

/// The text with each conflict resolved to one side.
pub fn resolved(text: &str, take_ours: bool) -> String {
    let (mut out, mut within) = (String::new(), None);
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<< ") {
            within = Some(true);
        } else if line.starts_with("=======") && within.is_some() {
            within = Some(false);
        } else if line.starts_with(">>>>>>> ") {
            within = None;
        } else if within.is_none_or(|ours| ours == take_ours) {
            out.push_str(line);
        }
    }
    out
}
