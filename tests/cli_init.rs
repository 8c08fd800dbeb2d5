//! Adoption: from what runs today to a repository whose first check is green, and the first
//! release by hand that the hooks archive.

mod support;

use support::{DIGEST_A, DIGEST_B, Scratch, manifest};

const PATH: &str = "releases/current.yaml";

/// As `kubectl get pods -o json` prints it, shortened: one runtime that reports digests in two
/// spellings, and a side-car that was pulled by digest.
const PODS: &str = r#"{
  "apiVersion": "v1", "kind": "List",
  "items": [
    {"apiVersion": "v1", "kind": "Pod",
     "metadata": {"name": "app-7c9d8f6b5-x2x7k", "namespace": "prod"},
     "spec": {"containers": [
       {"name": "app", "image": "ghcr.io/acme/app:v1.2.3"},
       {"name": "proxy", "image": "ghcr.io/acme/proxy:v0.9.0"}]},
     "status": {"containerStatuses": [
       {"name": "app", "image": "ghcr.io/acme/app:v1.2.3",
        "imageID": "ghcr.io/acme/app@DIGEST_A"},
       {"name": "proxy", "image": "ghcr.io/acme/proxy:v0.9.0",
        "imageID": "docker-pullable://ghcr.io/acme/proxy@DIGEST_B"}]}}
  ]
}"#;

const NESTED_VALUES: &str = "\
replicaCount: 2
app:
  image:
    repository: ghcr.io/acme/app
    tag: v1.2.3
    pullPolicy: IfNotPresent
worker:
  image:
    repository: ghcr.io/acme/worker
    tag: v1.2.3
";

const BITNAMI_VALUES: &str = "\
image:
  registry: docker.io
  repository: bitnami/postgresql
  tag: 16.3.0-debian-12-r14
  digest: \"\"
metrics:
  enabled: true
  image:
    registry: docker.io
    repository: bitnami/postgres-exporter
    tag: 0.15.0-debian-12-r33
    digest: \"\"
";

const JOINED_VALUES: &str = "\
image:
  repository: quay.io/acme/agent
  tag: v1.2.3@DIGEST_A
operator:
  image:
    repository: quay.io/acme/operator
    tag: v1.2.3@DIGEST_B
";

fn with_digests(text: &str) -> String {
    text.replace("DIGEST_A", DIGEST_A).replace("DIGEST_B", DIGEST_B)
}

/// Begins from a file, checks, commits, releases by hand by replacing one text by another.
#[track_caller]
fn adopt(name: &str, text: &str, release: (&str, &str)) -> Scratch {
    let scratch = Scratch::new();
    scratch.write(name, with_digests(text));
    scratch.git(&["add", "."]);
    scratch.git(&["commit", "-q", "-m", "A chart"]);
    scratch.sysbom(&["init", "--from", name]).expect(0).says("wrote   releases/current.yaml");
    scratch.sysbom(&["check"]).expect(0);
    scratch.git(&["add", "."]);
    scratch.git(&["commit", "-q", "-m", "Adopt sysbom"]);
    scratch.sysbom(&["check"]).expect(0);

    let before = scratch.read(PATH);
    assert!(before.contains(release.0), "{before}");
    scratch.write(PATH, before.replacen(release.0, release.1, 1));
    scratch.git(&["commit", "-q", "-a", "-m", "Release"]);
    let archives = scratch.git(&["ls-files", "releases/history"]);
    assert_eq!(archives.lines().count(), 1, "{archives}");
    assert_eq!(scratch.read(&archives), before);
    scratch.sysbom(&["check", "--base", "HEAD^"]).expect(0);
    scratch
}

#[test]
fn without_a_manifest_the_shape_of_one_is_shown() {
    let ran = Scratch::new().sysbom(&["init"]);
    assert!(ran.out.contains("\n        images:\n          app:\n            image: "), "{ran}");
}

#[test]
fn from_the_pods_of_a_cluster_the_manifest_is_what_runs() {
    let scratch = adopt("pods.json", PODS, ("v1.2.3", "v1.3.0"));
    let text = scratch.read(PATH);
    for part in ["ghcr.io/acme/app", "v1.3.0", DIGEST_A, "ghcr.io/acme/proxy", "v0.9.0", DIGEST_B] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!scratch.top().join(".sysbom.yaml").exists(), "the defaults will do");
}

#[test]
fn from_values_with_an_image_mapping_for_each_component() {
    adopt("values.yaml", NESTED_VALUES, ("v1.2.3", "v1.3.0"));
}

#[test]
fn from_values_with_registry_and_repository() {
    adopt("values.yaml", BITNAMI_VALUES, ("16.3.0-debian-12-r14", "16.3.0-debian-12-r15"));
}

