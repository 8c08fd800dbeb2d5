//! The server's side: what `pre-receive` and `update` run. What a developer can skip with
//! `--no-verify`, this does not let in.
//!
//! A protected branch is judged as the update that it is, from where it stands to where the push
//! takes it. Every other branch, and a tag or other ref that leads elsewhere, is judged by what it
//! adds to the default branch. Nothing is written into the repository. What cannot be judged is refused.

use crate::check::{Finding, Kept, Scope, Severity, judge};
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
use super::super::update::{Judge, Place, Revision, Update};
use super::push::{Brought, Push};
use super::settings::{Enforce, GateArgs, Settings};
use super::standing::Standing;
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
    standing: Standing<'a>,
    /// The commit whose policy judges what is no update of a protected branch.
    governing: Option<ObjectId>,
    /// Whether messages for a web page have to be marked, as GitLab wants it.
    for_gitlab: bool,
}

impl<'a> Gate<'a> {
    fn new(args: &GateArgs, repo: &'a Repo, env: &Env) -> Result<Gate<'a>, Failure> {
        repo.head_branch().map_err(|cause| unread_head(cause.into(), env))?;
        let settings = Settings::read(args, repo).map_err(for_the_owner)?;
        let standing = Standing::read(repo, settings.protected.clone())?;
        Ok(Gate {
            repo,
            today: env.today()?,
            governing: standing.governing()?,
            settings,
            standing,
            for_gitlab: env.var("GL_PROTOCOL").is_some_and(|protocol| protocol == "web"),
        })
    }

    fn watch(&self) -> Watch {
        let Settings { seconds, enforce, .. } = self.settings;
        Watch::start(seconds, enforce, self.repo.quarantine_view().map(ToOwned::to_owned))
    }

    /// Judges every ref and shows everything that is wrong, whatever is wrong with the others.
    /// `refusal` says what it means if something is.
    fn answer(&self, updates: Vec<RefUpdate>, refusal: &str, console: &mut Console) -> Result<Exit, Failure> {
        let (updates, mut push) = Push::read(self.repo, &self.standing, updates)?;
        let mut exit = Exit::Ok;
        for update in updates {
            let shown = match self.judge(&update, &mut push) {
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

    fn judge(&self, pushed: &RefUpdate, push: &mut Push) -> Result<Vec<Finding>, Failure> {
        let name = &pushed.name;
        if push.moves_twice(name) {
            return Err(moved_twice(name));
        }
        let is_kept = || self.standing.names_of(name).all(is_kept_by_git);
        match &pushed.new {
            new if self.standing.is_protected(name) => self.protected(pushed, new.as_ref(), push),
            Some(new) if self.standing.branches_of(name).next().is_some() => {
                self.beside(self.governing.as_ref(), &self.commit(name, new)?, push)
            }
            Some(new) if !is_kept() => self.beside_branches(new, push),
            Some(_) | None => Ok(Vec::new()),
        }
    }

    /// A protected branch is made, moves or goes: from where it stands, whatever the push says of that.
    fn protected(
        &self,
        pushed: &RefUpdate,
        new: Option<&ObjectId>,
        push: &mut Push,
    ) -> Result<Vec<Finding>, Failure> {
        let name = &pushed.name;
        let new = new.map(|new| self.commit(name, new)).transpose()?;
        let (stands, tip) = (self.standing.object(name)?, self.standing.tip(name)?);
        let findings = match (tip, new) {
            (Some(old), Some(new)) => self.moved(&old, &new)?,
            (Some(old), None) => self.deletion(name, &old)?,
            // The history of the branch that counts comes with it, whichever branch was there before.
            (None, Some(new)) if self.standing.is_head(name) => {
                self.beside_with(self.governing.as_ref(), &new, Some(&new), push)?
            }
            (None, Some(new)) => self.beside(self.governing.as_ref(), &new, push)?,
            (None, None) => Vec::new(),
        };
        // It is not to become another branch between this answer and what git does with it.
        if stands != pushed.old && Counts::of(&findings).errors == 0 {
            return Err(overtaken(name, stands.as_ref()));
        }
        Ok(findings)
    }

    fn commit(&self, name: &str, id: &ObjectId) -> Result<ObjectId, Failure> {
        self.repo.commit_behind(id)?.ok_or_else(|| no_commit(name, id))
    }

    /// A protected branch moves, forward or by force.
    fn moved(&self, old: &ObjectId, new: &ObjectId) -> Result<Vec<Finding>, Failure> {
        let update = Update::between(self.repo, old.clone(), old.short().to_owned(), new)?;
        self.ask(&update, Some(old), Kept::Refuses, self.governing.as_ref())
    }

    /// A protected branch goes, and everything in it.
    fn deletion(&self, name: &str, old: &ObjectId) -> Result<Vec<Finding>, Failure> {
        let update = Update {
            base: Some(old.clone()),
            base_name: old.short().to_owned(),
            after: Revision::Nothing,
            merges: Vec::new(),
        };
        let mut findings = self.ask(&update, Some(old), Kept::Refuses, self.governing.as_ref())?;
        let branch = self.standing.branches_of(name).next().unwrap_or(name);
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

    /// A branch that is not protected, or new, or a commit: what it adds to a branch, by the policy
    /// of that. It may be behind it, and it may be rewritten. A manifest that it leaves as it is was
    /// judged when the branch got it.
    fn beside(
        &self,
        tip: Option<&ObjectId>,
        new: &ObjectId,
        push: &mut Push,
    ) -> Result<Vec<Finding>, Failure> {
        self.beside_with(tip, new, self.governing.as_ref(), push)
    }

    /// The same, with the branch whose states count as published besides those of `tip`.
    fn beside_with(
        &self,
        tip: Option<&ObjectId>,
        new: &ObjectId,
        also: Option<&ObjectId>,
        push: &mut Push,
    ) -> Result<Vec<Finding>, Failure> {
        if let Some(findings) = push.judged(new, tip) {
            return Ok(findings.to_vec());
        }
        let contained = match tip {
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
        let findings = self.ask(&update, tip, Kept::Passes, also)?;
        push.note(new, tip, &findings);
        Ok(findings)
    }

    /// A tag, or a ref of the server's own (`refs/deploy/live`), that a protected branch contains names
    /// what has been judged. Another one can be deployed all the same, and is judged as a branch. A
    /// branch of the same push may still be refused, by git or another hook, and the tag not: what such
    /// a branch brings is judged by itself, as an update of that branch.
    fn beside_branches(&self, new: &ObjectId, push: &mut Push) -> Result<Vec<Finding>, Failure> {
        let Some(commit) = self.repo.commit_behind(new)? else { return Ok(Vec::new()) };
        match push.brings(&commit)? {
            Brought::Before => Ok(Vec::new()),
            // All that a repository has, as it moves to a new server.
            Brought::Onto(_) if self.governing.is_none() => Ok(Vec::new()),
            Brought::Onto(tip) => self.beside(tip.or(self.governing.clone()).as_ref(), &commit, push),
            Brought::Alone => self.beside(self.governing.as_ref(), &commit, push),
        }
    }

    /// Judges by the server's policy, or else by the one at `governing`.
    fn ask(
        &self,
        update: &Update,
        governing: Option<&ObjectId>,
        kept: Kept,
        also: Option<&ObjectId>,
    ) -> Result<Vec<Finding>, Failure> {
        let policies = if let Some(policies) = &self.settings.policy {
            policies.clone()
        } else {
            let before = governing.map(|commit| self.repo.commit_tree(commit)).transpose()?;
            let after = update.after.tree(self.repo)?;
            judge(before.as_ref().map(|tree| tree as &dyn Tree), &*after)?
        };
        let (today, moves) = (self.today, self.settings.moves);
        let (scope, place) = (Scope::NewHistory, Place::Server);
        let by = Judge { policies, today, scope, moves, kept, place, also: also.cloned() };
        update.judge_by(self.repo, &by)
    }
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

fn moved_twice(name: &str) -> Failure {
    Failure::new(format!("could not judge {name}: this push moves it more than once"))
        .help("a push moves a ref once: push it to where it is to end")
}

fn overtaken(name: &str, stands: Option<&ObjectId>) -> Failure {
    let stands = stands.map_or_else(|| "nowhere".to_owned(), |id| format!("at {}", id.short()));
    Failure::new(format!("could not judge {name}: it stands {stands} here, and not where the push says"))
        .help("`git fetch` what is new there, then push again")
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
