//! From what somebody already runs to a first manifest and policy: the exact files, and a first
//! check that is not red.

use sysbom::check::{Input, Severity, check, rule_ids};
use sysbom::live::{FirstFiles, first_files, read};
use sysbom::policy::{Date, Policies};
use sysbom::text::Source;
use sysbom::tree::MapTree;

const HEX: &str = "0f3a5c7e9b1d2f4a6c8e0b2d4f6a8c0e1f3a5c7e9b1d2f4a6c8e0b2d4f6a8c0e";

/// The first files of a text in which `HEX` stands for 64 digits, after a check of them.
fn files(text: &str) -> FirstFiles {
    let found = read("input", &text.replace("HEX", HEX)).unwrap_or_else(|error| panic!("{error}"));
    let files = first_files(&found).unwrap_or_else(|error| panic!("{error}: {found:#?}"));
    assert_first_check_passes(&files);
    FirstFiles {
        manifest: files.manifest.replace(HEX, "HEX"),
        policy: files.policy.map(|policy| {
            policy.replace("# How sysbom reads and checks the manifest. Every setting is optional.\n", "")
        }),
        ..files
    }
}

fn assert_first_check_passes(files: &FirstFiles) {
    let mut tree = MapTree::new().with("releases/current.yaml", files.manifest.as_str());
    let mut policies = Policies::default();
    if let Some(policy) = &files.policy {
        tree = tree.with(".sysbom.yaml", policy.as_str());
        let source = Source::new(".sysbom.yaml", policy.as_str());
        policies =
            Policies::read(&source, &rule_ids()).unwrap_or_else(|faults| panic!("{faults:?}\n{policy}"));
    }
    let input = Input::new(&policies, None, &tree, Date::of_unix_seconds(1_718_446_500));
    let findings = check(&input).expect("a map can be read");
    let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{files:#?}");
}

#[test]
fn a_values_file_of_subcharts_keeps_its_shape() {
    let files = files(
        "# Default values
replicaCount: 2
frontend:
  image:
    repository: ghcr.io/acme/frontend
    pullPolicy: IfNotPresent
    # Overrides the image tag whose default is the chart appVersion.
    tag: \"v1.2.3\"
  service: {type: ClusterIP, port: 80}
backend:
  image:
    repository: ghcr.io/acme/backend
    tag: 1.10.0
imagePullSecrets: []
",
    );
    assert_eq!(
        files.manifest,
        "frontend:
  image:
    repository: ghcr.io/acme/frontend
    tag: v1.2.3
backend:
  image:
    repository: ghcr.io/acme/backend
    tag: \"1.10.0\"
"
    );
    assert_eq!(
        files.policy.as_deref(),
        Some(
            "components: \"*.image\"
fields: {image: repository, tag: tag, digest: digest}
# 2 of 2 components have no digest yet. Remove this line once all have.
digest: optional
"
        )
    );
    assert_eq!(
        files.notes,
        ["2 of 2 components have no digest: `digest: optional` is set; remove it once all have"]
    );
}

#[test]
fn a_values_file_with_registry_and_digest_keeps_them() {
    let files = files(
        "global: {imageRegistry: '', imagePullSecrets: []}
image:
  registry: docker.io
  repository: bitnami/postgresql
  tag: 16.3.0-debian-12-r14
  digest: sha256:HEX
  debug: false
volumePermissions:
  enabled: false
  image: {registry: docker.io, repository: bitnami/os-shell, tag: 12-debian-12-r22, digest: ''}
metrics:
  image: {registry: docker.io, repository: bitnami/postgres-exporter, tag: 0.15.0-debian-12-r33, digest: sha256:HEX}
",
    );
    assert_eq!(
        files.manifest,
        "image:
  registry: docker.io
  repository: bitnami/postgresql
  tag: \"16.3.0-debian-12-r14\"
  digest: sha256:HEX
volumePermissions:
  image:
    registry: docker.io
    repository: bitnami/os-shell
    tag: \"12-debian-12-r22\"
metrics:
  image:
    registry: docker.io
    repository: bitnami/postgres-exporter
    tag: \"0.15.0-debian-12-r33\"
    digest: sha256:HEX
"
    );
    assert_eq!(
        files.policy.as_deref(),
        Some(
            "components:
  postgresql: image
  volumePermissions: volumePermissions.image
  metrics: metrics.image
fields: {image: [registry, repository], tag: tag, digest: digest}
# 1 of 3 components have no digest yet. Remove this line once all have.
digest: optional
# These tags can move. Release versions instead, then remove these lines.
floating:
  components:
  - {name: volumePermissions, allow: [{tag: \"12-debian-12-r22\", reason: in use when sysbom was introduced}]}
"
        )
    );
}

#[test]
fn a_tag_that_holds_a_digest_stays_one_text() {
    let files = files(
        "controller:
  image: {repository: quay.io/acme/controller, tag: 'v1.17.2@sha256:HEX'}
speaker:
  image: {repository: quay.io/acme/speaker, tag: 'v1.17.2@sha256:HEX'}
",
    );
    assert_eq!(
        files.manifest,
        "controller:
  image:
    repository: quay.io/acme/controller
    tag: v1.17.2@sha256:HEX
speaker:
  image:
    repository: quay.io/acme/speaker
    tag: v1.17.2@sha256:HEX
"
    );
    assert_eq!(
        files.policy.as_deref(),
        Some("components: \"*.image\"\nfields: {image: repository, tag: tag, digest: digest}\n")
    );
    assert_eq!(files.notes, [] as [&str; 0]);
}

#[test]
fn the_default_layout_and_other_shapes_need_no_more_policy_than_they_must() {
    let default = "images:\n  app:\n    image: ghcr.io/acme/app\n    tag: v1.2.3\n    digest: sha256:HEX\n";
    assert_eq!(files(default).manifest, default);
    assert_eq!(files(default).policy, None);
    let one_string =
        "images: {app: {image: 'x/app:v1.2.3@sha256:HEX'}, web: {image: 'x/web:v1.2.3@sha256:HEX'}}\n";
    assert_eq!(files(one_string).policy.as_deref(), Some("components: \"images.*.image\"\n"));
    let below = "parts: {app: {repository: x/app, tag: v1.2.3, sha: HEX}, web: {repository: x/web, tag: v1.2.3, sha: HEX}}\n";
    assert_eq!(
        files(below).policy.as_deref(),
        Some("components: parts\nfields: {image: repository, tag: tag, digest: sha}\n")
    );
    let odd = "a.b: {image: {repository: x/a, tag: v1.2.3, sha: HEX}}\n'y': {image: {repository: x/y, tag: v1.2.3, sha: HEX}}\nc: {d: {image: 'x/d:latest@sha256:HEX'}}\n";
    assert_eq!(
        files(odd).policy.as_deref(),
        Some(
            "components:
  a.b: \"\\\"a.b\\\".image\"
  \"y\": y.image
  c.d: c.d.image
fields: {image: repository, tag: tag, digest: sha}
# These tags can move. Release versions instead, then remove these lines.
floating:
  components:
  - {name: c.d, allow: [{tag: latest, reason: in use when sysbom was introduced}]}
"
        )
    );
}

#[test]
fn a_pod_list_gives_the_pins_that_run() {
    let pod = |name: &str, hash: &str, owner: &str, containers: &str, statuses: &str| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "Pod",
                "metadata": {{"name": "{name}", "namespace": "shop", "creationTimestamp": "2024-06-15T10:15:00Z",
                    "labels": {{"app": "x", "pod-template-hash": "{hash}"}},
                    "ownerReferences": [{{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "{owner}", "controller": true}}]}},
                "spec": {{"containers": [{containers}]}},
                "status": {{"phase": "Running", "containerStatuses": [{statuses}]}}}}"#
        )
    };
    let app = r#"{"name": "app", "image": "ghcr.io/acme/shop:v2.0.1"}, {"name": "proxy", "image": "envoyproxy/envoy:v1.30"}"#;
    let app_status = r#"{"name": "proxy", "image": "docker.io/envoyproxy/envoy:v1.30", "imageID": "docker.io/envoyproxy/envoy@sha256:HEX"},
        {"name": "app", "image": "ghcr.io/acme/shop:v2.0.1", "imageID": "ghcr.io/acme/shop@sha256:HEX"}"#;
    let worker = r#"{"name": "app", "image": "ghcr.io/acme/worker:v1.4.0"}"#;
    let worker_status = r#"{"name": "app", "imageID": "docker-pullable://ghcr.io/acme/worker@sha256:HEX"}"#;
    let pods = [
        pod("shop-7d4b9c6f5-abcde", "7d4b9c6f5", "shop-7d4b9c6f5", app, app_status),
        pod("shop-7d4b9c6f5-fghij", "7d4b9c6f5", "shop-7d4b9c6f5", app, app_status),
        pod("worker-5c9f-klmno", "5c9f", "worker-5c9f", worker, worker_status),
    ];
    let list =
        |pods: &[String]| format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, pods.join(","));
    let files_of = files(&list(&pods));
    assert_eq!(
        files_of.manifest,
        "images:
  proxy:
    image: envoyproxy/envoy
    tag: v1.30
    digest: sha256:HEX
  shop-app:
    image: ghcr.io/acme/shop
    tag: v2.0.1
    digest: sha256:HEX
  worker-app:
    image: ghcr.io/acme/worker
    tag: v1.4.0
    digest: sha256:HEX
"
    );
    assert_eq!(
        files_of.policy.as_deref(),
        Some(
            "# These tags can move. Release versions instead, then remove these lines.
floating:
  components:
  - {name: proxy, allow: [{tag: v1.30, reason: in use when sysbom was introduced}]}
"
        )
    );
    let mut reversed = pods.clone();
    reversed.reverse();
    assert_eq!(files(&list(&reversed)), files_of, "the order in which pods are listed does not matter");
}

