//! Pushes, bad and good, to a repository that sysbom guards: the same for every way to push.
//!
//! Each begins in a clone of a server that holds two states of `main`, the archive of the first,
//! a policy, and a branch `feature`. No client hook stands in the way.
#![allow(dead_code, reason = "every test target uses its own part of this")]

use std::path::{Path, PathBuf};

use crate::support::{DIGEST_A, DIGEST_B, Place, Ran, Scratch, manifest};

/// Where the manifest is.
pub const MANIFEST: &str = "releases/current.yaml";

/// One push.
pub struct Push {
    /// What it brings.
    pub name: &'static str,
    /// What has to stand in the answer that refuses it; nothing if it is taken.
    pub refused: &'static [&'static str],
    /// Makes it in a clone, and gives the arguments of `git push origin`.
    pub make: fn(&Place) -> &'static [&'static str],
}

const fn bad(
    name: &'static str,
    refused: &'static [&'static str],
    make: fn(&Place) -> &'static [&'static str],
) -> Push {
    Push { name, refused, make }
}

const fn good(name: &'static str, make: fn(&Place) -> &'static [&'static str]) -> Push {
    Push { name, refused: &[], make }
}

/// The manifest with these tags.
pub fn state(app: &str, web: &str) -> String {
    manifest(&[("app", app, DIGEST_A), ("web", web, DIGEST_B)])
}

const TO_MAIN: &[&str] = &["main"];

/// A commit with the archive it needs and this manifest.
fn release(place: &Place, text: impl AsRef<[u8]>) -> &'static [&'static str] {
    place.write(MANIFEST, text);
    place.sysbom(&["archive"]).expect(0);
    place.commit("Release");
    TO_MAIN
}

/// A release of what `change` makes of the manifest.
fn changed(place: &Place, change: impl Fn(String) -> String) -> &'static [&'static str] {
    let text = change(place.read(MANIFEST));
    release(place, text)
}

/// The path of the archive that the server holds.
fn archive(place: &Place) -> String {
    place.git(&["ls-files", "releases/history"]).lines().next().expect("there is one").to_owned()
}

/// A commit with an entry of any mode at a path of the index.
fn entry(place: &Place, mode: &str, id: &str, path: &str) -> &'static [&'static str] {
    place.git(&["rm", "-q", "-r", "--cached", "--ignore-unmatch", path]);
    place.git(&["update-index", "--add", "--cacheinfo", &format!("{mode},{id},{path}")]);
    place.git(&["commit", "-q", "--no-verify", "-m", "An odd entry"]);
    TO_MAIN
}

/// A tree of these rows as they stand, in whatever order: mode, name, object. git itself writes none
/// of the trees that are made with it.
fn raw_tree(place: &Place, rows: &[(&str, &[u8], &str)]) -> String {
    let hex = |id: &str| -> Vec<u8> {
        (0..id.len()).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).expect("an id")).collect()
    };
    let rows = rows.iter().map(|(mode, name, id)| [mode.as_bytes(), b" ", name, b"\0", &hex(id)].concat());
    place.write(".git/raw-tree", rows.collect::<Vec<_>>().concat());
    place.git(&["hash-object", "-t", "tree", "-w", "--literally", ".git/raw-tree"])
}

/// A commit onto main of a good tree with odd rows in it: what `top` makes of the rows at the top, and
/// `releases` of those below it.
fn odd_tree(
    place: &Place,
    top: impl for<'r> Fn(&mut Vec<(&'r str, &'r [u8], &'r str)>, &'r Odds),
    releases: impl for<'r> Fn(&mut Vec<(&'r str, &'r [u8], &'r str)>, &'r Odds),
) -> &'static [&'static str] {
    let id = |rev: &str| place.git(&["rev-parse", rev]);
    place.write(".git/bad", state("latest", "edge"));
    let odds = Odds {
        bad: place.git(&["hash-object", "-w", ".git/bad"]),
        good: id("HEAD:releases/current.yaml"),
        history: id("HEAD:releases/history"),
        releases: id("HEAD:releases"),
        policy: id("HEAD:.sysbom.yaml"),
    };
    let mut rows: Vec<(&str, &[u8], &str)> =
        vec![("100644", b"current.yaml", &odds.good), ("40000", b"history", &odds.history)];
    releases(&mut rows, &odds);
    let below = raw_tree(place, &rows);
    let mut rows: Vec<(&str, &[u8], &str)> =
        vec![("100644", b".sysbom.yaml", &odds.policy), ("40000", b"releases", &below)];
    top(&mut rows, &odds);
    let tree = raw_tree(place, &rows);
    let commit = place.git(&["commit-tree", "-p", "HEAD", "-m", "An odd tree", &tree]);
    place.git(&["update-ref", "refs/heads/odd", &commit]);
    &["odd:main"]
}

