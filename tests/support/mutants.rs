//! Manifests of many layouts, and what becomes of them when tokens fall in and out.

use crate::random::Random;

/// Manifests as people write them.
pub const MANIFESTS: [&str; 8] = [
    "images:\n  app:\n    image: ghcr.io/acme/app\n    tag: v1.2.3\n    digest: sha256:0a\n  web:\n    image: acme/web\n    tag: v2\n",
    "# desired state\nimages:\n  # the app\n  app: {image: 'acme/app', tag: \"v1\", digest: 'sha256:0a'} # pinned\nexperiment: {canaryEnabled: 'on', stableWeight: 90}\n",
    "images:\r\n  app:\r\n    tag: 'v1'\r\n\r\n    digest: sha256:0a # x\r\nother: [a, b c, \"d\"]\r\n",
    "---\nimages:\n- name: app\n  tag: v1\n- name: web\n  tag: >-\n    v2\n    b\nnotes: |\n  first\n\n  second: third\n",
    "\"images\":\n    'app':   {\n      image: acme/app,\n      tag: v1,   # trailing\n    }\n    ? web\n    : tag: v2\n",
    "images: {app: {tag: v1, digest: d}, web: {tag: v2}}\nlist:\n  - - a\n    - b\n  -\n    c: d\n  - e\n",
    "images:\n  app:\n    tag: v1\n    note: a plain text\n      over two lines\n    quoted: \"over\n      two\\\n      lines \\u00e9\"\n  b: |+\n    kept\n\nc: d\n",
    "a: >\n folded\n text\n\n  more\n\nb: |2-\n   indented\nc: 'it''s'\nd: \"\\\"\\t\\x41\"\n",
];

/// What may fall in.
const TOKENS: [&str; 62] = [
    " ",
    "  ",
    "    ",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    ":",
    ": ",
    " :",
    "?",
    "? ",
    "-",
    "- ",
    "|",
    "|+",
    "|-",
    ">",
    ">-",
    ">+",
    "|1",
    "#",
    " #",
    "# ",
    "'",
    "\"",
    "''",
    "{",
    "}",
    "[",
    "]",
    ",",
    ", ",
    "&a",
    "&a ",
    "*a",
    "!!str ",
    "!",
    "<<: ",
    "%",
    "%YAML 1.1\n",
    "---",
    "---\n",
    "...",
    "...\n",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{a0}",
    "\u{1}",
    "\u{7f}",
    "\\",
    "\\\n",
    "é",
    "@",
    "`",
    "tag: latest",
    "\n    tag: latest\n",
    "v1.2",
    "~",
];

/// One manifest after one to four accidents.
pub fn mutant(random: &mut Random) -> String {
    let manifest = random.pick(&MANIFESTS);
    mutated(random, manifest)
}

/// This text after one to four accidents.
pub fn mutated(random: &mut Random, text: &str) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(text.len() + 1);
        match random.below(6) {
            0 => drop(text.drain(at..(at + 1 + random.below(4)).min(text.len()))),
            1 => {
                let from = random.below(text.len() + 1);
                let copied: Vec<char> = text[from..(from + random.below(25)).min(text.len())].to_vec();
                text.splice(at..at, copied);
            }
            2 => text.truncate(at.max(1)),
            _ => drop(text.splice(at..at, random.pick(&TOKENS).chars())),
        }
        if text.is_empty() {
            text.push('a');
        }
    }
    text.into_iter().collect()
}

/// A few tokens in a row.
pub fn soup(random: &mut Random) -> String {
    const WORDS: [&str; 6] = ["a", "b: c", "\n  ", "\n- ", "x:\n", "\r\n"];
    (0..=random.below(9))
        .map(|_| if random.below(2) == 0 { random.pick(&WORDS) } else { random.pick(&TOKENS) })
        .collect()
}
