//! Going back, and what is held then.

use sysbom::release::{
    Guard, Hold, Moment, Planned, Reason, Rollback, Verdict, plan_hold, plan_unhold, promotions,
};

use crate::world::{NOW, World, digest, said};

fn rollback(world: &World, components: &[&str], former: &World) -> Planned {
    let components: Vec<String> = components.iter().map(|name| (*name).to_owned()).collect();
    let reason = Reason { text: "breaks the login", now: Moment(NOW) };
    world.state(|state| {
        let rollback = Rollback::begin(state, &components).expect("the manifest is readable");
        rollback.plan(
            "20240615T095820Z-0123456789ab",
            former.manifest.as_deref().expect("there is one").as_bytes(),
            reason,
        )
    })
}

fn fits(world: &World, components: &[&str], former: &World) -> bool {
    let components: Vec<String> = components.iter().map(|name| (*name).to_owned()).collect();
    world.state(|state| {
        let rollback = Rollback::begin(state, &components).expect("the manifest is readable");
        rollback.fits(former.manifest.as_deref().expect("there is one").as_bytes())
    })
}

#[test]
fn a_release_and_its_rollback_restore_the_state_and_hold_what_is_left() {
    let old = World::usual();
    let new = old.after(&old.release(&["app=v1.3.0@c"], &[]).plan.expect("it is updated"));
    assert!(fits(&new, &[], &old) && fits(&new, &["app"], &old));
    assert!(!fits(&new, &["web"], &old) && !fits(&new, &[], &new), "nothing differs there");
    for components in [&[][..], &["app"][..]] {
        let planned = rollback(&new, components, &old);
        let plan = planned.plan.expect("it goes back");
        assert_eq!(plan.title, "Roll back app v1.3.0 -> v1.2.3");
        assert_eq!(
            plan.body,
            "app: v1.3.0 -> v1.2.3\n\nReason: breaks the login\nBack to: 20240615T095820Z-0123456789ab"
        );
        assert_eq!(plan.archived.len(), 1);
        let back = new.after(&plan);
        assert_eq!(back.manifest, old.manifest, "byte for byte");
        assert_eq!(
            said(&back.release(&["app=v1.3.0@c"], &[])),
            "held: `v1.3.0` of `app` is held: breaks the login"
        );
        assert_eq!(back.release(&["app=v1.3.1@d"], &[]).result, Verdict::Updated, "anything newer passes");
        assert!(!fits(&back, &[], &new), "what was left is not gone back to");
        assert_eq!(rollback(&back, &[], &new).result, Verdict::Held);
    }
}

#[test]
fn a_rollback_says_that_a_pin_without_digest_is_not_held() {
    let state = |tag: &str| {
        World::with_policy(&format!("images: {{app: {{image: a/app, tag: {tag}}}}}\n"), "digest: optional\n")
    };
    let plan = rollback(&state("v1.3.0"), &[], &state("v1.2.3")).plan.expect("it goes back");
    assert_eq!(
        plan.notes,
        [
            "app v1.3.0 is not held: it has no digest to hold; `sysbom hold app --reason TEXT` keeps the component as it is"
        ]
    );
    assert!(!plan.writes.iter().any(|write| write.path.as_str() == "releases/holds.yaml"));
}

#[test]
fn a_release_says_what_is_held_and_is_no_component() {
    let world = World { holds: Some("holds: {App: {reason: slow}}\n".to_owned()), ..World::usual() };
    let plan = world.release(&["app=v1.3.0@c"], &[]).plan.expect("it is updated");
    assert_eq!(plan.notes, ["`App` is held and is no component of the manifest: did you mean `app`?"]);
}

#[test]
fn going_to_a_newer_state_is_not_called_going_back() {
    let old = World::usual();
    let new = old.after(&old.release(&["app=v1.7.0@c"], &[]).plan.expect("it is updated"));
    let plan = rollback(&old, &[], &new).plan.expect("they differ");
    assert_eq!(plan.title, "Restore app v1.2.3 -> v1.7.0");
}

