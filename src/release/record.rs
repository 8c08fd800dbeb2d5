//! What a release commit says of itself in a trailer of its message: enough to build it again on
//! another tip, and to know when a pin was published.
//!
//! ```text
//! Sysbom-Release: {"component":"app","image":"ghcr.io/acme/app","tag":"v1.3.0","digest":"sha256:..."}
//! ```

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Arrival, Guard, Moment, arrival};
use crate::bom::Pin;

const TRAILER: &str = "Sysbom-Release: ";
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

/// The releases that a commit's message records, in its order. Lines that are no record are none.
pub fn recorded(message: &str) -> Vec<Recorded> {
    let trailers = message.lines().filter_map(|line| line.strip_prefix(TRAILER));
    trailers.take(MAX_LINES).filter_map(read).collect()
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
        format!("{TRAILER}{}", Value::Object(object))
    }
}

fn read(json: &str) -> Option<Recorded> {
    let Value::Object(mut object) = serde_json::from_str(json).ok()? else { return None };
    let allowed = match object.remove("allow") {
        Some(Value::Array(words)) => words.iter().filter_map(|word| Guard::of_word(word.as_str()?)).collect(),
        _ => BTreeSet::new(),
    };
    Some(Recorded { arrival: arrival::of_object(&object).ok()?, allowed })
}
