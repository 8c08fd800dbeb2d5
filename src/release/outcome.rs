//! What a release answers: to people, to programs, to a forge's workflow.
//!
//! Gives texts; where they go is for `cli`. Everything that is somebody's is escaped for the place
//! it stands in.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Answer, ParameterChange, Plan, Planned, Verdict};
use crate::bom::Pin;
use crate::change::Change;
use crate::text::escape;

/// How far an outcome has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is only planned.
    DryRun,
    /// It is committed, where there is something to commit.
    Done,
    /// It is in the working tree and the index.
    Staged,
    /// The branch had just that already, and was left alone.
    LeftAlone,
}

/// Everything there is to say about a release.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The answer as a whole.
    pub result: Verdict,
    /// The branch it is on, or goes to; `None` for the working tree.
    pub branch: Option<String>,
    /// The commit that was made.
    pub commit: Option<String>,
    /// The tip of base that it stands on.
    pub base: Option<String>,
    /// The answer to each release.
    pub answers: Vec<Answer>,
    /// What became of releases that waited on the branch already and that the commit does not make.
    pub waiting: Vec<Answer>,
    /// What is changed.
    pub plan: Option<Plan>,
    /// How far it has come.
    pub deed: Deed,
}

impl Outcome {
    /// What was planned, as it is told once it is done.
    pub fn of(planned: Planned) -> Outcome {
        let Planned { result, answers, mut waiting, plan } = planned;
        // Without a commit, what waits there waits on as it is.
        waiting.retain(|answer| plan.is_some() && !answer.message.is_empty());
        let deed = Deed::Done;
        Outcome { result, branch: None, commit: None, base: None, answers, waiting, plan, deed }
    }

    /// The same where the branch had just that already: nothing is updated. What waits there is
    /// still told, for whoever has to open its pull request.
    #[must_use]
    pub fn left_alone(mut self) -> Outcome {
        let updated = self.answers.iter_mut().filter(|answer| answer.verdict == Verdict::Updated);
        updated.for_each(|answer| answer.verdict = Verdict::Noop);
        Outcome { result: Verdict::Noop, deed: Deed::LeftAlone, ..self }
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    version: u8,
    result: &'static str,
    dry_run: bool,
    branch: Option<&'a str>,
    commit: Option<&'a str>,
    base: Option<&'a str>,
    changes: Vec<ChangeShown<'a>>,
    archived: Vec<&'a str>,
    title: &'a str,
    body: &'a str,
    notes: &'a [String],
    answers: Vec<AnswerShown<'a>>,
    waiting: Vec<AnswerShown<'a>>,
}

#[derive(Serialize)]
struct ChangeShown<'a> {
    component: &'a str,
    from: Option<PinShown<'a>>,
    to: Option<PinShown<'a>>,
    kind: &'static str,
}

#[derive(Serialize)]
struct PinShown<'a> {
    image: &'a str,
    tag: &'a str,
    digest: &'a str,
}

#[derive(Serialize)]
struct AnswerShown<'a> {
    component: &'a str,
    result: &'static str,
    message: &'a str,
    help: &'a str,
}

fn change_shown(change: &Change) -> ChangeShown<'_> {
    fn pin(pin: &Pin) -> PinShown<'_> {
        PinShown { image: &pin.image, tag: &pin.tag, digest: &pin.digest }
    }
    ChangeShown {
        component: &change.component,
        from: change.from.as_ref().map(pin),
        to: change.to.as_ref().map(pin),
        kind: change.kind.word(),
    }
}

fn answer_shown(answer: &Answer) -> AnswerShown<'_> {
    let Answer { component, verdict, message, help } = answer;
    AnswerShown { component, result: verdict.word(), message, help }
}

