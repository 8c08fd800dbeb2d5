//! What may not be released, and why: `holds.yaml` beside the manifest.
//!
//! Knows the file and edits it by byte patches, so that comments people leave there stay.

use super::{Moment, Refusal};
use crate::bom::Digest;
use crate::suggest::nearest;
use crate::text::{escape, shell_word};
use crate::yaml::{self, Document, NodeId, NodeKind, Path, Value};

/// The key below which everything stands.
const HOLDS: &str = "holds";
const DIGESTS: &str = "digests";
/// How a new file begins.
const INTRO: &str = "# What may not be released, and why. `sysbom unhold` takes an entry away.\n";

/// One thing that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The component.
    pub component: String,
    /// The digest that may not be released; `None` for the component as a whole.
    pub digest: Option<Digest>,
    /// The tag it was known by.
    pub tag: Option<String>,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Option<Moment>,
}

impl Hold {
    /// The command that lifts it in this system.
    pub fn lifted_by(&self, system: Option<&str>) -> String {
        let digest = self.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        let what = format!("{}{digest}", self.component);
        format!("sysbom unhold {}{}", shell_word(&what), option(system))
    }
}

/// The option that names a system, on a command line of which it is the end.
pub(super) fn option(system: Option<&str>) -> String {
    system.map(|name| format!(" -s {}", shell_word(name))).unwrap_or_default()
}

/// The holds of one system.
///
/// ```yaml
/// holds:
///   web:
///     reason: the database moves on Friday
///     since: 2024-06-15T10:15:00Z
///   app:
///     digests:
///       sha256:0123...:
///         tag: v1.3.0
///         reason: breaks the login
///         since: 2024-06-15T10:15:00Z
/// ```
#[derive(Clone, Debug, Default)]
pub struct Holds {
    entries: Vec<Hold>,
    document: Option<Document>,
}

impl Holds {
    /// Reads the file; `None` for one that is not there, which holds nothing.
    ///
    /// # Errors
    /// The file is not YAML, or something stands in it that is no hold. Nothing may be released
    /// then: a hold that cannot be read would be passed over.
    pub fn read(file: Option<&[u8]>) -> Result<Holds, Refusal> {
        let Some(bytes) = file else { return Ok(Holds::default()) };
        let document =
            Document::parse_bytes(bytes).map_err(|fault| unreadable(&escape(&fault.message).to_string()))?;
        let Some(root) = root_of(&document) else {
            return Ok(Holds { entries: Vec::new(), document: Some(document) });
        };
        let mut entries = Vec::new();
        for (key, value) in mapping(&document, root, "the file")? {
            if key != HOLDS {
                return Err(unreadable(&format!("it has the unknown key `{}`", escape(key))));
            }
            if document.is_missing(value) {
                continue;
            }
            for (component, value) in mapping(&document, value, HOLDS)? {
                read_component(&document, component, value, &mut entries)?;
            }
        }
        Ok(Holds { entries, document: Some(document) })
    }

    /// Everything that is held, in source order.
    pub fn entries(&self) -> &[Hold] {
        &self.entries
    }

    /// One line on each name that is none of these components: what is misspelt holds nothing. No
    /// line on digests of a component that is like none of them, which a rollback may have removed.
    pub fn strangers(&self, known: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for hold in self.entries.iter().filter(|hold| !known.contains(&hold.component.as_str())) {
            let line = match nearest(&hold.component, known.iter().copied()) {
                Some(meant) => format!(": did you mean `{}`?", escape(meant)),
                None if hold.digest.is_none() && !known.is_empty() => String::new(),
                None => continue,
            };
            found.push(format!(
                "`{}` is held and is no component of the manifest{line}",
                escape(&hold.component)
            ));
        }
        found.dedup();
        found
    }

    /// What holds this pin of a component: the component as a whole, or the digest.
    pub fn on(&self, component: &str, digest: &str) -> Option<&Hold> {
        self.entries.iter().find(|hold| {
            hold.component == component && hold.digest.as_ref().is_none_or(|held| held.as_str() == digest)
        })
    }

