//! What holds for every text that reading a manifest, a policy or values accepts: places lie in
//! the text, parts say what stands there, and first files pass their first check.

use proptest::prelude::*;

use sysbom::bom::{
    ArchiveName, Components, Digest, Field, Fields, HistoryLayout, ImageName, ImageRef, Layout, Manifest,
    PatternSegment, PinShape, Tag,
};
use sysbom::check::{Input, Severity, check, rule_ids};
use sysbom::live;
use sysbom::policy::{Date, Floating, Policies, Policy, exceptions};
use sysbom::text::Source;
use sysbom::tree::{MapTree, RepoPath};
use sysbom::yaml::{Document, Path};

/// A value of a pin as people write, mistype and disguise it.
fn scalar() -> impl Strategy<Value = String> {
    let hex = "0123456789abcdef".repeat(4);
    prop_oneof![
        Just("v1.2.3".to_owned()),
        Just("1.10".to_owned()),
        Just("latest".to_owned()),
        Just("'v1'".to_owned()),
        Just("\"v\\u0031\"".to_owned()),
        Just("ghcr.io/acme/app".to_owned()),
        Just("registry:5000/a/b:v1".to_owned()),
        Just(format!("sha256:{hex}")),
        Just(hex.clone()),
        Just(format!("v1@sha256:{hex}")),
        Just(format!("\"x/y:v1.2.3@sha256:{hex}\"")),
        Just("{}".to_owned()),
        Just("[a, 'b']".to_owned()),
        Just("~".to_owned()),
        Just(String::new()),
        Just("'it''s'".to_owned()),
        Just("*a".to_owned()),
        Just("&a x".to_owned()),
        "[a-zA-Z0-9._/:@-]{0,12}",
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("image"),
        Just("repository"),
        Just("registry"),
        Just("tag"),
        Just("digest"),
        Just("sha"),
        Just("name"),
        Just("app"),
        Just("images"),
        Just("web"),
        Just("<<"),
        Just("imageTag"),
        Just("'y'"),
        Just("a.b"),
        Just("experiment"),
        Just("snapshotId"),
    ]
    .prop_map(str::to_owned)
}

/// Block mappings and lists of up to four levels.
fn yaml(depth: u32) -> BoxedStrategy<Vec<String>> {
    let leaf = (key(), scalar()).prop_map(|(key, value)| vec![format!("{key}: {value}")]);
    if depth == 0 {
        return leaf.boxed();
    }
    let below = (key(), prop::collection::vec(yaml(depth - 1), 1..4), any::<bool>()).prop_map(
        |(key, below, list)| {
            let mut lines = vec![format!("{key}:")];
            for part in below {
                for (at, line) in part.iter().enumerate() {
                    lines.push(match (list, at) {
                        (true, 0) => format!("  - {line}"),
                        (true, _) => format!("    {line}"),
                        (false, _) => format!("  {line}"),
                    });
                }
            }
            lines
        },
    );
    prop_oneof![2 => leaf, 3 => below].boxed()
}

fn text() -> impl Strategy<Value = String> {
    let comment = "# sysbom: allow[floating-tag] x (expires 2024-06-30)";
    (prop::collection::vec(yaml(3), 1..5), any::<bool>()).prop_map(move |(parts, commented)| {
        let mut lines = parts.concat();
        if commented {
            lines.insert(0, comment.to_owned());
        }
        lines.join("\n") + "\n"
    })
}

