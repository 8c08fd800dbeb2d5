//! Holds the walls of ARCHITECTURE.md: which module may name which, where outside crates may
//! appear, and that nothing in the middle touches the world. A new arrow is a change to that
//! page first, and to the tables here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Module, and the modules it may name. Nothing points up.
const ARROWS: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("tree", &[]),
    ("suggest", &[]),
    ("yaml", &["text"]),
    ("bom", &["text", "tree", "yaml"]),
    ("change", &["text", "bom"]),
    ("policy", &["text", "suggest", "tree", "yaml", "bom"]),
    ("merge", &["text", "yaml", "bom"]),
    ("check", &["text", "suggest", "tree", "yaml", "bom", "change", "policy", "merge"]),
    ("live", &["text", "tree", "yaml", "bom", "policy"]),
    ("release", &["text", "suggest", "tree", "yaml", "bom", "change", "policy"]),
    ("report", &["text", "tree", "check"]),
    ("git", &["text", "tree", "merge"]),
    (
        "cli",
        &[
            "text", "suggest", "tree", "yaml", "bom", "policy", "merge", "check", "live", "report", "git",
            "change", "release",
        ],
    ),
];

/// Outside crate, and the files or folders of `src/` that may name it.
const CRATES: &[(&str, &[&str])] = &[
    ("clap", &["cli/"]),
    ("gix", &["git/"]),
    ("globset", &["policy/"]),
    ("granit_parser", &["yaml/reader.rs"]),
    ("miette", &["report/human.rs"]),
    ("regex", &["policy/"]),
    ("serde", &["report/", "live/", "release/", "git/setup/record.rs", "yaml/second.rs"]),
    ("serde_json", &["report/", "cli/forge/", "live/", "release/", "git/setup/record.rs", "merge/value.rs"]),
    ("serde_yaml", &["yaml/second.rs"]),
    ("sha2", &["bom/", "check/rules/data.rs", "git/", "merge/", "release/", "report/gitlab.rs", "tree.rs"]),
    ("similar", &["report/diff.rs"]),
    ("unicode_normalization", &["check/"]),
    ("tempfile", &["cli/", "git/"]),
];

/// What reaches out of the program, and the files or folders of `src/` that may use it. The
/// environment is read once.
const WORLD: &[(&str, &[&str])] = &[
    ("std::env::var", &["cli/env.rs"]),
    ("std::env::current", &["cli/env.rs"]),
    ("std::env::args", &["main.rs"]),
    ("std::env;", &[]),
    ("std::fs", &["cli/", "git/"]),
    ("std::process", &["main.rs", "cli/", "git/"]),
    ("SystemTime", &["cli/env.rs"]),
    ("TcpStream", &[]),
    ("UdpSocket", &[]),
];

#[test]
fn every_module_is_in_the_table_of_arrows() {
    let known: BTreeSet<&str> = ARROWS.iter().map(|(module, _)| *module).collect();
    let found: BTreeSet<String> = sources()
        .iter()
        .map(|file| file.module().to_owned())
        .filter(|name| name != "lib" && name != "main")
        .collect();
    assert!(found.len() > 5, "these are the modules: {found:?}");
    for module in &found {
        assert!(known.contains(module.as_str()), "`{module}` is in src/ and in no row of ARROWS");
    }
}

#[test]
fn no_arrow_points_up() {
    let mut arrows = 0;
    for file in sources() {
        let Some((_, allowed)) = ARROWS.iter().find(|(module, _)| *module == file.module()) else { continue };
        for named in file.names_after("crate::") {
            let is_module = ARROWS.iter().any(|(module, _)| *module == named);
            arrows += usize::from(is_module);
            assert!(
                !is_module || named == file.module() || allowed.contains(&named.as_str()),
                "{} names `crate::{named}`, which ARCHITECTURE.md does not allow",
                file.path
            );
        }
    }
    assert!(arrows > 20, "found {arrows} arrows; the search is broken");
}