/// Objects for an odd tree.
struct Odds {
    bad: String,
    good: String,
    history: String,
    releases: String,
    policy: String,
}

/// A branch off main's former tip with its own change, merged into main by hand: what the merge
/// commit holds is what `result` says.
fn merged(place: &Place, result: &str) -> &'static [&'static str] {
    place.git(&["switch", "-q", "-c", "side", "origin/main"]);
    changed(place, |text| text.replace("v2.0.0", "v2.1.0").replace(DIGEST_B, &DIGEST_B.replace("b2", "b3")));
    place.git(&["switch", "-q", "main"]);
    changed(place, |text| text.replace("v1.1.0", "v1.2.0").replace(DIGEST_A, &DIGEST_A.replace("a1", "a4")));
    place.try_git(&["merge", "-q", "--no-commit", "--no-ff", "side"]);
    place.write(MANIFEST, result);
    place.commit("Merge side");
    TO_MAIN
}

fn both_sides() -> String {
    manifest(&[
        ("app", "v1.2.0", &DIGEST_A.replace("a1", "a4")),
        ("web", "v2.1.0", &DIGEST_B.replace("b2", "b3")),
    ])
}

/// What must not get in, by what refuses it.
pub const BAD: &[Push] = &[
    bad("a floating tag", &["floating-tag"], |p| changed(p, |t| t.replace("v1.1.0", "latest"))),
    bad("a missing digest", &["pin-incomplete"], |p| {
        changed(p, |t| t.replace(&format!("    digest: {DIGEST_A}\n"), ""))
    }),
    bad("a tag that Helm reads as a number", &["yaml-coercion"], |p| {
        changed(p, |t| t.replace("v1.1.0", "1.10"))
    }),
    bad("a tag inside the image", &["pin-malformed"], |p| {
        changed(p, |t| t.replace("acme/app", "acme/app:v1.1.0"))
    }),
    bad("another image", &["image-moved"], |p| {
        changed(p, |t| t.replace("ghcr.io/acme/app", "ghcr.io/evil/app"))
    }),
    bad("no component", &["schema"], |p| release(p, "images: {}\n")),
    bad("weights that do not add up", &["experiment-weights"], |p| {
        changed(p, |t| t + "experiment: {canaryEnabled: true, stableWeight: 90, canaryWeight: 20}\n")
    }),
    bad("a key twice", &["duplicate-key"], |p| {
        changed(p, |t| t.replace("    tag: v1.1.0\n", "    tag: v1.1.0\n    tag: v1.2.0\n"))
    }),
    bad("markers of a conflict", &["conflict-marker"], |p| {
        changed(p, |t| format!("<<<<<<< ours\n{t}=======\n{t}>>>>>>> theirs\n"))
    }),
    bad("two documents", &["yaml-syntax"], |p| changed(p, |t| format!("{t}---\n{t}"))),
    bad("an alias", &["yaml-feature"], |p| {
        changed(p, |t| t.replace("tag: v1.1.0", "tag: &t v1.1.0") + "x: *t\n")
    }),
    bad("an alias bomb", &["yaml-feature"], |p| {
        changed(p, |t| {
            let mut text = t + "a0: &a0 [x, x]\n";
            for at in 1..40 {
                text += &format!("a{at}: &a{at} [*a{0}, *a{0}]\n", at - 1);
            }
            text
        })
    }),
    bad("200,000 brackets", &["yaml-syntax"], |p| changed(p, |t| t + "x: " + &"[".repeat(200_000) + "\n")),
    bad("a file of 100 MB", &["yaml-syntax"], |p| changed(p, |t| t + "# " + &"x".repeat(100 << 20) + "\n")),
    bad("NUL bytes", &["yaml-syntax"], |p| changed(p, |t| t.replace("v1.1.0", "v1.1.0\0"))),
    bad("bytes that are not UTF-8", &["yaml-syntax"], |p| {
        let text = p.read(MANIFEST).replace("v1.1.0", "@").into_bytes();
        let text: Vec<u8> = text.into_iter().map(|byte| if byte == b'@' { 0xff } else { byte }).collect();
        release(p, text)
    }),
    bad("a line break that only Helm sees", &["yaml-feature"], |p| {
        changed(p, |t| t.replace("v1.1.0", "v1.1.0 # x\u{2028}    tag: latest"))
    }),
    bad("escape sequences in a key", &["floating-tag", "\\u{1b}"], |p| {
        changed(p, |t| t.replace("  app:", "  \"\\e[31mapp\\a\":").replace("v1.1.0", "latest"))
    }),
    bad("a command for the runner in a key", &["floating-tag"], |p| {
        changed(p, |t| t.replace("  app:", "  \"\\n::error::owned\":").replace("v1.1.0", "latest"))
    }),
    bad("an exception for itself", &["floating-tag"], |p| {
        changed(p, |t| t.replace("v1.1.0", "latest  # sysbom: allow[floating-tag] because I say so"))
    }),
    bad("an exception without a reason", &["exception"], |p| {
        changed(p, |t| t.replace("v1.1.0", "latest  # sysbom: allow[floating-tag]"))
    }),
    bad("no manifest", &["manifest-missing"], |p| {
        p.sysbom(&["archive"]).expect(0);
        p.git(&["rm", "-q", MANIFEST]);
        p.sysbom(&["archive"]).expect(0);
        p.commit("Tidy up");
        TO_MAIN
    }),
    bad("a symbolic link for a manifest", &["not-a-regular-file"], |p| {
        let id = p.git(&["rev-parse", "HEAD:releases/current.yaml"]);
        entry(p, "120000", &id, MANIFEST)
    }),
    bad("a submodule for a manifest", &["not-a-regular-file"], |p| {
        let id = p.git(&["rev-parse", "HEAD"]);
        entry(p, "160000", &id, MANIFEST)
    }),
    bad("a folder for a manifest", &["not-a-regular-file"], |p| {
        let id = p.git(&["rev-parse", "HEAD:releases/current.yaml"]);
        p.git(&["rm", "-q", "--cached", MANIFEST]);
        entry(p, "100644", &id, "releases/current.yaml/x")
    }),
    bad("an executable manifest", &["not-a-regular-file"], |p| {
        let id = p.git(&["rev-parse", "HEAD:releases/current.yaml"]);
        entry(p, "100755", &id, MANIFEST)
    }),
    bad("an LFS pointer for a manifest", &["not-a-regular-file"], |p| {
        release(p, format!("version https://git-lfs.github.com/spec/v1\noid {DIGEST_A}\nsize 300\n"))
    }),
    bad("a symbolic link for a policy", &["not-a-regular-file"], |p| {
        let id = p.git(&["rev-parse", "HEAD:releases/current.yaml"]);
        entry(p, "120000", &id, ".sysbom.yaml")
    }),
    bad("a twin that differs in case", &["path-twin"], |p| {
        let id = p.git(&["rev-parse", "HEAD:releases/current.yaml"]);
        entry(p, "100644", &id, "releases/Current.yaml")
    }),
    bad("a twin that differs in accents' encoding", &["path-twin"], |p| {
        let id = p.git(&["rev-parse", "HEAD:releases/current.yaml"]);
        entry(p, "100644", &id, "releases/\u{e9}.txt");
        entry(p, "100644", &id, "releases/e\u{301}.txt")
    }),
    bad("current.yml beside current.yaml", &["path-twin"], |p| {
        let id = p.git(&["rev-parse", "HEAD:releases/current.yaml"]);
        entry(p, "100644", &id, "releases/current.yml")
    }),
    bad(
        "a manifest that stands in its folder twice",
        &["malformed", "`current.yaml` stands in it twice"],
        |p| odd_tree(p, |_, _| (), |rows, odds| rows.insert(1, ("100644", b"current.yaml", &odds.bad))),
    ),
    bad("a folder of releases twice", &["malformed", "`releases` stands in it twice"], |p| {
        odd_tree(p, |rows, odds| rows.push(("40000", b"releases", &odds.history)), |_, _| ())
    }),
    bad("a history twice, once as a link", &["malformed", "`history` stands in it twice"], |p| {
        odd_tree(p, |_, _| (), |rows, odds| rows.insert(1, ("120000", b"history", &odds.bad)))
    }),
    bad("a name with a slash in it at the top", &["malformed", "`releases/current.yaml`"], |p| {
        odd_tree(p, |rows, odds| rows.push(("100644", b"releases/current.yaml", &odds.bad)), |_, _| ())
    }),
    bad("a name with a slash in it below releases", &["malformed", "`history/x.yaml`"], |p| {
        odd_tree(p, |_, _| (), |rows, odds| rows.push(("100644", b"history/x.yaml", &odds.bad)))
    }),
    bad("a name that leads up", &["malformed", "`..`"], |p| {
        odd_tree(p, |_, _| (), |rows, odds| rows.insert(0, ("40000", b"..", &odds.releases)))
    }),
    bad("a folder called .GIT", &["malformed", "`.GIT`"], |p| {
        odd_tree(p, |_, _| (), |rows, odds| rows.insert(0, ("40000", b".GIT", &odds.history)))
    }),
    bad("a folder out of order", &["malformed", "`.sysbom.yaml` is not where"], |p| {
        odd_tree(p, |rows, _| rows.reverse(), |_, _| ())
    }),
    bad("no archive of the state it replaces", &["archive-missing"], |p| {
        p.write(MANIFEST, state("v1.2.0", "v2.0.0"));
        p.commit("Release");
        TO_MAIN
    }),
    bad("an archive that is edited", &["history-rewritten"], |p| {
        p.write(&archive(p), state("v0.9.0", "v2.0.0"));
        p.commit("Polish");
        TO_MAIN
    }),
    bad("an archive that is deleted", &["history-rewritten"], |p| {
        p.git(&["rm", "-q", &archive(p)]);
        p.commit("Tidy up");
        TO_MAIN
    }),
    bad("an archive that is renamed", &["history-rewritten"], |p| {
        p.git(&["mv", &archive(p), "releases/history/first.yaml"]);
        p.commit("Tidy up");
        TO_MAIN
    }),
    bad("an archive that becomes executable", &["history-rewritten"], |p| {
        p.git(&["update-index", "--chmod=+x", &archive(p)]);
        p.git(&["commit", "-q", "--no-verify", "-m", "Mode"]);
        TO_MAIN
    }),
    bad("an archive that becomes a link", &["history-rewritten"], |p| {
        let path = archive(p);
        let id = p.git(&["rev-parse", &format!("HEAD:{path}")]);
        entry(p, "120000", &id, &path)
    }),
    bad("a link for the history", &["history-rewritten"], |p| {
        let id = p.git(&["rev-parse", "HEAD:releases/current.yaml"]);
        entry(p, "120000", &id, "releases/history")
    }),
    bad("an archive of what never was", &["archive-differs"], |p| {
        p.write("releases/history/20240615T101500Z-0123456789ab.yaml", state("v9.9.9", "v9.9.9"));
        p.commit("Forge");
        TO_MAIN
    }),
    bad("a snapshot under another id", &["snapshot-id"], |p| {
        p.write("releases/history/exp-1.yaml", format!("snapshotId: exp-2\n{}", state("v1.1.0", "v2.0.0")));
        p.commit("Experiment");
        TO_MAIN
    }),
    bad("a note in history that Helm would deploy", &["yaml-syntax", "releases/history/x.txt"], |p| {
        p.write("releases/history/x.txt", format!("{}---\n", state("latest", "edge")));
        p.commit("Note");
        TO_MAIN
    }),
    bad("main taken back by force", &["archive-missing", "history-rewritten"], |_| {
        &["--force", "main^:main"]
    }),
    bad("a history written anew by force", &["history-rewritten"], |p| {
        p.git(&["checkout", "-q", "--orphan", "anew"]);
        p.git(&["rm", "-q", "-r", "--cached", "releases/history"]);
        std::fs::remove_dir_all(p.top().join("releases/history")).expect("scratch is ours");
        p.commit("Begin anew");
        &["--force", "anew:main"]
    }),
    bad("main deleted", &["manifest-missing", "history-rewritten"], |_| &[":main"]),
    bad("a new branch with a bad tip", &["floating-tag"], |p| {
        changed(p, |t| t.replace("v1.1.0", "latest"));
        &["main:refs/heads/new"]
    }),
    bad("a branch that becomes bad", &["floating-tag"], |p| {
        p.git(&["switch", "-q", "feature"]);
        changed(p, |t| t.replace("v1.1.0", "latest"));
        &["feature"]
    }),
    bad("a tag that leads to what no branch has", &["floating-tag"], |p| {
        changed(p, |t| t.replace("v1.1.0", "latest"));
        p.git(&["tag", "-a", "-m", "deploy me", "deploy"]);
        &["deploy"]
    }),
    bad("a ref of the server's own that leads to what no branch has", &["floating-tag"], |p| {
        changed(p, |t| t.replace("v1.1.0", "latest"));
        &["main:refs/deploy/live"]
    }),
    bad("a ref whose name only begins like one that git keeps", &["floating-tag"], |p| {
        changed(p, |t| t.replace("v1.1.0", "latest"));
        &["main:refs/stashes/live"]
    }),
    bad("a good release and a tag on a bad commit below it", &["refs/tags/bad", "floating-tag"], |p| {
        changed(p, |t| t.replace("v1.1.0", "latest"));
        p.git(&["tag", "bad"]);
        changed(p, |t| t.replace("latest", "v1.2.0"));
        &["main", "bad"]
    }),
    bad(
        "a release and a ref of the server's own on another commit",
        &["refs/deploy/live", "floating-tag"],
        |p| {
            p.git(&["switch", "-q", "-c", "side"]);
            changed(p, |t| t.replace("v1.1.0", "latest"));
            p.git(&["switch", "-q", "main"]);
            changed(p, |t| t.replace("v1.1.0", "v1.2.0"));
            &["main", "side:refs/deploy/live"]
        },
    ),
    bad("a change for review with a floating tag", &["floating-tag"], |p| {
        changed(p, |t| t.replace("v1.1.0", "latest"));
        &["main:refs/for/main"]
    }),
    bad("a merge that hides a bad file", &["floating-tag"], |p| {
        merged(p, &both_sides().replace("v2.1.0", "latest"))
    }),
    bad("a merge that tears a pin", &["torn-pin"], |p| merged(p, &both_sides().replace("v1.2.0", "v1.1.0"))),
    bad("a merge that drops a side", &["side-dropped"], |p| {
        merged(p, &manifest(&[("app", "v1.2.0", &DIGEST_A.replace("a1", "a4")), ("web", "v2.0.0", DIGEST_B)]))
    }),
    bad("a torn merge below a good tip of another change", &["torn-pin"], |p| {
        merged(p, &both_sides().replace("v1.2.0", "v1.1.0"));
        p.write("README", "x");
        p.commit("Read me");
        TO_MAIN
    }),
    bad("a merge without the archive of the state it replaces", &["archive-missing"], |p| {
        p.git(&["switch", "-q", "-c", "side"]);
        p.write(MANIFEST, state("v1.2.0", "v2.0.0"));
        p.commit("Release");
        p.git(&["switch", "-q", "main"]);
        p.git(&["merge", "-q", "--no-ff", "side"]);
        TO_MAIN
    }),
    bad("a policy weakened in the same push", &["pin-incomplete"], |p| {
        p.write(".sysbom.yaml", "digest: optional\n");
        changed(p, |t| t.replace(&format!("    digest: {DIGEST_A}\n"), ""))
    }),
    bad("a rule switched off in the same push", &["floating-tag"], |p| {
        p.write(".sysbom.yaml", "rules: {floating-tag: off}\n");
        changed(p, |t| t.replace("v1.1.0", "latest"))
    }),
    bad("a policy that looks elsewhere", &["policy-moved"], |p| {
        p.write(".sysbom.yaml", "manifest: elsewhere/current.yaml\n");
        p.commit("Move");
        TO_MAIN
    }),
    bad("a policy that cannot be read", &["policy-changed"], |p| {
        p.write(".sysbom.yaml", "digets: required\n");
        p.commit("Typo");
        TO_MAIN
    }),
    bad("two refs of which one is bad", &["floating-tag", "refs/heads/other"], |p| {
        changed(p, |t| t.replace("v1.1.0", "v1.2.0"));
        p.git(&["switch", "-q", "-c", "other"]);
        changed(p, |t| t.replace("v1.2.0", "latest"));
        &["main", "other"]
    }),
    bad(
        "two refs that are both bad",
        &["refs/heads/main", "pin-incomplete", "refs/heads/other", "floating-tag"],
        |p| {
            p.git(&["switch", "-q", "-c", "other"]);
            changed(p, |t| t.replace("v1.1.0", "latest"));
            p.git(&["switch", "-q", "main"]);
            changed(p, |t| t.replace(&format!("    digest: {DIGEST_A}\n"), ""));
            &["main", "other"]
        },
    ),
    bad("a good release behind which a bad one hides", &["floating-tag"], |p| {
        changed(p, |t| t.replace("v1.1.0", "v1.2.0"));
        changed(p, |t| t.replace("v1.2.0", "edge"))
    }),
];