    /// The file with these holds besides. What is held already stays as it is written.
    pub fn with(&self, holds: &[Hold]) -> Result<String, Refusal> {
        let mut held = self.clone();
        for hold in holds {
            let is_there = |other: &Hold| other.component == hold.component && other.digest == hold.digest;
            if held.entries.iter().any(is_there) {
                continue;
            }
            let text = held.inserted(hold)?;
            held = Holds::read(Some(text.as_bytes()))?;
        }
        Ok(held.document.map(|document| document.text().to_owned()).unwrap_or_default())
    }

    /// The file without the holds of a component: all of them, or that of one digest. `None` if
    /// there is no such hold.
    pub fn without(&self, component: &str, digest: Option<&Digest>) -> Result<Option<String>, Refusal> {
        let of_component = || self.entries.iter().filter(|hold| hold.component == component);
        let fits = |hold: &&Hold| digest.is_none() || hold.digest.as_ref() == digest;
        let (Some(document), true) = (&self.document, of_component().any(|hold| fits(&hold))) else {
            return Ok(None);
        };
        let path = Path::of_keys([HOLDS, component]);
        let at = match digest {
            Some(digest) if of_component().count() > 1 => {
                let others = of_component().filter(|hold| hold.digest.is_some()).count() > 1;
                let digests = path.key(DIGESTS);
                if others { digests.key(digest.as_str()) } else { digests }
            }
            _ => path,
        };
        let text = yaml::apply(document, &yaml::Change::Remove { at }).map_err(unwritable)?;
        let expected: Vec<&Hold> =
            self.entries.iter().filter(|hold| !(hold.component == component && fits(hold))).collect();
        if Holds::read(Some(text.as_bytes()))?.entries.iter().collect::<Vec<_>>() != expected {
            return Err(unwritable("the layout here cannot be patched"));
        }
        Ok(Some(text))
    }

    fn inserted(&self, hold: &Hold) -> Result<String, Refusal> {
        let document = self.document.as_ref();
        let Some(document) = document.filter(|document| root_of(document).is_some()) else {
            let text = document.map(Document::text).filter(|text| !text.trim().is_empty());
            let empty =
                Document::parse(frame(text.unwrap_or(INTRO))).map_err(|fault| unwritable(fault.message))?;
            let value = Value::Mapping(vec![(hold.component.clone(), entry_of(hold))]);
            let at = Path::of_keys([HOLDS]);
            return yaml::apply(&empty, &yaml::Change::Replace { at, value }).map_err(unwritable);
        };
        // From the outside in: the first level that is not there yet is inserted with all below it.
        let mut levels = vec![(HOLDS.to_owned(), None), (hold.component.clone(), None)];
        if let Some(digest) = &hold.digest {
            levels.push((DIGESTS.to_owned(), None));
            levels.push((digest.as_str().to_owned(), Some(details(hold))));
        } else {
            levels[1].1 = Some(details(hold));
        }
        insert_below(document, &levels, hold)
    }
}

/// What is written in the file, if not comments alone.
fn root_of(document: &Document) -> Option<NodeId> {
    document.root().filter(|&root| !document.is_missing(root))
}

/// A file of comments with the key below them, to hang the first hold on.
fn frame(comments: &str) -> String {
    let end = if comments.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if comments.ends_with('\n') { "" } else { end };
    format!("{comments}{gap}{HOLDS}:{end}")
}

type Level = (String, Option<Vec<(String, Value)>>);

