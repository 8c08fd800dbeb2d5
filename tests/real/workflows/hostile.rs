//! Payloads and forms whose text would be a command, if anything took it for one.

use serde_json::json;

use super::{CURRENT, GitHub, base64, by_hand, dispatch, payload, pipeline, state};
use crate::runner::Forge;
use crate::runner::github::Outcome;

const HOSTILE: [&str; 7] = [
    "$(touch pwned)",
    "`touch pwned`",
    "\"; touch pwned; \"",
    "'; touch pwned; '",
    "app\n::set-output name=result::updated\n::error::forged\nresult=updated",
    "app\nEOF\nresult=updated\nBASH_ENV=/pwned",
    "--direct\u{1b}[2J",
];

#[test]
fn a_hostile_payload_executes_nothing_and_is_refused_with_a_finding() {
    let keys = [
        "component",
        "image",
        "tag",
        "digest",
        "publishedAt",
        "system",
        "commit",
        "url",
        "run",
        "an unknown key",
    ];
    for (flow, keys) in [("direct", &keys[..]), ("pr", &keys[..1]), ("app", &keys[..1])] {
        let github = GitHub::new(flow);
        let before = github.forge.tip("main");
        for (text, key) in HOSTILE.iter().flat_map(|text| keys.iter().map(move |key| (*text, *key))) {
            let mut payload = payload("app", "v1.1.0");
            payload[if key == "an unknown key" { text } else { key }] = json!(text);
            let outcome = github.run("release", &dispatch(&payload));
            let ran = outcome.failed();
            assert!(ran.out.contains("::error"), "{key} = {text:?} is refused with an annotation\n{ran}");
            assert_eq!(github.forge.tip("main"), before, "{key} = {text:?}");
            assert_eq!(github.forge.branches(), Vec::<String>::new(), "{key} = {text:?}");
            nothing_of_it_is_a_command(&github.forge, &outcome, text);
        }
    }
}

fn nothing_of_it_is_a_command(forge: &Forge, outcome: &Outcome, text: &str) {
    for (_, ran) in &outcome.steps {
        for line in ran.out.lines().chain(ran.err.lines()) {
            assert!(
                !line.starts_with("::set-output") && !line.starts_with("::error::forged"),
                "{text:?}\n{ran}"
            );
            assert!(!line.contains('\u{1b}'), "{text:?}\n{ran}");
        }
    }
    assert!(!outcome.outputs.contains_key("BASH_ENV"), "{text:?}: {:?}", outcome.outputs);
    let mut folders = vec![forge.path("")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("scratch is ours") {
            let entry = entry.expect("it can be listed");
            assert!(entry.file_name() != "pwned", "{text:?} was executed in {}", folder.display());
            if entry.file_type().expect("it can be seen").is_dir() && entry.file_name() != ".git" {
                folders.push(entry.path());
            }
        }
    }
}

#[test]
fn hostile_text_in_a_form_executes_nothing() {
    for text in HOSTILE {
        let github = GitHub::new("direct");
        let forms = [
            ("rollback", json!({"reason": text, "components": "app", "to": ""})),
            ("rollback", json!({"reason": "why", "components": text, "to": ""})),
            ("rollback", json!({"reason": "why", "components": "", "to": text})),
            ("rollback", json!({"reason": "why", "components": "", "to": "", "system": text})),
            ("promote", json!({"from": text, "to": text, "components": text})),
            (
                "snapshot",
                json!({"id": text, "hypothesis": text, "parameters": text, "images": text, "values": text, "from": text, "system": text}),
            ),
        ];
        for (name, inputs) in forms {
            let outcome = github.run(name, &by_hand(&inputs));
            nothing_of_it_is_a_command(&github.forge, &outcome, text);
        }
    }
}

#[test]
fn on_gitlab_a_hostile_payload_executes_nothing() {
    let forge = Forge::with(&[(CURRENT, &state())]);
    let before = forge.tip("main");
    for text in HOSTILE {
        let mut hostile = payload("app", "v1.1.0");
        hostile["component"] = json!(text);
        for payload in [base64(&hostile.to_string()), base64(text), text.to_owned()] {
            let vars =
                [("CI_PIPELINE_SOURCE", "trigger"), ("SYSBOM_COMPONENT", text), ("SYSBOM_PAYLOAD", &payload)];
            let jobs = forge.run_pipeline(&pipeline("direct"), &vars);
            assert_eq!(jobs[0].1.status, Some(1), "{}", jobs[0].1);
            assert_eq!(forge.tip("main"), before);
            let outcome = Outcome { steps: jobs, ..Outcome::default() };
            nothing_of_it_is_a_command(&forge, &outcome, text);
        }
    }
}

#[test]
fn on_gitlab_no_payload_gets_the_value_of_a_variable_into_the_manifest() {
    let forge = Forge::with(&[(CURRENT, &state())]);
    let before = forge.tip("main");
    let mut hostile = payload("app", "v1.1.0");
    hostile["tag"] = json!("v1.1.0-$SYSBOM_TOKEN");
    for payload in [base64(&hostile.to_string()), hostile.to_string()] {
        let vars = [("CI_PIPELINE_SOURCE", "trigger"), ("SYSBOM_PAYLOAD", payload.as_str())];
        let jobs = forge.run_pipeline(&pipeline("direct"), &vars);
        assert_ne!(jobs[0].1.status, Some(0), "{}", jobs[0].1);
        assert_eq!(forge.tip("main"), before);
    }
}

#[test]
fn on_gitlab_hostile_text_in_a_pipeline_by_hand_executes_nothing() {
    let forge = Forge::with(&[(CURRENT, &state())]);
    for text in HOSTILE {
        for action in ["rollback", "promote", "snapshot"] {
            let names =
                ["REASON", "COMPONENTS", "TO", "FROM", "ID", "IMAGES", "PARAMETERS", "HYPOTHESIS", "SYSTEM"];
            let names: Vec<String> = names.iter().map(|name| format!("SYSBOM_{name}")).collect();
            let mut vars = vec![("CI_PIPELINE_SOURCE", "web"), ("SYSBOM_ACTION", action)];
            vars.extend(names.iter().map(|name| (name.as_str(), text)));
            let jobs = forge.run_pipeline(&pipeline("direct"), &vars);
            assert_eq!(jobs.len(), 1, "{action}");
            let outcome = Outcome { steps: jobs, ..Outcome::default() };
            nothing_of_it_is_a_command(&forge, &outcome, text);
        }
    }
}
