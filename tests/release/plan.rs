//! The guards of a release and what it writes.

use sysbom::release::{Arrival, Guard, Moment, Published, Verdict, published_in, recorded};

use crate::world::{NOW, World, digest, said, with_digests};

#[test]
fn a_release_changes_two_values_archives_the_state_and_says_so() {
    let world = World::usual();
    let planned = world.release(&["app=ghcr.io/acme/app:v1.3.0@c"], &[]);
    assert_eq!(planned.result, Verdict::Updated);
    let plan = planned.plan.expect("it is updated");
    let before = world.manifest.clone().expect("there is one");
    let after = before.replace("v1.2.3", "v1.3.0").replace(&digest('a'), &digest('c'));
    assert_eq!(world.after(&plan).manifest.as_deref(), Some(after.as_str()));
    assert_eq!(plan.archived.len(), 1);
    assert!(
        plan.archived[0].as_str().starts_with("releases/history/20240615T095820Z-"),
        "{}",
        plan.archived[0]
    );
    assert_eq!(plan.writes[0].content, before.as_bytes());
    assert_eq!(plan.title, "Release app v1.3.0");
    assert_eq!(
        plan.body,
        with_digests(
            "app: v1.2.3 -> v1.3.0\n\n\
             Sysbom-Release: {\"component\":\"app\",\"digest\":\"@c\",\"image\":\"ghcr.io/acme/app\",\"tag\":\"v1.3.0\"}"
        )
        .replace("\"@sha", "\"sha")
    );
}

#[test]
fn every_guard_stops_what_it_is_for_and_can_be_lifted() {
    let world = World::usual();
    for (argument, said_of_it, guard) in [
        (
            "api=ghcr.io/acme/api:v1.0.0@c",
            "refused: component `api` is not in the manifest",
            Some(Guard::New),
        ),
        (
            "app=ghcr.io/evil/app:v1.3.0@c",
            "refused: `app` has the image `ghcr.io/acme/app`, and this release names `ghcr.io/evil/app`",
            Some(Guard::Move),
        ),
        (
            "app=v1.2.2@c",
            "superseded: `app` has `v1.2.3` already, which is newer than `v1.2.2`",
            Some(Guard::Downgrade),
        ),
        (
            "app=v1.2.3@c",
            "refused: `ghcr.io/acme/app:v1.2.3` is pinned with another digest in `app`: the tag was pushed again",
            Some(Guard::Retag),
        ),
        ("app=v1.3.0", "refused: the release of `app` names no digest, and its pin has one", None),
        (
            "app=latest@c",
            "refused: component `app` uses the floating tag `latest`: `latest` is a moving name (moving-name)",
            None,
        ),
        (
            "app=9f8e7d6@c",
            "refused: nothing tells whether `9f8e7d6` of `app` is newer than `v1.2.3`: the tags have no order, and the \
             release does not say when it was published",
            Some(Guard::Downgrade),
        ),
        ("app=v1.2.3@a", "noop: ", None),
    ] {
        let planned = world.release(&[argument], &[]);
        if !argument.contains("latest") {
            assert_eq!(said(&planned), said_of_it);
        }
        assert!(said_of_it.starts_with(planned.result.word()), "{argument}: {}", said(&planned));
        assert_eq!(planned.plan, None, "{argument}");
        if let Some(guard) = guard {
            let lifted = world.release(&[argument], &[guard]);
            assert_eq!(lifted.result, Verdict::Updated, "{argument}: {}", said(&lifted));
        }
    }
    let unknown = world.release(&["ap=v1.3.0@c"], &[]);
    assert_eq!(
        unknown.answers[0].help,
        "did you mean `app`? A new component needs `--allow-new`, and its image: `NAME=image:tag@digest`"
    );
}

#[test]
fn what_is_held_is_not_released_and_says_why() {
    let mut world = World::usual();
    world.holds = Some(format!(
        "holds:\n  app: {{digests: {{'{}': {{reason: breaks the login}}}}}}\n  web: {{reason: moves}}\n",
        digest('c')
    ));
    let planned = world.release(&["app=v1.3.0@c"], &[]);
    assert_eq!(said(&planned), "held: `v1.3.0` of `app` is held: breaks the login");
    assert_eq!(
        planned.answers[0].help,
        format!("to release it all the same, `sysbom unhold app@{}` first", digest('c'))
    );
    assert_eq!(said(&world.release(&["web=v3.0.0@d"], &[])), "held: component `web` is held: moves");
    assert_eq!(world.release(&["app=v1.3.1@d"], &[]).result, Verdict::Updated, "the fix passes");
    world.holds = Some("holds: [".to_owned());
    assert_eq!(world.release(&["app=v1.3.1@d"], &[]).result, Verdict::Refused, "holds that cannot be read");
}

