//! What holds for every release.

use sysbom::release::{Moment, Reason, Rollback, Verdict};

use crate::mutants::mutated;
use crate::random::Random;
use crate::world::{NOW, World, digest};

const LAYOUTS: &[(&str, &str)] = &[
    (
        "images:\n  app: {image: a/app, tag: v1.2.3, digest: '#a'}\n  web: {image: a/web, tag: v1.2.3, digest: '#b'}\n",
        "",
    ),
    ("images:\n  app: a/app:v1.2.3@#a\n  web: a/web:v1.2.3@#b", ""),
    (
        "images:\r\n- name: app\r\n  image: a/app\r\n  tag: v1.2.3@#a\r\n- {name: web, image: a/web, tag: v1.2.3, digest: '#b'}\r\n",
        "",
    ),
    (
        "app: {image: {image: a/app, tag: v1.2.3, digest: '#a'}}\nweb: {image: 'a/web:v1.2.3@#b'}\n",
        "components: '*.image'\n",
    ),
];

#[test]
fn a_release_sets_its_own_pin_and_no_other_and_twice_is_once() {
    for (text, policy) in LAYOUTS {
        let world = World::with_policy(text, policy);
        let planned = world.release(&["app=v1.3.0@c"], &[]);
        let after = world.after(&planned.plan.expect("it is updated"));
        assert_eq!(after.pin("app").tag, "v1.3.0", "{text}");
        assert_eq!(after.pin("web"), world.pin("web"), "{text}");
        let again = after.release(&["app=v1.3.0@c"], &[]);
        assert_eq!((again.result, again.plan), (Verdict::Noop, None), "{text}");
        let older = after.release(&["app=v1.2.3@a"], &[]);
        assert_eq!((older.result, older.plan), (Verdict::Superseded, None), "{text}");
    }
}

/// Manifests after accidents: whatever a release makes of one, it set the pin that was asked for and
/// no other; doing it again is nothing; and the rollback brings the old pins back.
#[test]
fn whatever_is_released_is_what_was_asked_for_and_comes_back() {
    let mut random = Random::new(7);
    let mut made = 0;
    for round in 0..4_000 {
        let (text, policy) = LAYOUTS[round % LAYOUTS.len()];
        let mut world = World::with_policy(text, policy);
        if round >= LAYOUTS.len() {
            world.manifest = world.manifest.map(|text| mutated(&mut random, &text));
        }
        let planned = world.release(&["app=v1.3.0@c"], &[]);
        let Some(plan) = planned.plan else { continue };
        made += 1;
        let after = world.after(&plan);
        let text = world.manifest.as_deref().expect("there is one");
        assert_eq!(
            (after.pin("app").tag, after.pin("app").digest),
            ("v1.3.0".to_owned(), digest('c')),
            "{text}"
        );
        let others = |world: &World| {
            let mut pins = world.pins();
            pins.retain(|(name, _)| name != "app");
            pins
        };
        assert_eq!(others(&after), others(&world), "{text}");
        assert_eq!(after.release(&["app=v1.3.0@c"], &[]).result, Verdict::Noop, "{text}");
        let back = after.state(|state| {
            let rollback = Rollback::begin(state, &[]).expect("it was read a moment ago");
            rollback.plan("before", text.as_bytes(), Reason { text: "law", now: Moment(NOW) })
        });
        if let Some(plan) = back.plan {
            assert_eq!(after.after(&plan).pins(), world.pins(), "{text}");
        }
    }
    assert!(made > 400, "made {made} releases");
}
