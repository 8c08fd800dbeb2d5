//! Snapshots: what they hold and what they refuse.

use sysbom::bom::SnapshotId;
use sysbom::release::{
    Arrival, Chart, Moment, Parameter, Plan, Record, Refusal, SnapshotRequest, plan_close, plan_snapshot,
};

use crate::world::{NOW, World, digest, with_digests};

fn record() -> Record {
    Record {
        owner: Some("ada".into()),
        hypothesis: Some("smaller: is faster".into()),
        created: Some(Moment(NOW)),
        commit: "4f1c2ab".into(),
        release: "releases/current.yaml".into(),
        chart: Some(Chart { path: "chart".into(), version: "1.10".into(), digest: "0123".into() }),
        values: vec![("values.yaml".into(), "ab".repeat(32))],
        ..Record::default()
    }
}

fn snapshot(world: &World, set: &[&str], images: &[&str], schema: Option<&str>) -> Result<Plan, Refusal> {
    let id: SnapshotId = "exp-1".parse().expect("it is safe");
    let parameters = set.iter().map(|text| Parameter::read(text)).collect::<Result<Vec<_>, _>>()?;
    let images =
        images.iter().map(|text| Arrival::read(&with_digests(text))).collect::<Result<Vec<_>, _>>()?;
    let request = SnapshotRequest {
        id: &id,
        from: world.manifest.as_deref().expect("there is one").as_bytes(),
        parameters: &parameters,
        images: &images,
        record: &record(),
        schema: schema.map(str::as_bytes),
    };
    plan_snapshot(&world.system, &request)
}

fn refused(world: &World, set: &[&str], schema: Option<&str>) -> (String, String) {
    let refusal = snapshot(world, set, &[], schema).expect_err("it is refused");
    (refusal.message, refusal.help)
}

#[test]
fn a_snapshot_is_the_state_with_parameters_images_and_a_record() {
    let world = World::usual();
    let set = ["canaryEnabled=true", "stableWeight=90", "canaryWeight=10", "load.users=50", "label=1.10"];
    let plan = snapshot(&world, &set, &["appCanary=ghcr.io/acme/app:v1.3.0-rc.1@c"], None)
        .expect("it is well formed");
    assert_eq!(plan.writes.len(), 1);
    assert_eq!(plan.writes[0].path.as_str(), "releases/history/exp-1.yaml");
    assert_eq!((plan.title.as_str(), plan.body.as_str()), ("Snapshot exp-1", "smaller: is faster"));
    let text = String::from_utf8(plan.writes[0].content.clone()).expect("it is text");
    let expected = "\
snapshotId: exp-1
images:
  app:
    image: ghcr.io/acme/app
    tag: v1.2.3 # the app
    digest: DIGEST-A
  appCanary:
    image: ghcr.io/acme/app
    tag: v1.3.0-rc.1
    digest: DIGEST-C
  web:
    image: ghcr.io/acme/web
    tag: v2.0.0
    digest: DIGEST-B
experiment:
  canaryEnabled: true
  stableWeight: 90
  canaryWeight: 10
  load:
    users: 50
  label: \"1.10\"
sysbom:
  id: exp-1
  owner: ada
  hypothesis: \"smaller: is faster\"
  created: 2024-06-15T10:15:00Z
  base:
    commit: 4f1c2ab
    release: releases/current.yaml
  chart:
    path: chart
    version: \"1.10\"
    digest: \"0123\"
  values:
    - path: values.yaml
      sha256: HASH
"
    .replace("DIGEST-A", &digest('a'))
    .replace("DIGEST-B", &digest('b'))
    .replace("DIGEST-C", &digest('c'))
    .replace("HASH", &"ab".repeat(32));
    assert_eq!(text, expected);
    assert_eq!(Record::read(&text), Some(record()));
    let mut again = world.clone();
    again.manifest = Some(text.clone());
    let from_snapshot = snapshot(&again, &[], &[], None).expect("a snapshot of a snapshot");
    assert_eq!(String::from_utf8(from_snapshot.writes[0].content.clone()).expect("it is text"), text);
}