fn insert_below(document: &Document, levels: &[Level], hold: &Hold) -> Result<String, Refusal> {
    let mut path = Path::root();
    for (depth, (key, _)) in levels.iter().enumerate() {
        let inner = path.key(key);
        let node = document.at(&inner).filter(|&node| !document.entries(node).is_empty());
        if node.is_some() {
            path = inner;
            continue;
        }
        let value = nested(&levels[depth + 1..], levels[depth].1.clone());
        let change = if document.at(&inner).is_some() {
            yaml::Change::Replace { at: inner, value }
        } else {
            let position = document.at(&path).map_or(0, |node| document.entries(node).len());
            yaml::Change::Insert { into: path, position, key: Some(key.clone()), value }
        };
        return yaml::apply(document, &change).map_err(unwritable);
    }
    // The component is there with digests of its own, and is now held as a whole.
    let changes: Vec<yaml::Change> = details(hold)
        .into_iter()
        .enumerate()
        .map(|(position, (key, value))| yaml::Change::Insert {
            into: path.clone(),
            position,
            key: Some(key),
            value,
        })
        .collect();
    let written = yaml::apply_all(document, &changes).map_err(unwritable)?;
    Ok(written.text().to_owned())
}

fn nested(levels: &[Level], innermost: Option<Vec<(String, Value)>>) -> Value {
    match levels {
        [] => Value::Mapping(innermost.unwrap_or_default()),
        [(key, details), rest @ ..] => Value::Mapping(vec![(key.clone(), nested(rest, details.clone()))]),
    }
}

fn entry_of(hold: &Hold) -> Value {
    let details = Value::Mapping(details(hold));
    match &hold.digest {
        None => details,
        Some(digest) => {
            let digests = Value::Mapping(vec![(digest.as_str().to_owned(), details)]);
            Value::Mapping(vec![(DIGESTS.to_owned(), digests)])
        }
    }
}

fn details(hold: &Hold) -> Vec<(String, Value)> {
    let tag = hold.tag.as_ref().filter(|_| hold.digest.is_some()).map(|tag| ("tag", tag.clone()));
    let since = hold.since.map(|since| ("since", since.to_string()));
    let texts = tag.into_iter().chain([("reason", hold.reason.clone())]).chain(since);
    texts.map(|(key, text)| (key.to_owned(), Value::Text(text))).collect()
}

fn read_component(
    document: &Document,
    component: &str,
    value: NodeId,
    entries: &mut Vec<Hold>,
) -> Result<(), Refusal> {
    let mut whole =
        Hold { component: component.to_owned(), digest: None, tag: None, reason: String::new(), since: None };
    let mut digests = Vec::new();
    let keys = mapping(document, value, component)?;
    // `digests` alone narrows the hold. With a word of its own besides, the component is held too.
    let is_whole = keys.iter().all(|(key, _)| *key != DIGESTS) || keys.len() > 1;
    for (key, value) in keys {
        if key == DIGESTS {
            if !is_whole && document.entries(value).is_empty() {
                let name = escape(component);
                return Err(unreadable(&format!("`{DIGESTS}` of `{name}` is empty, which holds nothing")));
            }
            for (digest, value) in mapping(document, value, DIGESTS)? {
                let parsed: Digest =
                    digest.parse().map_err(|_| unreadable(&format!("`{}` is no digest", escape(digest))))?;
                let mut hold = Hold {
                    digest: Some(parsed),
                    tag: None,
                    reason: String::new(),
                    since: None,
                    ..whole.clone()
                };
                for (key, value) in mapping(document, value, digest)? {
                    set(document, &mut hold, key, value)?;
                }
                digests.push(hold);
            }
        } else {
            set(document, &mut whole, key, value)?;
        }
    }
    entries.extend(is_whole.then_some(whole).into_iter().chain(digests));
    Ok(())
}

fn set(document: &Document, hold: &mut Hold, key: &str, value: NodeId) -> Result<(), Refusal> {
    let Some(text) = document.scalar(value) else {
        return Err(unreadable(&format!("`{}` is no text", escape(key))));
    };
    match key {
        "reason" => text.clone_into(&mut hold.reason),
        "tag" => hold.tag = Some(text.to_owned()),
        "since" => hold.since = text.parse().ok(),
        other => return Err(unreadable(&format!("it has the unknown key `{}`", escape(other)))),
    }
    Ok(())
}