/// One JSON object and a line break. The form is frozen: fields may be added, none changes or goes.
pub fn json(outcome: &Outcome) -> String {
    let plan = outcome.plan.as_ref();
    let shown = Shown {
        version: 1,
        result: outcome.result.word(),
        dry_run: outcome.deed == Deed::DryRun,
        branch: outcome.branch.as_deref(),
        commit: outcome.commit.as_deref(),
        base: outcome.base.as_deref(),
        changes: plan.map(|plan| plan.changes.iter().map(change_shown).collect()).unwrap_or_default(),
        archived: plan
            .map(|plan| plan.archived.iter().map(crate::tree::RepoPath::as_str).collect())
            .unwrap_or_default(),
        title: plan.map_or("", |plan| &plan.title),
        body: plan.map_or("", |plan| plan.body.trim_end()),
        notes: plan.map_or(&[], |plan| &plan.notes),
        answers: outcome.answers.iter().map(answer_shown).collect(),
        waiting: outcome.waiting.iter().map(answer_shown).collect(),
    };
    let text = serde_json::to_string_pretty(&shown).expect("texts have a JSON form");
    format!("{text}\n")
}

/// Changes alone as JSON, for `diff`: `{"version":1,"changes":[...],"experiment":true,"parameters":[...]}`,
/// where `experiment` says whether the experiment block differs, and `parameters` in what.
pub fn changes_json(changes: &[Change], parameters: &[ParameterChange]) -> String {
    #[derive(Serialize)]
    struct Report<'a> {
        version: u8,
        changes: Vec<ChangeShown<'a>>,
        experiment: bool,
        parameters: &'a [ParameterChange],
    }
    let changes = changes.iter().map(change_shown).collect();
    let report = Report { version: 1, changes, experiment: !parameters.is_empty(), parameters };
    let text = serde_json::to_string_pretty(&report).expect("texts have a JSON form");
    format!("{text}\n")
}

/// A few lines for people.
pub fn human(outcome: &Outcome) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    let has_message = || outcome.answers.iter().any(|answer| !answer.message.is_empty());
    match (&outcome.plan, outcome.result) {
        (Some(plan), _) => planned(outcome, plan).into_iter().for_each(&mut line),
        // The answers below begin with the same word.
        (None, _) if has_message() => {}
        (None, Verdict::Noop) => line("nothing to do: it is there, or waits there, already".to_owned()),
        (None, result) => line(result.word().to_owned()),
    }
    for answer in &outcome.answers {
        if !answer.message.is_empty() {
            let word = if answer.verdict == Verdict::Noop { "nothing to do" } else { answer.verdict.word() };
            line(format!("{word}: {}", answer.message));
        }
        if !answer.help.is_empty() {
            line(format!("  help: {}", answer.help));
        }
    }
    for answer in &outcome.waiting {
        line(format!("{}: {}", waits(answer), answer.message));
        if !answer.help.is_empty() {
            line(format!("  help: {}", answer.help));
        }
    }
    out
}

/// What became of a release that waited already and is not made.
fn waits(answer: &Answer) -> String {
    match answer.verdict {
        Verdict::Superseded | Verdict::Noop => format!("waits no longer, {}", answer.verdict.word()),
        Verdict::Updated | Verdict::Held | Verdict::Refused | Verdict::Conflict => {
            format!("goes on waiting, {}", answer.verdict.word())
        }
    }
}

