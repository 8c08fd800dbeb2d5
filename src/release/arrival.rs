//! What producers ask for: `app=ghcr.io/acme/app:v1.3.0@sha256:...` on a command line, or JSON in a
//! payload. All of it is somebody else's text: it is limited, read strictly, and never printed as
//! it came.

use serde_json::{Map, Value};

use super::{Moment, Refusal, strict};
use crate::bom::{Digest, ImageName, Malformed, Pin, RefParts, Tag};
use crate::change::reference;
use crate::suggest::nearest;
use crate::text::escape;

/// The most bytes of a payload: what forges send, and not more.
pub const MAX_PAYLOAD: usize = 65_536;
/// The most releases of one payload.
const MAX_ARRIVALS: usize = 1_000;
/// The most bytes of a component's name: the most that Kubernetes takes for one of its own.
const MAX_NAME: usize = 253;
/// The most bytes of a text that only tells where a release comes from.
const MAX_ORIGIN: usize = 2_000;

/// One pin that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The system it is for, where the payload says.
    pub system: Option<String>,
    /// The component.
    pub component: String,
    /// The image name; `None` for the one that the component has.
    pub image: Option<ImageName>,
    /// The tag.
    pub tag: Tag,
    /// The digest.
    pub digest: Option<Digest>,
    /// When it was published.
    pub published_at: Option<Moment>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a release comes from, as its producer says. For people to read; that a commit looks like the
/// name of one and a page like an address is all that is checked.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Origin {
    /// The commit it was built from.
    pub commit: Option<String>,
    /// A page about it.
    pub url: Option<String>,
    /// The run that built it.
    pub run: Option<String>,
}

impl Arrival {
    /// Reads `NAME=image:tag@digest`, or `NAME=tag@digest` for a component that is there. The
    /// digest may be missing where the policy lets it.
    ///
    /// ```
    /// use sysbom::release::Arrival;
    /// let arrival = Arrival::read("app=ghcr.io/acme/app:v1.3.0")?;
    /// assert_eq!((arrival.component.as_str(), arrival.tag.as_str()), ("app", "v1.3.0"));
    /// assert_eq!(Arrival::read("app=v1.3.0")?.image, None);
    /// # Ok::<(), sysbom::release::Refusal>(())
    /// ```
    pub fn read(text: &str) -> Result<Arrival, Refusal> {
        const FORM: &str = "write `NAME=image:tag@digest`, such as `app=ghcr.io/acme/app:v1.3.0@sha256:...`";
        let Some((name, reference)) = text.split_once('=') else {
            return Err(Refusal::new(format!("`{}` names no component", shown(text)), FORM));
        };
        let component = component_name(name)?;
        let before_digest = reference.split('@').next().unwrap_or(reference);
        let (image, tag, digest) = if before_digest.contains([':', '/']) {
            let parts = RefParts::split(reference);
            (
                Some(parts.name.of(reference)),
                parts.tag.map(|s| s.of(reference)),
                parts.digest.map(|s| s.of(reference)),
            )
        } else {
            let (tag, digest) = match reference.split_once('@') {
                Some((tag, digest)) => (tag, Some(digest)),
                None => (reference, None),
            };
            (None, Some(tag), digest)
        };
        let Some(tag) = tag.filter(|tag| !tag.is_empty()) else {
            return Err(Refusal::new(format!("the release of `{}` names no tag", shown(&component)), FORM));
        };
        let malformed = |fault: Malformed| malformed(&component, &fault);
        Ok(Arrival {
            system: None,
            image: image.map(str::parse).transpose().map_err(malformed)?,
            tag: tag.parse().map_err(malformed)?,
            digest: digest.map(str::parse).transpose().map_err(malformed)?,
            published_at: None,
            origin: Origin::default(),
            component,
        })
    }

    /// A pin of a manifest as a release of its own; `None` where it is not well formed or has no
    /// tag, because then nobody can ask for it.
    pub fn of_pin(component: &str, pin: &Pin) -> Option<Arrival> {
        Some(Arrival {
            system: None,
            component: component.to_owned(),
            image: Some(pin.image.parse().ok()?),
            tag: pin.tag.parse().ok()?,
            digest: if pin.digest.is_empty() { None } else { Some(pin.digest.parse().ok()?) },
            published_at: None,
            origin: Origin::default(),
        })
    }

