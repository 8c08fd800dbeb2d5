//! Every rule by itself: a case in which it fires, with the exact place, and one in which it is
//! quiet. What a rule says of a real repository is tested through the command.

use std::cell::RefCell;

use sha2::{Digest as _, Sha256};
use sysbom::bom::{HistoryLayout, archive_path};
use sysbom::check::{
    Finding, Fix, Input, MergeCommit, MergeParent, Moves, RULES, Scope, Severity, Standing, check, judge,
};
use sysbom::policy::Date;
use sysbom::report::{Color, Format, render};
use sysbom::text::position;
use sysbom::tree::{Kind, MapTree, ObjectId, RepoPath, Tree};

const CURRENT: &str = "releases/current.yaml";
const POLICY: &str = ".sysbom.yaml";

/// The digest of a build: any, as long as another build has another one.
fn digest(build: &str) -> String {
    let hash = Sha256::digest(build.as_bytes());
    format!("sha256:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// A component at two spaces; its tag stands in the third line, its digest in the fourth.
fn component(name: &str, tag: &str) -> String {
    pin(name, &format!("ghcr.io/acme/{name}"), tag, &digest(&format!("{name}:{tag}")))
}

fn pin(name: &str, image: &str, tag: &str, digest: &str) -> String {
    format!("  {name}:\n    image: {image}\n    tag: {tag}\n    digest: {digest}\n")
}

fn manifest(components: &[String]) -> String {
    format!("images:\n{}", components.concat())
}

/// Two sound components: `app` begins in line 2, `web` in line 6.
fn sound() -> String {
    manifest(&[component("app", "v1.2.3"), component("web", "v2.0.0")])
}

fn tree(manifest: &str) -> MapTree {
    MapTree::new().with(CURRENT, manifest)
}

/// Where the archive of a state belongs, published one second after another.
fn archive(second: i64, state: &str) -> String {
    let history = RepoPath::new("releases/history");
    archive_path(&history, HistoryLayout::Flat, 1_718_446_500 + second, state.as_bytes()).as_str().to_owned()
}

fn today() -> Date {
    "2024-06-15".parse().expect("a day of the calendar")
}

/// What the rules find in an update, judged by the policy that ought to judge it.
fn update(before: Option<&MapTree>, after: &MapTree) -> Vec<Finding> {
    let before = before.map(|tree| tree as &dyn Tree);
    let policies = judge(before, after).expect("the policy is valid");
    check(&Input::new(&policies, before, after, today())).expect("a map can be read")
}

/// The same for a manifest alone, where there is no base.
fn of_manifest(manifest: &str) -> Vec<Finding> {
    update(None, &tree(manifest))
}

/// A change of the manifest that archives the former state, as every sound one does.
fn change(before: &str, after: &str) -> Vec<Finding> {
    update(Some(&tree(before)), &tree(after).with(&archive(0, before), before))
}

/// The findings of one rule as `severity path:line:column message`.
fn of_rule(rule: &str, findings: &[Finding]) -> Vec<String> {
    findings.iter().filter(|finding| finding.rule == rule).map(shown).collect()
}

fn shown(finding: &Finding) -> String {
    let text = finding.at.source.as_ref().map_or("", |source| &source.text);
    let at = position(text, finding.at.span.start);
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!("{severity} {}:{}:{} {}", finding.at.path, at.line, at.column, finding.message)
}

fn places(rule: &str, findings: &[Finding]) -> Vec<String> {
    let place = |shown: String| shown.split(' ').take(2).collect::<Vec<_>>().join(" ");
    of_rule(rule, findings).into_iter().map(place).collect()
}

/// The ids of the rules that fire.
fn rules(findings: &[Finding]) -> Vec<&str> {
    let mut rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

/// What `check --fix` would make of a text by the edits of these findings.
fn fixed(text: &str, findings: &[Finding]) -> String {
    let edits: Vec<_> = findings
        .iter()
        .filter_map(|finding| match &finding.fix {
            Some(Fix::Edit(edits)) => Some(edits.clone()),
            Some(Fix::Archive { .. } | Fix::Restore { .. }) | None => None,
        })
        .flatten()
        .collect();
    sysbom::text::apply(text, &edits).expect("fixes do not overlap")
}

#[test]
fn every_rule_has_a_case_that_fires_and_one_that_is_quiet() {
    let source = include_str!("rules.rs");
    for rule in RULES {
        let name = rule.id.replace('-', "_");
        for what in ["fires", "is_quiet"] {
            assert!(source.contains(&format!("\nfn {name}_{what}")), "{name}_{what}… is missing");
        }
    }
}

#[test]
fn a_sound_manifest_has_no_findings() {
    assert_eq!(of_manifest(&sound()), []);
    let next = manifest(&[component("app", "v1.3.0"), component("web", "v2.0.0")]);
    assert_eq!(change(&sound(), &next), []);
}

#[test]
fn yaml_syntax_fires_where_the_text_breaks() {
    let broken = sound().replace("    tag: v1.2.3", "   tag: v1.2.3");
    assert_eq!(places("yaml-syntax", &of_manifest(&broken)), ["error releases/current.yaml:4:4"]);
    let two = format!("{}---\nimages: {{}}\n", sound());
    assert_eq!(places("yaml-syntax", &of_manifest(&two)), ["error releases/current.yaml:10:1"]);
    let latin = MapTree::new().with(CURRENT, b"images:\n  caf\xe9: 1\n".to_vec());
    assert_eq!(
        of_rule("yaml-syntax", &update(None, &latin)),
        ["error releases/current.yaml:2:6 the text is not UTF-8: byte 14 begins no character"]
    );
    let large = MapTree::new().with(CURRENT, vec![b'#'; (4 << 20) + 1]);
    assert_eq!(
        of_rule("yaml-syntax", &update(None, &large)),
        ["error releases/current.yaml:1:1 the file has more than the 4 MiB that are read"]
    );
}

#[test]
fn yaml_syntax_is_quiet_on_flow_crlf_and_comments() {
    let flow =
        format!("\u{feff}# all\r\nimages: {{app: {{image: a, tag: v1.2.3, digest: '{}'}}}}", digest("a"));
    assert_eq!(of_manifest(&flow), []);
}

#[test]
fn a_broken_manifest_does_not_hide_lost_history() {
    let before = tree(&sound()).with("releases/history/old.yaml", "snapshotId: old\n");
    let after = tree("images: {\n");
    assert_eq!(
        rules(&update(Some(&before), &after)),
        ["yaml-syntax", "archive-missing", "history-rewritten"]
    );
}

#[test]
fn duplicate_key_fires_at_the_second_one() {
    let text = format!("{}{}", sound(), component("app", "v1.3.0"));
    let found = of_manifest(&text);
    assert_eq!(
        of_rule("duplicate-key", &found),
        ["error releases/current.yaml:10:3 the key `app` stands twice in one mapping"]
    );
    let first = found.iter().find(|finding| finding.rule == "duplicate-key").expect("it fires");
    assert_eq!(position(&text, first.because[0].span.start).line, 2);
}

#[test]
fn a_component_that_stands_twice_is_compared_as_helm_reads_it() {
    let twice = |last: &str| sound() + &pin("app", last, "v1.1.0", &digest("b"));
    let of = |before: &str, after: &str| {
        ["image-moved", "version-downgrade", "half-moved-pin"]
            .map(|rule| places(rule, &change(before, after)))
    };
    let nothing: [Vec<String>; 3] = Default::default();
    assert_eq!(of(&twice("a/app"), &twice("a/app")), nothing);
    let changed = twice("a/app").replace("v2.0.0", "v2.1.0").replace(&digest("web:v2.0.0"), &digest("web"));
    assert_eq!(of(&twice("a/app"), &changed), nothing);
    // Helm takes the last.
    let moved = of(&sound(), &twice("evil/app"));
    assert_eq!(moved[0], ["error releases/current.yaml:11:12"]);
    let mended = of(&twice("a/app"), &sound());
    assert_eq!(mended[0], ["error releases/current.yaml:3:12"]);
}

#[test]
fn duplicate_key_is_quiet_on_one_key_in_two_mappings() {
    assert_eq!(places("duplicate-key", &of_manifest(&sound())), [""; 0]);
}

#[test]
fn yaml_coercion_fires_and_is_mended_by_quotes() {
    let text = sound().replace("v1.2.3", "1.10").replace("v2.0.0", "0x1F") + "snapshotId: 1e3\n";
    let found = of_manifest(&text);
    assert_eq!(
        of_rule("yaml-coercion", &found),
        [
            "error releases/current.yaml:4:10 tag of `app` is written `1.10`, and Helm reads `1.1`",
            "error releases/current.yaml:8:10 tag of `web` is written `0x1F`, and Helm reads `31`",
            "error releases/current.yaml:10:13 `snapshotId` is written `1e3`, and Helm reads `1000`",
        ]
    );
    let mended = fixed(&text, &found);
    assert_eq!(
        mended,
        text.replace("1.10", "\"1.10\"").replace("0x1F", "\"0x1F\"").replace("1e3", "\"1e3\"")
    );
    assert_eq!(places("yaml-coercion", &of_manifest(&mended)), [""; 0]);
}

#[test]
fn yaml_coercion_fires_on_every_part_that_an_image_is_joined_from() {
    let policy = "fields: {image: [registry, group, repository], digest: sha}\n";
    let state = |registry: &str, group: &str| {
        let sha = "1".repeat(64);
        format!(
            "images:\n  app:\n    registry: {registry}\n    group: {group}\n    repository: x\n    tag: v1.2.3\n    sha: {sha}\n"
        )
    };
    let found = |registry: &str| update(None, &tree(&state(registry, "0x1f")).with(POLICY, policy));
    for (registry, read) in [
        ("yes", "`true`"),
        ("1.10", "`1.1`"),
        ("0x1f", "`31`"),
        ("null", "null, which deletes the chart's default"),
    ] {
        let found = of_rule("yaml-coercion", &found(registry));
        assert_eq!(found.len(), 3, "registry, group and sha: {found:?}");
        assert!(
            found[0].starts_with("error releases/current.yaml:3:15 registry of `app` is written "),
            "{found:?}"
        );
        assert!(found[0].ends_with(&format!("Helm reads {read}")), "{found:?}");
        assert!(found[1].starts_with("error releases/current.yaml:4:12 group of `app`"), "{found:?}");
        assert!(found[2].starts_with("error releases/current.yaml:7:10 digest of `app`"), "{found:?}");
    }
    let found = found("1.10");
    assert!(fixed(&state("1.10", "0x1f"), &found).contains("registry: \"1.10\"\n    group: \"0x1f\"\n"));
    let quiet = tree(&state("''", "acme").replace(&"1".repeat(64), &"ab".repeat(32))).with(POLICY, policy);
    assert_eq!(places("yaml-coercion", &update(None, &quiet)), [""; 0]);
}

#[test]
fn yaml_coercion_makes_no_value_of_a_null() {
    for null in ["null", "~", "Null"] {
        let text = sound().replace("v1.2.3", null) + "snapshotId: ~\n";
        let found = of_manifest(&text);
        assert_eq!(
            places("yaml-coercion", &found),
            ["error releases/current.yaml:4:10", "error releases/current.yaml:10:13"],
            "{null}"
        );
        assert_eq!(fixed(&text, &found), text);
        assert!(found.iter().any(|finding| finding.help == "write the value itself; a null is none"));
    }
}

#[test]
fn yaml_coercion_fires_once_on_a_pin_of_one_string() {
    let found = of_manifest("images:\n  app: 1.10\n");
    assert_eq!(
        of_rule("yaml-coercion", &found),
        ["error releases/current.yaml:2:8 image of `app` is written `1.10`, and Helm reads `1.1`"]
    );
}

#[test]
fn yaml_coercion_is_quiet_on_strings() {
    for tag in ["v1.10", "\"1.10\"", "'0123'", "1.2.3", "12:34", "2024-06-15"] {
        assert_eq!(places("yaml-coercion", &of_manifest(&sound().replace("v1.2.3", tag))), [""; 0], "{tag}");
    }
}

#[test]
fn yaml_feature_fires_on_each_use() {
    let text = "defaults: &d {image: a}\nimages:\n  app:\n    <<: *d\n    tag: !!str v1.2.3\n  y: 1\n";
    assert_eq!(
        places("yaml-feature", &of_manifest(text)),
        [
            "error releases/current.yaml:1:11",
            "error releases/current.yaml:4:5",
            "error releases/current.yaml:4:9",
            "error releases/current.yaml:5:10",
            "error releases/current.yaml:6:3",
        ]
    );
    let smuggled = sound().replace("tag: v1.2.3", "tag: v1.2.3 # x\u{2028}    tag: latest");
    assert_eq!(
        places("yaml-feature", &of_manifest(&smuggled)),
        ["error releases/current.yaml:4:20", "error releases/current.yaml:5:5"]
    );
}

#[test]
fn yaml_feature_is_quiet_on_plain_yaml() {
    let text = format!("---\n# all\n{}\"y\": {{a: [1, 'b']}}\n", sound());
    assert_eq!(places("yaml-feature", &of_manifest(&text)), [""; 0]);
}

#[test]
fn conflict_marker_fires_at_each_conflict() {
    let text = sound().replace(
        "    tag: v1.2.3\n",
        "<<<<<<< HEAD\n    tag: v1.2.3\n=======\n    tag: v1.3.0\n>>>>>>> theirs\n",
    );
    let found = of_manifest(&text);
    assert_eq!(
        of_rule("conflict-marker", &found),
        ["error releases/current.yaml:4:1 a conflict marker stands here: `<<<<<<< HEAD`"]
    );
    assert_eq!(rules(&found), ["conflict-marker"]);
    assert!(found[0].help.contains("`git checkout -m -- releases/current.yaml`"));
}

#[test]
fn conflict_marker_is_quiet_on_what_only_looks_like_one() {
    let text = format!("# <<<<<<< HEAD\n{}note: '======='\n", sound());
    assert_eq!(of_manifest(&text), []);
}

#[test]
fn schema_fires_on_what_is_missing_or_of_the_wrong_kind() {
    assert_eq!(places("schema", &of_manifest("images: {}\n")), ["error releases/current.yaml:1:1"]);
    let text =
        format!("{}  job:\n    tag: v1.2.3\n    digest: {}\nexperiment: canary\n", sound(), digest("job"));
    assert_eq!(
        of_rule("schema", &of_manifest(&text)),
        [
            "error releases/current.yaml:10:3 component `job` has no `image`",
            "error releases/current.yaml:13:13 `experiment` is no mapping",
        ]
    );
}

#[test]
fn schema_is_quiet_on_further_keys() {
    let text = sound().replace("    tag: v1.2.3\n", "    tag: v1.2.3\n    pullPolicy: Always\n")
        + "experiment:\n  canaryEnabled: false\nnote: [1, 2]\n";
    assert_eq!(of_manifest(&text), []);
}

#[test]
fn schema_fires_on_an_experiment_that_does_not_fit_its_json_schema() {
    let policy = "experiment: {schema: schema/experiment.json}\n";
    let schema = "{\"properties\": {\n  \"cohort\": {\"enum\": [\"a\", \"b\"]}}}\n";
    let with = |experiment: &str| tree(&(sound() + experiment)).with(POLICY, policy);
    let judged = with("experiment:\n  cohort: c\n").with("schema/experiment.json", schema);
    let found = update(None, &judged);
    assert_eq!(
        of_rule("schema", &found),
        [
            "error releases/current.yaml:11:11 the experiment does not fit its schema: only one of [\"a\", \"b\"] is allowed"
        ]
    );
    let because: Vec<_> = found[0].because.iter().map(|place| place.path.as_str()).collect();
    assert_eq!(because, ["schema/experiment.json", POLICY]);

    assert_eq!(
        of_rule("schema", &update(None, &with("experiment:\n  cohort: c\n"))),
        [
            "error schema/experiment.json:1:1 the schema of experiments `schema/experiment.json` does not exist"
        ]
    );
    let odd = with("experiment: {}\n").with("schema/experiment.json", "{\"unevaluatedProperties\": false}");
    assert_eq!(
        of_rule("schema", &update(None, &odd)),
        [
            "error schema/experiment.json:1:2 the schema of experiments cannot be followed: `unevaluatedProperties` is \
          not supported"
        ]
    );
    let fits = with("experiment:\n  cohort: b\n").with("schema/experiment.json", schema);
    assert_eq!(update(None, &fits), []);
    // A change cannot loosen the schema that judges it.
    let loosened = judged.with("schema/experiment.json", "true");
    assert_eq!(places("schema", &update(Some(&fits), &loosened)), ["error releases/current.yaml:11:11"]);
}

#[test]
fn a_schema_of_experiments_that_cannot_be_followed_is_refused_and_can_be_mended() {
    let policy = "experiment: {schema: schema.json}\n";
    let with = |experiment: &str, schema: &str| {
        tree(&format!("{}experiment: {experiment}\n", sound()))
            .with(POLICY, policy)
            .with("schema.json", schema)
    };
    let good = "{\"properties\": {\"cohort\": {\"enum\": [\"a\"]}}}";
    let odd = "{\"unevaluatedProperties\": false}";
    // It does not get in.
    for (bad, place) in [(odd, "error schema.json:1:2"), ("{", "error schema.json:1:1")] {
        let found = update(Some(&with("{cohort: a}", good)), &with("{cohort: a}", bad));
        assert_eq!(places("schema", &found), [place], "{bad}");
        // Where it has got in, the mended one judges.
        assert_eq!(update(Some(&with("{cohort: a}", bad)), &with("{cohort: a}", good)), []);
        let found = update(Some(&with("{cohort: a}", bad)), &with("{cohort: a}", bad));
        assert_eq!(places("schema", &found), [place], "{bad}");
    }
    let odd_still = with("{cohort: a}", "{\"unevaluatedItems\": false}");
    let found = update(Some(&with("{cohort: a}", odd)), &odd_still);
    assert!(of_rule("schema", &found)[0].ends_with("`unevaluatedItems` is not supported"), "{found:?}");
    // Nor does one go that the policy names.
    let gone = with("{cohort: a}", good).without("schema.json");
    assert_eq!(places("schema", &update(Some(&with("{cohort: a}", good)), &gone)), ["error schema.json:1:1"]);
    // A parameter and the schema that knows it come one after the other.
    let wider = good.replace("[\"a\"]", "[\"a\", \"b\"]");
    let found = update(Some(&with("{cohort: a}", good)), &with("{cohort: b}", &wider));
    let misfit = found.iter().find(|finding| finding.rule == "schema").expect("base's schema judges");
    assert!(
        misfit.help.ends_with("as BASE has it: edit it first, in a change of its own"),
        "{}",
        misfit.help
    );
}

#[test]
fn unexpected_key_fires_on_a_slip() {
    let text = sound().replacen("digest:", "digset:", 1) + "experimnet: {}\n";
    assert_eq!(
        of_rule("unexpected-key", &of_manifest(&text)),
        [
            "warning releases/current.yaml:5:5 the key `digset` is unknown here, and nearly `digest`",
            "warning releases/current.yaml:10:1 the key `experimnet` is unknown here, and nearly `experiment`",
        ]
    );
}

/// The keys that are called slips, each with what may be meant.
fn slips(text: &str) -> Vec<String> {
    let name = |message: &str| {
        let mut words = message.split('`').skip(1).step_by(2);
        words.next().zip(words.next()).map(|(key, meant)| format!("{key} {meant}"))
    };
    let found = of_manifest(text);
    found.iter().filter(|one| one.rule == "unexpected-key").filter_map(|one| name(&one.message)).collect()
}

#[test]
fn unexpected_key_fires_beside_the_key_that_may_be_meant_too() {
    for (key, meant) in [
        ("digset", "digest"),
        ("digestt", "digest"),
        ("imge", "image"),
        ("Image", "image"),
        ("Tag", "tag"),
        ("tga", "tag"),
        ("taag", "tag"),
    ] {
        let text = sound().replacen("    tag:", &format!("    {key}: v1.2.2\n    tag:"), 1);
        assert_eq!(slips(&text), [format!("{key} {meant}")]);
    }
    let weights = "experiment:\n  stableWeight: 90\n  canaryWeight: 10\n  stableWieght: 80\n";
    assert_eq!(slips(&(sound() + weights)), ["stableWieght stableWeight"]);
    assert_eq!(
        slips(&(sound() + "Images: {}\nsnapshotID: a\nsnapshotId: a\n")),
        ["Images images", "snapshotID snapshotId"]
    );
}

#[test]
fn unexpected_key_fires_on_slips_of_every_key_that_sysbom_writes_or_a_chart_commonly_reads() {
    assert_eq!(slips(&(sound() + "sysbon: {}\n")), ["sysbon sysbom"]);
    for key in ["pulPolicy", "pullpolicy", "pull-policy", "PullPolicy"] {
        let text = sound().replacen("    tag:", &format!("    {key}: Always\n    tag:"), 1);
        assert_eq!(slips(&text), [format!("{key} pullPolicy")]);
    }
}

#[test]
fn unexpected_key_is_quiet_on_words_of_their_own_that_are_like_known_ones() {
    for key in [
        "tags",
        "tar",
        "images",
        "image2",
        "imageB",
        "digests",
        "imagePullPolicy",
        "pullPolicy",
        "pullSecrets",
        "pullPolicies",
        "target",
        "stage",
        "name",
    ] {
        let text = sound().replacen("    tag:", &format!("    {key}: a\n    tag:"), 1);
        assert_eq!(slips(&text), [""; 0], "{key}");
    }
    let top = "image: {}\nsystem: a\nsnapshot: a\nsysbom: {}\nexperimental: a\nexperiment: {canaryEnabledAt: noon}\n";
    assert_eq!(slips(&(sound() + top)), [""; 0]);
}

#[test]
fn unexpected_key_fires_on_a_pin_that_no_component_is() {
    let pin = "{image: a/job, tag: latest}";
    let text = format!(
        "{}job:\n  image: a/job\n  tag: latest\njobs: [{pin}]\nexperiment: {{canary: {pin}}}\n",
        sound().replacen("    image:", &format!("    beside: {pin}\n    image:"), 1)
    );
    assert_eq!(
        of_rule("unexpected-key", &of_manifest(&text)),
        [
            "warning releases/current.yaml:11:1 `job` looks like a pin and is not read as a component",
            "warning releases/current.yaml:14:8 this looks like a pin and is not read as a component",
        ]
    );
    let policy = "components: {app: app.image}\nfields: {image: repository}\n";
    let text = "app: {image: {repository: a/app, tag: v1.2.3, digest: 'DIGEST'}}\nweb: {image: {repository: a/web, tag: latest}}\n";
    let found = update(None, &tree(&text.replace("DIGEST", &digest("app"))).with(POLICY, policy));
    assert_eq!(places("unexpected-key", &found), ["warning releases/current.yaml:2:7"]);
    let named = policy.replace("{app: app.image}", "'*.image'");
    let found = update(None, &tree(&text.replace("DIGEST", &digest("app"))).with(POLICY, named.as_str()));
    assert_eq!(places("unexpected-key", &found), [""; 0]);
    assert_eq!(places("floating-tag", &found), ["error releases/current.yaml:2:39"]);
}

#[test]
fn unexpected_key_is_quiet_on_keys_of_ones_own() {
    let text = sound()
        + "  job: {image: a/job, tag: v1.2.3, digest: 'DIGEST', replicas: 2, name: job, pullPolicy: Always}\n";
    assert_eq!(of_manifest(&text.replace("DIGEST", &digest("job"))), []);
}

#[test]
fn unexpected_key_is_quiet_where_the_key_that_may_be_meant_stands_too() {
    let text = sound().replace("    tag: v1.2.3\n", "    tag: v1.2.3\n    tags: [a]\n    images: b\n")
        + "experiment:\n  canaryEnabled: false\n  canaryEnabledAt: noon\n";
    assert_eq!(of_manifest(&text), []);
}

#[test]
fn pin_malformed_fires_at_the_faulty_bytes() {
    let upper = digest("x").to_uppercase().replace("SHA256", "sha256");
    let text = manifest(&[
        pin("app", "ghcr.io/acme/app:v1", "v1.2.3+build", &digest("app")),
        pin("web", "ghcr.io/acme/web", "v2.0.0", &upper),
    ]);
    let found = of_manifest(&text);
    assert_eq!(
        places("pin-malformed", &found),
        [
            "error releases/current.yaml:3:28",
            "error releases/current.yaml:4:16",
            "error releases/current.yaml:9:21",
        ]
    );
    assert_eq!(fixed(&text, &found), text.replace(&upper, &digest("x")));
}

#[test]
fn pin_malformed_is_quiet_on_ports_and_long_tags() {
    let text = manifest(&[pin(
        "app",
        "localhost:5000/a/b__c",
        &format!("v1.2.3-{}", "x".repeat(120)),
        &digest("app"),
    )]);
    assert_eq!(places("pin-malformed", &of_manifest(&text)), [""; 0]);
}

#[test]
fn pin_incomplete_fires_where_the_value_belongs() {
    let text = "images:\n  app:\n    image: a/app\n    tag:\n    digest: DIGEST\n  web:\n    image: a/web\n    tag: v2.0.0\n"
        .replace("DIGEST", &digest("app"));
    assert_eq!(
        of_rule("pin-incomplete", &of_manifest(&text)),
        [
            "error releases/current.yaml:4:9 component `app` has no tag",
            "error releases/current.yaml:6:3 component `web` has no digest",
        ]
    );
}

#[test]
fn pin_incomplete_is_quiet_where_the_policy_wants_no_digest() {
    let without =
        tree("images:\n  app:\n    image: a/app\n    tag: v1.2.3\n").with(POLICY, "digest: optional\n");
    assert_eq!(update(None, &without), []);
    let required =
        tree("images:\n  app:\n    image: a/app\n    tag: v1.2.3\n").with(POLICY, "digest: required\n");
    let found = update(None, &required);
    assert_eq!(found[0].because[0].path.as_str(), POLICY, "the finding points at the setting");
}

#[test]
fn floating_tag_fires_and_names_the_step() {
    let text = sound().replace("v1.2.3", "latest").replace("v2.0.0", "v2.1");
    let found = of_rule("floating-tag", &of_manifest(&text));
    assert_eq!(found.len(), 2);
    assert!(
        found[0].starts_with("error releases/current.yaml:4:10 ") && found[0].contains("moving-name"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("error releases/current.yaml:8:10 ") && found[1].contains("partial-version"),
        "{found:?}"
    );
}

#[test]
fn floating_tag_fires_on_a_setting_and_points_at_it() {
    let denied = tree(&sound()).with(POLICY, "floating:\n  deny: [v1.*]\n");
    let found = update(None, &denied);
    assert_eq!(places("floating-tag", &found), ["error releases/current.yaml:4:10"]);
    let setting = &found[0].because[0];
    let text = &setting.source.as_ref().expect("it has text").text;
    assert_eq!((setting.path.as_str(), position(text, setting.span.start).line), (POLICY, 2));
}

#[test]
fn floating_tag_fires_once_its_allowance_has_run_out() {
    let until = |day: &str| {
        let policy = format!("floating: {{allow: [{{tag: edge, reason: a trial, until: {day}}}]}}\n");
        places("floating-tag", &update(None, &tree(&with_app_tag("edge")).with(POLICY, policy)))
    };
    assert_eq!(until("2024-06-15"), [""; 0]);
    assert_eq!(until("2024-06-14"), ["error releases/current.yaml:4:10"]);
}

#[test]
fn floating_tag_is_quiet_on_versions_commits_and_builds() {
    for tag in ["v1.2.3-rc.1", "sha-3f2a91c", "\"20240615\"", "build-4711"] {
        assert_eq!(of_manifest(&sound().replace("v1.2.3", tag)), [], "{tag}");
    }
}

#[test]
fn image_moved_fires_at_the_new_name() {
    let after = sound().replace("ghcr.io/acme/web", "docker.io/evil/web");
    let found = change(&sound(), &after);
    assert_eq!(
        of_rule("image-moved", &found),
        [
            "error releases/current.yaml:7:12 the image of `web` moved from `ghcr.io/acme/web` to `docker.io/evil/web`"
        ]
    );
    assert_eq!(found[0].because.len(), 1);
}

#[test]
fn image_moved_fires_on_a_new_component_that_the_policy_gives_another_image() {
    let policy = "images:\n  job: [\"ghcr.io/acme/job\"]\n";
    let found = |before: &str, after: &str| {
        let base = tree(before).with(POLICY, policy);
        let head = base.clone().with(CURRENT, after).with(&archive(0, before), before);
        update(Some(&base), &head)
    };
    let evil = sound() + &pin("job", "evil.io/x/job", "v1.0.0", &digest("job"));
    let fires = found(&sound(), &evil);
    assert_eq!(
        of_rule("image-moved", &fires),
        ["error releases/current.yaml:11:12 the policy does not let `job` have the image `evil.io/x/job`"]
    );
    assert_eq!(fires[0].because.len(), 1, "the list of names");
    assert_eq!(found(&sound(), &(sound() + &component("job", "v1.0.0"))), []);
    // No list names `api`; what base has already is not judged again.
    assert_eq!(found(&sound(), &(sound() + &pin("api", "evil.io/x/api", "v1.0.0", &digest("api")))), []);
    assert_eq!(found(&evil, &evil), []);
    // Nor is an image that was not there allowed to be any.
    let none = evil.replace("evil.io/x/job", "''");
    assert_eq!(places("image-moved", &found(&none, &evil)), ["error releases/current.yaml:11:12"]);
    // The first manifest is new as a whole.
    let base = MapTree::new().with(POLICY, policy);
    let first = update(Some(&base), &base.clone().with(CURRENT, evil.as_str()));
    assert_eq!(places("image-moved", &first), ["error releases/current.yaml:11:12"]);
}

#[test]
fn what_would_allow_a_moved_image_can_be_pasted_whatever_the_component_is_called() {
    let name = "a: b, 'c'";
    let state = |image: &str| manifest(&[pin(&format!("\"{name}\""), image, "v1.2.3", &digest("a"))]);
    let found = change(&state("a/b"), &state("c/b"));
    let moved = found.iter().find(|finding| finding.rule == "image-moved").expect("it moved");
    let policy = moved.help.split('`').nth(3).expect("the setting stands in backticks");
    let base = tree(&state("a/b")).with(POLICY, policy);
    let after = base.clone().with(CURRENT, state("c/b")).with(&archive(0, &state("a/b")), state("a/b"));
    assert_eq!(update(Some(&base), &after), [], "{policy}");
}

#[test]
fn image_moved_fires_at_the_part_that_changed() {
    let policy = "fields: {image: [registry, repository]}\n";
    let state = |registry: &str| {
        let web = format!("images:\n  web:\n    registry: {registry}\n    repository: acme/web\n");
        web + &format!("    tag: v1.2.3\n    digest: {}\n", digest("web"))
    };
    let (before, after) = (state("ghcr.io"), state("docker.io"));
    let base = tree(&before).with(POLICY, policy);
    let found = update(Some(&base), &base.clone().with(CURRENT, after).with(&archive(0, &before), before));
    assert_eq!(places("image-moved", &found), ["error releases/current.yaml:3:15"]);
}

#[test]
fn image_moved_is_quiet_where_the_policy_lists_the_name() {
    let after = sound().replace("ghcr.io/acme/web", "quay.io/acme/web");
    let policy = "images:\n  web: [\"ghcr.io/acme/*\", \"quay.io/acme/*\"]\n";
    let before = tree(&sound()).with(POLICY, policy);
    let after = tree(&after).with(POLICY, policy).with(&archive(0, &sound()), sound());
    assert_eq!(places("image-moved", &update(Some(&before), &after)), [""; 0]);
}

/// What the rules find where `before` became `result` by one merge commit of these sides.
fn merged(base: &str, sides: [&str; 2], result: &str) -> Vec<Finding> {
    let trees = [tree(base), tree(sides[0]), tree(sides[1])];
    let after = tree(result).with(&archive(0, sides[0]), sides[0]);
    merged_later(&trees, &after, &after)
}

fn merged_later(trees: &[MapTree; 3], result: &MapTree, after: &MapTree) -> Vec<Finding> {
    let [base, ours, theirs] = trees;
    joined(&[(ours, vec![base]), (theirs, vec![base])], result, &[], after)
}

/// What the rules find where the first of these parents became `after`, by a merge of them all, each
/// with its bases, and by later commits.
fn joined(
    parents: &[(&MapTree, Vec<&MapTree>)],
    result: &MapTree,
    later: &[&MapTree],
    after: &MapTree,
) -> Vec<Finding> {
    let sides = parents.iter().map(|(side, bases)| {
        let bases = bases.iter().map(|base| *base as &dyn Tree).collect();
        MergeParent { tree: *side, bases }
    });
    let merges = [MergeCommit {
        label: "4f1c2ab".to_owned(),
        result,
        parents: sides.collect(),
        later: &|look| {
            for tree in later {
                if look(*tree)?.is_break() {
                    break;
                }
            }
            Ok(())
        },
    }];
    let ours = parents[0].0;
    let policies = judge(Some(ours), after).expect("the policy is valid");
    let input = Input { merges: &merges, ..Input::new(&policies, Some(ours), after, today()) };
    check(&input).expect("a map can be read")
}

fn app(tag: &str) -> String {
    manifest(&[component("app", tag), component("web", "v2.0.0")])
}

fn app_torn(tag: &str, digest_of: &str) -> String {
    manifest(&[
        pin("app", "ghcr.io/acme/app", tag, &digest(&format!("app:{digest_of}"))),
        component("web", "v2.0.0"),
    ])
}

#[test]
fn torn_pin_fires_at_the_digest_of_the_other_side() {
    let found = merged(&app("v1.2.3"), [&app("v1.3.0"), &app("v1.4.0")], &app_torn("v1.4.0", "v1.3.0"));
    let expected = format!(
        "error releases/current.yaml:5:13 4f1c2ab tore the pin of `app`: no side has `v1.4.0` with `{}`",
        &digest("app:v1.3.0")[..19]
    );
    assert_eq!(of_rule("torn-pin", &found), [expected]);
    let torn = found.iter().find(|finding| finding.rule == "torn-pin").expect("it fires");
    assert_eq!(torn.because.len(), 2, "both sides are in view");
}

#[test]
fn torn_pin_fires_under_a_new_key_of_the_same_image() {
    let state = |name: &str, tag: &str, digest_of: &str| {
        let web = pin(name, "ghcr.io/acme/web", tag, &digest(&format!("web:{digest_of}")));
        manifest(&[component("app", "v1.0.0"), web])
    };
    let base = state("web", "v1.0.0", "v1.0.0");
    let sides = [base.replace("v1.0.0", "v1.0.0 # ours"), state("web", "v1.1.0", "v1.1.0")];
    let found = |result: &str| of_rule("torn-pin", &merged(&base, [&sides[0], &sides[1]], result));
    let torn = found(&state("web2", "v1.0.0", "v1.1.0"));
    assert_eq!(torn.len(), 1);
    assert!(
        torn[0].starts_with("error releases/current.yaml:9:13 4f1c2ab tore the pin of `web2`"),
        "{torn:?}"
    );
    let shown = merged(&base, [&sides[0], &sides[1]], &state("web2", "v1.0.0", "v1.1.0"));
    let shown = shown.iter().find(|finding| finding.rule == "torn-pin").expect("it fires");
    assert_eq!(shown.because.len(), 2, "where tag and digest come from");
    for whole in [
        state("web2", "v1.1.0", "v1.1.0"),
        state("web2", "v1.0.0", "v1.0.0"),
        state("web2", "v1.2.0", "v1.1.0"),
    ] {
        assert_eq!(found(&whole), [""; 0]);
    }
}

#[test]
fn torn_pin_fires_as_a_warning_on_image_and_experiment() {
    let moved = app("v1.4.0").replace("ghcr.io/acme/app", "quay.io/acme/app");
    let mixed = app("v1.4.0");
    let found = merged(&app("v1.2.3"), [&app("v1.3.0"), &moved], &mixed);
    assert_eq!(places("torn-pin", &found), ["warning releases/current.yaml:3:12"]);

    let experiment = |stable, canary| {
        format!("{}experiment:\n  stableWeight: {stable}\n  canaryWeight: {canary}\n", sound())
    };
    let sides = [experiment(80, 20), experiment(70, 30)];
    let found = merged(&experiment(90, 10), [&sides[0], &sides[1]], &experiment(80, 30));
    assert_eq!(places("torn-pin", &found), ["warning releases/current.yaml:11:3"]);
}

#[test]
fn torn_pin_is_quiet_on_whole_pins_and_on_what_was_mended() {
    let (base, ours, theirs) = (app("v1.2.3"), app("v1.3.0"), app("v1.4.0"));
    for result in [&ours, &theirs, &app("v1.5.0")] {
        assert_eq!(places("torn-pin", &merged(&base, [&ours, &theirs], result)), [""; 0]);
    }
    let trees = [tree(&base), tree(&ours), tree(&theirs)];
    let torn = tree(&app_torn("v1.4.0", "v1.3.0"));
    let mended = tree(&theirs).with(&archive(0, &ours), ours.clone());
    assert_eq!(places("torn-pin", &merged_later(&trees, &torn, &mended)), [""; 0]);
}

#[test]
fn half_moved_pin_fires_at_the_half_that_moved() {
    let tag_only = change(&sound(), &app_torn("v1.3.0", "v1.2.3"));
    assert_eq!(
        of_rule("half-moved-pin", &tag_only),
        [
            "warning releases/current.yaml:4:10 the tag of `app` moved from `v1.2.3` to `v1.3.0`, and its digest did not"
        ]
    );
    let digest_only = change(&sound(), &app_torn("v1.2.3", "again"));
    assert_eq!(
        of_rule("half-moved-pin", &digest_only),
        ["warning releases/current.yaml:5:13 the digest of `app` moved, and its tag `v1.2.3` did not"]
    );
}

#[test]
fn half_moved_pin_fires_where_a_digest_that_may_be_missing_is_gone() {
    let policy = "digest: optional\n";
    let without = sound().replacen(&format!("    digest: {}\n", digest("app:v1.2.3")), "", 1);
    let base = tree(&sound()).with(POLICY, policy);
    let found = |text: &str| {
        let after = tree(text).with(POLICY, policy).with(&archive(0, &sound()), sound());
        of_rule("half-moved-pin", &update(Some(&base), &after))
    };
    let expected =
        ["warning releases/current.yaml:2:3 the digest of `app` is gone, and its tag `v1.2.3` stays"];
    assert_eq!(found(&without), expected);
    assert_eq!(found(&without.replace("v1.2.3", "v1.3.0")), [""; 0]);
}

#[test]
fn half_moved_pin_is_quiet_where_both_moved_or_neither() {
    assert_eq!(change(&sound(), &app("v1.3.0")), []);
    assert_eq!(change(&sound(), &format!("# a comment\n{}", sound())), []);
}

#[test]
fn digest_reused_fires_on_copies_retags_and_placeholders() {
    let copied = manifest(&[
        component("app", "v1.2.3"),
        pin("web", "ghcr.io/acme/web", "v2.0.0", &digest("app:v1.2.3")),
        pin("job", "ghcr.io/acme/job", "v3.0.0", &format!("sha256:{}", "0".repeat(64))),
    ]);
    assert_eq!(
        of_rule("digest-reused", &of_manifest(&copied)),
        [
            "warning releases/current.yaml:5:13 one digest stands for `ghcr.io/acme/app` and for `ghcr.io/acme/web`",
            "warning releases/current.yaml:9:13 one digest stands for `ghcr.io/acme/web` and for `ghcr.io/acme/app`",
            "warning releases/current.yaml:13:13 the digest of `job` is a placeholder",
        ]
    );
    let retagged = change(&sound(), &app_torn("v1.2.3", "again"));
    assert_eq!(
        of_rule("digest-reused", &retagged),
        ["warning releases/current.yaml:5:13 `ghcr.io/acme/app:v1.2.3` stands with two digests"]
    );
}

#[test]
fn digest_reused_is_quiet_on_a_canary_of_one_image_and_looks_at_old_history_only_when_asked() {
    let canary = manifest(&[
        component("app", "v1.2.3"),
        pin("appCanary", "ghcr.io/acme/app", "v1.2.3", &digest("app:v1.2.3")),
    ]);
    assert_eq!(of_manifest(&canary), []);

    let old = app_torn("v1.2.3", "of long ago");
    let tree = tree(&sound()).with(&archive(0, &old), old.clone());
    assert_eq!(update(Some(&tree), &tree), []);
    let policies = judge(Some(&tree), &tree).expect("the policy is valid");
    let input = Input { scope: Scope::WholeHistory, ..Input::new(&policies, Some(&tree), &tree, today()) };
    let found = check(&input).expect("a map can be read");
    assert_eq!(places("digest-reused", &found), ["warning releases/current.yaml:5:13"]);
    assert_eq!(found[0].because[0].path.as_str(), archive(0, &old));
}

#[test]
fn digest_reused_takes_two_spellings_of_an_image_for_one() {
    let both = |digest: &str| {
        let hub = [("a", "nginx"), ("b", "docker.io/library/nginx")];
        manifest(&hub.map(|(name, image)| {
            pin(name, image, "v1.2.3", if name == "a" { digest } else { "sha256:DIGEST" })
        }))
        .replace("sha256:DIGEST", &self::digest("nginx"))
    };
    assert_eq!(of_manifest(&both(&digest("nginx"))), []);
    let found = of_manifest(&both(&digest("again")));
    let expected = ["warning releases/current.yaml:5:13", "warning releases/current.yaml:9:13"];
    assert_eq!(places("digest-reused", &found), expected);
}

#[test]
fn digest_reused_is_quiet_where_a_build_moved_to_another_registry() {
    let policy = "images: {web: [ghcr.io/acme/web, quay.io/acme/web]}\n";
    let base = tree(&sound()).with(POLICY, policy);
    let moved = |text: &str| {
        let after = tree(&text.replace("ghcr.io/acme/web", "quay.io/acme/web")).with(POLICY, policy);
        update(Some(&base), &after.with(&archive(0, &sound()), sound()))
    };
    assert_eq!(moved(&sound()), []);
    // A new tag, and the digest stayed behind.
    let found = moved(&sound().replace("v2.0.0", "v2.1.0"));
    assert_eq!(places("digest-reused", &found), ["warning releases/current.yaml:9:13"]);
}

#[test]
fn manifest_missing_fires_on_the_path() {
    let after = MapTree::new().with(&archive(0, &sound()), sound());
    let found = update(Some(&tree(&sound())), &after);
    assert_eq!(
        of_rule("manifest-missing", &found),
        ["error releases/current.yaml:1:1 the manifest `releases/current.yaml` is gone"]
    );
    assert_eq!(rules(&found), ["manifest-missing"]);
    assert!(found[0].help.contains("`rules: {manifest-missing: warning}`"), "{}", found[0].help);
}

#[test]
fn manifest_missing_is_quiet_where_there_was_none() {
    let empty = MapTree::new().with("README.md", "");
    assert_eq!(places("manifest-missing", &update(Some(&empty), &empty)), [""; 0]);
}

#[test]
fn archive_missing_fires_and_is_mended_by_the_archive() {
    let (before, after) = (tree(&sound()), tree(&app("v1.3.0")));
    let policies = judge(Some(&before), &after).expect("the policy is valid");
    let asked = RefCell::new(Vec::new());
    let input = Input {
        before_name: "origin/main",
        archive_path: &|_, state| {
            asked.borrow_mut().push(state.clone());
            Ok(Some(RepoPath::new(archive(0, &sound()))))
        },
        ..Input::new(&policies, Some(&before), &after, today())
    };
    let found = check(&input).expect("a map can be read");
    assert_eq!(
        of_rule("archive-missing", &found),
        [
            "error releases/current.yaml:1:1 the state that `releases/current.yaml` has on origin/main is in no file \
          below `releases/history`"
        ]
    );
    let state = id(&before, CURRENT);
    assert_eq!(*asked.borrow(), std::slice::from_ref(&state));
    let path = RepoPath::new(archive(0, &sound()));
    assert_eq!(found[0].fix, Some(Fix::Archive { path, blob: state }));
}

#[test]
fn what_to_do_about_a_missing_archive_depends_on_where_the_change_stands() {
    let (before, after) = (tree(&sound()), tree(&app("v1.3.0")));
    let policies = judge(Some(&before), &after).expect("the policy is valid");
    let help = |standing, before_name: &str| {
        let input = Input { standing, before_name, ..Input::new(&policies, Some(&before), &after, today()) };
        check(&input).expect("a map can be read").remove(0).help
    };
    let archive = "`sysbom archive` writes and stages it; then commit it";
    assert_eq!(
        help(Standing::Uncommitted, "origin/main"),
        format!("{archive}; the pre-commit hook does so by itself where `sysbom install` was run")
    );
    assert_eq!(
        help(Standing::Behind, "origin/main"),
        format!(
            "bring the branch up to date first: `git fetch` and `git merge origin/main`, or \
             `sysbom update-branch`; where it is missing then, {archive}"
        )
    );
    assert_eq!(
        help(Standing::Published, "4f1c2ab"),
        "`sysbom archive --backfill` writes and stages it; then commit it"
    );
    for name in ["HEAD^1", "4f1c2ab"] {
        let help = help(Standing::Committed, name);
        assert!(help.starts_with("if the branch is behind, ") && help.contains("`git merge BASE`"), "{help}");
        assert!(help.ends_with(archive), "{help}");
    }
}

#[test]
fn a_missing_archive_is_listed_behind_what_the_manifest_says() {
    let after = tree(&sound().replace("v1.2.3", "latest")).with(POLICY, "direct: deny\n");
    let found = update(Some(&tree(&sound())), &after);
    assert_eq!(rules(&found), ["policy-changed", "floating-tag", "half-moved-pin", "archive-missing"]);
    let mut out = Vec::new();
    render(Format::Human(Color::Never), &found, &mut out).expect("a vector takes all");
    let out = String::from_utf8(out).expect("we write text");
    assert!(out.ends_with("2 errors, 2 warnings; `sysbom explain floating-tag` says more\n"), "{out}");
}

#[test]
fn archive_missing_is_quiet_where_the_bytes_are_kept_or_the_state_stays() {
    assert_eq!(change(&sound(), &app("v1.3.0")), []);
    assert_eq!(update(Some(&tree(&sound())), &tree(&sound())), []);
    let elsewhere = tree(&app("v1.3.0")).with("releases/history/2024/06/a.yaml", sound());
    assert_eq!(places("archive-missing", &update(Some(&tree(&sound())), &elsewhere)), [""; 0]);
}

#[test]
fn archive_missing_fires_where_only_a_link_has_the_bytes() {
    let link = tree(&app("v1.3.0")).with_kind(&archive(0, &sound()), Kind::Symlink, sound());
    assert_eq!(rules(&update(Some(&tree(&sound())), &link)), ["archive-missing", "not-a-regular-file"]);
}

fn id(tree: &MapTree, path: &str) -> ObjectId {
    tree.entry(&RepoPath::new(path)).expect("a map can be read").expect("it is there").id
}

#[test]
fn history_rewritten_fires_on_every_loss() {
    let (first, second) = (app("v1.0.0"), app("v1.1.0"));
    let (one, two) = (archive(0, &first), archive(1, &second));
    let before = tree(&sound()).with(&one, first.clone()).with(&two, second.clone());
    let fires = |after: MapTree, what: &str| {
        let found = update(Some(&before), &after);
        let expected = format!("error {one}:1:1 history file `{one}` {what}");
        assert_eq!(of_rule("history-rewritten", &found), [expected]);
        let finding = found.iter().find(|finding| finding.rule == "history-rewritten").expect("it fires");
        assert_eq!(finding.fix, Some(Fix::Restore { path: RepoPath::new(&*one), blob: id(&before, &one) }));
    };
    fires(before.clone().without(&one), "is deleted");
    fires(before.clone().with(&one, "images: {}\n"), "is changed");
    fires(
        before.clone().with_kind(&one, Kind::Executable, first.clone()),
        "has changed from a plain file to an executable",
    );
    let elsewhere = "releases/history/2024/x.yaml";
    fires(
        before.clone().without(&one).with(elsewhere, first.clone()),
        &format!("is renamed to `{elsewhere}`"),
    );
}

#[test]
fn history_rewritten_fires_on_a_revert_and_names_the_rollback() {
    let before = tree(&app("v1.3.0")).with(&archive(0, &sound()), sound());
    let found = update(Some(&before), &tree(&sound()));
    assert_eq!(rules(&found), ["version-downgrade", "archive-missing", "history-rewritten"]);
    let deleted = found.iter().find(|finding| finding.rule == "history-rewritten").expect("it fires");
    assert!(deleted.help.contains("`sysbom rollback`"), "{}", deleted.help);
}

#[test]
fn history_rewritten_is_quiet_where_history_grows() {
    let before = tree(&sound()).with(&archive(0, &app("v1.0.0")), app("v1.0.0"));
    let after = tree(&app("v1.3.0"))
        .with(&archive(0, &app("v1.0.0")), app("v1.0.0"))
        .with(&archive(1, &sound()), sound());
    assert_eq!(update(Some(&before), &after), []);
}

#[test]
fn archive_differs_fires_on_other_bytes_than_the_name_says() {
    let name = archive(0, &sound());
    let after = tree(&app("v1.3.0")).with(&name, sound().replace('\n', "\r\n"));
    assert_eq!(
        places("archive-differs", &update(Some(&tree(&sound())), &after)),
        [format!("error {name}:1:1")]
    );
}

#[test]
fn an_archive_that_base_has_is_put_back_not_deleted() {
    let name = archive(0, &sound());
    let before = tree(&sound()).with(&name, sound());
    let after = tree(&sound()).with(&name, sound().replace("v1.2.3", "v1.2.4"));
    let found = update(Some(&before), &after);
    assert_eq!(rules(&found), ["archive-differs", "history-rewritten"]);
    assert_eq!(
        found[0].help,
        format!("`sysbom check --fix` or `git checkout BASE -- {name}` puts it back as it was")
    );
    let policies = judge(Some(&after), &after).expect("the policy is valid");
    let input = Input { scope: Scope::WholeHistory, ..Input::new(&policies, Some(&after), &after, today()) };
    let found = check(&input).expect("a map can be read");
    assert!(found[0].help.contains("leave it"), "{found:?}");
}

#[test]
fn archive_differs_is_quiet_on_the_right_bytes_and_on_other_names() {
    assert_eq!(places("archive-differs", &change(&sound(), &app("v1.3.0"))), [""; 0]);
    let named = tree(&app("v1.3.0")).with("releases/history/before-the-move.yaml", sound());
    assert_eq!(update(Some(&tree(&sound())), &named), []);
}

fn app_and_web(app: &str, web: &str) -> String {
    manifest(&[component("app", app), component("web", web)])
}

/// The first half bumps `app`, the second `web`.
fn apart() -> [String; 3] {
    [app_and_web("v1.2.3", "v2.0.0"), app_and_web("v1.3.0", "v2.0.0"), app_and_web("v1.2.3", "v2.1.0")]
}

fn dropped(base: &str, sides: [&str; 2], result: &str) -> Vec<String> {
    of_rule("side-dropped", &merged(base, sides, result))
}

#[test]
fn side_dropped_fires_where_one_side_was_taken_whole() {
    let [base, ours, theirs] = apart();
    let found = merged(&base, [&ours, &theirs], &ours);
    assert_eq!(
        of_rule("side-dropped", &found),
        ["error releases/current.yaml:8:10 4f1c2ab drops what their side alone changed: `web`"]
    );
    assert!(found[0].help.contains("`git checkout -m -- releases/current.yaml`"), "{}", found[0].help);
    assert!(found[0].help.contains("a commit of its own after"), "{}", found[0].help);
    assert_eq!(
        dropped(&base, [&ours, &theirs], &theirs),
        ["error releases/current.yaml:4:10 4f1c2ab drops what our side alone changed: `app`"]
    );
    assert_eq!(dropped(&base, [&ours, &theirs], &base).len(), 2);
}

#[test]
fn side_dropped_fires_whatever_else_the_result_holds() {
    let [base, ours, theirs] = apart();
    let sides = [ours.as_str(), theirs.as_str()];
    let web = |result: &str| {
        let found = dropped(&base, sides, result);
        assert!(found.len() == 1 && found[0].ends_with("their side alone changed: `web`"), "{found:?}");
    };
    web(&format!("# merged\n{ours}"));
    web(&ours.replace("v2.0.0\n", "'v2.0.0' # see above\n"));
    web(&app_and_web("v1.4.0", "v2.0.0"));
    web(&manifest(&[component("app", "v1.3.0"), component("web", "v2.0.0"), component("new", "v1.0.0")]));
    web(&manifest(&[component("web", "v2.0.0"), component("app", "v1.3.0")]));
    // Beside a conflict that was decided, and beside one that nobody can decide but the comment at the top.
    let both = app_and_web("v1.4.0", "v2.1.0");
    assert_eq!(
        places("side-dropped", &merged(&base, [&ours, &both], &ours)),
        ["error releases/current.yaml:8:10"]
    );
    let [ours, theirs] = [format!("# ours\n{ours}"), format!("# theirs\n{theirs}")];
    assert_eq!(dropped(&base, [&ours, &theirs], &ours).len(), 1);
}

#[test]
fn side_dropped_fires_on_a_removal_an_addition_an_experiment_and_any_other_key() {
    let base = format!("{}experiment:\n  canaryWeight: 10\n  stable: 90\nreplicas: 1\n", sound());
    let ours = base.replace("v1.2.3", "v1.3.0");
    let drops = |theirs: &str| {
        let shorter = |found: String| found.replace("4f1c2ab drops what their side alone changed: ", "");
        dropped(&base, [&ours, theirs], &ours).into_iter().map(shorter).collect::<Vec<_>>()
    };
    let web = component("web", "v2.0.0");
    assert_eq!(drops(&base.replace(&web, "")), ["error releases/current.yaml:6:3 `web`"]);
    let added = base.replace(&web, &(web.clone() + &component("new", "v1.0.0")));
    assert_eq!(drops(&added), ["error releases/current.yaml:1:1 `new`"]);
    let weighed = base.replace("canaryWeight: 10", "canaryWeight: 20");
    assert_eq!(drops(&weighed), ["error releases/current.yaml:11:3 `experiment`"]);
    assert_eq!(
        drops(&base.replace("replicas: 1", "replicas: 2")),
        ["error releases/current.yaml:13:11 `replicas`"]
    );
    // Other keys of a component go their own way.
    let pulled = base.replace("    tag: v1.2.3", "    pullPolicy: Always\n    tag: v1.2.3");
    assert_eq!(drops(&pulled), ["error releases/current.yaml:1:1 `app.pullPolicy`"]);
    // Comments and style are no data.
    assert_eq!(drops(&base.replace("replicas: 1", "replicas: '1' # one")), [""; 0]);
}

#[test]
fn side_dropped_is_quiet_where_both_sides_survive_or_a_conflict_was_decided() {
    let [base, ours, theirs] = apart();
    let sides = [ours.as_str(), theirs.as_str()];
    assert_eq!(dropped(&base, sides, &app_and_web("v1.3.0", "v2.1.0")), [""; 0]);
    assert_eq!(dropped(&base, [&ours, &base], &ours), [""; 0]);
    // What the merge itself moved on is no loss.
    assert_eq!(dropped(&base, sides, &app_and_web("v1.3.0", "v2.2.0")), [""; 0]);
    let conflict = app_and_web("v1.4.0", "v2.0.0");
    for result in [&ours, &conflict, &base, &app_and_web("v1.5.0", "v2.0.0")] {
        assert_eq!(dropped(&base, [&ours, &conflict], result), [""; 0]);
    }
    // Brought in by a later commit.
    let trees = [tree(&base), tree(&ours), tree(&theirs)];
    let later = tree(&app_and_web("v1.3.0", "v2.1.0")).with(&archive(0, &ours), ours.clone());
    assert_eq!(places("side-dropped", &merged_later(&trees, &tree(&ours), &later)), [""; 0]);
}

#[test]
fn side_dropped_is_quiet_on_every_way_to_decide_a_conflict() {
    let [base, ours, _] = apart();
    // The pin conflicts, and with it the whole entry.
    let pulled =
        app_and_web("v1.4.0", "v2.0.0").replace("    tag: v1.4.0", "    pullPolicy: Always\n    tag: v1.4.0");
    assert_eq!(dropped(&base, [&ours, &pulled], &ours), [""; 0]);
    // Renamed on one side, bumped on the other.
    let renamed = base.replace("  web:", "  site:");
    let bumped = app_and_web("v1.2.3", "v2.1.0");
    for result in [&renamed, &bumped, &bumped.replace("  web:", "  site:")] {
        assert_eq!(dropped(&base, [&renamed, &bumped], result), [""; 0]);
        assert_eq!(dropped(&base, [&bumped, &renamed], result), [""; 0]);
    }
    let renamed_apart = base.replace("  web:", "  front:");
    for result in [&renamed, &renamed_apart] {
        assert_eq!(dropped(&base, [&renamed, &renamed_apart], result), [""; 0]);
    }
    // Removed on one side, changed on the other.
    let removed = manifest(&[component("app", "v1.2.3")]);
    let more = format!("{base}    pullPolicy: Always\n");
    for result in [&removed, &more] {
        assert_eq!(dropped(&base, [&removed, &more], result), [""; 0]);
        assert_eq!(dropped(&base, [&more, &removed], result), [""; 0]);
    }
    // Added, removed or made into something else on both sides.
    let other = |entry: &str| format!("{base}{entry}");
    for [was, one, two] in [
        ["", "config: {a: 1}\n", "config: {b: 1}\n"],
        ["config: {a: 1}\n", "", "config: {a: 1, b: 1}\n"],
        ["config: 1\n", "config: 2\n", "config: {b: 1}\n"],
        ["config: []\n", "config: [a]\n", "config: [{name: b}]\n"],
    ] {
        let [was, one, two] = [was, one, two].map(other);
        for result in [&one, &two] {
            assert_eq!(dropped(&was, [&one, &two], result), [""; 0], "{one}{two}");
        }
    }
    // A list without names conflicts as a whole.
    let list = |items: &str| format!("{base}hosts: [{items}]\n");
    assert_eq!(dropped(&list("a, b"), [&list("a, c"), &list("d, b")], &list("a, c")), [""; 0]);
}

#[test]
fn side_dropped_is_quiet_on_a_rollback_between_crosswise_merges() {
    // Both sides hold v2 of app, by merges of the two bases; theirs took it back.
    let bases = [tree(&app_and_web("v1.2.3", "v2.0.0")), tree(&app_and_web("v1.3.0", "v2.0.0"))];
    let ours = tree(&app_and_web("v1.3.0", "v2.1.0"));
    let theirs = bases[0].clone();
    let result = tree(&app_and_web("v1.2.3", "v2.1.0"));
    let found = |bases: &[&MapTree]| {
        let parents = [(&ours, bases.to_vec()), (&theirs, bases.to_vec())];
        of_rule("side-dropped", &joined(&parents, &result, &[], &result))
    };
    assert_eq!(found(&[&bases[0], &bases[1]]), [""; 0]);
    assert_eq!(found(&[&bases[0]]).len(), 1);
}

#[test]
fn side_dropped_fires_on_each_side_of_an_octopus_merge() {
    let [base, ours, web] = apart();
    let job = base.clone() + &component("job", "v3.0.0");
    let trees = [&base, &ours, &web, &job].map(|text| tree(text));
    let [base, ours, web, job] = &trees;
    let parents = [(ours, vec![base]), (web, vec![base]), (job, vec![base])];
    let found = |result: &str| {
        let result = tree(result).with(&archive(0, &apart()[1]), apart()[1].clone());
        let shorter = |found: String| found.replace("4f1c2ab drops what their side alone changed: ", "");
        let found = of_rule("side-dropped", &joined(&parents, &result, &[], &result));
        found.into_iter().map(shorter).collect::<Vec<_>>()
    };
    assert_eq!(
        found(&apart()[1]),
        ["error releases/current.yaml:1:1 `job`", "error releases/current.yaml:8:10 `web`"]
    );
    assert_eq!(found(&app_and_web("v1.3.0", "v2.1.0")), ["error releases/current.yaml:1:1 `job`"]);
    assert_eq!(found(&(app_and_web("v1.3.0", "v2.1.0") + &component("job", "v3.0.0"))), [""; 0]);
}

#[test]
fn side_dropped_fires_where_several_sides_of_an_octopus_merge_changed_the_same_alike() {
    let [base, ours, web] = apart().map(|text| tree(&text));
    let parents = [(&ours, vec![&base]), (&web, vec![&base]), (&web, vec![&base])];
    assert_eq!(places("side-dropped", &joined(&parents, &ours, &[], &ours)).len(), 1);
    // Apart is a conflict, and a side that took it back is what a merge takes.
    let other = tree(&app_and_web("v1.2.3", "v2.2.0"));
    let parents = [(&ours, vec![&base]), (&web, vec![&base]), (&other, vec![&base])];
    assert_eq!(places("side-dropped", &joined(&parents, &ours, &[], &ours)), [""; 0]);
    let parents = [(&ours, vec![&base]), (&web, vec![&web]), (&base, vec![&web])];
    assert_eq!(places("side-dropped", &joined(&parents, &ours, &[], &ours)), [""; 0]);
}

#[test]
fn side_dropped_is_quiet_where_what_was_brought_in_is_undone_by_a_commit_of_its_own() {
    let [base, ours, theirs] = apart().map(|text| tree(&text));
    let parents = [(&ours, vec![&base]), (&theirs, vec![&base])];
    let restored = tree(&app_and_web("v1.3.0", "v2.1.0"));
    let undone = tree(&(apart()[1].clone() + "# without web\n"));
    let found = |later: &[&MapTree]| places("side-dropped", &joined(&parents, &ours, later, &undone));
    assert_eq!(found(&[&restored, &undone]), [""; 0]);
    // Nothing that does not touch it brings it in, nor does a commit that nobody can read.
    let (other, broken, gone) = (tree(&app("v1.4.0")), tree("images: ["), MapTree::new());
    assert_eq!(found(&[&other, &broken, &gone, &undone]).len(), 1);
}

#[test]
fn snapshot_id_fires_on_another_name_than_the_file_has() {
    let snapshot = |id: &str| format!("snapshotId: {id}\n{}", sound());
    let fires = |file: &str, text: &str| {
        let before = tree(&sound()).with("releases/history/taken.yaml", snapshot("taken"));
        let after = before.clone().with(&format!("releases/history/{file}"), text);
        places("snapshot-id", &update(Some(&before), &after))
    };
    assert_eq!(fires("exp-7.yaml", &snapshot("exp-8")), ["error releases/history/exp-7.yaml:1:13"]);
    assert_eq!(
        fires("exp-7.yaml", &sound().replace("v1.2.3", "v1.2.4")),
        ["error releases/history/exp-7.yaml:1:1"]
    );
    assert_eq!(fires("con.yaml", &snapshot("con")), ["error releases/history/con.yaml:1:13"]);
    let other = snapshot("taken").replace("v1.2.3", "v1.2.4");
    assert_eq!(fires("2024/06/taken.yaml", &other), ["error releases/history/2024/06/taken.yaml:1:13"]);
    // A manifest that says it is a snapshot with other pins.
    let before = tree(&sound()).with("releases/history/taken.yaml", snapshot("taken"));
    let after = before.clone().with(CURRENT, other).with(&archive(0, &sound()), sound());
    assert_eq!(places("snapshot-id", &update(Some(&before), &after)), ["error releases/current.yaml:1:13"]);
}

#[test]
fn snapshot_id_fires_on_a_recorded_commit_that_is_none() {
    let fires = |commit: &str| {
        let text =
            format!("snapshotId: exp-7\n{}sysbom:\n  base:\n    commit: {commit}\n    release: x\n", sound());
        let after = tree(&sound()).with("releases/history/exp-7.yaml", text);
        of_rule("snapshot-id", &update(Some(&tree(&sound())), &after))
    };
    let line = sound().lines().count() + 4;
    for (commit, shown) in [("--lock", "--lock"), ("4f1c2ab", "4f1c2ab"), ("HEAD", "HEAD"), ("[x]", "")] {
        assert_eq!(
            fires(commit),
            [format!(
                "error releases/history/exp-7.yaml:{line}:13 the snapshot's `commit` is `{shown}`, no commit"
            )]
        );
    }
    assert_eq!(fires(&format!("'{}'", "0123456789".repeat(4))), [""; 0]);
    assert_eq!(fires(&"ab".repeat(32)), [""; 0]);
}

#[test]
fn snapshot_id_is_quiet_on_a_snapshot_of_its_own_name() {
    let text = format!("snapshotId: exp-7\n{}sysbom:\n  owner: a\n", sound());
    let after = tree(&sound())
        .with("releases/history/exp-7.yaml", text.clone())
        .with("releases/history/README.md", "x");
    assert_eq!(update(Some(&tree(&sound())), &after), []);
    let deployed = after.clone().with(CURRENT, text).with(&archive(0, &sound()), sound());
    assert_eq!(update(Some(&after), &deployed), []);
}

#[test]
fn snapshot_id_fires_whatever_ending_the_other_file_has() {
    let snapshot = |tag: &str| format!("snapshotId: taken\n{}", app(tag));
    for (old, new) in [("taken.yaml", "taken.yml"), ("taken.YML", "2024/taken.yaml")] {
        let before = tree(&sound()).with(&format!("releases/history/{old}"), snapshot("v1.2.3"));
        let path = format!("releases/history/{new}");
        let found = update(Some(&before), &before.clone().with(&path, snapshot("v1.2.4")));
        assert_eq!(places("snapshot-id", &found), [format!("error {path}:1:13")]);
        // A manifest that says it is this snapshot, with other pins.
        let after = before.clone().with(CURRENT, snapshot("v1.2.4")).with(&archive(0, &sound()), sound());
        let expected = ["error releases/current.yaml:1:13"];
        assert_eq!(places("snapshot-id", &update(Some(&before), &after)), expected);
    }
}

#[test]
fn snapshot_id_is_quiet_where_the_same_content_is_written_otherwise() {
    let state = |experiment: &str| format!("snapshotId: exp-7\n{}experiment:{experiment}", sound());
    let before = state("\n  canaryEnabled: false\n  cohort: [a, b]\n");
    for experiment in [
        "\n  # who sees it\n  canaryEnabled: false # nobody\n  cohort: [a, b]\n",
        " {cohort: [a, b], canaryEnabled: false}\n",
        "\n  canaryEnabled: false\n  cohort:\n    - a\n    - 'b'\n",
    ] {
        assert_eq!(places("snapshot-id", &change(&before, &state(experiment))), [""; 0], "{experiment}");
    }
    let other = state("\n  canaryEnabled: false\n  cohort: [b, a]\n");
    assert_eq!(places("snapshot-id", &change(&before, &other)), ["error releases/current.yaml:1:13"]);
}

#[test]
fn not_a_regular_file_fires_on_links_executables_and_pointers() {
    let fires = |after: MapTree| of_rule("not-a-regular-file", &update(Some(&tree(&sound())), &after));
    let link = MapTree::new()
        .with_kind(CURRENT, Kind::Symlink, "elsewhere.yaml")
        .with(&archive(0, &sound()), sound());
    assert_eq!(
        fires(link),
        ["error releases/current.yaml:1:1 `releases/current.yaml` is a symbolic link, not a plain file"]
    );
    let executable = MapTree::new().with_kind(CURRENT, Kind::Executable, sound());
    assert_eq!(
        fires(executable),
        ["error releases/current.yaml:1:1 `releases/current.yaml` is executable, not a plain file"]
    );
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n";
    assert_eq!(
        fires(tree(&sound()).with("releases/history/x.yaml", pointer)),
        [
            "error releases/history/x.yaml:1:1 `releases/history/x.yaml` is a Git LFS pointer, not a plain file"
        ]
    );
    let submodule = tree(&sound()).with_kind("releases/history/x", Kind::Submodule, "");
    assert_eq!(
        fires(submodule),
        ["error releases/history/x:1:1 `releases/history/x` is a submodule, not a plain file"]
    );
    let policy = tree(&sound()).with_kind(POLICY, Kind::Symlink, "../elsewhere");
    assert_eq!(fires(policy), ["error .sysbom.yaml:1:1 `.sysbom.yaml` is a symbolic link, not a plain file"]);
    let history = tree(&sound()).with_kind("releases/history", Kind::Symlink, "elsewhere");
    assert_eq!(fires(history), ["error releases/history:1:1 `releases/history` is no folder"]);
}

#[test]
fn not_a_regular_file_fires_on_what_stands_for_a_folder_on_the_way_to_a_manifest() {
    let policy = "manifest: releases/{system}/deploy/current.yaml\n";
    let manifest = "releases/prod/deploy/current.yaml";
    let systems = MapTree::new().with(POLICY, policy).with(manifest, sound());
    let fires = |path: &str, kind| {
        let after = systems.clone().with_kind(path, kind, "../evil");
        of_rule("not-a-regular-file", &update(Some(&systems), &after))
    };
    let expected = |path: &str, what: &str| {
        vec![format!("error {path}:1:1 `{path}` is {what}, and a manifest may stand behind it")]
    };
    for path in ["releases/c", "releases/c/deploy"] {
        assert_eq!(fires(path, Kind::Symlink), expected(path, "a symbolic link"));
        assert_eq!(fires(path, Kind::Submodule), expected(path, "a submodule"));
        assert_eq!(fires(path, Kind::File), [""; 0]);
    }
    assert_eq!(fires("releases/c/docs", Kind::Symlink), [""; 0]);
    let one = MapTree::new().with_kind("releases", Kind::Symlink, "evil");
    assert_eq!(of_rule("not-a-regular-file", &update(None, &one)), expected("releases", "a symbolic link"));
    // At the top of a repository there are links and submodules of other kinds.
    let top = MapTree::new()
        .with(POLICY, "manifest: '{system}/current.yaml'\n")
        .with("prod/current.yaml", sound())
        .with_kind("charts", Kind::Submodule, "")
        .with_kind("docs", Kind::Symlink, "prod/docs");
    assert_eq!(update(None, &top), []);
    let alias = top.clone().with_kind("live", Kind::Symlink, "./prod");
    assert_eq!(places("not-a-regular-file", &update(None, &alias)), ["error live:1:1"]);
}

#[test]
fn not_a_regular_file_is_quiet_on_plain_files() {
    let after =
        tree(&sound()).with_kind("deploy.sh", Kind::Executable, "").with("releases/history/.gitkeep", "");
    assert_eq!(update(Some(&tree(&sound())), &after), []);
}

#[test]
fn path_twin_fires_on_the_new_one_of_two() {
    let before = tree(&sound()).with("releases/history/Exp.md", "");
    let fires = |path: &str| places("path-twin", &update(Some(&before), &before.clone().with(path, "")));
    assert_eq!(fires("releases/history/exp.md"), ["error releases/history/exp.md:1:1"]);
    assert_eq!(fires("releases/history/EXP.md"), ["error releases/history/EXP.md:1:1"]);
    assert_eq!(fires("releases/Current.yaml"), ["error releases/Current.yaml:1:1"]);
    assert_eq!(fires("releases/current.yml"), ["error releases/current.yml:1:1"]);
    assert_eq!(fires("releases/History/other.md"), ["error releases/History:1:1"]);
    let policy = "manifest: releases/{system}/current.yaml\n";
    let systems = MapTree::new().with(POLICY, policy).with("releases/prod/current.yaml", sound());
    let twins = systems.clone().with("releases/Prod/current.yaml", sound());
    assert_eq!(places("path-twin", &update(Some(&systems), &twins))[0], "error releases/Prod:1:1");
    let accents =
        before.clone().with("releases/history/e\u{301}.md", "").with("releases/history/\u{e9}.md", "");
    assert_eq!(places("path-twin", &update(Some(&before), &accents)).len(), 1);
}

#[test]
fn path_twin_fires_on_what_takes_the_place_of_a_guarded_path_elsewhere() {
    let fires = |path: &str| places("path-twin", &update(None, &tree(&sound()).with(path, "a: 1\n")));
    for (path, twin) in [
        ("Releases/current.yaml", "Releases"),
        ("RELEASES/x.md", "RELEASES"),
        ("releases/History/x.md", "releases/History"),
        ("releases/Outcomes/x.md", "releases/Outcomes"),
        ("releases/Holds.yaml", "releases/Holds.yaml"),
        (".SYSBOM.yaml", ".SYSBOM.yaml"),
    ] {
        assert_eq!(fires(path), [format!("error {twin}:1:1")], "{path}");
    }
    let policy = "manifest: caf\u{e9}/{system}/current.yaml\n";
    let after = MapTree::new().with(POLICY, policy).with("caf\u{e9}/prod/current.yaml", sound());
    let twin = after.clone().with("cafe\u{301}/prod/current.yaml", sound());
    assert_eq!(places("path-twin", &update(None, &after)), [""; 0]);
    assert_eq!(places("path-twin", &update(None, &twin)), ["error cafe\u{301}:1:1"]);
}

#[test]
fn path_twin_is_quiet_elsewhere_in_the_repository() {
    let after = tree(&sound()).with("charts/A", "").with("charts/a", "").with("releases/notes.yml", "");
    assert_eq!(update(Some(&tree(&sound())), &after), []);
}

#[test]
fn component_removed_fires_at_the_list_it_left() {
    let after = manifest(&[component("app", "v1.2.3")]);
    let found = change(&sound(), &after);
    assert_eq!(
        of_rule("component-removed", &found),
        ["warning releases/current.yaml:1:1 component `web` is removed"]
    );
    assert_eq!(rules(&found), ["component-removed"]);
}

#[test]
fn component_removed_fires_where_only_the_name_is_left() {
    for left in ["null", "~", "", "{}", "[]", "''"] {
        let after = manifest(&[component("app", "v1.2.3"), format!("  web: {left}\n")]);
        let found = change(&sound(), &after);
        assert!(
            found
                .iter()
                .any(|finding| finding.severity == Severity::Error || finding.rule == "component-removed"),
            "{left}: {found:?}"
        );
    }
}

#[test]
fn component_removed_is_quiet_on_a_new_order() {
    let after =
        manifest(&[component("web", "v2.0.0"), component("app", "v1.2.3"), component("job", "v1.0.0")]);
    assert_eq!(change(&sound(), &after), []);
}

#[test]
fn version_downgrade_fires_at_the_tag() {
    assert_eq!(
        of_rule("version-downgrade", &change(&app("v1.10.0"), &app("v1.9.0"))),
        ["warning releases/current.yaml:4:10 `app` goes back from `v1.10.0` to `v1.9.0`"]
    );
}

#[test]
fn version_downgrade_fires_on_all_that_a_release_takes_for_older() {
    for (old, new) in [
        ("build-101", "build-99"),
        ("20240616-1a2b3c4", "20240615-9f8e7d6"),
        ("2024-06-16", "2024-06-15"),
        ("1.2.3-debian-12-r5", "1.2.3-debian-12-r4"),
        ("v1.2.0", "v1.2.0-rc.1"),
        ("v1.3.0-alpine", "v1.2.9-alpine"),
        ("v1.2.4", "v1.2.3-alpine"),
        ("release-1.2.3", "release-1.2.2"),
        ("app-v1.2.4", "app-v1.2.3-alpine"),
        ("jdk-17.0.2", "jdk-17.0.1"),
        ("main-20240615-abc1234", "main-20240614-abc1235"),
    ] {
        let found = change(&app(old), &app(new));
        assert_eq!(
            places("version-downgrade", &found),
            ["warning releases/current.yaml:4:10"],
            "{old} {new}"
        );
        assert_eq!(places("version-downgrade", &change(&app(new), &app(old))), [""; 0], "{new} {old}");
    }
    // A mirror of the same image counts on.
    let mirrored = app("v1.9.0").replace("ghcr.io/acme/app", "quay.io/mirror/app");
    assert_eq!(places("version-downgrade", &change(&app("v1.10.0"), &mirrored)).len(), 1);
    let another = app("v1.9.0").replace("ghcr.io/acme/app", "ghcr.io/acme/server");
    assert_eq!(places("version-downgrade", &change(&app("v1.10.0"), &another)), [""; 0]);
}

#[test]
fn version_downgrade_is_quiet_on_newer_versions_and_on_commits() {
    assert_eq!(change(&app("v1.9.0"), &app("v1.10.0")), []);
    assert_eq!(change(&app("sha-f000001"), &app("sha-a000001")), []);
    assert_eq!(change(&app("release-1.9.0"), &app("release-1.10.0")), []);
    assert_eq!(change(&app("release-1.9.0"), &app("hotfix-1.8.0")), []);
}

#[test]
fn experiment_weights_fires_at_the_weight() {
    let with = |experiment: &str| of_manifest(&format!("{}experiment:\n{experiment}", sound()));
    assert_eq!(
        of_rule("experiment-weights", &with("  stableWeight: 90\n  canaryWeight: 20\n")),
        [
            "error releases/current.yaml:12:17 `stableWeight` 90 and `canaryWeight` 20 add up to 110, not to 100"
        ]
    );
    assert_eq!(
        places("experiment-weights", &with("  stableWeight: \"90\"\n  canaryWeight: 12.5\n")),
        ["error releases/current.yaml:11:17", "error releases/current.yaml:12:17"]
    );
    assert_eq!(
        places("experiment-weights", &with("  canaryWeight: 101\n")),
        ["error releases/current.yaml:11:17"]
    );
}

#[test]
fn experiment_weights_is_quiet_on_a_hundred() {
    let text = format!("{}experiment:\n  stableWeight: 100\n  canaryWeight: 0\n", sound());
    assert_eq!(of_manifest(&text), []);
}

#[test]
fn canary_same_image_fires_at_the_canary() {
    let enabled = "experiment:\n  canaryEnabled: true\n";
    assert_eq!(
        of_rule("canary-same-image", &of_manifest(&(sound() + enabled))),
        [
            "warning releases/current.yaml:11:18 the experiment has `canaryEnabled`, and there is no canary component"
        ]
    );
    let same = manifest(&[
        component("app", "v1.2.3"),
        pin("appCanary", "ghcr.io/acme/app", "v1.2.3", &digest("app:v1.2.3")),
    ]) + enabled;
    assert_eq!(
        of_rule("canary-same-image", &of_manifest(&same)),
        ["warning releases/current.yaml:9:13 canary `appCanary` has the image of its stable sibling `app`"]
    );
}

#[test]
fn canary_same_image_fires_on_whatever_a_template_takes_for_true() {
    for enabled in ["true", "True", "yes", "\"true\"", "'True'"] {
        let text = format!("{}experiment:\n  canaryEnabled: {enabled}\n", sound());
        let found = of_manifest(&text);
        assert_eq!(places("canary-same-image", &found), ["warning releases/current.yaml:11:18"], "{enabled}");
    }
}

#[test]
fn canary_same_image_is_quiet_on_another_digest_or_without_an_experiment() {
    let other = manifest(&[
        component("app", "v1.2.3"),
        pin("app-canary", "ghcr.io/acme/app", "v1.3.0-rc.1", &digest("app:v1.3.0-rc.1")),
    ]) + "experiment:\n  canaryEnabled: true\n";
    assert_eq!(of_manifest(&other), []);
    assert_eq!(of_manifest(&(sound() + "experiment:\n  canaryEnabled: false\n")), []);
}

#[test]
fn policy_moved_fires_at_the_setting() {
    let before = tree(&sound()).with(POLICY, "digest: required\n");
    let fires =
        |policy: &str| places("policy-moved", &update(Some(&before), &before.clone().with(POLICY, policy)));
    assert_eq!(fires("digest: required\nmanifest: deploy/current.yaml\n"), ["error .sysbom.yaml:2:11"]);
    assert_eq!(fires("components: global.images\n"), ["error .sysbom.yaml:1:13"]);
    assert_eq!(fires("fields: {tag: version}\n"), ["error .sysbom.yaml:1:9"]);
    assert_eq!(fires("history: {layout: year-month}\n"), ["error .sysbom.yaml:1:19"]);
    // Taking the file away moves things back to where they stand by default.
    let moved = tree(&sound()).with(POLICY, "components: global.images\n");
    assert_eq!(
        places("policy-moved", &update(Some(&moved), &moved.clone().without(POLICY))),
        ["error .sysbom.yaml:1:1"]
    );
}

#[test]
fn policy_moved_is_quiet_where_the_server_allows_it_and_at_the_first_policy() {
    let before = tree(&sound());
    let after = before.clone().with(POLICY, "history: {layout: year-month}\n");
    let policies = judge(Some(&before), &after).expect("the policy is valid");
    let input = Input { moves: Moves::Allowed, ..Input::new(&policies, Some(&before), &after, today()) };
    assert_eq!(rules(&check(&input).expect("a map can be read")), ["policy-changed"]);
    let nothing = MapTree::new().with("README.md", "");
    let adopted = MapTree::new()
        .with("deploy/bom.yaml", sound().replace("images:", "components:"))
        .with(POLICY, "manifest: deploy/bom.yaml\ncomponents: components\n");
    assert_eq!(update(Some(&nothing), &adopted), []);
}

#[test]
fn policy_changed_fires_on_any_edit() {
    let before = tree(&sound());
    let after = before.clone().with(POLICY, "digest: optional\n");
    assert_eq!(places("policy-changed", &update(Some(&before), &after)), ["warning .sysbom.yaml:1:1"]);
    let broken = before.clone().with(POLICY, "digest: required\ndigst: optional\n");
    assert_eq!(places("policy-changed", &update(Some(&before), &broken)), ["error .sysbom.yaml:2:1"]);
    assert_eq!(places("policy-changed", &update(None, &broken)), ["error .sysbom.yaml:2:1"]);
}

#[test]
fn a_policy_that_was_tightened_too_early_can_be_loosened_again() {
    let undigested = "images:\n  app:\n    image: a\n    tag: v1.2.3\n";
    let base = tree(undigested).with(POLICY, "direct: deny\n");
    let loosened = tree(undigested).with(POLICY, "digest: optional\n");
    let found = update(Some(&base), &loosened);
    let place = "warning releases/current.yaml:2:3 component `app` has no digest";
    assert_eq!(of_rule("pin-incomplete", &found), [place]);
    assert!(found.iter().all(|finding| finding.severity == Severity::Warning), "{found:?}");
    // A manifest that changes with it is judged as ever, and so is one beside the same policy.
    let both = tree(&undigested.replace("v1.2.3", "v1.3.0")).with(POLICY, "digest: optional\n");
    assert_eq!(places("pin-incomplete", &update(Some(&base), &both)), ["error releases/current.yaml:2:3"]);
    assert_eq!(places("pin-incomplete", &update(Some(&base), &base)), ["error releases/current.yaml:2:3"]);
}

#[test]
fn a_policy_that_cannot_be_read_can_be_mended() {
    let elsewhere = |text: &str| MapTree::new().with("deploy/bom.yaml", sound()).with(POLICY, text);
    let base = elsewhere("manifest: deploy/bom.yaml\ndigset: optional\n");
    let refused = |found: &[Finding]| found.iter().any(|finding| finding.severity == Severity::Error);
    // Until somebody mends it nothing passes, and it is said where it is at fault.
    let unmended = base.clone().with("deploy/bom.yaml", with_app_tag("v1.3.0"));
    for after in [&base, &unmended] {
        let found = of_rule("policy-changed", &update(Some(&base), after));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("error .sysbom.yaml:2:1 ") && found[0].contains("`digset`"),
            "{found:?}"
        );
    }
    let found = update(Some(&base), &elsewhere("manifest: deploy/bom.yaml\ndigest: optional\n"));
    assert_eq!(
        of_rule("policy-changed", &found),
        [
            "warning .sysbom.yaml:1:1 the policy of BASE cannot be followed (unknown setting `digset`), so the \
             defaults judge this change"
        ]
    );
    assert!(!refused(&found), "{found:?}");
    // Whatever else the change brings is judged by the defaults, at the places of the new policy.
    let more = elsewhere("manifest: deploy/bom.yaml\nrules: {floating-tag: off}\n")
        .with("deploy/bom.yaml", with_app_tag("latest"));
    assert_eq!(places("floating-tag", &update(Some(&base), &more)), ["error deploy/bom.yaml:4:10"]);
    let none = MapTree::new().with("deploy/bom.yaml", sound());
    assert_eq!(rules(&update(Some(&base), &none)), ["policy-changed"]);
}

#[test]
fn a_tag_that_the_same_change_allows_is_to_be_allowed_first() {
    let floats = sound().replace("v1.2.3", "edge");
    let allow = "floating: {allow: [{tag: edge, reason: no other}]}\n";
    let after = tree(&floats).with(POLICY, allow).with(&archive(0, &sound()), sound());
    let found = update(Some(&tree(&sound())), &after);
    let floating = found.iter().find(|finding| finding.rule == "floating-tag").expect("base's policy judges");
    assert_eq!(floating.severity, Severity::Error);
    assert!(
        floating.help.ends_with("counts once BASE has it: edit it first, in a change of its own"),
        "{floating:?}"
    );
    let elsewhere = update(Some(&tree(&sound())), &after.with(POLICY, "direct: deny\n"));
    let floating = elsewhere.iter().find(|finding| finding.rule == "floating-tag").expect("it floats");
    assert!(!floating.help.contains("BASE"), "{floating:?}");
}

#[test]
fn what_an_edited_policy_will_refuse_is_said_in_the_change_that_edits_it() {
    let undigested = "images:\n  app:\n    image: a\n    tag: v1.2.3\n";
    let base = tree(undigested).with(POLICY, "digest: optional\n");
    let tightened = update(Some(&base), &tree(undigested).with(POLICY, "digest: required\n"));
    assert_eq!(
        of_rule("pin-incomplete", &tightened),
        ["warning releases/current.yaml:2:3 under the changed policy component `app` has no digest"]
    );
    assert_eq!(tightened[1].because[0].path.as_str(), POLICY);
    let sound = tree(&sound()).with(POLICY, "digest: required\n");
    let base = tree(&self::sound()).with(POLICY, "digest: optional\n");
    assert_eq!(rules(&update(Some(&base), &sound)), ["policy-changed"]);
}

#[test]
fn policy_changed_is_quiet_where_it_stays() {
    let tree = tree(&sound()).with(POLICY, "digest: required\n");
    assert_eq!(update(Some(&tree), &tree), []);
}

#[test]
fn a_change_is_judged_by_the_policy_of_base() {
    let loose = "digest: optional\nrules: {archive-missing: off, floating-tag: off}\n";
    let after = tree("images:\n  app:\n    image: ghcr.io/acme/app\n    tag: latest\n").with(POLICY, loose);
    let found = update(Some(&tree(&sound())), &after);
    assert_eq!(
        rules(&found),
        ["policy-changed", "component-removed", "pin-incomplete", "floating-tag", "archive-missing"]
    );
    let base = tree(&sound()).with(POLICY, loose);
    assert_eq!(rules(&update(Some(&base), &after)), ["component-removed"]);
}

const ALLOW: &str = "edge  # sysbom: allow[floating-tag] the vendor has no other";

fn with_app_tag(tag: &str) -> String {
    sound().replace("v1.2.3", tag)
}

#[test]
fn exception_fires_without_reason_when_expired_and_when_needless() {
    let base = tree(&with_app_tag("edge"));
    let fires = |tag: &str| {
        let after = tree(&with_app_tag(tag)).with(&archive(0, &with_app_tag("edge")), with_app_tag("edge"));
        places("exception", &update(Some(&base), &after))
    };
    assert_eq!(fires("edge # sysbom: allow[floating-tag]"), ["error releases/current.yaml:4:15"]);
    assert_eq!(fires("edge # sysbom: allow[floating-tga] why"), ["error releases/current.yaml:4:15"]);
    assert_eq!(
        fires("edge # sysbom: allow[floating-tag] why (expires 2024-06-14)"),
        ["error releases/current.yaml:4:15"]
    );
    assert_eq!(fires("v1.2.4 # sysbom: allow[floating-tag] why"), ["warning releases/current.yaml:4:17"]);
    assert_eq!(fires("edge # sysbom: allow[archive-missing] why"), ["error releases/current.yaml:4:15"]);
}

#[test]
fn exception_is_quiet_where_base_carries_it() {
    let base = tree(&with_app_tag(ALLOW));
    let next = tree(&(with_app_tag(ALLOW) + "note: 1\n"))
        .with(&archive(0, &with_app_tag(ALLOW)), with_app_tag(ALLOW));
    assert_eq!(update(Some(&base), &next), []);
}

#[test]
fn an_exception_that_base_does_not_carry_counts_only_if_the_policy_lists_the_rule() {
    let kept = archive(0, &sound());
    let after = tree(&with_app_tag(ALLOW)).with(&kept, sound());
    let found = update(Some(&tree(&sound())), &after);
    assert_eq!(places("floating-tag", &found), ["error releases/current.yaml:4:10"]);
    let floating = found.iter().find(|finding| finding.rule == "floating-tag").expect("it fires");
    assert!(floating.because.iter().any(|reason| reason.label == "counts once BASE carries it"));

    let policy = "inline-allow: [floating-tag]\n";
    let base = tree(&sound()).with(POLICY, policy);
    assert_eq!(places("floating-tag", &update(Some(&base), &after.with(POLICY, policy))), [""; 0]);
}

#[test]
fn the_way_to_an_exception_of_ones_own_can_be_gone() {
    let kept = archive(0, &sound());
    let after = tree(&with_app_tag(ALLOW)).with(&kept, sound());
    let found = update(Some(&tree(&sound())), &after);
    let floating = found.iter().find(|finding| finding.rule == "floating-tag").expect("it fires");
    let way = "the exception counts once `inline-allow` in `.sysbom.yaml` on BASE lists `floating-tag`: add it first, \
               in a change of its own";
    assert!(floating.help.ends_with(way), "{}", floating.help);
}

#[test]
fn an_exception_does_not_travel_to_another_component() {
    let moved = sound().replace("v2.0.0", ALLOW).replace("v1.2.3", ALLOW);
    let after = tree(&moved).with(&archive(0, &with_app_tag(ALLOW)), with_app_tag(ALLOW));
    let found = update(Some(&tree(&with_app_tag(ALLOW))), &after);
    assert_eq!(places("floating-tag", &found), ["error releases/current.yaml:8:10"]);
}

#[test]
fn content_of_archives_is_judged_only_if_nobody_published_it() {
    let latest = app("latest");
    // The day `latest` is mended, the state that had it is archived and not judged.
    assert_eq!(change(&latest, &sound()), []);
    // A state from further back is none either.
    let (before, old) = (tree(&sound()), archive(0, &latest));
    let after = before.clone().with(&old, latest.clone());
    let policies = judge(Some(&before), &after).expect("the policy is valid");
    let former = id(&after, &old);
    let input = Input {
        is_former: &|_, state| Ok(*state == former),
        ..Input::new(&policies, Some(&before), &after, today())
    };
    assert_eq!(check(&input).expect("a map can be read"), []);
    // But nobody can make up a state.
    assert_eq!(places("floating-tag", &update(Some(&before), &after)), [format!("error {old}:4:10")]);
}

#[test]
fn a_new_history_file_is_judged_however_its_ending_is_written() {
    let floating = app("latest");
    for name in ["x.yaml", "x.yml", "x.YAML", "x.Yml", "x.json", "x.txt"] {
        let after =
            tree(&sound()).with(&format!("releases/history/{name}"), format!("{floating}snapshotId: x\n"));
        assert_eq!(rules(&update(Some(&tree(&sound())), &after)), ["floating-tag"], "{name}");
    }
}

#[test]
fn a_new_history_file_that_is_no_document_of_its_own_is_judged_whatever_its_name() {
    let latest = app("latest");
    let alias = latest.replace("images:", "x: &x") + "images: *x\n";
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(latest.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, Vec<u8>, &[&str]); 7] = [
        ("x.txt", format!("{latest}---\n").into(), &["yaml-syntax"]),
        ("README.md", format!("{latest}...\n@ no YAML\n").into(), &["yaml-syntax"]),
        (".hidden", format!("{latest}---\n{latest}").into(), &["yaml-syntax"]),
        ("20240615T101500Z-0123456789ab", format!("{latest}---\n").into(), &["yaml-syntax"]),
        ("x", format!("{latest}# {}\n", "x".repeat(5 << 20)).into(), &["yaml-syntax"]),
        ("x.utf16", utf16, &["yaml-syntax"]),
        ("alias.txt", alias.into(), &["floating-tag", "snapshot-id", "yaml-feature", "yaml-feature"]),
    ];
    for (name, bytes, expected) in cases {
        let after = tree(&sound()).with(&format!("releases/history/{name}"), bytes);
        let found = update(Some(&tree(&sound())), &after);
        let mut told = rules(&found);
        told.sort_unstable();
        assert_eq!(told, expected, "{name}");
    }
    // What excuses a file that base has is no excuse for another file of the same bytes.
    let text = format!("{latest}---\n");
    let after = tree(&sound()).with("releases/history/x.txt", text);
    let found = places("yaml-syntax", &update(Some(&tree(&sound())), &after));
    let line = latest.lines().count() + 1;
    assert_eq!(found, [format!("error releases/history/x.txt:{line}:1")]);
    let before = tree(&sound()).with("releases/history/a.yaml", format!("{latest}snapshotId: a\n"));
    let after = before.clone().with("releases/history/b.yaml", format!("{latest}snapshotId: a\n"));
    let after =
        after.with_kind("releases/history/a.yaml", Kind::Executable, format!("{latest}snapshotId: a\n"));
    let found = update(Some(&before), &after);
    assert_eq!(places("snapshot-id", &found), [format!("error releases/history/b.yaml:{line}:13")]);
    assert_eq!(places("floating-tag", &found), ["error releases/history/b.yaml:4:10"]);
    let notes = [
        (".gitattributes", "* -text\n"),
        (".gitignore", "*.tmp\n"),
        (".gitkeep", ""),
        ("README.md", "# What stands here\n\nThe former states.\n"),
        ("load.json", "{\"p99\": 120}"),
        (
            "NOTES.md",
            "# Notes\n\n- *see* `current.yaml`: it names the images\n\tdo: not edit\n---\n| a | b |\n@end\n",
        ),
    ];
    let after = notes
        .into_iter()
        .fold(tree(&sound()), |tree, (name, text)| tree.with(&format!("releases/history/{name}"), text));
    assert_eq!(update(Some(&tree(&sound())), &after), []);
}

#[test]
fn thousands_of_new_history_files_are_judged_like_one() {
    let digest = |at: usize| format!("sha256:{:064x}", 7 * at + 11);
    let snapshot = |at: usize, tag: &str, digest: &str| {
        format!(
            "snapshotId: s{at:05}\nimages:\n  app:\n    image: ghcr.io/acme/app\n    tag: {tag}\n    digest: {digest}\n"
        )
    };
    let mut after = tree(&sound());
    for at in 0..1_200 {
        let text = match at {
            3 => snapshot(at, "v9.0.0", &digest(90_001)),
            700 => snapshot(at, "latest", &digest(at)),
            1_199 => snapshot(at, "v9.0.0", &digest(90_002)),
            _ => snapshot(at, &format!("v5.0.{at}"), &digest(at)),
        };
        after = after.with(&format!("releases/history/s{at:05}.yaml"), text);
    }
    let found = update(Some(&tree(&sound())), &after);
    assert_eq!(places("floating-tag", &found), ["error releases/history/s00700.yaml:5:10"]);
    let reused = ["warning releases/history/s00003.yaml:6:13", "warning releases/history/s01199.yaml:6:13"];
    assert_eq!(places("digest-reused", &found), reused);
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn every_system_is_judged_by_its_own_settings() {
    let policy =
        "manifest: releases/{system}/current.yaml\nsystems:\n  test: {rules: {floating-tag: warning}}\n";
    let latest = with_app_tag("latest");
    let tree = MapTree::new()
        .with(POLICY, policy)
        .with("releases/prod/current.yaml", latest.clone())
        .with("releases/test/current.yaml", latest);
    let found = update(None, &tree);
    assert_eq!(
        places("floating-tag", &found),
        ["error releases/prod/current.yaml:4:10", "warning releases/test/current.yaml:4:10"]
    );
    let because = found[1].because.iter().map(|reason| reason.label.as_str()).collect::<Vec<_>>();
    assert_eq!(because, ["the level is set here"]);
    let without = tree.clone().without("releases/prod/current.yaml");
    assert_eq!(
        rules(&update(Some(&tree), &without)),
        ["manifest-missing", "archive-missing", "floating-tag"]
    );
}

#[test]
fn no_finding_is_told_twice_and_all_are_sorted() {
    let text = sound().replace("v1.2.3", "1.10").replace("v2.0.0", "latest");
    let found = of_manifest(&text);
    let places: Vec<_> = found.iter().map(|finding| (finding.at.span.start, finding.rule)).collect();
    let mut sorted = places.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(places, sorted);
}

#[test]
fn hostile_names_are_shown_and_not_obeyed() {
    let evil = "\"a\\n::error::b\\e[31m\"";
    let text = format!(
        "images:\n  {evil}:\n    image: {evil}\n    tag: {evil}\n    {evil}: 1\n  {evil}: x\nsnapshotId: {evil}\n"
    );
    let path = "releases/history/::error::\n::x.yaml";
    let found = update(Some(&tree(&sound())), &tree(&text).with(path, text.clone()));
    assert!(found.len() > 8, "{}", found.len());
    for format in [Format::Human(Color::Never), Format::Github] {
        let mut out = Vec::new();
        render(format, &found, &mut out).expect("a vector takes all");
        let out = String::from_utf8(out).expect("we write text");
        assert!(!out.contains(['\u{1b}', '\r']), "{out:?}");
        let ours = |line: &str| line.starts_with("::error file=") || line.starts_with("::warning file=");
        for line in out.lines() {
            assert!(
                !line.trim_start().starts_with("::") || (format == Format::Github && ours(line)),
                "{line}"
            );
        }
    }
}

/// Pieces that break manifests in most ways there are.
const PIECES: &[&str] = &[
    "\n",
    "\r\n",
    " ",
    "  ",
    "\t",
    ":",
    ": ",
    "- ",
    "? ",
    "#",
    " # sysbom: allow[floating-tag] x\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!str ",
    "'",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    "|\n",
    ">-\n",
    "\u{feff}",
    "\u{2028}",
    "\u{85}",
    "\0",
    "ä",
    "\u{1f600}",
    "~",
    "images:",
    "images: []\n",
    "app:",
    "tag: 1.10\n",
    "latest",
    "@sha256:",
    ":v1",
    "<<<<<<< x\n",
    "=======\n",
    ">>>>>>> y\n",
    "experiment:\n  canaryEnabled: yes\n  stableWeight: 1\n",
    "snapshotId: a/b\n",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "\\",
    "\u{202e}",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, cases: 600, ..Default::default() })]

    /// Whatever stands in the files: no panic, every place lies in its text, every format is written.
    #[test]
    fn nothing_in_a_file_stops_the_check(
        edits in proptest::collection::vec((0_usize..400, 0_usize..12, 0..PIECES.len()), 1..6),
        role in 0..3,
    ) {
        let mut text = format!("{}experiment:\n  stableWeight: 90\n  canaryWeight: 10\n", sound());
        for (at, removed, piece) in edits {
            let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            let (start, end) = (boundary(at), boundary(at + removed));
            text.replace_range(start..end, PIECES[piece]);
        }
        let before = tree(&sound()).with(POLICY, "inline-allow: [floating-tag]\nexperiment: {schema: s.json}\n");
        let before = before.with("s.json", "{\"additionalProperties\": {\"type\": \"integer\"}}");
        let broken = before.clone().with(&archive(0, &sound()), sound());
        let broken = match role {
            0 => broken.with(CURRENT, text),
            1 => broken.with("releases/history/x.yaml", text),
            _ => broken.with(POLICY, text),
        };
        let found = update(Some(&before), &broken);
        for finding in &found {
            for place in std::iter::once(&finding.at).chain(&finding.because) {
                let text = place.source.as_ref().map_or("", |source| &source.text);
                proptest::prop_assert!(text.get(place.span.start..place.span.end).is_some(), "{finding:?}");
            }
        }
        for format in [Format::Human(Color::Always), Format::Json, Format::Github, Format::Gitlab, Format::Sarif] {
            render(format, &found, &mut Vec::new()).expect("a vector takes all");
        }
        // And the other way round: what stood there once is no obstacle either.
        if role < 2 {
            update(Some(&broken), &before);
        }
    }
}

#[test]
fn a_tab_that_indents_is_named_where_it_stands() {
    for (text, place) in [
        ("images:\n  app:\n    image: a/b\n\ttag: b\n    digest: x\n", "4:1"),
        ("images:\n  app:\n \t image: a/b\n", "3:2"),
        ("images:\n\tapp:\n", "2:1"),
    ] {
        let expected = format!("error releases/current.yaml:{place} not YAML: a tab indents this line");
        assert_eq!(of_rule("yaml-syntax", &of_manifest(text)), [expected], "{text:?}");
    }
}
