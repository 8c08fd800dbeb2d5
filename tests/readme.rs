//! What README.md and docs/propagation.md show is what happens: the `console` blocks of a page are
//! run, one after the other, in one repository.

mod support;

use support::Scratch;

/// A command of a block and the output that stands below it.
struct Step {
    command: String,
    shown: Vec<String>,
}

#[test]
fn the_readme_shows_what_happens() {
    shows_what_happens(include_str!("../README.md"));
}

#[test]
fn the_page_on_propagation_shows_what_happens() {
    shows_what_happens(include_str!("../docs/propagation.md"));
}

#[track_caller]
fn shows_what_happens(page: &str) {
    let steps = steps(page);
    assert!(steps.len() > 5, "found {} commands; the search is broken", steps.len());
    let scratch = Scratch::new();
    for step in steps {
        // What `cat` shows of a file that nobody has written is how the reader's own file looks.
        if let Some(file) = step.command.strip_prefix("cat ")
            && !scratch.top().join(file).exists()
        {
            scratch.write(file, step.shown.join("\n") + "\n");
        }
        let ran = scratch.at(scratch.top()).run("sh", &["-c", &step.command], "");
        let output = ran.out.clone() + &ran.err;
        let mut lines = output.lines();
        if let Some(line) = first_unmet(&step.shown, &mut lines) {
            panic!("after `{}` the page shows\n{line}\n{ran}", step.command);
        }
    }
}

fn steps(readme: &str) -> Vec<Step> {
    let blocks = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut steps: Vec<Step> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match line.strip_prefix("$ ") {
            Some(command) => steps.push(Step { command: command.to_owned(), shown: Vec::new() }),
            None => steps.last_mut().expect("a block begins with a command").shown.push(line.to_owned()),
        }
    }
    steps
}

/// The first line shown that the output does not have where it should. `...` stands for any
/// lines, and within a line for any text.
fn first_unmet<'a>(shown: &'a [String], output: &mut std::str::Lines) -> Option<&'a str> {
    let mut anything = false;
    for line in shown {
        if line == "..." {
            anything = true;
        } else if anything {
            if !output.any(|met| fits(line, met)) {
                return Some(line);
            }
            anything = false;
        } else if !output.next().is_some_and(|met| fits(line, met)) {
            return Some(line);
        }
    }
    None
}

fn fits(line: &str, met: &str) -> bool {
    let mut rest = met;
    let mut parts = line.split("...").enumerate().peekable();
    while let Some((index, part)) = parts.next() {
        let is_last = parts.peek().is_none();
        match rest.find(part) {
            Some(at) if index == 0 && at > 0 => return false,
            Some(_) if is_last && index > 0 => return rest.ends_with(part),
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

#[test]
fn links_between_pages_lead_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = 0;
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/merge.md",
        "docs/exit-codes.md",
        "docs/hooks.md",
        "docs/propagation.md",
        "examples/operation-repo/README.md",
    ] {
        let text = std::fs::read_to_string(root.join(page)).expect("the page is there");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let folder = root.join(page).parent().expect("a page lies in a folder").to_owned();
            links += 1;
            assert!(target.contains("://") || folder.join(target).exists(), "{page} links to {target}");
        }
    }
    assert!(links > 5, "found {links} links; the search is broken");
}

#[test]
fn three_dots_stand_for_any_text() {
    assert!(fits("a ... c", "a b c") && fits("a ...", "a b c") && fits("abc", "abc"));
    assert!(!fits("a ... c", "a b d") && !fits("abc", "abcd") && !fits("b...", "abc"));
}