    /// The pin it asks for, given the image name that the component has.
    pub fn pin(&self, image: &str) -> Pin {
        let image = self.image.as_ref().map_or(image, ImageName::as_str);
        let digest = self.digest.as_ref().map_or("", Digest::as_str);
        Pin { image: image.to_owned(), tag: self.tag.as_str().to_owned(), digest: digest.to_owned() }
    }

    /// The same on a command line: `app=ghcr.io/acme/app:v1.3.0@sha256:...`.
    pub fn argument(&self) -> String {
        let pin = self.pin("");
        let text = reference(&pin);
        format!("{}={}", self.component, text.strip_prefix(':').unwrap_or(&text))
    }
}

/// Reads a payload of at most [`MAX_PAYLOAD`] bytes: a producer's object, an array of them, or the
/// event file of a forge with such in its `client_payload` (`repository_dispatch`), `inputs`
/// (`workflow_dispatch`) or `variables` (a GitLab trigger).
///
/// ```json
/// {
///   "component": "app",
///   "image": "ghcr.io/acme/app",
///   "tag": "v1.3.0",
///   "digest": "sha256:...",
///   "publishedAt": "2024-06-15T10:15:00Z",
///   "commit": "4f1c2ab...", "url": "https://...", "run": "https://..."
/// }
/// ```
///
/// Required are `component` and `tag`; `system` names the system where there are several. Any other
/// key of a producer's object is refused, and so is a key that stands twice, so that a slip of the finger is not a release without a
/// digest; so is a `commit` that is no name of one, and a `url` or `run` that is no address. `releases` holds an array where a forge wants an object. Beside them, an event file may
/// say what it likes: it is the forge's. So may `inputs` and `variables`, where `payload` (or
/// `SYSBOM_PAYLOAD`) may hold the JSON of a producer as one text; what is empty there is absent.
pub fn arrivals(payload: &[u8]) -> Result<Vec<Arrival>, Refusal> {
    if payload.len() > MAX_PAYLOAD {
        return Err(Refusal::new(
            format!("the payload has more than {MAX_PAYLOAD} bytes"),
            "send the pins alone; what else there is to say belongs behind `url`",
        ));
    }
    let found = of_document(&json(payload)?)?;
    match found.len() {
        0 => Err(Refusal::new("the payload asks for no release", FORM)),
        1..=MAX_ARRIVALS => Ok(found),
        many => Err(Refusal::new(
            format!("the payload asks for {many} releases, more than {MAX_ARRIVALS}"),
            "send them in parts",
        )),
    }
}

const FORM: &str =
    "send `{\"component\": ..., \"image\": ..., \"tag\": ..., \"digest\": ...}`, or an array of such";

fn json(payload: &[u8]) -> Result<Value, Refusal> {
    // The parser's own message quotes nothing but single characters, yet what it quotes is theirs.
    strict::read(payload).map_err(|fault| {
        let what = if fault.is_data() { "cannot be understood" } else { "is no JSON" };
        Refusal::new(format!("the payload {what}: {}", escape(&fault.to_string())), FORM)
    })
}

fn of_document(value: &Value) -> Result<Vec<Arrival>, Refusal> {
    let Value::Object(object) = value else { return of_value(value) };
    let is_there = |key: &&str| object.get(*key).is_some_and(|inner| !inner.is_null());
    let mut events = ["client_payload", "inputs", "variables"].into_iter().filter(is_there);
    if let (Some(one), Some(other)) = (events.next(), events.next()) {
        let message = format!("the payload has both `{one}` and `{other}`");
        return Err(Refusal::new(message, "an event file has one of them: send what is meant"));
    }
    if let Some(inner) = object.get("client_payload") {
        return of_value(inner);
    }
    for key in ["inputs", "variables"] {
        if let Some(Value::Object(inputs)) = object.get(key)
            && !object.contains_key("component")
        {
            return of_inputs(inputs);
        }
    }
    of_value(value)
}

