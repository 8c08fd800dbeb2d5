//! Helm 3 and Helm 4 judge what we say that Helm reads.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;
use sysbom::bom::{Layout, Manifest};
use sysbom::check::{Input, Severity, check, judge};
use sysbom::tree::MapTree;
use sysbom::yaml::{
    Document, HelmReading, NodeKind, ScalarStyle, disagreement, duplicate_keys, features, helm_reading,
};

use crate::mutants::{mutant, mutated, soup};
use crate::parts::program;
use crate::random::Random;

const HELMS: [&str; 2] = ["helm3", "helm4"];

/// A chart in a folder of its own.
struct Chart {
    folder: tempfile::TempDir,
}

impl Chart {
    /// A chart that prints, per line, what this template gives for each of its inputs.
    fn new(template: &str) -> Chart {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir_all(folder.path().join("templates")).expect("created");
        std::fs::write(folder.path().join("Chart.yaml"), "apiVersion: v2\nname: t\nversion: 0.1.0\n")
            .expect("written");
        std::fs::write(folder.path().join("templates/out.yaml"), template).expect("written");
        Chart { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn template(&self, helm: &str, values: &str) -> Output {
        let values_file = self.path().join("test-values.yaml");
        std::fs::write(&values_file, values).expect("written");
        Command::new(program(helm))
            .args(["template", "t", "."])
            .arg("-f")
            .arg(&values_file)
            .current_dir(self.path())
            .env("HOME", self.path())
            .output()
            .expect("Helm runs")
    }
}

/// What Helm makes of each plain scalar, in the terms of our own answer: the text that a template
/// prints, or null.
fn read_by_helm(helm: &str, scalars: &[String]) -> Vec<HelmReading> {
    let chart = Chart::new(
        "{{ range $i, $x := .Values.v }}k{{ $i }}: {{ if kindIs \"invalid\" $x }}null{{ else }}{{ printf \"%v\" $x | toJson }}{{ end }}\n{{ end }}",
    );
    let values: String = scalars.iter().map(|scalar| format!("- {scalar}\n")).collect();
    let output = chart.template(helm, &format!("v:\n{values}"));
    assert!(output.status.success(), "{helm}: {}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).expect("Helm prints UTF-8");
    stdout
        .lines()
        .filter(|line| line.starts_with('k'))
        .map(|line| {
            let (_, json) = line.split_once(": ").expect("our template");
            match serde_json::from_str(json).expect("our template") {
                Json::String(text) => HelmReading::Text(text),
                _ => HelmReading::Null,
            }
        })
        .collect()
}

/// The scalars that our reader, too, reads as one plain scalar of this text.
fn is_plain_scalar(text: &str) -> bool {
    let Ok(document) = Document::parse(format!("v:\n- {text}\n")) else { return false };
    let Some(list) = document.root().and_then(|root| document.get(root, "v")) else { return false };
    let [item] = document.items(list) else { return false };
    matches!(&document.node(item.value).kind,
        NodeKind::Scalar { value, style: ScalarStyle::Plain } if value == text)
}

/// Tags, digests, ids, and everything that looks like a number to somebody.
fn generated(count: usize) -> Vec<String> {
    const TOKENS: [&str; 60] = [
        "0",
        "1",
        "2",
        "7",
        "8",
        "9",
        "00",
        "10",
        "12",
        "99",
        "100",
        "1234567",
        "e",
        "E",
        "e1",
        "e+",
        "e-",
        ".",
        "..",
        "-",
        "+",
        "_",
        "__",
        "x",
        "X",
        "o",
        "b",
        "0x",
        "0X",
        "0o",
        "0O",
        "0b",
        "0B",
        "-0b",
        "a",
        "f",
        "F",
        "v",
        "y",
        "n",
        "Y",
        "N",
        "no",
        "on",
        "true",
        "False",
        "null",
        "~",
        "inf",
        ".inf",
        ".nan",
        "NaN",
        "T",
        "Z",
        "2024-06-15",
        "12:34",
        ":",
        "p",
        "9223372036854775807",
        "18446744073709551615",
    ];
    let mut random = Random::new(20_240_615);
    let mut found = std::collections::BTreeSet::new();
    while found.len() < count {
        let text: String = match random.below(5) {
            0 => (0..7)
                .map(|_| *random.pick(&[&'0', &'1', &'2', &'5', &'8', &'9', &'e', &'a', &'f']))
                .collect(),
            1 => (0..=random.below(4))
                .map(|_| *random.pick(&[&'0', &'1', &'7', &'8', &'.', &'e', &'_', &'-']))
                .collect(),
            2 => (0..=random.below(9))
                .map(|_| *random.pick(&[&'0', &'1', &'2', &'3', &'4', &'5', &'7', &'.', &'_']))
                .collect(),
            _ => (0..=random.below(4)).map(|_| random.pick(&TOKENS)).collect(),
        };
        if is_plain_scalar(&text) && helm_reading(ScalarStyle::Plain, &text) != Some(HelmReading::Refused) {
            found.insert(text);
        }
    }
    found.into_iter().collect()
}

/// The table of what Helm was seen to do with plain scalars, and 4,000 generated ones: ours says
/// that a scalar changes exactly where Helm prints something else, and says what.
#[test]
fn helm_prints_what_we_say_it_prints() {
    let table = "1.10 0123 0o17 089 0x1F 0b11 1e3 7e10 0e1234 1_000 20240615123456789 1234567 yes on y n no off null ~ \
                 Null NULL True FALSE 12:34 2024-06-15 2024-06-15T10:15:00Z 1.2.3 v1 -0 -0.0 +1 1. .5 1e-5 0.0001 \
                 0b-1 0_ 1__0 .1_0 .1__0 1e999 1e-999 0x 0xfg 9223372036854775808 -9223372036854775809 123456 1000000";
    let mut scalars: Vec<String> = table.split_whitespace().map(str::to_owned).collect();
    scalars.extend(generated(4_000));
    for helm in HELMS {
        let theirs = read_by_helm(helm, &scalars);
        assert_eq!(theirs.len(), scalars.len(), "{helm} printed every scalar");
        let wrong: Vec<String> = scalars
            .iter()
            .zip(theirs)
            .map(|(scalar, theirs)| {
                let theirs = (theirs != HelmReading::Text(scalar.clone())).then_some(theirs);
                (scalar, theirs, helm_reading(ScalarStyle::Plain, scalar))
            })
            .filter(|(_, theirs, ours)| theirs != ours)
            .map(|(scalar, theirs, ours)| format!("{scalar}: {theirs:?}, we say {ours:?}"))
            .collect();
        assert!(wrong.is_empty(), "{helm}:\n{}", wrong.join("\n"));
    }
    let changing = scalars.iter().filter(|scalar| helm_reading(ScalarStyle::Plain, scalar).is_some()).count();
    assert!(changing > 500 && scalars.len() - changing > 500, "{changing} of {} change", scalars.len());
}

#[test]
fn helm_refuses_what_we_say_it_refuses() {
    for scalar in [".inf", ".Inf", ".INF", "+.inf", "-.INF", ".nan", ".NaN", ".NAN"] {
        assert_eq!(helm_reading(ScalarStyle::Plain, scalar), Some(HelmReading::Refused), "{scalar}");
        for helm in HELMS {
            let output = Chart::new("").template(helm, &format!("v: {scalar}\n"));
            assert!(!output.status.success(), "{helm} takes {scalar}");
        }
    }
    for scalar in [".iNf", "inf", "NaN", ".nAN", "+.nan"] {
        assert_eq!(helm_reading(ScalarStyle::Plain, scalar), None, "{scalar}");
        for helm in HELMS {
            let output = Chart::new("").template(helm, &format!("v: {scalar}\n"));
            assert!(output.status.success(), "{helm} refuses {scalar}");
        }
    }
}

/// What Helm reads from each text, as JSON; `None` where it refuses it.
fn data_read_by_helm(helm: &str, texts: &[String]) -> Vec<Option<Json>> {
    let chart = Chart::new(
        "{{ range $path, $_ := .Files.Glob \"docs/*\" }}{{ base $path }}: {{ $.Files.Get $path | fromYaml | toJson | b64enc }}\n{{ end }}",
    );
    std::fs::create_dir(chart.path().join("docs")).expect("created");
    for (number, text) in texts.iter().enumerate() {
        std::fs::write(chart.path().join(format!("docs/k{number:06}")), text).expect("written");
    }
    let output = chart.template(helm, "{}");
    assert!(output.status.success(), "{helm}: {}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).expect("Helm prints UTF-8");
    stdout
        .lines()
        .filter_map(|line| line.strip_prefix('k')?.split_once(": "))
        .map(|(_, encoded)| {
            let json: Json = serde_json::from_slice(&base64(encoded)).expect("Helm writes JSON");
            let refused =
                json.get("Error").and_then(Json::as_str).is_some_and(|error| error.starts_with("error "));
            (!refused).then_some(json)
        })
        .collect()
}

fn base64(encoded: &str) -> Vec<u8> {
    let digit = |byte: u8| {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        alphabet.iter().position(|&letter| letter == byte)
    };
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0, 0);
    for value in encoded.bytes().filter_map(digit) {
        bits = (bits << 6 | value) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).expect("eight bits"));
        }
    }
    bytes
}

