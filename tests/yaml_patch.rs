//! Edits as a person would make them: each test shows the whole text before and after.

use sysbom::yaml::{Change, Document, Path, Segment, Value, apply, apply_all};

/// `images.app.tag`, `list[0]`: keys and positions, none with a dot inside.
fn path(text: &str) -> Path {
    text.split(['.', '[']).filter(|step| !step.is_empty()).fold(Path::root(), |path, step| {
        match step.strip_suffix(']') {
            Some(index) => path.index(index.parse().expect("a position")),
            None => path.key(step),
        }
    })
}

#[track_caller]
fn edited(before: &str, change: &Change) -> String {
    let document = Document::parse(before).expect("the text before is YAML");
    apply(&document, change).unwrap_or_else(|refused| panic!("{refused}: {before}"))
}

#[track_caller]
fn replaced(before: &str, at: &str, value: Value) -> String {
    edited(before, &Change::Replace { at: path(at), value })
}

#[track_caller]
fn removed(before: &str, at: &str) -> String {
    edited(before, &Change::Remove { at: path(at) })
}

#[track_caller]
fn inserted(before: &str, into: &str, position: usize, key: Option<&str>, value: Value) -> String {
    let (into, key) = (path(into), key.map(str::to_owned));
    edited(before, &Change::Insert { into, position, key, value })
}

fn pin(tag: &str) -> Value {
    Value::Mapping(vec![
        ("image".to_owned(), Value::text("ghcr.io/acme/web")),
        ("tag".to_owned(), Value::text(tag)),
        ("digest".to_owned(), Value::text("sha256:0a")),
    ])
}

const MANIFEST: &str = "\
# what runs
images:
    # the app
    app:
        image: ghcr.io/acme/app
        tag: 'v1'   # since March
        digest: sha256:0a

    db: {image: acme/db, tag: v2}

experiment:
    weight: 90 # percent
";

#[test]
fn a_new_tag_changes_the_tag_and_nothing_else() {
    assert_eq!(replaced(MANIFEST, "images.app.tag", Value::text("v2")), MANIFEST.replace("'v1'", "'v2'"));
    assert_eq!(
        replaced(MANIFEST, "images.db.tag", Value::text("v3")),
        MANIFEST.replace("tag: v2", "tag: v3")
    );
    let windows = MANIFEST.replace('\n', "\r\n");
    assert_eq!(
        replaced(&windows, "images.app.digest", Value::text("sha256:0b")),
        windows.replace("sha256:0a", "sha256:0b")
    );
}

#[test]
fn a_tag_that_helm_would_change_is_quoted() {
    let text = "a: v1\nb: {c: v1}\n";
    assert_eq!(replaced(text, "a", Value::text("1.10")), "a: \"1.10\"\nb: {c: v1}\n");
    assert_eq!(replaced(text, "b.c", Value::text("yes")), "a: v1\nb: {c: \"yes\"}\n");
    assert_eq!(replaced(text, "a", Value::Plain("true".to_owned())), "a: true\nb: {c: v1}\n");
}

#[test]
fn a_value_that_was_not_written_is_written_after_its_colon() {
    assert_eq!(replaced("a:\nb: 1\n", "a", Value::text("v")), "a: v\nb: 1\n");
    assert_eq!(replaced("a: # why\nb: 1\n", "a", Value::text("v")), "a: v # why\nb: 1\n");
    assert_eq!(replaced("- \n- b\n", "[0]", Value::text("v")), "- v \n- b\n");
    assert_eq!(replaced("{a, b: }\n", "a", Value::text("v")), "{a: v, b: }\n");
    assert_eq!(replaced("{a, b: }\n", "b", Value::text("v")), "{a, b: v }\n");
}

#[test]
fn a_block_gives_way_to_a_scalar_and_a_scalar_to_a_block() {
    let text = "a: # why\n  b: 1\n  c: 2\nd: 3\n";
    assert_eq!(replaced(text, "a", Value::text("v")), "a: v # why\nd: 3\n");
    assert_eq!(
        replaced("a: 1 # why\nb: 2\n", "a", pin("v1")),
        "a: # why\n  image: ghcr.io/acme/web\n  tag: v1\n  digest: sha256:0a\nb: 2\n"
    );
    assert_eq!(replaced("a: |\n  one\n  two\nb: 2\n", "a", Value::text("v")), "a: v\nb: 2\n");
}

#[test]
fn a_new_component_looks_like_its_neighbours() {
    let new = "    web:\n        image: ghcr.io/acme/web\n        tag: v1\n        digest: sha256:0a\n";
    assert_eq!(
        inserted(MANIFEST, "images", 0, Some("web"), pin("v1")),
        MANIFEST.replace("    # the app\n", &format!("{new}    # the app\n"))
    );
    assert_eq!(
        inserted(MANIFEST, "images", 1, Some("web"), pin("v1")),
        MANIFEST.replace("    db:", &format!("{new}    db:"))
    );
    assert_eq!(
        inserted(MANIFEST, "images", 2, Some("web"), pin("v1")),
        MANIFEST.replace("tag: v2}\n", &format!("tag: v2}}\n{new}"))
    );
    assert_eq!(
        inserted(MANIFEST, "images.db", 2, Some("digest"), Value::text("sha256:0a")),
        MANIFEST.replace("tag: v2}", "tag: v2, digest: sha256:0a}")
    );
}