fn layouts() -> Vec<Layout> {
    let star = |keys: &[&str]| {
        let segment = |key: &&str| match *key {
            "*" => PatternSegment::Any,
            key => PatternSegment::Key(key.to_owned()),
        };
        Components::Matching(keys.iter().map(segment).collect())
    };
    let joined = Fields {
        image: vec!["registry".into(), "repository".into()],
        tag: "tag".into(),
        digest: "sha".into(),
    };
    vec![
        Layout::default(),
        Layout { components: star(&["*", "image"]), fields: joined.clone() },
        Layout { components: star(&["*", "*"]), fields: joined.clone() },
        Layout {
            components: Components::Named(vec![
                ("app".into(), Path::of_keys(["app", "image"])),
                ("web".into(), Path::of_keys(["web"])),
            ]),
            fields: joined,
        },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn places_lie_in_the_text_and_parts_say_what_stands_there(text in text()) {
        let Ok(document) = Document::parse(text.as_str()) else { return Ok(()) };
        for layout in layouts() {
            let manifest = Manifest::read(&document, &layout);
            for shortfall in &manifest.shortfalls {
                prop_assert!(text.get(shortfall.span.start..shortfall.span.end).is_some());
            }
            for component in &manifest.components {
                prop_assert!(text.get(component.name_span.start..component.name_span.end).is_some());
                let fields = [&component.image, &component.tag, &component.digest];
                for field in fields.into_iter().flatten() {
                    let shown = text.get(field.span.start..field.span.end);
                    prop_assert!(shown.is_some());
                    // A place inside a scalar shows the part itself, unless that is the scalar as a whole.
                    let whole = document.node(field.node).span == field.span;
                    prop_assert!(whole || shown == Some(&field.text), "{shown:?} is not {:?}", field.text);
                }
                if component.shape == PinShape::OneString {
                    let whole = document.scalar(component.image.as_ref().map_or(component.node, |image| image.node));
                    let text = |field: &Option<Field>| field.as_ref().map(|field| field.text.clone());
                    let mut joined = text(&component.image).unwrap_or_default();
                    joined += &text(&component.tag).map(|tag| format!(":{tag}")).unwrap_or_default();
                    joined += &text(&component.digest).map(|digest| format!("@{digest}")).unwrap_or_default();
                    prop_assert_eq!(whole, Some(joined.as_str()));
                }
            }
        }
        for exception in exceptions(&document, &["floating-tag"]).found {
            prop_assert!(text.get(exception.lines.start..exception.lines.end).is_some());
        }
    }

    #[test]
    fn a_policy_is_read_or_told_what_is_wrong_with_it(text in text(), setting in key()) {
        let text = format!("{text}floating: {{allow: [{{tag: {setting}}}]}}\n");
        if let Err(faults) = Policies::read(&Source::new(".sysbom.yaml", text.as_str()), &["floating-tag"]) {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(text.get(fault.span.start..fault.span.end).is_some());
                prop_assert!(!fault.message.is_empty() && !fault.help.is_empty());
            }
        }
    }

    #[test]
    fn first_files_pass_their_first_check(text in text()) {
        let Ok(files) = live::read("values.yaml", &text).and_then(|found| live::first_files(&found)) else { return Ok(()) };
        let mut tree = MapTree::new().with("releases/current.yaml", files.manifest.as_str());
        let mut policies = Policies::default();
        if let Some(policy) = &files.policy {
            tree = tree.with(".sysbom.yaml", policy.as_str());
            policies = Policies::read(&Source::new(".sysbom.yaml", policy.as_str()), &rule_ids()).expect("it is valid");
        }
        let input = Input::new(&policies, None, &tree, Date::of_unix_seconds(1_718_446_500));
        let findings = check(&input).expect("a map can be read");
        let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        prop_assert!(errors.is_empty(), "{errors:#?}\n{}\n{:?}", files.manifest, files.policy);
    }

    #[test]
    fn a_reference_is_its_parts_and_faults_lie_in_it(text in "[a-zA-Z0-9ä._/:@+-]{0,40}|[a-z]{1,5}(/[a-z]{1,5}){0,2}(:[a-z0-9.]{1,8})?") {
        match text.parse::<ImageRef>() {
            Ok(reference) => prop_assert_eq!(reference.to_string(), text.clone()),
            Err(fault) => prop_assert!(text.get(fault.span.start..fault.span.end).is_some()),
        }
        for fault in [text.parse::<ImageName>().err(), text.parse::<Tag>().err(), text.parse::<Digest>().err()] {
            prop_assert!(fault.is_none_or(|fault| text.get(fault.span.start..fault.span.end).is_some()));
        }
    }

    #[test]
    fn every_tag_has_a_verdict_and_case_does_not_matter(tag in "[a-z0-9]{1,6}([-_.](dev|main|rc|[0-9]{1,11}|[a-f0-9]{7}|x)){0,4}") {
        let policy = Policy::default();
        let accepted = |tag: &str| matches!(policy.floating("app", tag, true), Floating::Accepted { .. });
        prop_assert_eq!(accepted(&tag), accepted(&tag.to_ascii_uppercase()));
        // Nothing that is added behind a name that always moves makes it stand still.
        let latest = format!("{tag}-latest");
        prop_assert!(!accepted(&latest));
    }

    #[test]
    fn an_archives_name_is_read_back(seconds in any::<i64>(), bytes in any::<Vec<u8>>()) {
        let name = ArchiveName::of(seconds, &bytes);
        let path = name.path(&RepoPath::new("releases/history"), HistoryLayout::YearMonth);
        prop_assert_eq!(ArchiveName::parse(path.name()), Some(name.clone()));
        prop_assert!(name.fits(&bytes));
    }
}