/// What a plan changes, and where it is or would be.
fn planned(outcome: &Outcome, plan: &Plan) -> Vec<String> {
    let commit = outcome.commit.as_deref().map(|commit| format!(" at {}", short(commit))).unwrap_or_default();
    let branch = outcome.branch.as_deref().map(escape);
    let (title, archived, place) = match outcome.deed {
        Deed::DryRun if outcome.result == Verdict::Noop => {
            let title = format!("dry run: nothing to do: \"{}\" waits already", plan.title);
            (title, "archived", branch.map(|branch| format!("on {branch}{commit}")))
        }
        Deed::DryRun => (
            format!("dry run: {}", plan.title),
            "would archive",
            Some(match branch {
                Some(branch) => format!("would be on {branch}"),
                None => "would be in the working tree and the index".to_owned(),
            }),
        ),
        Deed::Done => (plan.title.clone(), "archived", branch.map(|branch| format!("on {branch}{commit}"))),
        Deed::Staged => (
            plan.title.clone(),
            "archived",
            Some("in the working tree and the index, not committed".to_owned()),
        ),
        Deed::LeftAlone => {
            let title = format!("nothing to do: \"{}\" waits already", plan.title);
            (title, "archived", branch.map(|branch| format!("on {branch}{commit}")))
        }
    };
    let mut lines = vec![title];
    lines.extend(plan.changes.iter().map(|change| format!("  {change}")));
    lines.extend(plan.archived.iter().map(|path| format!("  {archived} {}", escape(path.as_str()))));
    lines.extend(place.map(|place| format!("  {place}")));
    lines.extend(plan.notes.iter().map(|note| format!("  {note}")));
    lines
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

/// What is appended to the file that `GITHUB_OUTPUT` names: one output for each field of the JSON
/// that a later step needs, and `json` with all of it. A delimiter is made from the text between,
/// so that no text can end it.
pub fn github_output(outcome: &Outcome) -> String {
    let plan = outcome.plan.as_ref();
    let archived: Vec<&str> = plan
        .map(|plan| plan.archived.iter().map(crate::tree::RepoPath::as_str).collect())
        .unwrap_or_default();
    let components: Vec<&str> = plan
        .map(|plan| plan.changes.iter().map(|change| change.component.as_str()).collect())
        .unwrap_or_default();
    let message =
        outcome.answers.iter().map(|answer| answer.message.as_str()).find(|message| !message.is_empty());
    let fields = [
        ("result", outcome.result.word().to_owned()),
        ("branch", outcome.branch.clone().unwrap_or_default()),
        ("commit", outcome.commit.clone().unwrap_or_default()),
        ("base", outcome.base.clone().unwrap_or_default()),
        ("title", plan.map(|plan| plan.title.clone()).unwrap_or_default()),
        ("body", plan.map(|plan| plan.body.trim_end().to_owned()).unwrap_or_default()),
        ("components", components.join("\n")),
        ("archived", archived.join("\n")),
        ("message", message.unwrap_or_default().to_owned()),
        ("json", json(outcome).trim_end().to_owned()),
    ];
    fields.iter().map(|(name, value)| delimited(name, value)).collect()
}

fn delimited(name: &str, value: &str) -> String {
    let hash = Sha256::digest(value.as_bytes());
    let mark: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let mark = format!("sysbom-{mark}");
    debug_assert!(!value.contains(&mark), "a text does not hold its own hash");
    format!("{name}<<{mark}\n{value}\n{mark}\n")
}

/// What is appended to the file that `GITHUB_STEP_SUMMARY` names.
pub fn step_summary(outcome: &Outcome) -> String {
    let title = match &outcome.plan {
        Some(plan) if outcome.deed == Deed::DryRun => format!("Dry run: {}", markdown(&plan.title)),
        Some(plan) => markdown(&plan.title),
        None => format!("Release: {}", outcome.result.word()),
    };
    let mut out = format!("### {title}\n\n");
    if let Some(plan) = &outcome.plan {
        out.push_str("| component | from | to | |\n|---|---|---|---|\n");
        for change in &plan.changes {
            let pin = |pin: &Option<Pin>| pin.as_ref().map(|pin| markdown(&crate::change::reference(pin)));
            out.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                markdown(&change.component),
                pin(&change.from).unwrap_or_default(),
                pin(&change.to).unwrap_or_default(),
                change.kind.word()
            ));
        }
        out.push('\n');
        for path in &plan.archived {
            out.push_str(&format!("- archived {}\n", markdown(path.as_str())));
        }
        if let Some(branch) = &outcome.branch {
            let commit = outcome.commit.as_deref().map(|commit| format!(" at {}", short(commit)));
            let would = if outcome.deed == Deed::DryRun { "would be " } else { "" };
            out.push_str(&format!("- {would}on {}{}\n", markdown(branch), commit.unwrap_or_default()));
        }
        plan.notes.iter().for_each(|note| out.push_str(&format!("- {}\n", markdown(note))));
    }
    let answers = outcome.answers.iter().filter(|answer| !answer.message.is_empty());
    let answers = answers.map(|answer| (answer.verdict.word().to_owned(), answer));
    let waiting = outcome.waiting.iter().map(|answer| (waits(answer), answer));
    for (what, answer) in answers.chain(waiting) {
        out.push_str(&format!("- **{what}**: {}", markdown(&answer.message)));
        if !answer.help.is_empty() {
            out.push_str(&format!(" ({})", markdown(&answer.help)));
        }
        out.push('\n');
    }
    out
}

