//! What a release commit says of itself in a trailer of its message: enough to build it again on
//! another tip, and to know when a pin was published.
//!
//! ```text
//! Sysbom-Release: {"component":"app","image":"ghcr.io/acme/app","tag":"v1.3.0","digest":"sha256:..."}
//! ```

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Arrival, Guard, Moment, arrival, strict};
use crate::bom::Pin;
use crate::tree::ObjectId;

const TRAILER: &str = "Sysbom-Release: ";
/// A release that waits with the others and cannot be made now: held, or in a guard's way.
const ASIDE: &str = "Sysbom-Waiting: ";
const MADE: &str = "Sysbom-Made: ";
/// A release has one line of these; a batch, one each.
const MAX_LINES: usize = 10_000;

/// A release that a commit made, with the guards that were lifted for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What was asked for.
    pub arrival: Arrival,
    /// What was allowed.
    pub allowed: BTreeSet<Guard>,
}

/// The releases that a commit's message records, in its order: those that it made, and those that
/// wait with them. Lines that are no record are none.
pub fn recorded(message: &str) -> Vec<Recorded> {
    let trailer = |line: &'_ str| -> Option<usize> {
        [TRAILER, ASIDE].iter().find(|start| line.starts_with(**start)).map(|start| start.len())
    };
    let trailers = message.lines().filter_map(|line| trailer(line).map(|start| &line[start..]));
    trailers.take(MAX_LINES).filter_map(read).collect()
}

/// The components whose releases wait with those that a commit made, and are not made by it.
pub fn set_aside(message: &str) -> BTreeSet<String> {
    let trailers = message.lines().filter_map(|line| line.strip_prefix(ASIDE));
    trailers.take(MAX_LINES).filter_map(read).map(|recorded| recorded.arrival.component).collect()
}

/// The message with a line that says for which branch the commit was made, and with which files:
/// what somebody changes afterwards shows. A line of this kind that is there already goes.
///
/// ```text
/// Sysbom-Made: sysbom/rollback/app 4b825dc642cb6eb9a060e54bf8d69288fbee4904
/// ```
pub fn made(message: &str, branch: &str, tree: &ObjectId) -> String {
    let lines: Vec<&str> = message.lines().filter(|line| !line.starts_with(MADE)).collect();
    let text = lines.join("\n");
    let text = text.trim_end();
    let is_trailer = |line: &str| line.starts_with(TRAILER) || line.starts_with(ASIDE);
    let gap = if text.lines().next_back().is_some_and(is_trailer) { "\n" } else { "\n\n" };
    format!("{text}{gap}{MADE}{branch} {tree}\n")
}

/// The branch that a commit with this message was made for, if it has these files still.
pub fn made_as<'m>(message: &'m str, tree: &ObjectId) -> Option<&'m str> {
    let line = message.lines().rev().find_map(|line| line.strip_prefix(MADE))?;
    let (branch, files) = line.rsplit_once(' ')?;
    (files == tree.to_string()).then_some(branch)
}

/// When a commit with this message says that this pin of a component was published.
pub fn published_in(message: &str, component: &str, pin: &Pin) -> Option<Moment> {
    let is_it = |recorded: &Recorded| {
        recorded.arrival.component == component && recorded.arrival.pin(&pin.image) == *pin
    };
    recorded(message).into_iter().find(is_it).and_then(|recorded| recorded.arrival.published_at)
}

impl Recorded {
    /// The trailer, of a release into this system where there are several.
    pub(super) fn line(&self, system: Option<&str>) -> String {
        format!("{TRAILER}{}", self.object(system))
    }

    /// The same of a release that waits and is not made.
    pub(super) fn line_aside(&self, system: Option<&str>) -> String {
        format!("{ASIDE}{}", self.object(system))
    }

    fn object(&self, system: Option<&str>) -> Value {
        let arrival = &self.arrival;
        let mut object = Map::new();
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                object.insert(key.to_owned(), Value::String(value));
            }
        };
        put("system", system.map(str::to_owned));
        put("component", Some(arrival.component.clone()));
        put("image", arrival.image.as_ref().map(ToString::to_string));
        put("tag", Some(arrival.tag.to_string()));
        put("digest", arrival.digest.as_ref().map(ToString::to_string));
        put("publishedAt", arrival.published_at.map(|moment| moment.to_string()));
        put("commit", arrival.origin.commit.clone());
        put("url", arrival.origin.url.clone());
        put("run", arrival.origin.run.clone());
        if !self.allowed.is_empty() {
            let words = self.allowed.iter().map(|guard| Value::from(guard.word())).collect();
            object.insert("allow".to_owned(), Value::Array(words));
        }
        Value::Object(object)
    }
}

fn read(json: &str) -> Option<Recorded> {
    let Value::Object(mut object) = strict::read(json.as_bytes()).ok()? else { return None };
    let allowed = match object.remove("allow") {
        Some(Value::Array(words)) => words.iter().filter_map(|word| Guard::of_word(word.as_str()?)).collect(),
        _ => BTreeSet::new(),
    };
    Some(Recorded { arrival: arrival::of_object(&object).ok()?, allowed })
}