/// The entries of a mapping with texts for keys, none of them twice.
fn mapping<'d>(
    document: &'d Document,
    node: NodeId,
    called: &str,
) -> Result<Vec<(&'d str, NodeId)>, Refusal> {
    let NodeKind::Mapping { entries, .. } = &document.node(node).kind else {
        return Err(unreadable(&format!("`{}` is no mapping", escape(called))));
    };
    let mut found: Vec<(&str, NodeId)> = Vec::new();
    for entry in entries {
        match document.scalar(entry.key) {
            Some(key) if !found.iter().any(|(other, _)| *other == key) => found.push((key, entry.value)),
            _ => {
                return Err(unreadable(&format!(
                    "a key of `{}` stands twice, or is no text",
                    escape(called)
                )));
            }
        }
    }
    Ok(found)
}

fn unreadable(why: &str) -> Refusal {
    Refusal::new(
        format!("could not read what is held: {why}"),
        "mend the holds file beside the manifest: `holds: {COMPONENT: {reason: ..., digests: {...}}}`",
    )
}

fn unwritable(why: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        format!("could not change what is held: {}", escape(&why.to_string())),
        "write the holds file in block style, one key per line",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(fill: &str) -> Digest {
        format!("sha256:{}", fill.repeat(64)).parse().expect("it is well formed")
    }

    fn hold(component: &str, fill: Option<&str>, reason: &str) -> Hold {
        Hold {
            component: component.to_owned(),
            digest: fill.map(digest),
            tag: fill.map(|_| "v1.3.0".to_owned()),
            reason: reason.to_owned(),
            since: Some(Moment(1_718_446_500)),
        }
    }

    fn file(text: &str) -> Holds {
        Holds::read(Some(text.as_bytes())).expect(text)
    }

    #[test]
    fn holds_are_added_one_by_one_and_read_back() {
        let all = [
            hold("app", Some("a"), "breaks: the login"),
            hold("web", None, "moves"),
            hold("app", Some("b"), "slow"),
        ];
        let text = Holds::default().with(&all).expect("a new file");
        let expected = "\
# What may not be released, and why. `sysbom unhold` takes an entry away.
holds:
  app:
    digests:
      sha256:A:
        tag: v1.3.0
        reason: 'breaks: the login'
        since: 2024-06-15T10:15:00Z
      sha256:B:
        tag: v1.3.0
        reason: slow
        since: 2024-06-15T10:15:00Z
  web:
    reason: moves
    since: 2024-06-15T10:15:00Z
"
        .replace('A', &"a".repeat(64))
        .replace(":B:", &format!(":{}:", "b".repeat(64)));
        assert_eq!(text.replace("\"breaks: the login\"", "'breaks: the login'"), expected);
        let held = file(&text);
        assert_eq!(held.entries().len(), 3);
        assert!(held.on("app", digest("a").as_str()).is_some_and(|hold| hold.reason == "breaks: the login"));
        assert!(held.on("app", digest("c").as_str()).is_none());
        assert!(held.on("web", digest("c").as_str()).is_some());
        assert_eq!(held.with(&all).as_deref(), Ok(text.as_str()), "what is held stays as it is");
    }

    #[test]
    fn a_component_with_held_digests_can_be_held_as_a_whole() {
        let text = Holds::default()
            .with(&[hold("app", Some("a"), "slow"), hold("app", None, "moves")])
            .expect("two holds");
        let held = file(&text);
        assert_eq!(held.entries().len(), 2);
        assert!(held.on("app", "sha256:other").is_some_and(|hold| hold.reason == "moves"));
        let without =
            held.without("app", Some(&digest("a"))).expect("it can be patched").expect("it was there");
        assert_eq!(file(&without).entries(), [hold("app", None, "moves")]);
    }

    #[test]
    fn a_hold_is_taken_away_and_the_rest_stays_byte_for_byte() {
        let text = format!(
            "# ours\nholds:\n  app: # the app\n    digests:\n      {}: {{reason: slow}}\n      {}: {{reason: worse}} # keep\n  web: {{reason: moves}}\n",
            digest("a"),
            digest("b")
        );
        let one =
            file(&text).without("app", Some(&digest("a"))).expect("it can be patched").expect("it was there");
        assert_eq!(one, text.replace(&format!("      {}: {{reason: slow}}\n", digest("a")), ""));
        let both = file(&text).without("app", None).expect("it can be patched").expect("it was there");
        assert_eq!(both, "# ours\nholds:\n  web: {reason: moves}\n");
        let none = file(&both).without("web", None).expect("it can be patched").expect("it was there");
        assert_eq!(file(&none).entries(), []);
        assert!(
            file(&none)
                .with(&[hold("app", Some("a"), "slow")])
                .is_ok_and(|text| file(&text).entries().len() == 1)
        );
        assert_eq!(file(&text).without("app", Some(&digest("c"))), Ok(None));
        assert_eq!(file(&text).without("db", None), Ok(None));
    }

    #[test]
    fn a_hold_keeps_a_file_of_comments() {
        for (comments, gap, end) in [
            ("# ours\n\n# and theirs\n", "", "\n"),
            ("# ours", "\n", "\n"),
            ("# ours\r\n", "", "\r\n"),
            ("---\n# ours\n", "", "\n"),
        ] {
            let text = file(comments).with(&[hold("web", None, "moves")]).expect(comments);
            let lines = ["holds:", "  web:", "    reason: moves", "    since: 2024-06-15T10:15:00Z", ""];
            assert_eq!(text, format!("{comments}{gap}{}", lines.join(end)));
        }
        assert_eq!(file("# ours\n").without("app", None), Ok(None));
    }

    #[test]
    fn a_word_beside_the_digests_holds_the_component_as_a_whole() {
        let of = |text: &str| file(&text.replace('A', digest("a").as_str()));
        for text in [
            "holds: {app: {since: 2024-06-15T10:15:00Z, digests: {A: {}}}}\n",
            "holds: {app: {digests: {A: {}}, since: 2024-06-15T10:15:00Z}}\n",
            "holds: {app: {reason: '', digests: {A: {}}}}\n",
            "holds: {app: {reason: slow, digests: {}}}\n",
        ] {
            assert!(of(text).on("app", digest("b").as_str()).is_some(), "{text}");
        }
        let narrow = of("holds: {app: {digests: {A: {}}}}\n");
        assert!(narrow.on("app", digest("b").as_str()).is_none());
        assert!(narrow.on("app", digest("a").as_str()).is_some());
    }

    #[test]
    fn a_name_that_is_no_component_is_said_with_what_was_meant() {
        let held = file("holds: {App: {}, web: {}, zzzzzz: {}}\n");
        assert_eq!(
            held.strangers(&["app", "web"]),
            [
                "`App` is held and is no component of the manifest: did you mean `app`?",
                "`zzzzzz` is held and is no component of the manifest",
            ]
        );
        assert_eq!(held.strangers(&[]), [""; 0], "there is no manifest yet");
        let of = |name: &str| {
            file(&format!(
                "holds: {{{name}: {{digests: {{{}: {{}}, {}: {{}}}}}}}}\n",
                digest("a"),
                digest("b")
            ))
        };
        assert_eq!(of("App").strangers(&["app"]).len(), 1);
        assert_eq!(of("removed").strangers(&["app"]), [""; 0]);
    }

    #[test]
    fn a_file_that_cannot_be_read_holds_everything() {
        for text in [
            "holds: [app]\n",
            "hold: {}\n",
            "holds: {app: {digests: {v1: {}}}}\n",
            "holds: {app: {digests: {}}}\n",
            "holds: {app: {digests: }}\n",
            "holds: {app: {reasn: x}}\n",
            "holds: {app: {}, app: {}}\n",
            "holds: {app: x}\n",
            "holds: {app: {reason: [x]}}\n",
            "a: [\n",
        ] {
            assert!(Holds::read(Some(text.as_bytes())).is_err(), "{text}");
        }
        for text in ["", "# nothing\n", "holds:\n", "holds: {}\n"] {
            assert_eq!(file(text).entries(), [], "{text}");
        }
        assert!(file("holds: {app: {}}\n").on("app", "").is_some(), "held, without a reason");
    }
}
