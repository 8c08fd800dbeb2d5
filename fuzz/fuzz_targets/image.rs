//! Any text as an image reference: what is read is written as it was, and its parts are its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::str::FromStr;
use sysbom::bom::{Digest, ImageName, ImageRef, RefParts, Tag};
use sysbom::policy::Policies;

fuzz_target!(|text: &str| {
    let _ = RefParts::split(text);
    if let Ok(reference) = ImageRef::from_str(text) {
        assert_eq!(reference.to_string(), text);
    }
    if let Ok(name) = ImageName::from_str(text) {
        assert_eq!(name.as_str(), text);
        assert!(ImageRef::from_str(text).is_ok());
    }
    if let Ok(digest) = Digest::from_str(text) {
        assert_eq!(digest.as_str(), text);
    }
    if let Ok(tag) = Tag::from_str(text) {
        assert_eq!(tag.as_str(), text);
        let policies = Policies::default();
        let _ = policies.common().floating("app", tag.as_str(), true);
    }
});
