//! The workflow files that `sysbom init --forge` writes, and those for producers: the schemas of the
//! forges and zizmor find nothing in them, and every step of every flow does what the pages say,
//! run under bash against a bare repository.

mod check;
mod files;
mod flows;
mod gitlab;
mod hostile;

use serde_json::json;

use crate::runner::Forge;
use crate::runner::github::{Event, Outcome};
use crate::support::{DIGEST_A, DIGEST_B, Scratch, manifest};

const CURRENT: &str = "releases/current.yaml";

fn flow_files(flow: &str) -> Vec<String> {
    let own =
        ["release", "update-branch", "rollback", "promote", "snapshot"].map(|name| workflow(flow, name));
    own.into_iter().chain([workflow("every-flow", "check")]).collect()
}

fn workflow(flow: &str, name: &str) -> String {
    format!("examples/operation-repo/github/{flow}/.github/workflows/sysbom-{name}.yml")
}

fn pipeline(flow: &str) -> String {
    format!("examples/operation-repo/gitlab/{flow}/.gitlab/sysbom.yml")
}

fn state() -> String {
    manifest(&[("app", "v1.0.0", DIGEST_A), ("worker", "v1.0.0", DIGEST_B)])
}

fn digest_of(tag: &str) -> String {
    let hex: String = tag.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex:0<64}")
}

fn payload(component: &str, tag: &str) -> serde_json::Value {
    json!({
        "component": component,
        "image": format!("ghcr.io/acme/{component}"),
        "tag": tag,
        "digest": digest_of(tag),
        "publishedAt": "2024-06-16T10:15:00Z",
        "commit": "4f1c2ab04f1c2ab04f1c2ab04f1c2ab04f1c2ab0",
        "run": "https://github.example.org/acme/app/actions/runs/7",
    })
}

fn base64(text: &str) -> String {
    let ran = Scratch::without_repository();
    ran.at(ran.root()).run("base64", &["-w", "0"], text).expect(0).out
}

fn event(name: &'static str, reference: &str, payload: serde_json::Value) -> Event {
    Event { name, reference: reference.to_owned(), payload }
}

fn dispatch(payload: &serde_json::Value) -> Event {
    event(
        "repository_dispatch",
        "refs/heads/main",
        json!({"action": "sysbom-release", "branch": "main", "client_payload": payload, "sender": {"login": "bot"}}),
    )
}

fn by_hand(inputs: &serde_json::Value) -> Event {
    event("workflow_dispatch", "refs/heads/main", json!({"inputs": inputs, "ref": "refs/heads/main"}))
}

/// A forge with one of the flows of GitHub.
struct GitHub {
    forge: Forge,
    flow: &'static str,
    published: Vec<String>,
}

impl GitHub {
    fn new(flow: &'static str) -> GitHub {
        let forge = Forge::with(&[(CURRENT, &state()), ("README.md", "ours\n")]);
        let mut github = GitHub { forge, flow, published: Vec::new() };
        github.note_what_is_published();
        github
    }

    fn note_what_is_published(&mut self) {
        let now = self.forge.file("main", CURRENT);
        if self.published.last() != Some(&now) {
            self.published.push(now);
        }
    }

    fn run(&self, name: &str, event: &Event) -> Outcome {
        let flow = if name == "check" { "every-flow" } else { self.flow };
        self.forge.run(&workflow(flow, name), event)
    }

    fn release(&mut self, component: &str, tag: &str) -> Outcome {
        let before = self.forge.tip("main");
        let outcome = self.run("release", &dispatch(&payload(component, tag))).succeeded();
        self.after(&before);
        outcome
    }

    /// What GitHub starts after a push to main: the check of the update, and the clearing up.
    fn after(&mut self, before: &str) {
        if self.forge.tip("main") == before {
            return;
        }
        self.note_what_is_published();
        let push = event("push", "refs/heads/main", json!({"before": before}));
        self.run("check", &push).succeeded();
        let before = self.forge.tip("main");
        self.run("update-branch", &push).succeeded();
        if self.forge.tip("main") != before {
            self.note_what_is_published();
        }
    }

    /// The forge's own merge of a branch, which knows no driver.
    fn merge(&mut self, branch: &str) {
        let before = self.forge.tip("main");
        let clone = self.forge.clone_of_a_person();
        clone.git(&["fetch", "-q", "--prune", "origin"]);
        clone.git(&["checkout", "-q", "-B", "main", "origin/main"]);
        clone.git(&["merge", "-q", "--no-ff", "--no-edit", &format!("origin/{branch}")]);
        clone.git(&["push", "-q", "origin", "main:refs/pull/1/merge", "--force"]);
        self.run("check", &event("pull_request", "refs/pull/1/merge", json!({}))).succeeded();
        clone.git(&["push", "-q", "origin", "main", &format!(":{branch}")]);
        self.after(&before);
    }

    fn merge_all(&mut self) {
        while let Some(branch) = self.forge.branches().first().cloned() {
            self.check_of_branch(&branch).succeeded();
            self.merge(&branch);
        }
    }

    fn check_of_branch(&self, branch: &str) -> Outcome {
        let reference = format!("refs/heads/{branch}");
        self.run("check", &event("push", &reference, json!({"before": "0".repeat(40)})))
    }

    /// Every state that main ever had is in history, but the present one.
    fn nothing_is_lost(&self) {
        let kept: Vec<String> = self
            .forge
            .list("main", "releases/history")
            .iter()
            .map(|path| self.forge.file("main", path))
            .collect();
        let (now, former) = self.published.split_last().expect("something was published");
        assert_eq!(*now, self.forge.file("main", CURRENT));
        for state in former {
            assert!(kept.contains(state), "lost:\n{state}\nkept:\n{}", kept.join("---\n"));
        }
    }
}
