//! What `sysbom doctor` says of a server's gate: how its settings are understood, and what they leave
//! out. They are read as the gate itself reads them.

use crate::check::Moves;
use crate::git::{Check, Repo, ServerSettings};
use crate::policy::{Pattern, Policies};
use crate::suggest::nearest;

use super::super::failure::Failure;
use super::super::policies::policies_of;
use super::settings::{self, Enforce, GateArgs};

const PROTECTED: &str = "sysbom.protected";
/// The settings of the gate.
const GATE: [&str; 5] = [PROTECTED, "sysbom.policy", "sysbom.enforce", "sysbom.moves", "sysbom.timeLimit"];
/// What else is read below `sysbom`.
const OTHERS: [&str; 3] = ["sysbom.base", "sysbom.attempts", "sysbom.timeout"];
/// The most branches that are named.
const MOST_NAMED: usize = 10;

/// Looks at everything that decides what the gate of this repository protects, and how.
///
/// # Errors
/// The configuration or the branches cannot be read at all.
pub fn gate(repo: &Repo) -> Result<Vec<Check>, Failure> {
    let owners = repo.server_settings()?;
    let here = Here { repo, branches: branches(repo)?, head: repo.head_branch()?, owners };
    let mut checks = vec![here.head()?];
    checks.extend(here.protected());
    checks.push(here.policy());
    checks.extend(here.others());
    checks.extend(here.unknown());
    Ok(checks)
}

struct Here<'r> {
    repo: &'r Repo,
    /// By short name, those that are another name of one too.
    branches: Vec<String>,
    /// The full name of the branch that HEAD names.
    head: Option<String>,
    owners: ServerSettings,
}

