//! `sysbom diff`: what differs between two states.

use clap::ValueEnum;

use crate::bom::Manifest;
use crate::change::{changes, reference};
use crate::release::{ParameterChange, changes_json, parameter_changes, parameters};
use crate::text::escape;
use crate::yaml::Document;

use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::former::{Former, find, on_base};

/// Show what differs between two states, component by component
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The one: an archive or snapshot (its name without folder), or a revision
    #[arg(value_name = "A")]
    before: String,
    /// The other; the present state of the base branch if it is left out
    #[arg(value_name = "B")]
    after: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// The system, where there are several
    #[arg(short, long, value_name = "NAME")]
    system: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    let (base, system) = on_base(&repo, args.system.as_deref())?;
    let before = find(&repo, &base, &system, &args.before)?;
    let after = match &args.after {
        Some(name) => find(&repo, &base, &system, name)?,
        None => find(&repo, &base, &system, base.commit.as_str())?,
    };
    let (one, two) = (document(&before)?, document(&after)?);
    let layout = &system.policy.layout;
    let (before, after) = (Manifest::read(&one, layout), Manifest::read(&two, layout));
    let found = changes(&before, &after);
    let parameters =
        parameter_changes(&parameters(&one, before.experiment), &parameters(&two, after.experiment));
    if args.format == Format::Json {
        console.out(changes_json(&found, &parameters))?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<[String; 4]> = found
        .iter()
        .map(|change| {
            // Whole references only where the tags do not tell the two apart.
            let in_full = !matches!((&change.from, &change.to), (Some(from), Some(to)) if from.image == to.image && from.tag != to.tag);
            let pin = |pin: &Option<crate::bom::Pin>| {
                let text = pin.as_ref().map(|pin| if in_full { reference(pin) } else { pin.tag.clone() });
                escape(&text.unwrap_or_else(|| "-".to_owned())).to_string()
            };
            [escape(&change.component).to_string(), pin(&change.from), pin(&change.to), change.kind.word().to_owned()]
        })
        .chain(parameters.iter().map(parameter_row))
        .collect();
    console.out(table(&rows))?;
    if rows.is_empty() {
        console.out("nothing differs\n")?;
    }
    Ok(Exit::Ok)
}

fn parameter_row(change: &ParameterChange) -> [String; 4] {
    let shown = |value: &Option<String>| escape(value.as_deref().unwrap_or("-")).to_string();
    let word = match (&change.from, &change.to) {
        (None, _) => "added",
        (_, None) => "removed",
        (Some(_), Some(_)) => "changed",
    };
    [escape(&change.name).to_string(), shown(&change.from), shown(&change.to), word.to_owned()]
}

/// Rows in columns, two blanks between.
pub fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// Reads a state, or says why it cannot be compared.
pub fn document(former: &Former) -> Result<Document, Failure> {
    Document::parse_bytes(&former.bytes)
        .map_err(|fault| Failure::new(format!("could not read {}", escape(&former.name))).because(fault))
}