#[test]
fn parameters_are_typed_and_their_names_known() {
    let world = World::usual();
    for (set, message, help) in [
        (
            &["canaryEnable=true"][..],
            "the experiment has no parameter `canaryEnable`",
            "did you mean `canaryEnabled`? If it is new, let `experiment.schema` of `.sysbom.yaml` name it",
        ),
        (
            &["canaryEnabled=maybe"],
            "`canaryEnabled` is true or false, and would become a text",
            "write it as its present value is written; or describe it in `experiment.schema`",
        ),
        (
            &["stableWeight=90", "canaryWeight=20"],
            "`stableWeight` 90 and `canaryWeight` 20 add up to 110, not to 100",
            "with `canaryWeight` 20, `--set stableWeight=80`",
        ),
        (
            &["canaryWeight=ten"],
            "`canaryWeight` is no whole number from 0 to 100",
            "write `--set canaryWeight=10`",
        ),
        (
            &["canaryEnabled.x=1"],
            "`canaryEnabled.x` cannot be set: something else stands on the way to it",
            "look at the experiment block of the state it starts from",
        ),
        (&["x"], "`x` sets nothing", "write `--set name=value`, such as `--set canaryWeight=10`"),
        (
            &["a..b=1"],
            "`a..b` names no parameter",
            "write `--set name=value`, such as `--set canaryWeight=10`",
        ),
    ] {
        assert_eq!(refused(&world, set, None), (message.to_owned(), help.to_owned()), "{set:?}");
    }
}

#[test]
fn what_is_set_together_is_no_slip_of_each_other() {
    let world = World::with_policy("images: {app: {image: a/app, tag: v1.2.3}}\n", "digest: optional\n");
    let set = ["load1=1e3", "load2=yes", "load3=null", "load4=[1,2]", "load5=", "load6=010"];
    let plan = snapshot(&world, &set, &["app=v1.2.3@c"], None).expect("all of them are new");
    let text = String::from_utf8(plan.writes[0].content.clone()).expect("it is text");
    let expected = "experiment:\n  load1: \"1e3\"\n  load2: \"yes\"\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn an_id_that_looks_like_an_archive_is_refused() {
    let world = World::usual();
    let id: SnapshotId = "20240615T101500Z-0123456789ab".parse().expect("it is safe as a name");
    let record = record();
    let request = SnapshotRequest {
        id: &id,
        from: world.manifest.as_deref().expect("there is one").as_bytes(),
        parameters: &[],
        images: &[],
        record: &record,
        schema: None,
    };
    let refusal = plan_snapshot(&world.system, &request).expect_err("it would be taken for an archive");
    assert!(refusal.message.ends_with("has the form of an archive's name"), "{}", refusal.message);
}

#[test]
fn a_schema_says_which_parameters_there_are() {
    let world = World::usual();
    let schema = r#"{"type":"object","properties":{"canaryEnabled":{"type":"boolean"},"load":{"type":"object","properties":{"users":{"type":"integer"}}}}}"#;
    assert!(snapshot(&world, &["load.users=50"], &[], Some(schema)).is_ok());
    for (set, message, help) in [
        ("canary=1", "the experiment has no parameter `canary`", "known are canaryEnabled, load"),
        ("load.user=1", "the experiment has no parameter `load.user`", "did you mean `load.users`?"),
        (
            "load.users=many",
            "`experiment.load.users` is string, and must be integer",
            "see the JSON Schema that `.sysbom.yaml` names",
        ),
    ] {
        assert_eq!(refused(&world, &[set], Some(schema)), (message.to_owned(), help.to_owned()), "{set}");
    }
    assert!(refused(&world, &[], Some("{")).0.starts_with("the schema of the experiment is no JSON"));
}

#[test]
fn a_pin_without_digest_makes_no_snapshot() {
    let world = World::with_policy("images: {app: {image: a/app, tag: v1.2.3}}\n", "digest: optional\n");
    assert_eq!(refused(&world, &[], None).0, "`app` has no digest, so nobody could bring this snapshot back");
    assert!(snapshot(&world, &[], &["app=v1.2.3@c"], None).is_ok());
}

