//! What holds for every release.

use sysbom::release::Verdict;

use crate::world::World;

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
