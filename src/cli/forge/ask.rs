//! Asks a forge about its settings, through the program that the user has logged in with: `gh` or
//! `glab`. Sees no token itself, and changes nothing.

use std::path::Path;
use std::process::{Command, Stdio};

use super::settings::{Setting, Want};

/// Whom to ask, about what.
pub struct Asker<'a> {
    /// The clone; its remote tells which repository it is.
    pub top: &'a Path,
    /// The base branch.
    pub branch: &'a str,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The setting is in order.
    There,
    /// It is not.
    Missing,
    /// Nobody was asked, or the answer says nothing; why, where there is something to say.
    Nobody(Option<String>),
}

impl Asker<'_> {
    /// Whether a setting is in order.
    pub fn ask(&self, setting: &Setting) -> Asked {
        if matches!(setting.want, Want::Person) {
            return Asked::Nobody(None);
        }
        let answers: Vec<Result<String, String>> =
            setting.commands(self.branch).map(|command| self.answer(&command)).collect();
        if answers.iter().all(Result::is_err) {
            return Asked::Nobody(answers.into_iter().find_map(Result::err));
        }
        judged(&setting.want, &answers.into_iter().flatten().collect::<String>(), self.branch)
    }

    fn answer(&self, command: &str) -> Result<String, String> {
        let words = words(command);
        let (program, arguments) = words.split_first().expect("each of our commands names a program");
        let ran = Command::new(program)
            .args(arguments)
            .current_dir(self.top)
            .env("GH_PROMPT_DISABLED", "1")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .output()
            .map_err(|cause| format!("could not run `{program}`: {cause}"))?;
        if ran.status.success() {
            return Ok(String::from_utf8_lossy(&ran.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&ran.stderr);
        Err(said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed").trim().to_owned())
    }
}

fn judged(want: &Want, answer: &str, branch: &str) -> Asked {
    let has = |wanted: &str| answer.lines().any(|line| line.trim() == wanted);
    let is_there = match want {
        Want::Person => return Asked::Nobody(None),
        Want::Unless(line) if has(line) => return Asked::Nobody(None),
        Want::Unless(_) => true,
        Want::Lines(lines) => lines.iter().all(|line| has(line)),
        Want::Base => has(branch),
        Want::Something => !answer.trim().is_empty(),
        Want::Json(holds) => match serde_json::from_str(answer) {
            Ok(value) => holds(&value, branch),
            Err(_) => return Asked::Nobody(Some("the answer is no JSON".to_owned())),
        },
    };
    if is_there { Asked::There } else { Asked::Missing }
}

/// The words of a command as a shell would split it, up to a pipe. Only single quotes are known.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in command.split('\'').enumerate() {
        if index % 2 == 1 {
            words.last_mut().expect("it is never empty").push_str(part);
            continue;
        }
        let (part, is_end) = part.split_once(" | ").map_or((part, false), |(part, _)| (part, true));
        for (index, word) in part.split(' ').enumerate() {
            if index > 0 {
                words.push(String::new());
            }
            words.last_mut().expect("it is never empty").push_str(word);
        }
        if is_end {
            break;
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_as_a_shell_does_and_ends_at_a_pipe() {
        assert_eq!(
            words("gh api x --jq '.[] | select(.a == \"b\")'"),
            ["gh", "api", "x", "--jq", ".[] | select(.a == \"b\")"]
        );
        assert_eq!(words("glab api x | jq '.a, .b'"), ["glab", "api", "x"]);
    }

    #[test]
    fn an_answer_says_whether_a_setting_is_there() {
        for (want, answer, asked) in [
            (
                Want::Lines(&["strict: true", "sysbom check"]),
                "strict: true\nother\nsysbom check\n",
                Asked::There,
            ),
            (Want::Lines(&["strict: true", "sysbom check"]), "strict: false\nsysbom check\n", Asked::Missing),
            (Want::Base, "main\n", Asked::There),
            (Want::Base, "master\n", Asked::Missing),
            (Want::Something, "\n", Asked::Missing),
            (Want::Unless("true"), "false\n", Asked::There),
            (Want::Unless("true"), "true\n", Asked::Nobody(None)),
            (Want::Json(|value, _| value["a"] == 1), "{\"a\":1}", Asked::There),
            (Want::Json(|value, _| value["a"] == 1), "{}", Asked::Missing),
            (Want::Json(|_, _| true), "<html>", Asked::Nobody(Some("the answer is no JSON".to_owned()))),
        ] {
            assert_eq!(judged(&want, answer, "main"), asked, "{answer}");
        }
    }
}