fn of_value(value: &Value) -> Result<Vec<Arrival>, Refusal> {
    match value {
        Value::Array(items) => items.iter().map(of_item).collect(),
        Value::Object(object) => match object.get("releases") {
            Some(Value::Array(items)) if object.len() == 1 => items.iter().map(of_item).collect(),
            _ => Ok(vec![of_object(object)?]),
        },
        _ => Err(Refusal::new(format!("the payload is {}, not an object or an array", kind(value)), FORM)),
    }
}

fn of_item(value: &Value) -> Result<Arrival, Refusal> {
    match value {
        Value::Object(object) => of_object(object),
        other => {
            Err(Refusal::new(format!("an entry of the payload is {}, not an object", kind(other)), FORM))
        }
    }
}

/// The inputs of a workflow: texts, some of them empty, some meant for the workflow itself.
fn of_inputs(inputs: &Map<String, Value>) -> Result<Vec<Arrival>, Refusal> {
    for key in ["payload", "SYSBOM_PAYLOAD"] {
        if let Some(Value::String(text)) = inputs.get(key)
            && !text.trim().is_empty()
        {
            return of_value(&json(text.as_bytes())?);
        }
    }
    let known = |(key, value): &(&String, &Value)| KEYS.contains(&key.as_str()) && value.as_str() != Some("");
    let object = inputs.iter().filter(known).map(|(key, value)| (key.clone(), value.clone())).collect();
    Ok(vec![of_object(&object)?])
}

const KEYS: &[&str] =
    &["component", "image", "tag", "digest", "publishedAt", "system", "commit", "url", "run"];

pub(super) fn of_object(object: &Map<String, Value>) -> Result<Arrival, Refusal> {
    for key in object.keys() {
        if !KEYS.contains(&key.as_str()) {
            let help = match nearest(key, KEYS.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known keys are {}", KEYS.join(", ")),
            };
            return Err(Refusal::new(format!("the payload has the unknown key `{}`", shown(key)), help));
        }
    }
    let text = |key: &str| match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(other) => Err(Refusal::new(
            format!("`{key}` of the payload is {}, not a text", kind(other)),
            format!("write `\"{key}\": \"...\"`, in quotes"),
        )),
    };
    let Some(component) = text("component")? else {
        return Err(Refusal::new("the payload names no `component`", FORM));
    };
    let component = component_name(component)?;
    let Some(tag) = text("tag")? else {
        return Err(Refusal::new(format!("the payload names no `tag` for `{}`", shown(&component)), FORM));
    };
    let malformed = |fault: Malformed| malformed(&component, &fault);
    let published_at = text("publishedAt")?.map(|text| {
        text.parse::<Moment>().map_err(|fault| {
            Refusal::new(
                format!("`publishedAt` of the payload is `{}`, {fault}", shown(text)),
                "write the time at which the image was published, as `date -u +%FT%TZ` prints it",
            )
        })
    });
    Ok(Arrival {
        system: text("system")?.map(component_name).transpose()?,
        image: text("image")?.map(str::parse).transpose().map_err(malformed)?,
        tag: tag.parse().map_err(malformed)?,
        digest: text("digest")?.map(str::parse).transpose().map_err(malformed)?,
        published_at: published_at.transpose()?,
        origin: Origin {
            commit: text("commit")?.map(commit_name).transpose()?,
            url: text("url")?.map(|text| address("url", text)).transpose()?,
            run: text("run")?.map(|text| address("run", text)).transpose()?,
        },
        component,
    })
}

fn component_name(name: &str) -> Result<String, Refusal> {
    let help = "name it as the manifest does, such as `app`";
    // A command line says `NAME=REF`.
    if name.is_empty() || name.trim() != name || name.contains('=') {
        return Err(Refusal::new(format!("`{}` names no component", shown(name)), help));
    }
    if name.len() > MAX_NAME {
        let message = format!("the name of a component has {} bytes, more than {MAX_NAME}", name.len());
        return Err(Refusal::new(message, help));
    }
    if !is_one_line(name) {
        let message = format!("the component name `{}` holds characters that cannot be shown", shown(name));
        return Err(Refusal::new(message, help));
    }
    Ok(name.to_owned())
}