#[test]
fn a_text_without_a_last_line_break_stays_one() {
    assert_eq!(inserted("a: 1", "", 1, Some("b"), Value::text("v")), "a: 1\nb: v");
    assert_eq!(removed("a: 1\nb: 2", "b"), "a: 1");
    assert_eq!(inserted("\u{feff}a: 1", "", 0, Some("b"), Value::text("v")), "\u{feff}b: v\na: 1");
}

#[test]
fn a_list_grows_at_every_place() {
    let text = "list:\n- one # 1\n# about two\n- two\n";
    assert_eq!(
        inserted(text, "list", 0, None, Value::text("x")),
        "list:\n- x\n- one # 1\n# about two\n- two\n"
    );
    assert_eq!(
        inserted(text, "list", 1, None, Value::text("x")),
        "list:\n- one # 1\n- x\n# about two\n- two\n"
    );
    assert_eq!(
        inserted(text, "list", 2, None, pin("v1")),
        "list:\n- one # 1\n# about two\n- two\n- image: ghcr.io/acme/web\n  tag: v1\n  digest: sha256:0a\n"
    );
    assert_eq!(inserted("- - a\n  - b\n", "[0]", 0, None, Value::text("x")), "- - x\n  - a\n  - b\n");
    assert_eq!(inserted("a: []\n", "a", 0, None, Value::text("x")), "a: [x]\n");
}

#[test]
fn an_entry_goes_with_the_comments_that_belong_to_it() {
    assert_eq!(
        removed(MANIFEST, "images.app"),
        "# what runs\nimages:\n\n    db: {image: acme/db, tag: v2}\n\nexperiment:\n    weight: 90 # percent\n"
    );
    assert_eq!(
        removed(MANIFEST, "images.app.tag"),
        MANIFEST.replace("        tag: 'v1'   # since March\n", "")
    );
    assert_eq!(removed(MANIFEST, "images.db.tag"), MANIFEST.replace(", tag: v2", ""));
    assert_eq!(removed(MANIFEST, "images.db.image"), MANIFEST.replace("image: acme/db, ", ""));
    assert_eq!(
        removed(MANIFEST, "experiment.weight"),
        MANIFEST.replace("\n    weight: 90 # percent", " {} # percent")
    );
    assert_eq!(removed("- a: 1\n  b: 2\n- c\n", "[0].a"), "- b: 2\n- c\n");
    assert_eq!(removed("- a: 1\n  # on b\n  b: 2\n", "[0].a"), "-\n  # on b\n  b: 2\n");
}

#[test]
fn flow_entries_on_lines_of_their_own_keep_their_lines() {
    let text = "images: {\n  app: v1, # first\n  # on web\n  web: v2 # second\n}\n";
    assert_eq!(
        inserted(text, "images", 2, Some("db"), Value::text("v3")),
        "images: {\n  app: v1, # first\n  # on web\n  web: v2, # second\n  db: v3\n}\n"
    );
    assert_eq!(removed(text, "images.app"), "images: {\n  # on web\n  web: v2 # second\n}\n");
    assert_eq!(removed(text, "images.web"), "images: {\n  app: v1 # first\n}\n");
    assert_eq!(removed("[a, b, c]\n", "[2]"), "[a, b]\n");
    assert_eq!(removed("[a, b, c,]\n", "[0]"), "[b, c,]\n");
    assert_eq!(inserted("[a: b]\n", "[0]", 1, Some("c"), Value::text("d")), "[{a: b, c: d}]\n");
}

#[test]
fn what_an_alias_repeats_is_not_changed_in_one_place() {
    let document = Document::parse("a: &x {tag: v1}\nb: *x\nc: v1\n").expect("YAML");
    let change = |at: &str| Change::Replace { at: path(at), value: Value::text("v2") };
    for at in ["a", "a.tag"] {
        let refused = apply(&document, &change(at)).expect_err("it is repeated");
        assert_eq!(
            (refused.message.as_str(), refused.span.of(document.text())),
            ("an alias repeats this elsewhere", "*x")
        );
    }
    assert_eq!(apply(&document, &change("b")).as_deref(), Ok("a: &x {tag: v1}\nb: v2\nc: v1\n"));
    assert_eq!(apply(&document, &change("c")).as_deref(), Ok("a: &x {tag: v1}\nb: *x\nc: v2\n"));
}

#[test]
fn several_changes_are_made_one_after_the_other() {
    let document = Document::parse("tag: v1\nlist: [a]\n").expect("YAML");
    let changes = [
        Change::Replace { at: path("tag"), value: Value::text("v2") },
        Change::Insert { into: path("list"), position: 0, key: None, value: Value::text("b") },
        Change::Remove { at: path("list[1]") },
    ];
    let made = apply_all(&document, &changes).expect("each has its place");
    assert_eq!(made.text(), "tag: v2\nlist: [b]\n");
}

#[test]
fn the_helper_of_these_tests_reads_paths() {
    let steps = [Segment::Key("a".to_owned()), Segment::Index(2), Segment::Key("b".to_owned())];
    assert_eq!(path("a[2].b").segments(), steps);
}