/// Workflow commands that show in the run what was held, refused or in conflict.
pub fn annotations(outcome: &Outcome) -> String {
    let annotation = |answer: &Answer| {
        let level = match answer.verdict {
            Verdict::Held => "warning",
            Verdict::Refused | Verdict::Conflict => "error",
            Verdict::Superseded => "notice",
            Verdict::Noop | Verdict::Updated => return None,
        };
        let text = command(&answer.message, &answer.help);
        Some(format!("::{level} title=sysbom {}::{text}\n", answer.verdict.word()))
    };
    let waiting = |answer: &Answer| {
        let level = if answer.verdict == Verdict::Superseded { "notice" } else { "warning" };
        format!("::{level} title=sysbom {}::{}\n", waits(answer), command(&answer.message, &answer.help))
    };
    let answers = outcome.answers.iter().filter_map(annotation);
    answers.chain(outcome.waiting.iter().map(waiting)).collect()
}

/// The workflow command that shows why nothing could be done at all.
pub fn annotation(message: &str, help: &str) -> String {
    format!("::error title=sysbom::{}\n", command(message, help))
}

/// What a workflow command shows: what is so and, on a line of its own, what to do.
fn command(message: &str, help: &str) -> String {
    let help = if help.is_empty() { String::new() } else { format!("%0Ahelp: {}", command_text(help)) };
    format!("{}{help}", command_text(message))
}

