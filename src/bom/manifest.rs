//! A manifest as it stands in a document: components, their pins, the experiment block.

use crate::text::Span;
use crate::yaml::{Document, NodeId, Path};

use super::Layout;
use super::find::Reader;

/// What a manifest says. Reading never fails: what is missing or of the wrong kind is collected
/// as [`Shortfall`]s with their places, and everything else is still there to be judged.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The components in source order. A key that stands twice gives two components.
    pub components: Vec<Component>,
    /// The top-level `snapshotId`, if written.
    pub snapshot_id: Option<Field>,
    /// The value of the top-level `experiment`, if written.
    pub experiment: Option<NodeId>,
    /// What is missing or of the wrong kind.
    pub shortfalls: Vec<Shortfall>,
}

/// One component and its pin.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name: the key, the `name` of a list entry, the keys that stood for `*`.
    pub name: String,
    /// Where its value stands.
    pub path: Path,
    /// Its value.
    pub node: NodeId,
    /// The bytes to point at: its key, or the value of `name`, or the item.
    pub name_span: Span,
    /// How its pin is written.
    pub shape: PinShape,
    /// The image name. Two keys joined by `/` have the span of the last one.
    pub image: Option<Field>,
    /// The tag.
    pub tag: Option<Field>,
    /// The digest, with `sha256:` in front even where the manifest leaves that out.
    pub digest: Option<Field>,
}

/// How a pin is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinShape {
    /// A mapping with a key for each part; also with `tag: v1@sha256:...`.
    Fields,
    /// One string, `name:tag@digest`.
    OneString,
}

/// A part of a pin, or another scalar: what it says after unquoting and where. Never a number:
/// `1.10` is the text `1.10`.
#[derive(Clone, Debug)]
pub struct Field {
    /// The text.
    pub text: String,
    /// Its bytes: within the scalar where that holds more than this part.
    pub span: Span,
    /// The scalar it stands in.
    pub node: NodeId,
}

/// Image, tag and digest as texts, taken together. Absent parts are empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pin {
    /// The image name.
    pub image: String,
    /// The tag.
    pub tag: String,
    /// The digest.
    pub digest: String,
}

/// A place where a manifest does not have the form that every manifest has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// In which way.
    pub kind: ShortfallKind,
    /// One line, lower case, names in backticks.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// The ways a manifest can lack form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortfallKind {
    /// A key that every manifest has is not there, or nothing is below it.
    Missing,
    /// A value is of the wrong kind: a list where a mapping belongs, a mapping where text belongs.
    WrongKind,
}

impl Manifest {
    /// Reads a manifest. Aliases and merge keys are followed for the parts of a pin, so that the
    /// pin is the one that Helm would see; spans then point at the node they lead to. Where a key
    /// of a pin stands twice, the last one counts, as it does for Helm.
    ///
    /// ```
    /// use sysbom::bom::{Layout, Manifest};
    /// use sysbom::yaml::Document;
    /// let document = Document::parse("images:\n  app: {image: ghcr.io/acme/app, tag: 1.10}\n")?;
    /// let manifest = Manifest::read(&document, &Layout::default());
    /// assert_eq!(manifest.component("app").map(|app| app.pin().tag).as_deref(), Some("1.10"));
    /// # Ok::<(), sysbom::yaml::Fault>(())
    /// ```
    pub fn read(document: &Document, layout: &Layout) -> Manifest {
        let mut reader = Reader::new(document, layout);
        let mut snapshot_id = None;
        let mut experiment = None;
        if let Some(root) = reader.root() {
            reader.components(root, &layout.components);
            snapshot_id = reader.field(root, "snapshotId");
            experiment = reader.lookup.get(root, "experiment").map(|found| found.value);
        }
        let Reader { components, shortfalls, .. } = reader;
        Manifest { components, snapshot_id, experiment, shortfalls }
    }

    /// The first component of this name.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.name == name)
    }
}

