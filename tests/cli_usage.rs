//! What everyone meets first: help, usage errors, and the statuses of failures.

mod support;

use support::Scratch;

#[test]
fn help_goes_to_standard_output_and_names_the_plumbing_apart() {
    let ran = Scratch::without_repository().sysbom(&["--help"]).expect(0);
    let (commands, plumbing) = ran.out.split_once("Plumbing").expect("it stands apart");
    assert!(commands.contains("\n  explain ") && !plumbing.contains("explain"), "{ran}");
    assert_eq!(ran.err, "");
}

#[test]
fn a_usage_error_of_the_driver_stops_the_merge() {
    let scratch = Scratch::without_repository();
    scratch.sysbom(&["merge-driver"]).expect(129);
    scratch.sysbom(&["merge-driver", "--help-me"]).expect(129);
    scratch.sysbom(&["merge-file"]).expect(255);
    scratch.sysbom(&["no-such-command"]).expect(2);
}

#[test]
fn a_panic_of_the_driver_stops_the_merge() {
    let scratch = Scratch::without_repository().with_var("SYSBOM_TEST_FAULT", "start=panic");
    let ran = scratch.sysbom(&["merge-driver", "a", "b", "c", "7", "releases/current.yaml"]).expect(129);
    assert!(ran.err.contains("a bug in sysbom"), "{ran}");
}

#[test]
fn a_missing_side_stops_the_merge_and_is_named() {
    let scratch = Scratch::without_repository();
    scratch.sysbom(&["merge-driver", "no-base", "b", "c", "7", "x.yaml"]).expect(129).says("no-base");
}

#[test]
fn a_variable_without_a_value_is_suspected() {
    let ran = Scratch::new().sysbom(&["check", "--base", ""]).expect(2);
    ran.says("the value of --base is empty").says("is the variable set?");
}

#[test]
fn what_is_printed_cannot_move_the_cursor_or_forge_a_line() {
    let hostile = "x\u{1b}[2J\n::error::forged\u{202e}";
    let scratch = Scratch::new();
    for arguments in
        [&["explain", hostile][..], &["check", "--base", hostile], &[hostile], &["demo", hostile, hostile]]
    {
        let ran = scratch.sysbom(arguments).expect(2);
        let said = ran.out.clone() + &ran.err;
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{arguments:?}\n{ran}");
        assert!(!said.lines().any(|line| line.trim_start().starts_with("::")), "{arguments:?}\n{ran}");
    }
}