fn commit_name(text: &str) -> Result<String, Refusal> {
    let is_name = (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    origin("commit", text, is_name, "the name of a commit, 7 to 64 hex digits such as `4f1c2ab`")
}

/// The characters that an address has by RFC 3986, but for those that mean something to a shell.
fn address(key: &str, text: &str) -> Result<String, Refusal> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!*+,;=&%".contains(c);
    let rest = ["https://", "http://"].iter().find_map(|start| text.strip_prefix(start));
    let is_address = rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_plain));
    origin(key, text, is_address, "an address, such as `https://git.example.org/app/run/7`")
}

fn origin(key: &str, text: &str, is_good: bool, form: &str) -> Result<String, Refusal> {
    if is_good && text.len() <= MAX_ORIGIN {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(
        format!("`{key}` of the payload is `{}`, not {form}", shown(text)),
        format!("send one of at most {MAX_ORIGIN} bytes, or leave it out"),
    ))
}

/// Whether the text is shown as it is.
fn is_one_line(text: &str) -> bool {
    escape(text).to_string() == text
}

fn malformed(component: &str, fault: &Malformed) -> Refusal {
    Refusal::new(
        format!("the release of `{}` is malformed: {}", shown(component), fault.message),
        "a pin is an image name without tag, a tag, and a digest such as `sha256:` and 64 hex digits",
    )
}