/// What must get in.
pub const GOOD: &[Push] = &[
    good("a release with its archive", |p| changed(p, |t| t.replace("v1.1.0", "v1.2.0"))),
    good("a change beside the manifest", |p| {
        p.write("README", "x");
        p.commit("Read me");
        TO_MAIN
    }),
    good("three releases in one push", |p| {
        changed(p, |t| t.replace("v1.1.0", "v1.2.0"));
        changed(p, |t| t.replace("v1.2.0", "v1.3.0"));
        changed(p, |t| t.replace("v1.3.0", "v1.4.0"))
    }),
    good("back to the state before", |p| {
        let before = p.read(&archive(p));
        release(p, before)
    }),
    good("a merge that has both sides", |p| merged(p, &both_sides())),
    good("a snapshot", |p| {
        p.write("releases/history/exp-1.yaml", format!("snapshotId: exp-1\n{}", state("v1.1.0", "v2.0.0")));
        p.commit("Experiment");
        TO_MAIN
    }),
    good("a policy that asks for more", |p| {
        p.write(".sysbom.yaml", "digest: required\nfloating: {deny: ['v0.*']}\n");
        p.commit("Tighten");
        TO_MAIN
    }),
    good("a new branch", |p| {
        changed(p, |t| t.replace("v1.1.0", "v1.2.0"));
        &["main:refs/heads/new"]
    }),
    good("a branch that is deleted", |_| &[":feature"]),
    good("a branch that is rewritten by force", |p| {
        p.git(&["switch", "-q", "feature"]);
        p.write("README", "y");
        p.git(&["add", "-A"]);
        p.git(&["commit", "-q", "--amend", "-m", "Another read me"]);
        &["--force", "feature"]
    }),
    good("main rewritten by force where nothing is lost", |p| {
        p.git(&["commit", "-q", "--amend", "-m", "Said better"]);
        &["--force", "main"]
    }),
    good("a branch that has nothing in common with main", |p| {
        p.git(&["checkout", "-q", "--orphan", "pages"]);
        p.git(&["rm", "-q", "-r", "-f", "."]);
        p.write("index.html", "x");
        p.commit("Pages");
        &["pages"]
    }),
    good("a tag on main", |p| {
        p.git(&["tag", "-a", "-m", "x", "v1"]);
        p.git(&["tag", "v0", "main^"]);
        &["v1", "v0"]
    }),
    good("a ref of the server's own on main", |_| &["main:refs/deploy/live"]),
    good("a release and its tag at once", |p| {
        changed(p, |t| t.replace("v1.1.0", "v1.2.0"));
        p.git(&["tag", "v2"]);
        &["main", "v2"]
    }),
    good("two releases and a tag on each at once", |p| {
        changed(p, |t| t.replace("v1.1.0", "v1.2.0"));
        p.git(&["tag", "-a", "-m", "x", "v2"]);
        changed(p, |t| t.replace("v1.2.0", "v1.3.0"));
        p.git(&["tag", "v3"]);
        &["main", "v2", "v3", "main:refs/deploy/live"]
    }),
    good("notes", |p| {
        p.git(&["notes", "add", "-m", "x"]);
        &["refs/notes/commits"]
    }),
];

