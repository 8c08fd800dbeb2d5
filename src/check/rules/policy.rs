//! Whether a change edits what judges.

use crate::check::judge::{PolicyFile, is_edited, is_governed, read_policy};
use crate::check::subject::setting;
use crate::check::{Excerpt, Finding, Input, Moves, Severity};
use crate::policy::{POLICY_PATH, Policies, Policy, PolicyFault};
use crate::text::{Source, Span};
use crate::tree::{RepoPath, TreeError};

/// `policy-moved`: manifest, history and components stay where they are.
pub fn moved(input: &Input) -> Result<Vec<Finding>, TreeError> {
    // What a policy that nobody can read said about places, nobody can compare.
    let is_unread = input.policies.stand_in_for().is_some();
    if input.moves == Moves::Allowed || is_unread || !is_edited(input)? {
        return Ok(Vec::new());
    }
    Ok(match read_policy(input.after)? {
        PolicyFile::Absent => moves(input, &Policies::default())?,
        PolicyFile::Valid(policies) => moves(input, &policies)?,
        PolicyFile::Faulty(..) => Vec::new(),
    })
}

/// `policy-changed`: no edit of the policy goes unseen. One that cannot be read is an error,
/// in the change that brings it.
pub fn changed(input: &Input) -> Result<Vec<Finding>, TreeError> {
    let edited = is_edited(input)?;
    let unread = input.policies.stand_in_for();
    match read_policy(input.after)? {
        PolicyFile::Faulty(source, faults) if edited || unread.is_some() || !governed_before(input)? => {
            Ok(faults
                .into_iter()
                .map(|fault| faulty(&source, fault.span, fault.message, fault.help))
                .collect())
        }
        PolicyFile::Valid(_) | PolicyFile::Absent if unread.is_some() => {
            Ok(unread.map(|fault| mended(input, fault)).into_iter().collect())
        }
        PolicyFile::Valid(_) | PolicyFile::Absent if edited && moved(input)?.is_empty() => {
            Ok(vec![edit(input)])
        }
        PolicyFile::Valid(_) | PolicyFile::Absent | PolicyFile::Faulty(..) => Ok(Vec::new()),
    }
}

fn governed_before(input: &Input) -> Result<bool, TreeError> {
    input.before.map_or(Ok(false), is_governed)
}

fn edit(input: &Input) -> Finding {
    let message = format!(
        "the policy `{POLICY_PATH}` is edited; this change is judged by the one of {}",
        input.before_name
    );
    let help = "let someone look at the edit: it holds for every change after this one".to_owned();
    Finding::new("policy-changed", Excerpt::whole(RepoPath::new(POLICY_PATH), ""), message, help)
}

fn mended(input: &Input, fault: &PolicyFault) -> Finding {
    let message = format!(
        "the policy of {} cannot be followed ({}), so the defaults judge this change",
        input.before_name, fault.message
    );
    let help = "let someone look at the edit, and let it come alone: what the manifest has already does not refuse it"
        .to_owned();
    Finding::new("policy-changed", Excerpt::whole(RepoPath::new(POLICY_PATH), ""), message, help)
}

fn faulty(source: &Source, span: Span, message: String, help: String) -> Finding {
    let at = Excerpt {
        path: RepoPath::new(POLICY_PATH),
        source: Some(source.clone()),
        span,
        label: String::new(),
    };
    let mut finding = Finding::new("policy-changed", at, message, help);
    finding.severity = Severity::Error;
    finding
}

fn moves(input: &Input, after: &Policies) -> Result<Vec<Finding>, TreeError> {
    let before = input.policies;
    let mut found = Vec::new();
    let mut pairs = vec![(before.common().clone(), after.common().clone())];
    if before.manifest().value == after.manifest().value {
        let new = after.systems(input.after)?;
        for old in before.systems(input.after)? {
            let same = new.iter().find(|new| new.name == old.name);
            pairs.extend(same.map(|new| (old.policy.clone(), new.policy.clone())));
        }
    }
    for (old, new) in &pairs {
        for finding in places(old, new).into_iter().map(|place| place.finding(input, old, new)) {
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
    Ok(found)
}

// Each step is judged by the policy that base has by then, and each has to pass by it.
const COPY_FILES: &str = "edit the policy and copy manifest and history to where it looks, and leave the old files; \
                          then delete them and the setting";
const EDIT_ALONE: &str =
    "edit the policy, and leave the files of history where they are; then delete the setting";
const MANIFEST_AFTER: &str = "edit the policy alone; then the manifest, and delete the setting";

/// Something that is found elsewhere by the edited policy.
struct Place {
    what: &'static str,
    /// What to do once the rule lets it pass.
    steps: &'static str,
    old: Option<Span>,
    new: Option<Span>,
}

fn places(old: &Policy, new: &Policy) -> Vec<Place> {
    let mut places = Vec::new();
    let mut add = |differs: bool, what, steps, old, new| {
        if differs {
            places.push(Place { what, steps, old, new });
        }
    };
    let (manifest, history, layout) = (&old.manifest, &old.history, &old.layout);
    add(manifest.value != new.manifest.value, "the manifest", COPY_FILES, manifest.span, new.manifest.span);
    add(history.value != new.history.value, "the history", EDIT_ALONE, history.span, new.history.span);
    let is_elsewhere = layout.components != new.layout.components;
    add(is_elsewhere, "the components", MANIFEST_AFTER, old.components, new.components);
    add(layout.fields != new.layout.fields, "the fields of a pin", MANIFEST_AFTER, old.fields, new.fields);
    places
}

impl Place {
    fn finding(&self, input: &Input, old: &Policy, new: &Policy) -> Finding {
        let message = format!("the edited policy looks elsewhere for {}", self.what);
        let help = match input.moves {
            Moves::Refused => format!(
                "the server refuses that whatever the policy says: whoever administers it may set \
                 `sysbom.moves = allow` for the time of the move; then {}",
                self.steps
            ),
            Moves::ByPolicy | Moves::Allowed => format!(
                "first set `rules: {{policy-moved: warning}}` in a change of its own; then {}",
                self.steps
            ),
        };
        let whole = || Excerpt::whole(RepoPath::new(POLICY_PATH), "");
        let at = setting(new, self.new, "").unwrap_or_else(whole);
        let was = setting(old, self.old, &format!("on {}", input.before_name));
        Finding::new("policy-moved", at, message, help).because(was)
    }
}