/// Somebody's text in a message of ours: escaped, and not longer than people read.
fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let cut: String = text.chars().take(MOST).collect();
    let more = if cut.len() < text.len() { "..." } else { "" };
    format!("{}{more}", escape(&cut))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn read(payload: &str) -> Result<Vec<Arrival>, String> {
        arrivals(payload.replace("DIGEST", DIGEST).as_bytes()).map_err(|refusal| refusal.message)
    }

    fn arguments(payload: &str) -> Vec<String> {
        let arrivals = read(payload).unwrap_or_else(|message| panic!("{payload}: {message}"));
        arrivals.iter().map(|arrival| arrival.argument().replace(DIGEST, "DIGEST")).collect()
    }

    #[test]
    fn a_release_is_named_on_the_command_line_with_or_without_its_image() {
        for (text, image) in [
            ("app=ghcr.io/acme/app:v1.3.0@DIGEST", Some("ghcr.io/acme/app")),
            ("app=registry:5000/app:v1.3.0@DIGEST", Some("registry:5000/app")),
            ("app=postgres:v1.3.0@DIGEST", Some("postgres")),
            ("app=v1.3.0@DIGEST", None),
            ("app=v1.3.0", None),
        ] {
            let arrival = Arrival::read(&text.replace("DIGEST", DIGEST)).expect(text);
            assert_eq!(arrival.image.as_ref().map(ImageName::as_str), image, "{text}");
            assert_eq!(arrival.tag.as_str(), "v1.3.0");
            assert_eq!(arrival.argument(), text.replace("DIGEST", DIGEST));
        }
        for text in [
            "app",
            "=v1",
            "app=",
            "app=ghcr.io/acme/app",
            "app=a/b@DIGEST",
            "app=v1@sha256:00",
            "a\nb=v1",
            "app=A/b:v1",
        ] {
            assert!(Arrival::read(&text.replace("DIGEST", DIGEST)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_payload_comes_in_the_forms_of_producers_and_forges() {
        let object = r#"{"component":"app","image":"ghcr.io/acme/app","tag":"v1.3.0","digest":"DIGEST","publishedAt":"2024-06-15T10:15:00Z","commit":"4f1c2ab","url":"https://x","run":null}"#;
        let app = "app=ghcr.io/acme/app:v1.3.0@DIGEST";
        assert_eq!(arguments(object), [app]);
        assert_eq!(
            arguments(&format!("[{object}, {{\"component\":\"web\",\"tag\":\"v2\"}}]")),
            [app, "web=v2"]
        );
        let event = format!(r#"{{"action":"release","repository":{{"id":1}},"client_payload":{object}}}"#);
        assert_eq!(arguments(&event), [app]);
        let event = format!(r#"{{"client_payload":{{"releases":[{object}]}}}}"#);
        assert_eq!(arguments(&event), [app]);
        let inputs = r#"{"inputs":{"component":"app","tag":"v1","digest":"","image":"","allow-move":"true"},"ref":"x"}"#;
        assert_eq!(arguments(inputs), ["app=v1"]);
        let event = format!(r#"{{"client_payload":{object},"inputs":null}}"#);
        assert_eq!(arguments(&event), [app]);
        let quoted = object.replace('"', "\\\"");
        assert_eq!(arguments(&format!(r#"{{"inputs":{{"payload":"{quoted}"}}}}"#)), [app]);
        assert_eq!(arguments(&format!(r#"{{"variables":{{"SYSBOM_PAYLOAD":"{quoted}","CI":"1"}}}}"#)), [app]);
        let found = read(object).expect("it is well formed");
        assert_eq!(found[0].published_at, Some(Moment(1_718_446_500)));
        assert_eq!(found[0].origin.commit.as_deref(), Some("4f1c2ab"));
    }

    #[test]
    fn a_hostile_or_mistaken_payload_is_refused_and_not_repeated() {
        for (payload, message) in [
            ("", "the payload is no JSON: EOF while parsing a value at line 1 column 0"),
            ("[]", "the payload asks for no release"),
            ("7", "the payload is a number, not an object or an array"),
            ("[7]", "an entry of the payload is a number, not an object"),
            ("{}", "the payload names no `component`"),
            (r#"{"component":"app"}"#, "the payload names no `tag` for `app`"),
            (
                r#"{"component":"app","tag":"v1.1.0","tag":"v9.9.9"}"#,
                "the payload cannot be understood: the key `tag` stands twice at line 1 column 49",
            ),
            (
                r#"{"inputs":{"payload":"{\"component\":\"app\",\"tag\":\"v1\",\"tag\":\"v2\"}"}}"#,
                "the payload cannot be understood: the key `tag` stands twice at line 1 column 41",
            ),
            (r#"{"component":"app","tag":1.10}"#, "`tag` of the payload is a number, not a text"),
            (r#"{"component":"app","tag":"v1","didgest":"x"}"#, "the payload has the unknown key `didgest`"),
            (
                r#"{"component":"app\n::error::x","tag":"v1"}"#,
                "the component name `app\\u{a}::error::x` holds characters that cannot be shown",
            ),
            (
                r#"{"component":"app","tag":"v1","url":"https://x\n::set-output name=a::b"}"#,
                "`url` of the payload is `https://x\\u{a}::set-output name=a::b`, not an address, such as `https://git.example.org/app/run/7`",
            ),
            (
                r#"{"client_payload":{"component":"app","tag":"v1"},"inputs":{"component":"app","tag":"v2"}}"#,
                "the payload has both `client_payload` and `inputs`",
            ),
            (
                r#"{"component":"app","tag":"v1","publishedAt":"yesterday"}"#,
                "`publishedAt` of the payload is `yesterday`, no moment in the form `2024-06-15T10:15:00Z`",
            ),
        ] {
            assert_eq!(read(payload), Err(message.to_owned()), "{payload}");
        }
        let long = "a".repeat(65);
        for commit in ["../../x", "--help", "a:b", "HEAD", "4f1c2a", "4f1c2ag", "", &long] {
            let message = read(&format!(r#"{{"component":"app","tag":"v1","commit":"{commit}"}}"#));
            let message = message.expect_err(commit);
            assert!(
                message.ends_with("not the name of a commit, 7 to 64 hex digits such as `4f1c2ab`"),
                "{message}"
            );
        }
        for tag in ["$(id)", "v1; rm -rf /", "\\\"", "v1\\n::set-output name=x::y", "", "é"] {
            let message = read(&format!(r#"{{"component":"app","tag":"{tag}"}}"#)).expect_err(tag);
            assert!(message.starts_with("the release of `app` is malformed: "), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
        assert!(
            read(&format!("[{}]", " ".repeat(MAX_PAYLOAD)))
                .is_err_and(|m| m.contains("more than 65536 bytes"))
        );
        assert!(read(&"[".repeat(60_000)).is_err(), "nesting is limited");
        let key = "x".repeat(10_000);
        let message = read(&format!(r#"{{"{key}":1}}"#)).expect_err("the key is unknown");
        assert!(message.len() < 200, "{message}");
    }
}
