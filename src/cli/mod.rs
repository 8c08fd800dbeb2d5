//! The command line: arguments, dispatch, and the last word on the exit status. One file per
//! command; each takes its arguments, the [`env::Env`] and a [`console::Console`], and gives an
//! [`exit::Exit`] or a [`failure::Failure`].

mod archive;
mod before;
mod check;
pub mod console;
mod deliver;
mod demo;
mod diff;
pub mod env;
pub mod exit;
mod explain;
pub mod failure;
mod fault;
mod fix;
mod forge;
mod former;
mod hold;
mod hook;
mod init;
mod install;
mod joining;
mod merge_driver;
mod merge_file;
mod merging;
mod place;
mod policies;
mod promote;
mod pushed;
mod release;
mod rollback;
mod show;
mod snapshot;
mod standing;
mod target;
mod update;
mod update_branch;
mod waiting;
mod way;
mod workflows;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::console::Console;
use self::env::Env;
use self::exit::{Caller, Exit};
use self::failure::Failure;
use crate::text::{escape, escape_lines};

/// Keeps the state of a deployed system explicit, reviewable and reproducible in git
#[derive(Debug, Parser)]
#[command(name = "sysbom", version, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = PLUMBING, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

const PLUMBING: &str = "\
Plumbing, called by git and hooks:
  merge-driver  Merge one manifest for git
  merge-file    Merge three files by hand
  hook          Run as a git hook

Exit status: 0 nothing wrong, 1 something in your files is wrong, 2 sysbom could not tell.";

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a run")]
enum Command {
    Init(init::Args),
    Install(install::InstallArgs),
    Uninstall(install::UninstallArgs),
    Doctor(install::DoctorArgs),
    Check(check::Args),
    Explain(explain::Args),
    Archive(archive::Args),
    Release(release::Args),
    UpdateBranch(update_branch::Args),
    Rollback(rollback::Args),
    Hold(hold::Args),
    Unhold(hold::UnholdArgs),
    Promote(promote::Args),
    Snapshot(snapshot::Args),
    Diff(diff::Args),
    Show(show::Args),
    Demo(demo::Args),
    #[command(hide = true)]
    MergeDriver(merge_driver::Args),
    #[command(hide = true)]
    MergeFile(merge_file::Args),
    #[command(hide = true)]
    Hook(hook::Args),
}

/// Runs the program with these arguments, the first being its own name.
pub fn main(arguments: &[OsString]) -> ExitCode {
    let caller = Caller::of(arguments);
    end_panics_with(caller.failure());
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr());
    let mut console = Console::new(&mut out, &mut err);
    match start(arguments, caller, &mut console) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            console.say(failure.to_string());
            ExitCode::from(caller.failure())
        }
    }
}

/// A panic is a bug of ours and must not end with Rust's usual 101, which git takes for a
/// finished merge. The hook runs before unwinding and before aborting, so it holds for every
/// build.
fn end_panics_with(status: u8) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(|at| format!(" at {at}")).unwrap_or_default();
        let what = escape(panic.payload_as_str().unwrap_or("no message"));
        let message = format!(
            "error: this is a bug in sysbom: {what}{place}\n  help: please report it, with the command you ran\n"
        );
        Console::new(&mut std::io::sink(), &mut std::io::stderr()).say(message);
        std::process::exit(i32::from(status));
    }));
}

fn start(arguments: &[OsString], caller: Caller, console: &mut Console) -> Result<u8, Failure> {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(answer) => return show_usage(&answer, arguments, caller, console),
    };
    let env = Env::read()?;
    fault::arm(&env);
    run(&args.command, &env, console).map(Exit::status)
}

/// Help and version are an answer and go to standard output; everything else is a failure.
fn show_usage(
    answer: &clap::Error,
    arguments: &[OsString],
    caller: Caller,
    console: &mut Console,
) -> Result<u8, Failure> {
    if answer.use_stderr() {
        console.say(usage_error(answer, arguments));
        return Ok(caller.failure());
    }
    console.out(answer.render().to_string())?;
    Ok(Exit::Ok.status())
}

/// clap repeats arguments as they are. Reading them again in their escaped form gives the same
/// error, in which no argument can forge a line.
fn usage_error(answer: &clap::Error, arguments: &[OsString]) -> String {
    let escaped = arguments.iter().map(|argument| escape(&argument.to_string_lossy()).to_string());
    let text = match Args::try_parse_from(escaped) {
        Err(same) => same.render().to_string(),
        Ok(_) => answer.kind().to_string(),
    };
    escape_lines(&text).to_string()
}

fn run(command: &Command, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(args, env, console),
        Command::Install(args) => install::install(args, env, console),
        Command::Uninstall(args) => install::uninstall(args, env, console),
        Command::Doctor(args) => install::doctor(args, env, console),
        Command::Check(args) => check::run(args, env, console),
        Command::Archive(args) => archive::run(args, env, console),
        Command::Release(args) => release::run(args, env, console),
        Command::Rollback(args) => rollback::run(args, env, console),
        Command::Hold(args) => hold::run(args, env, console),
        Command::Unhold(args) => hold::unhold(args, env, console),
        Command::Promote(args) => promote::run(args, env, console),
        Command::Snapshot(args) => snapshot::run(args, env, console),
        Command::Diff(args) => diff::run(args, env, console),
        Command::Show(args) => show::run(args, env, console),
        Command::UpdateBranch(args) => update_branch::run(args, env, console),
        Command::Demo(args) => demo::run(args, env, console),
        Command::MergeDriver(args) => merge_driver::run(args, env, console),
        Command::MergeFile(args) => merge_file::run(args, env, console),
        Command::Hook(args) => hook::run(args, env, console),
        Command::Explain(args) => explain::run(args, console),
    }
}
