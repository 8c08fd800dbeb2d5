//! The demo: what a stranger sees first.

mod support;

use support::Scratch;

#[test]
fn the_demo_shows_what_it_promises() {
    let scratch = Scratch::without_repository();
    let ran = scratch.sysbom(&["demo", "here"]).expect(0);
    let scenes = [
        "$ git merge release/model",
        "complete it with `git commit`",
        "$ git -c 'merge.sysbom.driver=git merge-file %A %O %B' merge-tree",
        "conflict in releases/current.yaml: `app`",
        "error[floating-tag]",
        "error[duplicate-key]",
        "error[history-rewritten]",
        "error[archive-missing]",
        "wrote and staged releases/history/",
    ];
    let places: Vec<_> = scenes.iter().map(|scene| ran.out.find(scene)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{ran}");
    assert_eq!(ran.err, "");
    let here = scratch.top().join("here/operations");
    assert_eq!(scratch.at(&here).git(&["status", "--porcelain"]), "");
    scratch.at(&here).sysbom(&["check"]).expect(0);
}

#[test]
fn the_demo_plays_again_where_it_has_played_and_nowhere_else() {
    let scratch = Scratch::without_repository();
    scratch.sysbom(&["demo"]).expect(0);
    scratch.sysbom(&["demo"]).expect(0);
    scratch.write("sysbom-demo/notes.txt", "mine");
    scratch.sysbom(&["demo"]).expect(2).says("not empty");
    scratch.write("mine/operations/file", "mine");
    scratch.sysbom(&["demo", "mine"]).expect(2).says("not empty");
    assert_eq!(scratch.read("mine/operations/file"), "mine");
}

#[test]
fn the_demo_is_the_same_everywhere_and_leaves_configuration_alone() {
    let scratch = Scratch::without_repository();
    scratch.write("../home/.gitconfig", "[commit]\n\tgpgSign = true\n[core]\n\thooksPath = /nowhere\n");
    let outputs = ["first-play", "second-play"]
        .map(|dir| scratch.sysbom(&["demo", dir]).expect(0).out.replace(dir, "DIR"));
    assert!(outputs[0] == outputs[1], "two plays differ");
    let from_ci = Scratch::without_repository().with_var("CI", "true").with_var("SOURCE_DATE_EPOCH", "1");
    let ran = from_ci.sysbom(&["demo", "first-play"]).expect(0);
    let world = |text: &str, scratch: &Scratch| text.replace(&scratch.root().display().to_string(), "ROOT");
    assert!(
        world(&ran.out.replace("first-play", "DIR"), &from_ci) == world(&outputs[0], &scratch),
        "it differs in CI"
    );
}

#[test]
fn the_demo_overwrites_nothing() {
    let scratch = Scratch::without_repository();
    scratch.write("here/mine", "x");
    scratch.sysbom(&["demo", "here"]).expect(2).says("not empty");
    assert_eq!(std::fs::read_dir(scratch.top().join("here")).expect("it is there").count(), 1);
}
