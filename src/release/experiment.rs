//! The experiment block as people compare it: parameter by parameter.
//!
//! What a parameter may be is for `schema`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::state::said;
use crate::yaml::{Document, NodeId};

/// A parameter of which two states say something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParameterChange {
    /// The keys that lead to it: `experiment.load.users`.
    pub name: String,
    /// What the one says; `None` if it does not have it.
    pub from: Option<String>,
    /// What the other says.
    pub to: Option<String>,
}

/// The parameters of an experiment block, each with its value in one line: mappings lead further down,
/// lists are one value, and texts that would be taken for something else stand in quotes.
pub fn parameters(document: &Document, experiment: Option<NodeId>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<(String, NodeId)> =
        experiment.map(|node| ("experiment".to_owned(), node)).into_iter().collect();
    while let Some((name, node)) = open.pop() {
        let entries = document.entries(node);
        if entries.is_empty() {
            let text = said(document, node);
            let bare = document.scalar(node).filter(|value| format!("{value:?}") == text);
            let is_plain = |value: &&str| !value.is_empty() && crate::yaml::quote_if_needed(value) == **value;
            found.push((name, bare.filter(is_plain).map_or(text, str::to_owned)));
            continue;
        }
        // The last one is taken first.
        let inner = entries.iter().rev().map(|entry| {
            let key = document.scalar(entry.key).map_or_else(|| said(document, entry.key), str::to_owned);
            (format!("{name}.{key}"), entry.value)
        });
        open.extend(inner);
    }
    found
}

/// What differs between the parameters of two states, by name.
pub fn parameter_changes(one: &[(String, String)], two: &[(String, String)]) -> Vec<ParameterChange> {
    let mut all: BTreeMap<&str, [Option<&str>; 2]> = BTreeMap::new();
    for (side, parameters) in [one, two].into_iter().enumerate() {
        for (name, value) in parameters {
            all.entry(name).or_default()[side] = Some(value);
        }
    }
    all.into_iter()
        .filter(|(_, [from, to])| from != to)
        .map(|(name, [from, to])| ParameterChange {
            name: name.to_owned(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        })
        .collect()
}