#[test]
fn outside_crates_stay_where_they_belong() {
    let mut found = 0;
    for file in sources() {
        for (name, places) in CRATES {
            if !file.mentions(&format!("{name}::")) {
                continue;
            }
            found += 1;
            assert!(file.lies_in(places), "{} names `{name}`, which belongs to {places:?}", file.path);
        }
    }
    assert!(found > 3, "found {found} uses of outside crates; the search is broken");
}

#[test]
fn every_dependency_is_in_the_table_of_crates() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("this is a crate");
    let (_, rest) = manifest.split_once("[dependencies]\n").expect("it has dependencies");
    let section = rest.split("\n[").next().unwrap_or(rest);
    let names = section.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    for (name, _) in names {
        let name = name.trim().replace('-', "_");
        assert!(CRATES.iter().any(|(known, _)| *known == name), "`{name}` is in no row of CRATES");
    }
}

#[test]
fn the_page_says_what_the_tables_say() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page is there");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    for (module, _) in ARROWS {
        assert!(rows.iter().any(|row| row.starts_with(&format!("| `{module}` |"))), "no row of `{module}`");
    }
    for (name, places) in CRATES {
        let names = [name.replace('_', "-"), (*name).to_owned()];
        let row = rows.iter().find(|row| {
            let cells: Vec<&str> = row.split('|').collect();
            cells[1].split([' ', ',', '`']).any(|word| names.iter().any(|name| name == word))
                && places.iter().all(|place| cells[2].contains(&format!("`{place}`")))
        });
        assert!(row.is_some(), "no row says that `{name}` belongs to {places:?}");
    }
}

#[test]
fn the_middle_does_not_touch_the_world() {
    for file in sources() {
        for (name, places) in WORLD {
            assert!(
                file.lies_in(places) || !file.mentions(name),
                "{} names `{name}`, which belongs to {places:?}; hand it the contents, the time or the commit instead",
                file.path
            );
        }
    }
}

#[test]
fn every_file_opens_with_what_it_knows() {
    for file in sources() {
        assert!(file.text.starts_with("//! "), "{} does not open with a paragraph about itself", file.path);
    }
}

/// One file of `src/`, without its unit tests.
struct SourceFile {
    path: String,
    text: String,
}

impl SourceFile {
    fn read(path: &Path) -> SourceFile {
        let text = std::fs::read_to_string(path).expect("a source file is text");
        let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text);
        let inside = path.strip_prefix(root().join("src")).expect("it lies in src");
        SourceFile { path: inside.to_string_lossy().replace('\\', "/"), text: shipped.to_owned() }
    }

    fn module(&self) -> &str {
        self.path.split('/').next().unwrap_or(&self.path).trim_end_matches(".rs")
    }

    fn lies_in(&self, places: &[&str]) -> bool {
        places
            .iter()
            .any(|place| self.path == *place || (place.ends_with('/') && self.path.starts_with(place)))
    }

    /// The code, line by line; comments may name what they like.
    fn code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| !line.trim_start().starts_with("//"))
    }

    fn mentions(&self, name: &str) -> bool {
        let word = |line: &str, at: usize| {
            !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
        };
        self.code().any(|line| line.match_indices(name).any(|(at, _)| word(line, at)))
    }

    /// The identifiers that follow `prefix`, also inside `use crate::{a, b}`.
    fn names_after(&self, prefix: &str) -> Vec<String> {
        let code = self.code().collect::<Vec<_>>().join("\n");
        let mut names = Vec::new();
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            match rest.strip_prefix('{').and_then(|group| group.split_once('}')) {
                Some((group, _)) => names.extend(group.split(',').map(|item| identifier(item.trim()))),
                None => names.push(identifier(rest)),
            }
        }
        names
    }
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<SourceFile> {
    let mut folders = vec![root().join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of src can be listed") {
            let path = entry.expect("a folder of src can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(SourceFile::read(&path));
            }
        }
    }
    files
}
