//! What to tell people of a conflict.

use crate::bom::Layout;

use super::value::Value;
use super::view::{Child, View};

/// What a side has there, in a few words.
pub(super) fn describe(view: &View, child: &Child, layout: &Layout) -> String {
    match view.value(child.value) {
        Value::Scalar(text) if text.is_empty() => "empty".to_owned(),
        Value::Scalar(text) | Value::Alias(text) => shortened(&text, 80),
        keyed @ Value::Keyed { list: false, .. } => {
            let text = |key: &str| match keyed.get(key) {
                Some(Value::Scalar(text)) => shortened(text, 40),
                _ => String::new(),
            };
            let keys = layout.fields.keys();
            let parts: Vec<String> = keys.map(text).filter(|part| !part.is_empty()).collect();
            if parts.is_empty() { "a mapping".to_owned() } else { parts.join(" ") }
        }
        Value::Keyed { .. } | Value::List(_) => "a list".to_owned(),
        Value::Pairs(_) => "a mapping".to_owned(),
    }
}

pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most - 1).collect();
    format!("{start}…")
}

/// What to do about a conflict.
pub(super) fn help_for(reason: &str) -> String {
    let what = if reason.contains("comment") {
        "keep the comment that is right"
    } else if reason.contains("pin") || reason.contains("component") {
        "keep the whole entry of one side, or release the build that should run"
    } else {
        "keep what is right of the two"
    };
    format!("{what}, remove the markers, then `git add` the file")
}