#[test]
fn a_rollback_takes_components_and_the_experiment_along_and_leaves_the_rest() {
    let old = World::new(
        "images:\n  app: {image: a/app, tag: v1.2.3, digest: '#a', pullPolicy: Always}\n  db: {image: a/db, tag: v9.0.0, digest: '#b'}\n\
         experiment: {canaryEnabled: true, stableWeight: 90}\nsnapshotId: old\n",
    );
    let new = World::new(
        "# ours\nimages:\n  app: {image: a/app, tag: v1.3.0, digest: '#c'} # here\n  web: {image: a/web, tag: v2.0.0, digest: '#d'}\n\
         other: 1\nexperiment:\n  # share\n  stableWeight: 100\n  extra: x\nsnapshotId: new\n",
    );
    let planned = rollback(&new, &[], &old);
    let plan = planned.plan.clone().unwrap_or_else(|| panic!("{}", said(&planned)));
    let back = new.after(&plan);
    assert_eq!(
        back.manifest.expect("there is one"),
        "# ours\nimages:\n  app: {image: a/app, tag: v1.2.3, digest: '#a', pullPolicy: Always} # here\n  db: {image: a/db, tag: v9.0.0, digest: #b}\n\
         other: 1\nexperiment:\n  # share\n  stableWeight: 90\n  canaryEnabled: true\nsnapshotId: new\n"
            .replace("#a'", &format!("{}'", digest('a')))
            .replace("#b", &digest('b'))
    );
    let words: Vec<&str> = plan.changes.iter().map(|change| change.kind.word()).collect();
    assert_eq!(words, ["downgraded", "added", "removed"]);
    let holds = back.holds.expect("two digests are left");
    assert!(
        holds.contains(&digest('c')) && holds.contains(&digest('d')) && !holds.contains(&digest('a')),
        "{holds}"
    );
    let app_alone = new.after(&rollback(&new, &["app"], &old).plan.expect("it goes back"));
    assert_eq!((app_alone.pin("app"), app_alone.pin("web")), (old.pin("app"), new.pin("web")));
    assert!(app_alone.manifest.expect("there is one").contains("stableWeight: 100"), "the experiment stays");
}

#[test]
fn a_rollback_of_what_is_not_there_is_refused_with_a_suggestion() {
    let world = World::usual();
    let refusal = world.state(|state| {
        Rollback::begin(state, &["wep".to_owned()]).map(|_| ()).expect_err("no such component")
    });
    assert_eq!(refusal.help, "did you mean `web`?");
    let same = rollback(&world, &[], &world);
    assert_eq!((same.result, same.plan), (Verdict::Noop, None));
}

#[test]
fn holding_is_no_new_state_and_is_undone() {
    let world = World::usual();
    let hold = Hold {
        component: "app".into(),
        digest: None,
        tag: None,
        reason: "the database moves".into(),
        since: Some(Moment(NOW)),
    };
    let plan =
        world.state(|state| plan_hold(state, &hold)).expect("app is there").expect("it is not held yet");
    assert_eq!((plan.title.as_str(), plan.archived.len(), plan.writes.len()), ("Hold app", 0, 1));
    let held = world.after(&plan);
    assert_eq!(held.manifest, world.manifest);
    assert_eq!(held.release(&["app=v1.3.0@c"], &[Guard::Downgrade]).result, Verdict::Held);
    assert_eq!(held.state(|state| plan_hold(state, &hold)), Ok(None), "it is held already");
    let plan =
        held.state(|state| plan_unhold(state, "app", None)).expect("it can be patched").expect("it is held");
    let free = held.after(&plan);
    assert_eq!(free.release(&["app=v1.3.0@c"], &[]).result, Verdict::Updated);
    assert_eq!(free.state(|state| plan_unhold(state, "app", None)), Ok(None));
    let typo = Hold { component: "ap".into(), ..hold };
    assert_eq!(
        world.state(|state| plan_hold(state, &typo)).expect_err("no such component").help,
        "did you mean `app`?"
    );
}

#[test]
fn a_promotion_releases_pins_under_the_same_guards_and_never_the_experiment() {
    let test = World::new(
        "images:\n  app: {image: ghcr.io/acme/app, tag: v1.4.0, digest: '#c'}\n  web: {image: ghcr.io/acme/web, tag: v1.0.0, digest: '#d'}\n\
         experiment: {canaryEnabled: true}\n",
    );
    let prod = World::usual();
    let arrivals = test.state(|state| promotions(state, &[])).expect("its pins are well formed");
    let planned = prod.plan(&arrivals, &[], &[]);
    let verdicts: Vec<Verdict> = planned.answers.iter().map(|answer| answer.verdict).collect();
    assert_eq!(verdicts, [Verdict::Updated, Verdict::Superseded]);
    let after = prod.after(&planned.plan.expect("app is updated"));
    assert_eq!(after.pin("app"), test.pin("app"));
    assert!(after.manifest.expect("there is one").contains("canaryEnabled: false"));
    let one = test.state(|state| promotions(state, &["web".to_owned()])).expect("it is there");
    assert_eq!(one.len(), 1);
}