#[test]
fn tags_without_order_are_told_apart_by_when_they_were_published() {
    let mut world = World::new("images:\n  app: {image: a/app, tag: 1a2b3c4, digest: '#a'}\n");
    let arrival = |published: Option<i64>| {
        let arrival = Arrival::read(&with_digests("app=9f8e7d6@c")).expect("well formed");
        Arrival { published_at: published.map(Moment), ..arrival }
    };
    let then = NOW - 500;
    for (known, published, verdict) in [
        (Published::At(Moment(then)), Some(then + 1), Verdict::Updated),
        (Published::At(Moment(then)), Some(then - 1), Verdict::Superseded),
        (Published::At(Moment(then)), Some(then), Verdict::Refused),
        (Published::At(Moment(then)), None, Verdict::Refused),
        (Published::AtMost(Moment(then)), Some(then + 1), Verdict::Updated),
        (Published::AtMost(Moment(then)), Some(then - 1), Verdict::Refused),
        (Published::Unknown, Some(then), Verdict::Refused),
        (Published::At(Moment(then)), Some(NOW + 7200), Verdict::Refused),
    ] {
        world.published = known;
        let planned = world.plan(&[arrival(published)], &[], &[]);
        assert_eq!(planned.result, verdict, "{known:?} {published:?}: {}", said(&planned));
    }
}

#[test]
fn what_is_asked_for_together_is_released_together_or_not_at_all() {
    let world = World::usual();
    let both = world.release(&["app=v1.3.0@c", "web=v2.1.0@d"], &[]);
    let plan = both.plan.expect("both are updated");
    assert_eq!(plan.title, "Release app v1.3.0 and web v2.1.0");
    assert_eq!(plan.changes.len(), 2);
    let one_refused = world.release(&["app=v1.3.0@c", "web=v2.1.0"], &[]);
    assert_eq!((one_refused.result, one_refused.plan), (Verdict::Refused, None));
    let one_old = world.release(&["app=v1.3.0@c", "web=v1.9.0@d"], &[]);
    assert_eq!(one_old.result, Verdict::Updated);
    assert_eq!(one_old.answers[1].verdict, Verdict::Superseded);
    assert_eq!(one_old.plan.expect("app is updated").changes.len(), 1);
}

#[test]
fn one_that_is_held_keeps_nothing_else_back() {
    let mut world = World::usual();
    world.holds = Some("holds:\n  web: {reason: moves}\n".to_owned());
    let planned = world.release(&["web=v3.0.0@d", "app=v1.3.0@c"], &[]);
    let verdicts: Vec<Verdict> = planned.answers.iter().map(|answer| answer.verdict).collect();
    assert_eq!((planned.result, &verdicts[..]), (Verdict::Updated, &[Verdict::Held, Verdict::Updated][..]));
    assert_eq!(planned.answers[0].message, "component `web` is held: moves");
    assert_eq!(planned.plan.expect("app is updated").title, "Release app v1.3.0");
}

#[test]
fn one_that_is_refused_keeps_all_back_and_nothing_is_called_updated() {
    let mut world = World::usual();
    let planned = world.release(&["app=v1.3.0@c", "web=v2.1.0"], &[]);
    let verdicts: Vec<Verdict> = planned.answers.iter().map(|answer| answer.verdict).collect();
    assert_eq!((planned.result, planned.plan), (Verdict::Refused, None));
    assert_eq!(verdicts, [Verdict::Refused; 2]);
    assert_eq!(
        planned.answers[0].message,
        "`app` is kept back: it was asked for together with one that is refused"
    );
    world.holds = Some("holds:\n  web: {reason: moves}\n".to_owned());
    let planned = world.release(&["app=v1.3.0", "web=v2.1.0@c"], &[]);
    assert_eq!(planned.result, Verdict::Refused, "held besides refused");
}

