//! What is answered to a release: the guards that can be in its way, and what became of it.

use super::{Plan, Refusal};
use crate::text::escape;

/// A guard that somebody can lift for one release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guard {
    /// `--allow-new`: a component that is not in the manifest.
    New,
    /// `--allow-move`: another image name than the component has.
    Move,
    /// `--allow-downgrade`: an older tag, or one of which nobody knows whether it is.
    Downgrade,
    /// `--allow-retag`: a tag that is known with another digest.
    Retag,
}

impl Guard {
    /// As flags and records spell it: `downgrade`.
    pub fn word(self) -> &'static str {
        match self {
            Guard::New => "new",
            Guard::Move => "move",
            Guard::Downgrade => "downgrade",
            Guard::Retag => "retag",
        }
    }

    /// The guard of a word.
    pub fn of_word(word: &str) -> Option<Guard> {
        [Guard::New, Guard::Move, Guard::Downgrade, Guard::Retag]
            .into_iter()
            .find(|guard| guard.word() == word)
    }
}

/// What becomes of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The manifest has it already.
    Noop,
    /// The manifest has a newer one.
    Superseded,
    /// The manifest gets it.
    Updated,
    /// Somebody holds it back.
    Held,
    /// A guard is in the way.
    Refused,
    /// It cannot be joined with what is on its branch.
    Conflict,
}

impl Verdict {
    /// As machines read it: `superseded`.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Noop => "noop",
            Verdict::Superseded => "superseded",
            Verdict::Updated => "updated",
            Verdict::Held => "held",
            Verdict::Refused => "refused",
            Verdict::Conflict => "conflict",
        }
    }
}

/// The answer to one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The component.
    pub component: String,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why, one line; empty where the verdict says it all. Safe to print.
    pub message: String,
    /// What to do; empty where there is nothing to do.
    pub help: String,
}

/// What is to be done, and the answer to each release that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The answer as a whole: refused if one is, for that keeps the others back; else updated if
    /// anything is; else the gravest.
    pub result: Verdict,
    /// One answer for each release, in the order given.
    pub answers: Vec<Answer>,
    /// What became of the releases that waited on the branch already.
    pub waiting: Vec<Answer>,
    /// What to commit; `None` unless something is updated.
    pub plan: Option<Plan>,
}

impl Answer {
    pub(super) fn refused(component: &str, refusal: Refusal) -> Answer {
        let Refusal { message, help } = refusal;
        Answer { component: component.to_owned(), verdict: Verdict::Refused, message, help }
    }

    /// What base has, after something else has waited on the branch.
    pub(super) fn be_back(&mut self) {
        if self.verdict == Verdict::Updated {
            self.verdict = Verdict::Noop;
            self.message =
                format!("base has that of `{}` already, and something else waits", escape(&self.component));
            "delete the branch of what waits, if it is not to be merged any more".clone_into(&mut self.help);
        }
    }

    /// What could have been made, and is not because another is refused.
    pub(super) fn keep_back(&mut self) {
        if self.verdict == Verdict::Updated {
            self.verdict = Verdict::Refused;
            self.message = format!(
                "`{}` is kept back: it was asked for together with one that is refused",
                escape(&self.component)
            );
            "ask for it alone, or mend the other".clone_into(&mut self.help);
        }
    }
}

impl Planned {
    /// A refusal that is about no component.
    pub fn refused(message: &str, help: &str) -> Planned {
        let answer = Answer::refused("", Refusal { message: message.to_owned(), help: help.to_owned() });
        Planned::of(Verdict::Refused, vec![answer], None)
    }

    /// The answer that nothing is to do for a component, and why.
    pub fn nothing_to_do(component: &str, message: String) -> Planned {
        let (component, help) = (component.to_owned(), String::new());
        Planned::of(Verdict::Noop, vec![Answer { component, verdict: Verdict::Noop, message, help }], None)
    }

    /// What a planner of one plan answers: the plan, nothing to do, or a refusal.
    pub fn of_plan(plan: Result<Option<Plan>, Refusal>) -> Planned {
        match plan {
            Ok(Some(plan)) => Planned::of(Verdict::Updated, Vec::new(), Some(plan)),
            Ok(None) => Planned::of(Verdict::Noop, Vec::new(), None),
            Err(refusal) => Planned::refused(&refusal.message, &refusal.help),
        }
    }

    fn of(result: Verdict, answers: Vec<Answer>, plan: Option<Plan>) -> Planned {
        Planned { result, answers, waiting: Vec::new(), plan }
    }
}

/// What a guard says.
pub(super) enum Stop {
    Noop,
    Superseded(String),
    Held(String, String),
    Refused(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}