impl Here<'_> {
    fn head(&self) -> Result<Check, Failure> {
        let means = if self.is_protection_set() {
            "a branch that is not protected is judged by the policy of one that is"
        } else {
            "every branch is protected"
        };
        let Some(head) = &self.head else {
            return Ok(Check::bad(
                "HEAD",
                format!("it names a commit and no branch, so {means}"),
                self.set_head(),
            ));
        };
        let name = settings::short(head);
        Ok(if self.repo.tip(head)?.is_some() {
            Check::good("HEAD", format!("`{name}` is the default branch"))
        } else if self.branches.is_empty() {
            Check::good("HEAD", format!("there is no branch yet; until `{name}` is there, {means}"))
        } else {
            let message = format!("it names `{name}`, which does not exist, so {means}");
            Check::bad("HEAD", message, self.set_head())
        })
    }

    /// What says which branch counts: by its usual name, or else the first.
    fn set_head(&self) -> String {
        let usual = ["main", "master"].into_iter().find(|name| self.branches.iter().any(|b| b == name));
        let name = usual.or(self.branches.first().map(String::as_str)).unwrap_or("main");
        format!("say which branch counts: `git symbolic-ref HEAD refs/heads/{name}`")
    }

    fn is_protection_set(&self) -> bool {
        self.owners.all(PROTECTED).iter().any(|value| !value.trim().is_empty())
    }

    /// Nothing where neither settings nor HEAD name a branch: HEAD has its own line.
    fn protected(&self) -> Option<Check> {
        let patterns = match settings::protected(&GateArgs::default(), &self.owners, self.repo) {
            Ok(patterns) => patterns,
            Err(failure) => return Some(faulty(PROTECTED, PROTECTED, failure)),
        };
        let default = self.head.as_deref().map(settings::short).unwrap_or_default();
        if !self.is_protection_set() {
            let message = format!("`{default}`, the branch of HEAD");
            return (!patterns.is_empty()).then(|| Check::good(PROTECTED, message));
        }
        if let Some(fault) = self.idle(&patterns) {
            return Some(fault);
        }
        let shown = quoted(patterns.iter().map(Pattern::as_str));
        let is_left_out =
            self.branches.contains(&default) && !patterns.iter().any(|pattern| pattern.fits(&default));
        Some(Check::good(
            PROTECTED,
            if self.branches.is_empty() {
                format!("{shown}; there is no branch yet")
            } else if is_left_out {
                format!("{shown}; the branch of HEAD, `{default}`, is not protected")
            } else {
                shown
            },
        ))
    }

    /// Patterns that protect nothing, where there is something to protect.
    fn idle(&self, patterns: &[Pattern]) -> Option<Check> {
        let fits_none = |pattern: &&Pattern| !self.branches.iter().any(|branch| pattern.fits(branch));
        let idle: Vec<&str> = patterns.iter().filter(fits_none).map(Pattern::as_str).collect();
        let first = idle.first().filter(|_| !self.branches.is_empty())?;
        let verb = if idle.len() == 1 { "fits" } else { "fit" };
        let message =
            format!("{} {verb} none of the branches {}", quoted(idle.iter().copied()), self.named());
        let is_name = !first.contains(['*', '?', '[', '{']);
        let meant = nearest(first, self.branches.iter().map(String::as_str)).filter(|_| is_name);
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => {
                format!(
                    "{}; a branch that is still to come is protected once it is there",
                    where_set(PROTECTED)
                )
            }
        };
        Some(Check::bad(PROTECTED, message, help))
    }

    fn named(&self) -> String {
        let more = self.branches.len().saturating_sub(MOST_NAMED);
        let named = quoted(self.branches.iter().take(MOST_NAMED).map(String::as_str));
        if more > 0 { format!("{named} and {more} more") } else { named }
    }

    /// The server's policy, or else that of every branch which the gate asks.
    fn policy(&self) -> Check {
        const KEY: &str = "sysbom.policy";
        match settings::policy(&GateArgs::default(), &self.owners, self.repo) {
            Ok(Some(_)) => {
                let file = self.owners.last(KEY).unwrap_or_default();
                return Check::good(KEY, format!("{file} judges every branch"));
            }
            Ok(None) => {}
            Err(failure) => return faulty(KEY, KEY, failure),
        }
        let patterns = settings::protected(&GateArgs::default(), &self.owners, self.repo).unwrap_or_default();
        let default = self.head.as_deref().map(settings::short);
        let is_asked = |branch: &&String| {
            default.as_ref() == Some(branch)
                || patterns.is_empty()
                || patterns.iter().any(|pattern| pattern.fits(branch))
        };
        for branch in self.branches.iter().filter(is_asked) {
            if let Err(failure) = self.policy_of(branch) {
                return faulty("policy", "", failure);
            }
        }
        Check::good("policy", "each protected branch has its own, or none")
    }

    fn policy_of(&self, branch: &str) -> Result<Option<Policies>, Failure> {
        let Some(tip) = self.repo.tip(&format!("refs/heads/{branch}"))? else { return Ok(None) };
        policies_of(&self.repo.commit_tree(&tip)?, branch).map(Some)
    }

    fn others(&self) -> [Check; 3] {
        let (given, owners) = (GateArgs::default(), &self.owners);
        let enforce = settings::enforce(&given, owners).map(|enforce| match enforce {
            Enforce::Refuse => "what is wrong is refused".to_owned(),
            Enforce::Warn => "what is wrong passes, and whoever pushes is told".to_owned(),
        });
        let moves = settings::moves(&given, owners).map(|moves| {
            let what = "a policy that looks elsewhere for its files";
            match moves {
                Moves::ByPolicy => format!("{what} is judged by the rule `policy-moved`"),
                Moves::Refused => format!("{what} is refused"),
                Moves::Allowed => format!("{what} passes"),
            }
        });
        let seconds = settings::seconds(&given, owners).map(|seconds| format!("{seconds} s"));
        [("sysbom.enforce", enforce), ("sysbom.moves", moves), ("sysbom.timeLimit", seconds)].map(
            |(key, read)| {
                read.map_or_else(|failure| faulty(key, key, failure), |text| Check::good(key, text))
            },
        )
    }

    /// Keys that nobody reads, and those that stand where the gate does not look.
    fn unknown(&self) -> Vec<Check> {
        let known = || GATE.into_iter().chain(OTHERS);
        let mut keys: Vec<&str> = self.owners.keys().collect();
        keys.dedup();
        keys.retain(|key| !known().any(|known| known.eq_ignore_ascii_case(key)));
        let unknown = keys.into_iter().map(|key| {
            let help = match nearest_key(key) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", quoted(known())),
            };
            Check::bad("settings", format!("unknown key `{key}`"), help)
        });
        let mut overlooked: Vec<&str> = self.owners.overlooked().collect();
        overlooked.dedup();
        let overlooked = overlooked.into_iter().filter_map(|key| {
            let key = GATE.into_iter().find(|known| known.eq_ignore_ascii_case(key))?;
            let message =
                format!("`{key}` stands in the configuration of a user, where the gate does not look");
            Some(Check::bad(
                "settings",
                message,
                format!("set it in this repository: `git config {key} VALUE`"),
            ))
        });
        unknown.chain(overlooked).collect()
    }
}

/// The key that was meant. What all of them begin with is no likeness.
fn nearest_key(key: &str) -> Option<&'static str> {
    let own = |key: &'static str| key.strip_prefix("sysbom.").unwrap_or(key);
    let word = key.strip_prefix("sysbom.")?;
    let all = || GATE.into_iter().chain(OTHERS);
    let meant = nearest(word, all().map(own))?;
    all().find(|key| own(key) == meant)
}

fn branches(repo: &Repo) -> Result<Vec<String>, Failure> {
    let refs = repo.refs()?;
    let exists = |name: &&str| refs.led_to(name).is_ok_and(|end| matches!(refs.object(&end), Ok(Some(_))));
    Ok(refs.branches().filter(exists).map(settings::short).collect())
}

fn where_set(key: &str) -> String {
    format!("where it stands: `git config --show-origin --get-all {key}`")
}

/// A setting that cannot be followed: then every push is refused.
fn faulty(name: &str, key: &str, failure: Failure) -> Check {
    let message = [vec![failure.message], failure.causes].concat().join(": ");
    let help = match (failure.help.is_empty(), key.is_empty()) {
        (false, _) => failure.help.replace('\n', "; "),
        (true, false) => where_set(key),
        (true, true) => "until it can be followed, pushes to that branch are refused".to_owned(),
    };
    Check::bad(name, message, help)
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