/// Whether `check` would find nothing to say about the text as YAML.
fn passes(text: &str) -> Option<Document> {
    let document = Document::parse(text).ok()?;
    let keeps_strings = document.nodes().all(|(_, node)| match &node.kind {
        NodeKind::Scalar { value, style } => helm_reading(*style, value).is_none(),
        _ => true,
    });
    let root = document.root()?;
    let is_mapping = matches!(document.node(root).kind, NodeKind::Mapping { .. });
    let clean = is_mapping
        && keeps_strings
        && features(&document).is_empty()
        && duplicate_keys(&document).is_empty()
        && disagreement(&document).is_none();
    clean.then_some(document)
}

/// Whether Helm's data are ours: the same keys and lists, and every scalar printed as our text.
fn agrees(document: &Document, id: sysbom::yaml::NodeId, json: &Json) -> bool {
    match &document.node(id).kind {
        NodeKind::Scalar { value, .. } => is_printed_as(json, value),
        NodeKind::Mapping { entries, .. } => json.as_object().is_some_and(|object| {
            object.len() == entries.len()
                && entries.iter().all(|entry| {
                    let key = document.scalar(entry.key).unwrap_or_default();
                    object.get(key).is_some_and(|json| agrees(document, entry.value, json))
                })
        }),
        NodeKind::Sequence { items, .. } => json.as_array().is_some_and(|array| {
            array.len() == items.len()
                && items.iter().zip(array).all(|(item, json)| agrees(document, item.value, json))
        }),
        NodeKind::Alias(_) => false,
    }
}