/// The text of a workflow command.
fn command_text(text: &str) -> String {
    escape(text).to_string().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Somebody's text in a line or a cell of Markdown: no markup, no second line.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in escape(text).to_string().chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '[' | ']' | '`' | '\\' | '#' | '~' | '!' | '(' | ')' => {
                out.push('\\');
                out.push(character);
            }
            // A name that begins with this would call somebody.
            '@' => out.push_str("&#64;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::RepoPath;

    fn outcome() -> Outcome {
        let pin =
            |tag: &str| Pin { image: "ghcr.io/acme/app".into(), tag: tag.into(), digest: String::new() };
        let change = Change::of("app", Some(pin("v1.2.3")), Some(pin("v1.3.0"))).expect("they differ");
        let plan = Plan {
            writes: Vec::new(),
            archived: vec![RepoPath::new("releases/history/x.yaml")],
            title: "Release app v1.3.0".into(),
            body: "app: v1.2.3 -> v1.3.0\n".into(),
            changes: vec![change],
            date: None,
            notes: Vec::new(),
        };
        Outcome {
            result: Verdict::Updated,
            branch: Some("sysbom/release/app".into()),
            commit: Some("4f1c2ab000aa".into()),
            base: Some("0011".into()),
            answers: vec![Answer::new("app", Verdict::Updated)],
            waiting: Vec::new(),
            plan: Some(plan),
            deed: Deed::Done,
        }
    }

    #[test]
    fn the_json_has_the_promised_fields_in_their_order() {
        let expected = r#"{
  "version": 1,
  "result": "updated",
  "dry_run": false,
  "branch": "sysbom/release/app",
  "commit": "4f1c2ab000aa",
  "base": "0011",
  "changes": [
    {
      "component": "app",
      "from": {
        "image": "ghcr.io/acme/app",
        "tag": "v1.2.3",
        "digest": ""
      },
      "to": {
        "image": "ghcr.io/acme/app",
        "tag": "v1.3.0",
        "digest": ""
      },
      "kind": "upgraded"
    }
  ],
  "archived": [
    "releases/history/x.yaml"
  ],
  "title": "Release app v1.3.0",
  "body": "app: v1.2.3 -> v1.3.0",
  "notes": [],
  "answers": [
    {
      "component": "app",
      "result": "updated",
      "message": "",
      "help": ""
    }
  ],
  "waiting": []
}
"#;
        assert_eq!(json(&outcome()), expected);
    }

    #[test]
    fn people_read_a_few_lines() {
        assert_eq!(
            human(&outcome()),
            "Release app v1.3.0\n  app: v1.2.3 -> v1.3.0\n  archived releases/history/x.yaml\n  on sysbom/release/app at 4f1c2ab000\n"
        );
    }

    #[test]
    fn what_is_not_done_does_not_read_as_if_it_were() {
        let dry = Outcome { commit: None, deed: Deed::DryRun, ..outcome() };
        assert_eq!(
            human(&dry),
            "dry run: Release app v1.3.0\n  app: v1.2.3 -> v1.3.0\n  would archive releases/history/x.yaml\n  \
             would be on sysbom/release/app\n"
        );
        assert!(json(&dry).contains("\"dry_run\": true,"));
        assert!(step_summary(&dry).starts_with("### Dry run: Release"), "{}", step_summary(&dry));
        let left = outcome().left_alone();
        assert!(!json(&left).contains("\"result\": \"updated\""), "{}", json(&left));
        assert!(human(&left).starts_with("nothing to do: \"Release app v1.3.0\" waits already\n"));
        let staged = Outcome { branch: None, commit: None, deed: Deed::Staged, ..outcome() };
        assert!(human(&staged).ends_with("  in the working tree and the index, not committed\n"));
    }

    #[test]
    fn the_summary_says_what_moved_what_was_archived_and_where_it_is() {
        assert_eq!(
            step_summary(&outcome()),
            "### Release app v1.3.0\n\n| component | from | to | |\n|---|---|---|---|\n\
             | app | ghcr.io/acme/app:v1.2.3 | ghcr.io/acme/app:v1.3.0 | upgraded |\n\n\
             - archived releases/history/x.yaml\n- on sysbom/release/app at 4f1c2ab000\n"
        );
    }

    #[test]
    fn no_text_can_end_an_output_or_begin_a_command() {
        let mut hostile = outcome();
        let plan = hostile.plan.as_mut().expect("it is updated");
        plan.body = "x\nEOF\nsysbom-0\nresult<<X\nheld\nX\n".into();
        hostile.answers = vec![Answer {
            component: "app".into(),
            verdict: Verdict::Held,
            message: "a\n::error::b 100% |<script> @you `x`".into(),
            help: String::new(),
        }];
        let text = github_output(&hostile);
        // As the runner reads it: a name, a delimiter, lines up to the delimiter.
        let mut lines = text.lines();
        let mut read = Vec::new();
        while let Some((name, mark)) = lines.next().and_then(|line| line.split_once("<<")) {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != mark).collect();
            read.push((name, value.join("\n")));
        }
        let names: Vec<&str> = read.iter().map(|(name, _)| *name).collect();
        let expected = [
            "result",
            "branch",
            "commit",
            "base",
            "title",
            "body",
            "components",
            "archived",
            "message",
            "json",
        ];
        assert_eq!(names, expected);
        assert_eq!(read[0].1, "updated");
        assert_eq!(read[5].1, "x\nEOF\nsysbom-0\nresult<<X\nheld\nX");
        let shown = annotations(&hostile);
        assert_eq!(shown, "::warning title=sysbom held::a\\u{a}::error::b 100%25 |<script> @you `x`\n");
        let summary = step_summary(&hostile);
        assert!(
            !summary.contains("<script>") && !summary.contains("@you") && !summary.contains("\n::"),
            "{summary}"
        );
    }
}
