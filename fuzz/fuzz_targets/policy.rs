//! Any text as a policy: it is read or its faults are told, and what it allows can be asked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sysbom::check::{judge, rule_ids};
use sysbom::policy::{POLICY_PATH, Policies};
use sysbom::text::Source;
use sysbom::tree::MapTree;

fuzz_target!(|text: &str| {
    match Policies::read(&Source::new(POLICY_PATH, text), &rule_ids()) {
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            for fault in faults {
                assert!(fault.span.start <= text.len() && !fault.message.is_empty());
                assert!(!fault.message.chars().any(|c| c.is_control()), "{:?}", fault.message);
            }
        }
        Ok(policies) => {
            let tree = MapTree::new().with("releases/current.yaml", "").with(POLICY_PATH, text);
            let systems = policies.systems(&tree).expect("a map can be read");
            assert!(systems.len() < 10);
            assert!(judge(Some(&tree), &tree).is_ok(), "the policy judges once and not twice");
        }
    }
});