#[test]
fn parameters_come_from_a_file_in_yaml_or_json() {
    let one = Parameter::read_file(b"canaryWeight: 10\nload: {users: 5}\n").expect("it is a mapping");
    let two =
        Parameter::read_file(br#"{"canaryWeight": 10, "load": {"users": 5}}"#).expect("it is a mapping");
    assert_eq!(one, two);
    assert_eq!(one.len(), 2);
    for text in ["- 1\n", "a: 1\na: 2\n", "a: &x 1\nb: *x\n", "", "{"] {
        assert!(Parameter::read_file(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn an_outcome_is_a_file_of_its_own() {
    let world = World::usual();
    let id: SnapshotId = "exp-1".parse().expect("it is safe");
    let plan = plan_close(&world.system, &id, "confirmed", Some("12 % faster: yes"), Moment(NOW))
        .expect("it is said");
    assert_eq!(plan.writes[0].path.as_str(), "releases/outcomes/exp-1.yaml");
    assert_eq!(
        String::from_utf8(plan.writes[0].content.clone()).expect("it is text"),
        "snapshotId: exp-1\noutcome: confirmed\nnote: \"12 % faster: yes\"\nclosed: 2024-06-15T10:15:00Z\n"
    );
    assert!(plan_close(&world.system, &id, " ", None, Moment(NOW)).is_err());
}

#[test]
fn a_word_of_the_command_line_has_the_type_that_the_schema_names() {
    let schema = r#"{"type": "object", "additionalProperties": {"type": "number"}, "properties": {
        "number": {"type": "number"}, "maybe": {"type": ["number", "null"]}, "name": {"type": "string"},
        "text": {"type": ["string", "null"]}, "whole": {"type": "integer"}, "on": {"type": "boolean"},
        "mode": {"enum": ["1.10", "off", 2.50, true]}, "fixed": {"const": "7"}, "free": {},
        "steps": {"type": "array", "items": {"type": "number"}},
        "load": {"type": "object", "properties": {"users": {"type": "string"}}}}}"#;
    let set = |text: &str| {
        let world = World::new("images: {app: {image: a/app, tag: v1.2.3, digest: #a}}\n");
        let plan = snapshot(&world, &[text], &[], Some(schema)).map_err(|refusal| refusal.message)?;
        let text = String::from_utf8(plan.writes[0].content.clone()).expect("it is text");
        let (_, block) = text.split_once("experiment:\n  ").expect("it has an experiment");
        Ok(block.split_once("\nsysbom:").expect("it has a record").0.to_owned())
    };
    for (text, line) in [
        ("number=1.10", "number: 1.10"),
        ("number=0.5", "number: 0.5"),
        ("number=1e3", "number: 1e3"),
        ("number=-2.0", "number: -2.0"),
        ("maybe=1.50", "maybe: 1.50"),
        ("maybe=null", "maybe: null"),
        ("name=123", "name: \"123\""),
        ("name=true", "name: \"true\""),
        ("name=null", "name: \"null\""),
        ("name=[1]", "name: \"[1]\""),
        ("name=", "name: \"\""),
        ("text=1.10", "text: \"1.10\""),
        ("text=null", "text: null"),
        ("whole=10", "whole: 10"),
        ("on=true", "\"on\": true"),
        ("mode=1.10", "mode: \"1.10\""),
        ("mode=2.5", "mode: 2.5"),
        ("mode=off", "mode: \"off\""),
        ("mode=true", "mode: true"),
        ("fixed=7", "fixed: \"7\""),
        ("free=1.10", "free: \"1.10\""),
        ("free=5", "free: 5"),
        ("steps=[1, 2.50]", "steps:\n    - 1\n    - 2.50"),
        ("steps=[]", "steps: []"),
        ("load={\"users\": \"7\"}", "load:\n    users: \"7\""),
        ("load={users: many}", "load:\n    users: many"),
        ("load.users=7", "load:\n    users: \"7\""),
        ("other=1.10", "other: 1.10"),
    ] {
        assert_eq!(set(text), Ok(line.to_owned()), "{text}");
    }
    for (text, message) in [
        ("number=many", "`experiment.number` is string, and must be number"),
        ("number= 1.10", "`experiment.number` is string, and must be number"),
        ("whole=1.50", "`experiment.whole` is number, and must be integer"),
        ("on=yes", "`experiment.on` is string, and must be boolean"),
        ("mode=on", "`experiment.mode` must be one of \"1.10\", \"off\", 2.5, true"),
        ("steps=1", "`experiment.steps` is integer, and must be array"),
        ("steps=[1, x]", "`experiment.steps[1]` is string, and must be number"),
        ("load={a: 1, a: 2}", "`experiment.load` is string, and must be object"),
    ] {
        assert_eq!(set(text), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn no_parameter_is_set_twice_and_no_snapshot_is_called_current() {
    let twice = Parameter::read_all(["load.users=1", "mode=x", "load.users=2"]);
    assert_eq!(
        twice.map_err(|refusal| refusal.message),
        Err("the parameter `load.users` is set twice".into())
    );
    let world = World::usual();
    for name in ["current", "Current"] {
        let id: SnapshotId = name.parse().expect("it is safe");
        let request = SnapshotRequest {
            id: &id,
            from: world.manifest.as_deref().expect("there is one").as_bytes(),
            parameters: &[],
            images: &[],
            record: &record(),
            schema: None,
        };
        let refusal = plan_snapshot(&world.system, &request).expect_err("it is refused");
        assert_eq!(refusal.message, format!("the id `{name}` is what the present manifest is called"));
    }
}
