//! The server's side: what `pre-receive` and `update` run. What a developer can skip with
//! `--no-verify`, this does not let in.
//!
//! A protected branch is judged as the update that it is, from where it stands to where the push
//! takes it. Every other branch, and a tag or other ref that leads elsewhere, is judged by what it
//! adds to the default branch. Nothing is written into the repository. What cannot be judged is refused.

use crate::check::{Finding, Scope, Severity, judge};
use crate::git::{RefUpdate, Repo, is_kept_by_git};
use crate::policy::Date;
use crate::report::{Counts, Format};
use crate::text::escape;
use crate::tree::{ObjectId, Tree};

use super::super::check::{color, rendered};
use super::super::console::Console;
use super::super::env::Env;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::update::{Judge, Revision, Update};
use super::settings::{Enforce, GateArgs, Settings};
use super::watch::Watch;

/// The most findings shown for one ref. A branch that is deleted loses every archive it had.
const MOST_SHOWN: usize = 30;

/// Judges all refs of a push.
pub fn pre_receive(args: &GateArgs, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    // All of it first: git waits for a hook that does not read to its end.
    let input = super::standard_input()?;
    let repo = env.server_repository()?;
    if input.is_empty() {
        return Err(Failure::new("could not judge the push: standard input names no ref").help(
            "git runs this and writes a line `OLD NEW REF` for each ref; does something read them first?",
        ));
    }
    let gate = Gate::new(args, &repo, env)?;
    let _watch = gate.watch();
    gate.answer(
        RefUpdate::read_lines(&input)?,
        "the push is refused; nothing has changed on the server",
        console,
    )
}

/// Judges one ref, as git's `update` hook names it.
pub fn update(
    args: &GateArgs,
    words: &[std::ffi::OsString],
    env: &Env,
    console: &mut Console,
) -> Result<Exit, Failure> {
    let [name, old, new] = words else {
        return Err(Failure::new(
            "could not tell what is pushed: an update hook is given a ref and two objects",
        ));
    };
    let [name, old, new] = [name, old, new].map(|word| word.as_encoded_bytes());
    let repo = env.server_repository()?;
    let gate = Gate::new(args, &repo, env)?;
    let _watch = gate.watch();
    gate.answer(
        vec![RefUpdate::of_words(name, old, new)?],
        "this ref is refused and stays as it was",
        console,
    )
}

/// One server's repository and what it asks of a push.
struct Gate<'a> {
    repo: &'a Repo,
    today: Date,
    settings: Settings,
    /// The full name of the branch whose policy judges branches that are not protected.
    default_branch: Option<String>,
    /// The branches that are another name of a branch, and of which: both are protected, or neither.
    other_names: Vec<(String, String)>,
    /// Whether messages for a web page have to be marked, as GitLab wants it.
    for_gitlab: bool,
}

