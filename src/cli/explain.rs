//! `sysbom explain`: the page of a rule, or the list of rules.

use std::fmt::Write as _;

use crate::check::{RULES, Rule, rule};

use super::console::Console;
use super::exit::Exit;
use super::failure::Failure;

/// Show the page of a rule
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The rule, as a finding names it; without it, all rules are listed
    rule: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, console: &mut Console) -> Result<Exit, Failure> {
    match &args.rule {
        None => console.out(list())?,
        Some(name) => console.out(find(name)?.explain)?,
    }
    Ok(Exit::Ok)
}

fn find(name: &str) -> Result<&'static Rule, Failure> {
    rule(name).ok_or_else(|| {
        Failure::new(format!("there is no rule `{name}`")).help("`sysbom explain` lists all of them")
    })
}

fn list() -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    RULES.iter().fold(String::new(), |mut text, rule| {
        let _ = writeln!(text, "{:width$}  {}", rule.id, rule.title);
        text
    })
}