/// Whether a template prints this text for the value.
fn is_printed_as(json: &Json, text: &str) -> bool {
    match json {
        Json::String(string) => string == text,
        Json::Number(number) => number.as_f64() == text.parse().ok(),
        Json::Bool(truth) => truth.to_string() == text,
        Json::Null | Json::Array(_) | Json::Object(_) => false,
    }
}

#[test]
fn helm_reads_a_manifest_that_passes_as_we_do() {
    let mut random = Random::new(1);
    let mut passing = Vec::new();
    for number in 0..24_000 {
        let text = if number % 2 == 0 { mutant(&mut random) } else { soup(&mut random) };
        if let Some(document) = passes(&text) {
            passing.push((text, document));
        }
    }
    assert!(passing.len() > 2_000, "{} mutants pass", passing.len());
    let texts: Vec<String> = passing.iter().map(|(text, _)| text.clone()).collect();
    for helm in HELMS {
        let theirs = data_read_by_helm(helm, &texts);
        assert_eq!(theirs.len(), texts.len(), "{helm} printed every file");
        let wrong: Vec<String> = passing
            .iter()
            .zip(theirs)
            .filter(|((_, document), json)| {
                let root = document.root().expect("a mapping");
                !json.as_ref().is_some_and(|json| agrees(document, root, json))
            })
            .map(|((text, _), json)| format!("{text:?}: {json:?}"))
            .collect();
        assert!(wrong.is_empty(), "{helm}: {} of {}\n{}", wrong.len(), texts.len(), wrong.join("\n"));
    }
}