impl Component {
    /// Its pin as texts.
    pub fn pin(&self) -> Pin {
        let text = |field: &Option<Field>| field.as_ref().map(|field| field.text.clone()).unwrap_or_default();
        Pin { image: text(&self.image), tag: text(&self.tag), digest: text(&self.digest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bom::{Components, Fields, PatternSegment};
    use crate::yaml::ScalarStyle;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn document(text: &str) -> Document {
        Document::parse(text.replace("HEX", HEX)).expect("the test's YAML is well formed")
    }

    /// Every pin as `name = image|tag|digest`, then every shortfall as `! message @ text`.
    fn summary(text: &str, layout: &Layout) -> Vec<String> {
        let document = document(text);
        let manifest = Manifest::read(&document, layout);
        let pins = manifest.components.iter().map(|component| {
            let pin = component.pin();
            format!("{} = {}|{}|{}", component.name, pin.image, pin.tag, pin.digest).replace(HEX, "HEX")
        });
        let faults = manifest
            .shortfalls
            .iter()
            .map(|shortfall| format!("! {} @ {}", shortfall.message, shortfall.span.of(document.text())));
        pins.chain(faults).collect()
    }

    fn matching(pattern: &str) -> Layout {
        let segment = |key: &str| match key {
            "*" => PatternSegment::Any,
            key => PatternSegment::Key(key.to_owned()),
        };
        Layout {
            components: Components::Matching(pattern.split('.').map(segment).collect()),
            ..Layout::default()
        }
    }

    fn keyed(image: &[&str], tag: &str, digest: &str) -> Fields {
        let image = image.iter().map(|&key| key.to_owned()).collect();
        Fields { image, tag: tag.to_owned(), digest: digest.to_owned() }
    }

    #[test]
    fn the_default_layout_is_read_with_its_places() {
        let text = "images:\n  app:\n    image: ghcr.io/acme/app\n    tag: 'v1.2.3'\n    digest: sha256:HEX\n\
                    experiment:\n  stableWeight: 90\nsnapshotId: exp-1\n";
        let document = document(text);
        let manifest = Manifest::read(&document, &Layout::default());
        assert_eq!(manifest.shortfalls, []);
        let app = manifest.component("app").expect("it is there");
        assert_eq!(app.name_span.of(document.text()), "app");
        assert_eq!(app.path.to_string(), "images.app");
        assert_eq!(app.shape, PinShape::Fields);
        let tag = app.tag.as_ref().expect("it is written");
        assert_eq!((tag.text.as_str(), tag.span.of(document.text())), ("v1.2.3", "'v1.2.3'"));
        assert_eq!(manifest.snapshot_id.expect("it is written").text, "exp-1");
        let experiment = manifest.experiment.expect("it is written");
        assert_eq!(document.node(experiment).span.of(document.text()), "stableWeight: 90");
    }

    #[test]
    fn a_number_stays_the_text_that_is_written() {
        let text = "images: {a: {image: x, tag: 1.10}, b: {image: y, tag: 0123}}";
        assert_eq!(summary(text, &Layout::default()), ["a = x|1.10|", "b = y|0123|"]);
    }

    #[test]
    fn a_key_that_stands_twice_gives_two_components_and_its_last_field() {
        let text = "images:\n  a: {image: x, tag: v1, tag: v2}\n  a: {image: y, tag: v3}\n";
        assert_eq!(summary(text, &Layout::default()), ["a = x|v2|", "a = y|v3|"]);
    }

    #[test]
    fn a_tag_with_a_digest_is_one_pin() {
        let text = "images:\n  a: {image: x, tag: 'v1@sha256:HEX'}\n  b: {image: x, tag: v1@sha256:HEX, digest: ''}\n  \
                    c: {image: x, tag: v1@sha256:HEX, digest: }\n  d: {image: x, tag: '@sha256:HEX', digest: ~}\n  \
                    e: {image: x, tag: v1@sha256:0, digest: sha256:HEX}\n";
        assert_eq!(
            summary(text, &Layout::default()),
            [
                "a = x|v1|sha256:HEX",
                "b = x|v1|sha256:HEX",
                "c = x|v1|sha256:HEX",
                "d = x||sha256:HEX",
                "e = x|v1@sha256:0|sha256:HEX",
            ]
        );
        let document = document(text);
        let manifest = Manifest::read(&document, &Layout::default());
        let app = &manifest.components[0];
        let place = |field: &Option<Field>| field.as_ref().expect("it is read").span.of(document.text());
        assert_eq!((place(&app.tag), place(&app.digest)), ("v1", format!("sha256:{HEX}").as_str()));
    }

    #[test]
    fn one_string_pins_are_split_with_their_places() {
        let text = "images:\n  a: ghcr.io/acme/a:v1@sha256:HEX\n  b: \"registry:5000/b\"\n  c: \"x:v\\u0031\"\n  d: x:@\n";
        assert_eq!(
            summary(text, &Layout::default()),
            ["a = ghcr.io/acme/a|v1|sha256:HEX", "b = registry:5000/b||", "c = x|v1|", "d = x||"]
        );
        let document = document(text);
        let manifest = Manifest::read(&document, &Layout::default());
        let place = |at: usize, field: fn(&Component) -> &Option<Field>| {
            field(&manifest.components[at]).as_ref().expect("it is read").span.of(document.text())
        };
        assert_eq!(manifest.components[0].shape, PinShape::OneString);
        assert_eq!(place(0, |c| &c.image), "ghcr.io/acme/a");
        assert_eq!(place(0, |c| &c.tag), "v1");
        assert_eq!(place(1, |c| &c.image), "registry:5000/b");
        assert_eq!(place(2, |c| &c.tag), "\"x:v\\u0031\"");
    }

    #[test]
    fn lists_are_read_by_name_or_by_the_last_part_of_the_image() {
        let text = "images:\n- {name: a, image: x, tag: v1}\n- ghcr.io/acme/b:v2\n- {image: z}\n- {name: a}\n- 7: 8\n";
        assert_eq!(
            summary(text, &Layout::default()),
            [
                "a = x|v1|",
                "b = ghcr.io/acme/b|v2|",
                "a = ||",
                "! entry 3 of `images` has no `name` @ {image: z}",
                "! two entries of `images` are named `a` @ a",
                "! entry 5 of `images` has no `name` @ 7: 8",
            ]
        );
        let document = document(text);
        assert_eq!(Manifest::read(&document, &Layout::default()).components[1].path.to_string(), "images[1]");
    }

    #[test]
    fn a_pattern_names_components_by_what_stood_for_the_star() {
        let text = "app:\n  image: {image: x, tag: v1}\nweb: {image: 'y:v2', replicas: 2}\nglobal: {image: {pullPolicy: Always}}\n\
                    other: 1\nnone: {image: ''}\nlist: [{image: z}]\n";
        assert_eq!(summary(text, &matching("*.image")), ["app = x|v1|", "web = y|v2|"]);
        let nested = "a: {b: {image: {image: x, tag: v1}}}\n";
        assert_eq!(summary(nested, &matching("*.*.image")), ["a.b = x|v1|"]);
        assert_eq!(summary("a: 1\n", &matching("*.image")), ["! no component stands at `*.image` @ "]);
    }

    #[test]
    fn named_components_are_found_one_by_one() {
        let layout = Layout {
            components: Components::Named(vec![
                ("web".to_owned(), Path::of_keys(["web", "image"])),
                ("db".to_owned(), Path::of_keys(["db"])),
                ("gone".to_owned(), Path::of_keys(["gone", "image"])),
            ]),
            fields: keyed(&["registry", "repository"], "tag", "sha"),
        };
        let text = "web:\n  image: {registry: quay.io, repository: a/web, tag: v1, sha: HEX}\n\
                    db: {repository: postgres, registry: '', tag: v2}\n";
        assert_eq!(
            summary(text, &layout),
            [
                "web = quay.io/a/web|v1|sha256:HEX",
                "db = postgres|v2|",
                "! component `gone` is missing: nothing stands at `gone.image` @ ",
            ]
        );
        assert_eq!(
            summary("web: {image: {registry: quay.io}}\ndb: x\ngone: {image: y}\n", &layout)[0],
            "web = ||"
        );
    }

    #[test]
    fn a_value_that_is_not_written_is_a_field_without_text() {
        let document = document("images:\n  a:\n    image: x\n    tag:\n");
        let manifest = Manifest::read(&document, &Layout::default());
        let tag = manifest.components[0].tag.as_ref().expect("its key is written");
        assert_eq!((tag.text.as_str(), tag.span), ("", Span::at(document.text().len() - 1)));
        assert!(manifest.components[0].digest.is_none());
        assert!(matches!(
            document.node(tag.node).kind,
            crate::yaml::NodeKind::Scalar { style: ScalarStyle::Plain, .. }
        ));
    }

    #[test]
    fn what_has_the_wrong_kind_is_told_and_the_rest_is_read() {
        let text = "images:\n  a: [x]\n  b:\n  c: {image: {x: y}, tag: [v1], digest: d}\n  d: ~\n  ? [x]\n  : y\nsnapshotId: [1]\n";
        assert_eq!(
            summary(text, &Layout::default()),
            [
                "c = ||d",
                "! component `a` is a list, not a pin @ a",
                "! component `b` is empty, not a pin @ b",
                "! `image` is a mapping, not a text @ {x: y}",
                "! `tag` is a list, not a text @ [v1]",
                "! component `d` is empty, not a pin @ d",
                "! a key below `images` is no text @ [x]",
                "! `snapshotId` is a list, not a text @ [1]",
            ]
        );
    }

    #[test]
    fn a_manifest_without_components_says_where_they_belong() {
        for (text, message) in [
            ("", "! the manifest is empty @ "),
            ("# nothing\n", "! the manifest is empty @ "),
            ("- a\n", "! the manifest is a list, not a mapping @ - a"),
            ("a\n", "! the manifest is a text, not a mapping @ a"),
            ("image: {}\n", "! `images` is missing @ "),
            ("images:\n", "! `images` is empty, not a mapping of components @ images"),
            ("images: {}\n", "! no component stands below `images` @ images"),
            ("images: []\n", "! no component stands below `images` @ images"),
            ("images: x\n", "! `images` is a text, not a mapping of components @ x"),
        ] {
            assert_eq!(summary(text, &Layout::default()), [message], "{text:?}");
        }
    }

    #[test]
    fn aliases_and_merge_keys_give_the_pin_that_helm_sees() {
        let text = "base: &base {image: x, tag: v1, digest: d}\nmore: &more {<<: *base, tag: v2}\nv: &v v3\n\
                    images:\n  a: *base\n  b: {<<: *more, digest: e}\n  c: {<<: [*more, *base], tag: *v}\n";
        let read = ["a = x|v1|d", "b = x|v2|e", "c = x|v3|d"];
        assert_eq!(summary(text, &Layout::default()), read);
        let merged =
            "base: &base\n  a: {image: x, tag: v1}\n  b: {image: y}\nimages:\n  <<: *base\n  b: {image: z}\n";
        assert_eq!(summary(merged, &Layout::default()), ["b = z||", "a = x|v1|"]);
    }

    #[test]
    fn references_that_multiply_or_turn_in_circles_end() {
        assert_eq!(
            summary("images: &x {a: {<<: *x, tag: v1}}\n", &Layout::default()),
            ["a = |v1|"],
            "a mapping that merges the one it is in"
        );
        let levels = (1..60).map(|level| {
            let below = level - 1;
            format!("l{level}: &l{level} {{<<: [*l{below}, *l{below}, *l{below}]}}\n")
        });
        let levels: Vec<String> = levels.collect();
        let text = format!("l0: &l0 {{image: x}}\n{}images: {{a: *l59, b: {{<<: *l59}}}}\n", levels.concat());
        assert_eq!(summary(&text, &Layout::default()).len(), 2);

        let list: Vec<String> = (0..200).map(|n| format!("k{n}: *l0")).collect();
        let list = list.join(", ");
        let text = format!(
            "x: &l0 {{image: x}}\ny: &l1 {{{list}}}\nz: &l2 {{{}}}\nimages: {{{}}}\n",
            list.replace("l0", "l1"),
            list.replace("l0", "l2")
        );
        let read = summary(&text, &matching("images.*.*.*"));
        assert!(read.last().is_some_and(|last| last.contains("more values than are read")), "{}", read.len());
    }

    #[test]
    fn a_large_manifest_is_read_in_linear_time() {
        let components = 20_000;
        let lines: Vec<String> =
            (0..components).map(|n| format!("  c{n}: {{image: x/c{n}, tag: v{n}}}\n")).collect();
        let text = format!("images:\n{}", lines.concat());
        let document = document(&text);
        let named = (0..components).map(|n| (format!("c{n}"), Path::of_keys(["images", &format!("c{n}")])));
        for components_at in [Layout::default().components, Components::Named(named.collect())] {
            let layout = Layout { components: components_at, ..Layout::default() };
            let started = std::time::Instant::now();
            assert_eq!(Manifest::read(&document, &layout).components.len(), components);
            // Quadratic reading takes minutes here; the limit leaves room for a busy machine.
            assert!(started.elapsed().as_secs() < 20);
        }
    }
}