impl<'a> Gate<'a> {
    fn new(args: &GateArgs, repo: &'a Repo, env: &Env) -> Result<Gate<'a>, Failure> {
        let default_branch = repo.head_branch().map_err(|cause| unread_head(cause.into(), env))?;
        Ok(Gate {
            repo,
            today: env.today()?,
            settings: Settings::read(args, repo).map_err(for_the_owner)?,
            default_branch,
            other_names: repo.other_names()?,
            for_gitlab: env.var("GL_PROTOCOL").is_some_and(|protocol| protocol == "web"),
        })
    }

    fn watch(&self) -> Watch {
        let Settings { seconds, enforce, .. } = self.settings;
        Watch::start(seconds, enforce, self.repo.quarantine_view().map(ToOwned::to_owned))
    }

    /// Judges every ref and shows everything that is wrong, whatever is wrong with the others.
    /// `refusal` says what it means if something is.
    fn answer(
        &self,
        mut updates: Vec<RefUpdate>,
        refusal: &str,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        for update in &mut updates {
            // A branch may have a second name here, as after `master` became `main`.
            update.name = self.repo.led_to(&update.name)?;
        }
        let mut exit = Exit::Ok;
        for update in &updates {
            let shown = match self.judge(update, &updates) {
                Ok(findings) if findings.is_empty() => continue,
                Ok(findings) => {
                    if Counts::of(&findings).errors > 0 && exit == Exit::Ok {
                        exit = Exit::Findings;
                    }
                    told(findings)
                }
                Err(failure) => {
                    exit = Exit::Failed;
                    failure.to_string()
                }
            };
            self.say(&format!("sysbom: {}\n{shown}", escape(&update.name)), console);
        }
        if exit != Exit::Ok && self.settings.policy.is_some() {
            self.say("sysbom: a policy of the server's own judges here, not `.sysbom.yaml`\n", console);
        }
        Ok(match (exit, self.settings.enforce) {
            (Exit::Ok, _) => Exit::Ok,
            (_, Enforce::Warn) => {
                self.say("sysbom: this server lets the push pass all the same\n", console);
                Exit::Ok
            }
            (refused, Enforce::Refuse) => {
                self.say(&format!("sysbom: {refusal}\n"), console);
                refused
            }
        })
    }

    /// GitLab shows in its pages what is marked; a terminal gets all there is anyway.
    fn say(&self, text: &str, console: &mut Console) {
        if self.for_gitlab {
            console.say(text.lines().map(|line| format!("GL-HOOK-ERR: {line}\n")).collect::<String>());
        } else {
            console.say(text);
        }
    }

    fn judge(&self, pushed: &RefUpdate, all: &[RefUpdate]) -> Result<Vec<Finding>, Failure> {
        match (pushed.branch(), &pushed.new) {
            (Some(branch), Some(new)) => {
                let Some(new) = self.repo.commit_behind(new)? else {
                    return Err(no_commit(&pushed.name, new));
                };
                match &pushed.old {
                    Some(old) if self.is_protected(branch) => self.moved(old, &new),
                    Some(_) | None => self.beside_default(&new),
                }
            }
            (Some(branch), None) => match &pushed.old {
                Some(old) if self.is_protected(branch) => self.deletion(branch, old),
                Some(_) | None => Ok(Vec::new()),
            },
            (None, Some(new)) if !is_kept_by_git(&pushed.name) => self.beside_branches(new, all),
            (None, Some(_) | None) => Ok(Vec::new()),
        }
    }

    /// Where neither settings nor HEAD say what is protected, everything is.
    fn is_protected(&self, branch: &str) -> bool {
        let others = self.other_names.iter().filter(|(_, end)| short_name(end) == Some(branch));
        let names: Vec<&str> = others.filter_map(|(name, _)| short_name(name)).chain([branch]).collect();
        let protected = &self.settings.protected;
        protected.is_empty() || protected.iter().any(|pattern| names.iter().any(|name| pattern.fits(name)))
    }

    /// A protected branch moves, forward or by force.
    fn moved(&self, old: &ObjectId, new: &ObjectId) -> Result<Vec<Finding>, Failure> {
        let update = Update::between(self.repo, old.clone(), old.short().to_owned(), new)?;
        self.ask(&update, Some(old))
    }

    /// A protected branch goes, and everything in it.
    fn deletion(&self, branch: &str, old: &ObjectId) -> Result<Vec<Finding>, Failure> {
        let update = Update {
            base: Some(old.clone()),
            base_name: old.short().to_owned(),
            after: Revision::Nothing,
            merges: Vec::new(),
        };
        let mut findings = self.ask(&update, Some(old))?;
        // What is gone as a whole has not been edited.
        findings.retain(|finding| !finding.rule.starts_with("policy-"));
        for finding in &mut findings {
            finding.help = format!(
                "`{branch}` is protected here and may not be deleted, for this would be lost with it; \
                 push what is to follow onto it"
            );
        }
        Ok(findings)
    }

    /// A branch that is not protected, or new: what it adds to the default branch. It may be
    /// behind that, and it may be rewritten.
    fn beside_default(&self, new: &ObjectId) -> Result<Vec<Finding>, Failure> {
        let tip = self.default_tip()?;
        let contained = match &tip {
            Some(tip) => self.repo.merge_base(tip, std::slice::from_ref(new))?,
            None => None,
        };
        let update = match contained {
            Some(contained) => {
                let name = contained.short().to_owned();
                Update::between(self.repo, contained, name, new)?
            }
            // Pages of a site, say: a branch that has nothing in common with what is deployed.
            None => Update::first(new.clone()),
        };
        self.ask(&update, tip.as_ref())
    }

    /// A tag, or a ref of the server's own (`refs/deploy/live`), that a protected branch contains names
    /// what has been judged. Another one can be deployed all the same, and is judged as a branch.
    fn beside_branches(&self, new: &ObjectId, all: &[RefUpdate]) -> Result<Vec<Finding>, Failure> {
        let Some(commit) = self.repo.commit_behind(new)? else { return Ok(Vec::new()) };
        let standing = self.repo.branches("refs/heads/")?.into_iter().map(|branch| (branch.name, branch.tip));
        let pushed = all.iter().filter_map(|update| Some((update.name.clone(), update.new.clone()?)));
        for (name, tip) in pushed.chain(standing) {
            let is_protected = short_name(&name).is_some_and(|branch| self.is_protected(branch));
            if is_protected && self.repo.is_ancestor(&commit, &tip)? {
                return Ok(Vec::new());
            }
        }
        self.beside_default(&commit)
    }

    /// Where the default branch stands before the push.
    fn default_tip(&self) -> Result<Option<ObjectId>, Failure> {
        let Some(branch) = &self.default_branch else { return Ok(None) };
        Ok(self.repo.tip(branch)?)
    }

    /// Judges by the server's policy, or else by the one at `governing`.
    fn ask(&self, update: &Update, governing: Option<&ObjectId>) -> Result<Vec<Finding>, Failure> {
        let policies = if let Some(policies) = &self.settings.policy {
            policies.clone()
        } else {
            let before = governing.map(|commit| self.repo.commit_tree(commit)).transpose()?;
            let after = update.after.tree(self.repo)?;
            judge(before.as_ref().map(|tree| tree as &dyn Tree), &*after)?
        };
        let by = Judge { policies, today: self.today, scope: Scope::NewHistory, moves: self.settings.moves };
        update.judge_by(self.repo, &by)
    }
}

fn short_name(branch: &str) -> Option<&str> {
    branch.strip_prefix("refs/heads/")
}

/// Nobody who pushes can mend what is set on the server.
fn for_the_owner(failure: Failure) -> Failure {
    let help = "the push is refused: tell whoever administers this server";
    if failure.help.is_empty() { failure.help(help) } else { failure }
}

/// A git namespace begins without HEAD.
fn unread_head(failure: Failure, env: &Env) -> Failure {
    let Some(space) = env.var("GIT_NAMESPACE") else { return failure };
    let space = space.to_string_lossy();
    Failure::new(format!("could not judge a push into the namespace `{space}`"))
        .because("it has no HEAD that says which branch counts")
        .help(format!(
            "on the server: `git symbolic-ref refs/namespaces/{space}/HEAD refs/namespaces/{space}/refs/heads/main`"
        ))
}

fn no_commit(name: &str, id: &ObjectId) -> Failure {
    Failure::new(format!("could not judge {name}: {} is no commit", id.short()))
}

/// The findings of one ref, what refuses it first.
fn told(mut findings: Vec<Finding>) -> String {
    findings.sort_by_key(|finding| finding.severity != Severity::Error);
    let more = findings.len().saturating_sub(MOST_SHOWN);
    findings.truncate(MOST_SHOWN);
    let text = rendered(Format::Human(color(false)), &findings);
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if more > 0 {
        text += &format!("and {more} more\n");
    }
    text
}