/// Sound manifests in several layouts.
fn sound_manifests() -> Vec<String> {
    let a = "a1".repeat(32);
    let b = "b2".repeat(32);
    vec![
        format!(
            "# what runs\nimages:\n  app:\n    image: ghcr.io/acme/app\n    tag: v1.2.3\n    digest: sha256:{a}\n\n  web:\n    \
             image: acme/web # pinned\n    tag: \"2.0.1\"\n    digest: 'sha256:{b}'\n"
        ),
        format!(
            "images: {{app: {{image: localhost:5000/app, tag: v1.2.3, digest: sha256:{a}}}, web: {{image: acme/web, tag: '2.0.1', digest: sha256:{b}}}}}\n"
        ),
        format!(
            "images:\r\n    app:   {{\r\n      image: acme/app,\r\n      tag: v1.2.3,   # trailing\r\n      digest: sha256:{a}\r\n    \
             }}\r\nexperiment:\r\n  canaryEnabled: false\r\n  stableWeight: 90\r\n  canaryWeight: 10\r\n"
        ),
    ]
}

#[test]
fn helm_deploys_the_pins_of_a_manifest_that_check_passes() {
    let mut random = Random::new(3);
    let manifests = sound_manifests();
    let mut passing = Vec::new();
    for number in 0..10_000 {
        let text = mutated(&mut random, &manifests[number % manifests.len()]);
        if check_passes(&text) {
            passing.push(text);
        }
    }
    assert!(passing.len() > 250, "{} mutants pass", passing.len());
    for helm in HELMS {
        let theirs = data_read_by_helm(helm, &passing);
        assert_eq!(theirs.len(), passing.len(), "{helm} printed every file");
        for (text, json) in passing.iter().zip(theirs) {
            let json = json.unwrap_or_else(|| panic!("{helm} refuses {text:?}"));
            let document = Document::parse(text.as_str()).expect("check passed it");
            let manifest = Manifest::read(&document, &Layout::default());
            let deployed = json["images"].as_object().expect("images are a mapping");
            assert_eq!(manifest.components.len(), deployed.len(), "{helm}: {text:?}");
            for component in &manifest.components {
                for (key, field) in
                    [("image", &component.image), ("tag", &component.tag), ("digest", &component.digest)]
                {
                    let ours = &field.as_ref().expect("check passed it").text;
                    let theirs = &deployed[&component.name][key];
                    assert!(
                        is_printed_as(theirs, ours),
                        "{helm}: {key} is {theirs}, we read {ours}: {text:?}"
                    );
                }
            }
        }
    }
}

fn check_passes(manifest: &str) -> bool {
    let tree = MapTree::new().with("releases/current.yaml", manifest);
    let policies = judge(None, &tree).expect("the default policy");
    let today = "2024-06-15".parse().expect("a date");
    let findings = check(&Input::new(&policies, None, &tree, today)).expect("a map can be read");
    findings.iter().all(|finding| finding.severity != Severity::Error)
}