#[test]
fn a_short_reference_means_the_image_of_base_and_never_one_that_waits() {
    let world = World::usual();
    let moved = world.release(&["app=ghcr.io/acme/other:v1.5.0@c", "web=v2.1.0@e"], &[Guard::Move]);
    let waiting = recorded(&moved.plan.expect("it is allowed").message());
    let arrival = |text: &str| [Arrival::read(&with_digests(text)).expect("well formed")];
    let planned = world.plan(&arrival("app=v1.6.0@d"), &[], &waiting);
    let after = world.after(&planned.plan.expect("it is newer"));
    assert_eq!(
        (after.pin("app").image.as_str(), after.pin("app").tag.as_str()),
        ("ghcr.io/acme/app", "v1.6.0")
    );
    assert_eq!(after.pin("web").tag, "v2.1.0", "what waits beside it is kept");
    let full = world.plan(&arrival("app=ghcr.io/acme/other:v1.6.0@d"), &[], &waiting);
    let full = full.plan.expect("a person has let it move to this image");
    let again = world.plan(&[], &[], &recorded(&full.message()));
    assert_eq!(again.plan, Some(full), "and it is built again as it is");
    let third = world.plan(&arrival("app=ghcr.io/acme/third:v1.6.0@d"), &[], &waiting);
    assert_eq!(third.result, Verdict::Refused, "but not to that one");
    let other = world.plan(&arrival("web=v2.2.0@d"), &[], &waiting);
    let other = world.after(&other.plan.expect("it is newer"));
    assert_eq!(other.pin("app").image, "ghcr.io/acme/other", "it does not name app");
}

#[test]
fn what_is_new_on_a_branch_stays_new_there_when_a_newer_one_takes_its_place() {
    let world = World::usual();
    let new = world.release(&["api=ghcr.io/acme/api:v1.0.0@c"], &[Guard::New]);
    let waiting = recorded(&new.plan.expect("it is allowed").message());
    let arrival = [Arrival::read(&with_digests("api=v1.1.0@d")).expect("well formed")];
    let newer = world.plan(&arrival, &[], &waiting).plan.expect("it is newer");
    assert_eq!(world.after(&newer).pin("api").image, "ghcr.io/acme/api");
    assert_eq!(world.plan(&[], &[], &recorded(&newer.message())).plan, Some(newer));
}

#[test]
fn a_tag_that_a_former_state_had_with_another_digest_was_pushed_again() {
    let mut world = World::usual();
    world.former = vec![("app", "ghcr.io/acme/app:v1.1.0@e"), ("app", "ghcr.io/acme/app:v1.4.0@f")];
    for tag in ["v1.1.0", "v1.4.0"] {
        let argument = format!("app={tag}@c");
        let planned = world.release(&[&argument], &[]);
        assert_eq!(
            said(&planned),
            format!(
                "refused: `ghcr.io/acme/app:{tag}` was pinned with another digest in a former state: the tag was pushed again"
            )
        );
        let lifted = world.release(&[&argument], &[Guard::Retag, Guard::Downgrade]);
        assert_eq!(lifted.result, Verdict::Updated, "{}", said(&lifted));
    }
    assert_eq!(world.release(&["app=v1.1.0@e"], &[]).result, Verdict::Superseded, "the digest it had");
    assert_eq!(world.release(&["app=v1.0.0@c"], &[]).result, Verdict::Superseded, "nobody knows the tag");
    assert_eq!(world.release(&["web=v1.1.0@c"], &[]).result, Verdict::Superseded, "another component");
    world.former.push(("app", "ghcr.io/acme/app:v1.1.0@c"));
    assert_eq!(world.release(&["app=v1.1.0@c"], &[]).result, Verdict::Superseded, "it had both");
}

#[test]
fn later_releases_of_one_component_follow_on_earlier_ones() {
    let world = World::usual();
    let planned = world.release(&["app=v1.4.0@c", "app=v1.3.0@d"], &[]);
    let verdicts: Vec<Verdict> = planned.answers.iter().map(|answer| answer.verdict).collect();
    assert_eq!(verdicts, [Verdict::Updated, Verdict::Superseded]);
    assert_eq!(world.after(&planned.plan.expect("it is updated")).pin("app").tag, "v1.4.0");
}