#[test]
fn from_values_with_tag_and_digest_in_one() {
    let scratch = adopt("values.yaml", JOINED_VALUES, ("v1.2.3@", "v1.3.0@"));
    assert!(scratch.read(PATH).contains(&format!("v1.3.0@{DIGEST_A}")));
}

#[test]
fn standard_input_is_read_where_the_file_is_a_dash() {
    let scratch = Scratch::new();
    let program = env!("CARGO_BIN_EXE_sysbom");
    scratch.at(scratch.top()).run(program, &["init", "--from", "-"], &with_digests(PODS)).expect(0);
    assert!(scratch.read(PATH).contains(DIGEST_A));
}

#[test]
fn nothing_is_overwritten() {
    let scratch = Scratch::new();
    scratch.write(PATH, manifest(&[("app", "v1.0.0", DIGEST_A)]));
    scratch.write("values.yaml", NESTED_VALUES);
    let before = scratch.picture();
    scratch.sysbom(&["init", "--from", "values.yaml"]).expect(2).says("there already");
    assert_eq!(scratch.picture(), before);

    std::fs::remove_file(scratch.top().join(PATH)).expect("scratch is ours");
    scratch.write(".sysbom.yaml", "digest: optional\n");
    let before = scratch.picture();
    scratch.sysbom(&["init", "--from", "values.yaml"]).expect(2).says(".sysbom.yaml").says("components");
    assert_eq!(scratch.picture(), before);
}

#[test]
fn without_a_file_the_clone_is_set_up_and_the_first_check_is_green() {
    let scratch = Scratch::new();
    scratch.sysbom(&["init"]).expect(0).says("--from");
    scratch.sysbom(&["check"]).expect(0);
    scratch.write(PATH, manifest(&[("app", "v1.0.0", DIGEST_A)]));
    scratch.sysbom(&["init"]).expect(0).says("kept    releases/current.yaml");
    scratch.sysbom(&["check"]).expect(0);
    assert!(scratch.read(".gitattributes").contains("merge=sysbom"));
}

#[test]
fn what_is_no_list_of_images_is_refused_with_what_would_be() {
    let scratch = Scratch::new();
    scratch.write("values.yaml", "replicaCount: 1\n");
    scratch.sysbom(&["init", "--from", "values.yaml"]).expect(2).says("help:");
    scratch.write("broken.yaml", "a: [\n");
    scratch.sysbom(&["init", "--from", "broken.yaml"]).expect(2).says("help:");
    scratch.sysbom(&["init", "--from", "missing.yaml"]).expect(2).says("missing.yaml");
    assert!(!scratch.top().join("releases").exists());
}

#[test]
fn installing_twice_changes_nothing_and_uninstalling_leaves_nothing() {
    let scratch = Scratch::new();
    scratch.write(PATH, manifest(&[("app", "v1.0.0", DIGEST_A)]));
    scratch.write(".git/hooks/pre-commit", "#!/bin/sh\necho mine\n");
    let config = scratch.read(".git/config");
    scratch.sysbom(&["install"]).expect(0).says("wrote");
    let ran = scratch.sysbom(&["install"]).expect(0).never_says("wrote");
    assert_eq!(ran.out.matches("kept ").count(), 6, "{ran}");
    scratch.sysbom(&["uninstall"]).expect(0).says("removed");
    assert_eq!(scratch.read(".git/config").replace("[merge \"sysbom\"]\n", ""), config);
    assert_eq!(scratch.read(".git/hooks/pre-commit"), "#!/bin/sh\necho mine\n");
    assert!(!scratch.top().join(".git/hooks/pre-push").exists());
    assert!(!scratch.top().join(".gitattributes").exists());
    scratch.sysbom(&["uninstall"]).expect(0).says("nothing");
}

#[test]
fn the_example_of_attributes_is_what_is_installed() {
    let scratch = Scratch::new();
    scratch.sysbom(&["install"]).expect(0);
    let example = include_str!("../.gitattributes.example");
    let lines: Vec<&str> = example.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(scratch.read(".gitattributes").lines().collect::<Vec<_>>(), lines);
}

#[test]
fn the_doctor_says_what_is_missing_and_what_to_do() {
    let scratch = Scratch::new();
    scratch.write(PATH, manifest(&[("app", "v1.0.0", DIGEST_A)]));
    scratch.commit("Begin");
    scratch.sysbom(&["doctor"]).expect(1).says("sysbom install");
    scratch.sysbom(&["install"]).expect(0);
    scratch.git(&["config", "sysbom.base", "main"]);
    scratch.sysbom(&["doctor"]).expect(0).never_says("not ok");
}
