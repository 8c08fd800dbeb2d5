//! Hook managers: which hooks of ours one of them runs already, going by its configuration. A
//! manager may run one hook and leave the others to us.

use std::fs;

use super::Repo;

/// How a manager says which hook runs what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// pre-commit and prek: each hook has an id.
    Ids,
    /// A YAML section for each hook, named like it.
    Sections,
    /// The same, named in one word: `PreCommit`.
    WordSections,
    /// TOML or JSON, in which hooks are named somewhere.
    Mentions,
}

const FILES: [(&str, Kind); 14] = [
    (".pre-commit-config.yaml", Kind::Ids),
    (".pre-commit-config.yml", Kind::Ids),
    ("prek.toml", Kind::Ids),
    ("lefthook.yml", Kind::Sections),
    ("lefthook.yaml", Kind::Sections),
    ("lefthook.toml", Kind::Mentions),
    ("lefthook.json", Kind::Mentions),
    (".lefthook.yml", Kind::Sections),
    (".lefthook.yaml", Kind::Sections),
    (".lefthook.toml", Kind::Mentions),
    (".lefthook.json", Kind::Mentions),
    (".config/lefthook.yml", Kind::Sections),
    (".config/lefthook.yaml", Kind::Sections),
    (".overcommit.yml", Kind::WordSections),
];

impl Repo {
    /// The file of a hook manager that runs sysbom for this hook.
    pub(super) fn manager_of(&self, hook: &str) -> Option<String> {
        let top = self.top().ok()?;
        let read = |file: &str| fs::read_to_string(top.join(file)).unwrap_or_default();
        let husky = format!(".husky/{hook}");
        if without_comments(&read(&husky)).contains("sysbom") {
            return Some(husky);
        }
        let found = FILES.iter().find(|(file, kind)| kind.runs(hook, &without_comments(&read(file))));
        found.map(|(file, _)| (*file).to_owned())
    }
}

impl Kind {
    fn runs(self, hook: &str, text: &str) -> bool {
        match self {
            Kind::Ids => text.lines().any(|line| {
                let words: Vec<&str> = words(line).collect();
                words.windows(2).any(|pair| pair == ["id", id(hook)])
                    || words.windows(3).any(|call| call == ["sysbom", "hook", hook])
            }),
            Kind::Sections => section(text, hook).contains("sysbom"),
            Kind::WordSections => section(text, &one_word(hook)).to_ascii_lowercase().contains("sysbom"),
            Kind::Mentions => text.contains("sysbom") && words(text).any(|word| word == hook),
        }
    }
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |character: char| character.is_alphanumeric() || "-_".contains(character);
    text.split(move |character| !is_part(character)).filter(|word| !word.is_empty())
}

/// The id that `.pre-commit-hooks.yaml` gives a hook.
fn id(hook: &str) -> &'static str {
    match hook {
        "pre-merge-commit" => "sysbom-merge",
        "pre-push" => "sysbom-push",
        _ => "sysbom",
    }
}

/// The lines of a YAML mapping's entry at the top.
fn section(text: &str, key: &str) -> String {
    let mut lines = text.lines().skip_while(|line| !is_key(line, key));
    let first = lines.next().unwrap_or("");
    let rest = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '\t', '-']));
    rest.fold(first.to_owned(), |text, line| text + "\n" + line)
}

fn is_key(line: &str, key: &str) -> bool {
    line.split_once(':').is_some_and(|(name, _)| name.trim_end().trim_matches(['"', '\'']) == key)
}

/// `PreMergeCommit`
fn one_word(hook: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    hook.split('-').filter_map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_runs_the_hooks_that_its_file_names() {
        let lefthook = "pre-commit:\n  scripts:\n    sysbom: {runner: sh}\npre-push: {commands: {other: {run: x}}}\n\
                        \n'pre-merge-commit':\n  commands:\n\n    a: {run: sysbom hook pre-merge-commit}\n";
        let shipped =
            "repos:\n- repo: https://example.org/sysbom\n  hooks: [{id: sysbom}, {id: sysbom-push}]\n";
        let local = "- id: bom\n  entry: sysbom hook pre-merge-commit\n";
        let toml = "[pre-push.commands.sysbom]\nrun = \"sysbom hook pre-push\"\n";
        let overcommit = "PreCommit:\n  Sysbom: {enabled: true}\nPrePush: {}\n";
        for (kind, text, expected) in [
            (Kind::Sections, lefthook, [true, true, false]),
            (Kind::Ids, shipped, [true, false, true]),
            (Kind::Ids, local, [false, true, false]),
            (Kind::Ids, "repos:\n- repo: https://example.org/sysbom\n", [false; 3]),
            (Kind::Mentions, toml, [false, false, true]),
            (Kind::WordSections, overcommit, [true, false, false]),
        ] {
            let runs = ["pre-commit", "pre-merge-commit", "pre-push"].map(|hook| kind.runs(hook, text));
            assert_eq!(runs, expected, "{text}");
        }
    }
}