#[test]
fn what_waits_on_a_branch_is_kept_and_what_base_has_overtaken_falls_away() {
    let world = World::usual();
    let first = world.release(&["app=v1.3.0@c"], &[]).plan.expect("it is updated");
    let waiting = recorded(&first.message());
    assert_eq!(waiting.len(), 1);
    let arrival = |text: &str| [Arrival::read(&with_digests(text)).expect("well formed")];
    let second = world.plan(&arrival("web=v2.1.0@d"), &[], &waiting);
    let second = second.plan.expect("it is updated");
    assert_eq!(second.title, "Release app v1.3.0 and web v2.1.0");
    assert_eq!(recorded(&second.message()).len(), 2);
    let older = world.plan(&arrival("app=v1.2.9@d"), &[], &waiting);
    assert_eq!((older.result, older.plan), (Verdict::Superseded, None), "a newer one waits");
    let again = world.plan(&arrival("app=v1.3.0@c"), &[], &waiting);
    assert_eq!(again.plan, Some(first), "it waits already, and is made again");
    let back = world.plan(&arrival("app=v1.2.3@a"), &[Guard::Downgrade], &waiting);
    assert_eq!((back.result, back.plan), (Verdict::Noop, None), "base has it");
    assert!(back.answers[0].message.contains("something else waits"));

    let moved_on = world.after(&world.release(&["app=v1.5.0@e"], &[]).plan.expect("it is updated"));
    let rebuilt = moved_on.plan(&[], &[], &recorded(&second.message()));
    assert_eq!(rebuilt.waiting[0].verdict, Verdict::Superseded);
    let rebuilt = rebuilt.plan.expect("web still waits");
    assert_eq!((rebuilt.title.as_str(), recorded(&rebuilt.message()).len()), ("Release web v2.1.0", 1));
}

#[test]
fn a_lifted_guard_stays_lifted_when_its_branch_is_built_again() {
    let world = World::usual();
    let down = world.release(&["app=v1.0.0@c"], &[Guard::Downgrade]).plan.expect("it is allowed");
    let again = world.plan(&[], &[], &recorded(&down.message()));
    assert_eq!(again.plan, Some(down));
}

#[test]
fn the_record_says_when_a_pin_was_published() {
    let world = World::usual();
    let arrival = Arrival {
        published_at: Some(Moment(NOW - 60)),
        ..Arrival::read(&with_digests("app=v1.3.0@c")).expect("well formed")
    };
    let plan = world.plan(&[arrival], &[], &[]).plan.expect("it is updated");
    let pin = world.after(&plan).pin("app");
    assert_eq!(published_in(&plan.message(), "app", &pin), Some(Moment(NOW - 60)));
    assert_eq!(published_in(&plan.message(), "web", &pin), None);
    assert_eq!(published_in("Sysbom-Release: {\nSysbom-Release: 7\n", "app", &pin), None);
    assert_eq!(plan.committer_time(Some(NOW - 1000), NOW), NOW - 60);
    assert_eq!(plan.committer_time(Some(NOW), NOW), NOW + 1, "always after what it stands on");
}

#[test]
fn the_policy_may_let_a_component_move_or_forbid_it() {
    let policy = "images: {app: ['ghcr.io/acme/app', 'quay.io/acme/app']}\n";
    let text = "images:\n  app: {image: ghcr.io/acme/app, tag: v1.2.3, digest: '#a'}\n";
    let world = World::with_policy(text, policy);
    assert_eq!(world.release(&["app=quay.io/acme/app:v1.3.0@c"], &[]).result, Verdict::Updated);
    let evil = world.release(&["app=quay.io/evil/app:v1.3.0@c"], &[Guard::Move]);
    assert_eq!(said(&evil), "refused: the policy does not let `app` have the image `quay.io/evil/app`");
}

#[test]
fn the_first_release_makes_the_manifest() {
    let mut world = World::usual();
    world.manifest = None;
    let planned = world.release(&["app=ghcr.io/acme/app:v1.0.0@c"], &[Guard::New]);
    let plan = planned.plan.expect("it is allowed");
    assert_eq!(plan.archived, []);
    assert_eq!(
        world.after(&plan).manifest,
        Some(format!(
            "images:\n  app:\n    image: ghcr.io/acme/app\n    tag: v1.0.0\n    digest: {}\n",
            digest('c')
        ))
    );
}

#[test]
fn a_manifest_that_cannot_be_read_or_patched_is_left_alone() {
    for text in [
        "images: [\n",
        "x: &x {image: ghcr.io/acme/app, tag: v1.2.3, digest: '#a'}\nimages: {app: *x}\n",
        "images:\n  app: {image: ghcr.io/acme/app, tag: v1.2.3, digest: '#a'}\n  app: {image: ghcr.io/acme/app, tag: v1.2.2, digest: '#b'}\n",
        "images:\n  app: {image: ghcr.io/acme/app, tag: v1.2.3, tag: v1.2.1, digest: '#a'}\n",
    ] {
        let planned = World::new(text).release(&["app=v1.3.0@c"], &[]);
        assert_eq!((planned.result, planned.plan), (Verdict::Refused, None), "{text}");
        assert!(!planned.answers[0].help.is_empty(), "{text}");
    }
}
