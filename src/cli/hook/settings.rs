//! How the owner of a server sets its gate: in git's configuration of the repository or the
//! machine, or by the arguments of the hook. Whoever pushes has no say.

use std::path::PathBuf;

use crate::check::Moves;
use crate::git::{Repo, ServerSettings, is_branch_name};
use crate::policy::{Pattern, Policies, Star};

use super::super::failure::Failure;
use super::super::policies::policies_of_file;

/// How a gate is set where git's configuration cannot be: each of them also stands below
/// `sysbom` in the configuration of the server's repository, and wins over that.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct GateArgs {
    /// Protect the branches of this name or glob; may be given more than once [sysbom.protected;
    /// default: the branch of HEAD]
    #[arg(long, value_name = "GLOB")]
    protected: Vec<String>,
    /// Judge by this policy file instead of the repository's own [sysbom.policy]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// `refuse` what is wrong, or `warn` of it and let it pass [sysbom.enforce; default: refuse]
    #[arg(long, value_name = "HOW")]
    enforce: Option<String>,
    /// Refuse what takes longer to judge than so many seconds [sysbom.timeLimit; default: 60]
    #[arg(long, value_name = "SECONDS")]
    time_limit: Option<String>,
    /// `refuse` a policy that looks elsewhere for its files whatever its rules say, or `allow` it
    /// [sysbom.moves; default: as the rule `policy-moved` is set]
    #[arg(long, value_name = "HOW")]
    moves: Option<String>,
}

/// What happens to a push in which something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforce {
    /// It is refused.
    Refuse,
    /// It passes, and whoever pushed is told.
    Warn,
}

/// What holds for the pushes to one repository.
pub struct Settings {
    /// What happens to a push in which something is wrong.
    pub enforce: Enforce,
    /// Whether a policy may look elsewhere for its files.
    pub moves: Moves,
    /// How long judging may take.
    pub seconds: u64,
    /// The branches that are protected, by short name; none where nobody says so and HEAD names no
    /// branch that exists.
    pub protected: Vec<Pattern>,
    /// The policy of the server, in place of the branch's own.
    pub policy: Option<Policies>,
}

impl Settings {
    /// Reads the settings: the arguments first, then git's configuration.
    ///
    /// # Errors
    /// One of them cannot be followed.
    pub fn read(args: &GateArgs, repo: &Repo) -> Result<Settings, Failure> {
        let owners = repo.server_settings()?;
        Ok(Settings {
            enforce: enforce(args, &owners)?,
            moves: moves(args, &owners)?,
            seconds: seconds(args, &owners)?,
            protected: protected(args, &owners, repo)?,
            policy: policy(args, &owners, repo)?,
        })
    }
}

pub(super) fn enforce(args: &GateArgs, owners: &ServerSettings) -> Result<Enforce, Failure> {
    let words = [("refuse", Enforce::Refuse), ("warn", Enforce::Warn)];
    Ok(one_of("sysbom.enforce", args.enforce.as_ref(), owners, words)?.unwrap_or(Enforce::Refuse))
}

pub(super) fn moves(args: &GateArgs, owners: &ServerSettings) -> Result<Moves, Failure> {
    let words = [("refuse", Moves::Refused), ("allow", Moves::Allowed)];
    Ok(one_of("sysbom.moves", args.moves.as_ref(), owners, words)?.unwrap_or(Moves::ByPolicy))
}

pub(super) fn policy(
    args: &GateArgs,
    owners: &ServerSettings,
    repo: &Repo,
) -> Result<Option<Policies>, Failure> {
    let path = args.policy.clone().or_else(|| owners.last("sysbom.policy").map(PathBuf::from));
    path.map(|path| policies_of_file(&repo.git_dir().join(path))).transpose()
}

pub(super) fn protected(
    args: &GateArgs,
    owners: &ServerSettings,
    repo: &Repo,
) -> Result<Vec<Pattern>, Failure> {
    let given = &args.protected;
    let set = if given.is_empty() { owners.all("sysbom.protected") } else { given.clone() };
    let mut globs = Vec::new();
    for word in set.iter().flat_map(|value| value.split_whitespace()) {
        let glob = short(word);
        if let Some(fault) = fault_in(&glob) {
            return Err(
                unfollowed(format!("`{word}` {fault}")).help("name branches, with blanks between them")
            );
        }
        globs.push(glob);
    }
    if globs.is_empty()
        && let Some(head) = repo.head_branch()?.filter(|head| head.starts_with("refs/heads/"))
        && repo.tip(&head)?.is_some()
    {
        globs.push(Pattern::literal(&short(&head)));
    }
    let compiled = globs.iter().map(|glob| Pattern::new(glob, Star::WithinPart));
    compiled.collect::<Result<_, _>>().map_err(unfollowed)
}

fn unfollowed(cause: String) -> Failure {
    Failure::new("could not follow `sysbom.protected` of the server").because(cause)
}

/// Why no branch can have a name that fits. What is taken silently and protects nothing is found out
/// too late.
fn fault_in(glob: &str) -> Option<&'static str> {
    if glob.starts_with("re:") {
        return None;
    }
    let name = sample(glob);
    if name.contains([',', ';', '\'', '"']) {
        Some("is no one name: between branches stands a blank")
    } else if ["heads/", "refs/"].iter().any(|folder| glob.starts_with(folder)) {
        Some("is no branch: they begin with `refs/heads/`, or with their own name")
    } else if !is_branch_name(&name) {
        Some("can be the name of no branch")
    } else {
        None
    }
}

/// A name that is like those that fit a glob.
fn sample(glob: &str) -> String {
    let mut name = String::new();
    let mut chars = glob.chars();
    while let Some(char) = chars.next() {
        let end = match char {
            '[' => ']',
            '{' => '}',
            '*' | '?' => {
                name.push('x');
                continue;
            }
            other => {
                name.push(other);
                continue;
            }
        };
        // An end that is not there, globs find out themselves.
        let _ = chars.by_ref().find(|char| *char == end);
        name.push('x');
    }
    name
}

pub(super) fn short(branch: &str) -> String {
    branch.strip_prefix("refs/heads/").unwrap_or(branch).to_owned()
}

/// A setting of two words, if it is made.
fn one_of<T>(
    key: &str,
    given: Option<&String>,
    owners: &ServerSettings,
    words: [(&str, T); 2],
) -> Result<Option<T>, Failure> {
    let Some(word) = given.cloned().or_else(|| owners.last(key)) else { return Ok(None) };
    let (first, second) = (words[0].0, words[1].0);
    words.into_iter().find(|(meant, _)| *meant == word).map(|(_, value)| Some(value)).ok_or_else(|| {
        Failure::new(format!("could not follow `{key}` of the server"))
            .because(format!("`{word}` is neither `{first}` nor `{second}`"))
    })
}

pub(super) fn seconds(args: &GateArgs, owners: &ServerSettings) -> Result<u64, Failure> {
    let set = args.time_limit.clone().or_else(|| owners.last("sysbom.timeLimit"));
    let Some(text) = set else { return Ok(60) };
    text.parse().ok().filter(|seconds| *seconds > 0).ok_or_else(|| {
        Failure::new("could not follow `sysbom.timeLimit` of the server")
            .because(format!("`{text}` is no number of seconds"))
    })
}