/// The hash that ids of a repository are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// 40 digits.
    Sha1,
    /// 64 digits.
    Sha256,
}

/// A repository as it is before each push, and a clone of it, to be copied.
pub struct Fixture {
    /// The world it lies in.
    pub scratch: Scratch,
}

impl Fixture {
    /// Two states of `main`, the archive of the first, a policy, a branch `feature`.
    pub fn new(hash: Hash) -> Fixture {
        let scratch = Scratch::without_repository();
        let format = match hash {
            Hash::Sha1 => "--object-format=sha1",
            Hash::Sha256 => "--object-format=sha256",
        };
        scratch.git(&["init", "-q", "-b", "main", format, "."]);
        scratch.git(&["init", "-q", "--bare", "-b", "main", format, "../fixture.git"]);
        scratch.git(&["remote", "add", "origin", "../fixture.git"]);
        scratch.write(".sysbom.yaml", "digest: required\n");
        scratch.write(MANIFEST, state("v1.0.0", "v2.0.0"));
        scratch.commit("Begin");
        scratch.git(&["push", "-q", "-u", "origin", "main"]);
        scratch.git(&["remote", "set-head", "origin", "main"]);
        scratch.write(MANIFEST, state("v1.1.0", "v2.0.0"));
        scratch.sysbom(&["archive"]).expect(0);
        scratch.commit("Release app v1.1.0");
        scratch.git(&["branch", "feature"]);
        scratch.git(&["switch", "-q", "feature"]);
        scratch.write("README", "x");
        scratch.commit("Read me");
        scratch.git(&["push", "-q", "origin", "main", "feature"]);
        scratch.git(&["switch", "-q", "main"]);
        Fixture { scratch }
    }