#[test]
fn a_pod_without_a_tag_only_warns() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'x/a@sha256:HEX'}]}\n";
    assert_eq!(
        files(text).policy.as_deref(),
        Some(
            "# Some components have no tag. Remove these lines once all have.\nrules:\n  pin-incomplete: warning\n"
        )
    );
}

#[test]
fn a_text_without_images_says_so() {
    for text in
        ["", "replicaCount: 1\n", "a: {image: {repository: x/a}}\n", "a: 1\n---\nb: 2\n", "- a\n", "{"]
    {
        let outcome = read("values.yaml", text).and_then(|found| first_files(&found));
        assert!(outcome.is_err(), "{text:?}");
    }
}

#[test]
fn images_that_leave_their_tag_to_the_chart_are_components_too() {
    let files = files(
        "prometheusOperator:
  image: {registry: quay.io, repository: prometheus-operator/prometheus-operator, tag: \"\", sha: \"\"}
  admissionWebhooks:
    patch:
      image: {registry: ghcr.io, repository: jkroepke/kube-webhook-certgen, tag: 1.6.7, sha: \"\"}
prometheus:
  prometheusSpec:
    image: {registry: quay.io, repository: prometheus/prometheus, tag: v3.7.3, sha: \"\"}
alertmanager:
  alertmanagerSpec:
    image: {registry: quay.io, repository: prometheus/alertmanager, tag: v0.28.1, sha: HEX}
",
    );
    assert!(files.manifest.starts_with(
        "prometheusOperator:
  image:
    registry: quay.io
    repository: prometheus-operator/prometheus-operator
  admissionWebhooks:
"
    ));
    assert_eq!(
        files.policy.as_deref(),
        Some(
            "components:
  prometheusOperator: prometheusOperator.image
  prometheusOperator.admissionWebhooks.patch: prometheusOperator.admissionWebhooks.patch.image
  prometheus.prometheusSpec: prometheus.prometheusSpec.image
  alertmanager.alertmanagerSpec: alertmanager.alertmanagerSpec.image
fields: {image: [registry, repository], tag: tag, digest: sha}
# 3 of 4 components have no digest yet. Remove this line once all have.
digest: optional
# Some components have no tag. Remove these lines once all have.
rules:
  pin-incomplete: warning
"
        )
    );
    assert!(
        files.notes.iter().any(|note| note.starts_with("no tag: `prometheusOperator`. ")),
        "{:?}",
        files.notes
    );
}

#[test]
fn the_registry_of_an_image_that_is_called_image_is_kept() {
    let files = files(
        "controller:
  image: {registry: registry.k8s.io, image: ingress-nginx/controller, tag: v1.11.1, digest: 'sha256:HEX'}
defaultBackend:
  image: {registry: registry.k8s.io, image: defaultbackend-amd64, tag: 1.5.0, digest: 'sha256:HEX'}
",
    );
    let policy = "components: \"*.image\"\nfields: {image: [registry, image], tag: tag, digest: digest}\n";
    assert_eq!(files.policy.as_deref(), Some(policy));
    assert!(files.manifest.contains("registry: registry.k8s.io\n    image: ingress-nginx/controller\n"));
}

#[test]
fn a_values_file_without_any_tag_says_where_the_chart_takes_it_from() {
    let found = read("values.yaml", "image: {repository: nginx, tag: ''}\n").expect("it is YAML");
    let fault = first_files(&found).expect_err("there is nothing to pin");
    assert_eq!(fault.message, "no image with a tag or a digest was found; `image` has neither");
    assert!(fault.help.contains("`appVersion` of its Chart.yaml"), "{}", fault.help);
    assert!(fault.help.contains("`helm template CHART | sysbom init --from -`"), "{}", fault.help);
}

#[test]
fn a_key_with_characters_that_readers_take_apart_is_written_in_escapes() {
    let text = "\"a\\u2028b\": {image: {repository: a/b, tag: v1.2.3}}\n\"c\\u0085\": {x: {image: {repository: a/c, tag: v1.2.3}}}\n";
    let files = files(text);
    assert!(files.manifest.starts_with("\"a\\u2028b\":\n"), "{}", files.manifest);
    assert!(files.manifest.contains("\n\"c\\u0085\":\n"), "{}", files.manifest);
}

#[test]
fn an_alias_of_an_image_is_written_out_in_its_place() {
    let files = files(
        "x: &img {repository: ghcr.io/acme/app, tag: v1.2.3, digest: 'sha256:HEX'}\napp: {image: *img}\n",
    );
    assert!(
        files.manifest.contains(
            "app:\n  image:\n    repository: ghcr.io/acme/app\n    tag: v1.2.3\n    digest: sha256:HEX\n"
        ),
        "{}",
        files.manifest
    );
}

#[test]
fn a_text_of_very_many_documents_is_refused_before_it_is_read() {
    let fault = read("all.yaml", &"---\na: b\n".repeat(30_000)).expect_err("it is too much");
    assert_eq!(fault.message, "could not read all.yaml: it holds more than 20000 documents");
}