    /// The repository that is pushed to, without a hook.
    pub fn server(&self) -> PathBuf {
        self.scratch.root().join("fixture.git")
    }

    /// A copy of the clone, under this name, that pushes to `url`.
    pub fn clone_for(&self, name: &str, url: &str) -> Place<'_> {
        let folder = self.scratch.root().join(name);
        copy(self.scratch.top(), &folder);
        let place = self.scratch.at(&folder);
        place.git(&["remote", "set-url", "origin", url]);
        place
    }
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    let ended = std::process::Command::new("cp").arg("-a").args([from, to]).status();
    assert!(ended.is_ok_and(|status| status.success()), "{} cannot be copied", from.display());
}

/// Makes one push from a clone and holds the answer against what is expected; `refs` lists what
/// the server has.
#[track_caller]
pub fn judge(push: &Push, place: &Place, refs: &dyn Fn() -> String) -> Ran {
    let arguments = (push.make)(place);
    let before = refs();
    let ran = place.try_git(&[&["push", "origin"], arguments].concat());
    let name = push.name;
    assert!(!ran.err.contains('\u{1b}') && !ran.err.contains("bug in sysbom"), "{name}\n{ran}");
    for line in ran.err.lines() {
        let line = line.trim_start_matches("remote: ").trim_start();
        assert!(!line.starts_with("::"), "{name}: a line gives a command\n{ran}");
    }
    if push.refused.is_empty() {
        assert_eq!(ran.status, Some(0), "{name} is refused\n{ran}");
        assert_ne!(refs(), before, "{name} is taken, and nothing moved\n{ran}");
    } else {
        assert_eq!(ran.status, Some(1), "{name} is taken\n{ran}");
        assert_eq!(refs(), before, "{name} is refused, and a ref moved\n{ran}");
        for word in push.refused {
            assert!(ran.err.contains(word), "{name}: nothing says {word}\n{ran}");
        }
    }
    ran
}
