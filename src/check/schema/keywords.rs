//! The keywords of a schema, one by one.

use super::{Misfit, Unusable, Value};
use crate::policy::{Pattern, Star};
use crate::text::Span;
use crate::yaml::{Document, Entry, NodeId, NodeKind};

/// The most schemas that may be entered from one another, and in all.
const MAX_DEPTH: usize = 128;
const MAX_STEPS: usize = 200_000;

/// Keywords of some draft that would be silently without effect.
const UNSUPPORTED: [&str; 12] = [
    "$dynamicRef",
    "$recursiveRef",
    "additionalItems",
    "contains",
    "minContains",
    "maxContains",
    "contentSchema",
    "dependencies",
    "dependentSchemas",
    "divisibleBy",
    "unevaluatedItems",
    "unevaluatedProperties",
];

type Verdict = Result<Vec<Misfit>, Unusable>;

/// A schema and the document it is about.
pub struct Judge<'d> {
    schema: &'d Document,
    instance: &'d Document,
    steps: usize,
}

/// One keyword, the schema it stands in, and what it is asked about.
struct Asked<'k> {
    keyword: &'k str,
    /// The keyword in the schema.
    key: NodeId,
    /// Its value.
    argument: NodeId,
    /// The schema it stands in.
    schema: NodeId,
    node: NodeId,
    value: &'k Value,
    depth: usize,
}

impl<'d> Judge<'d> {
    /// Begins.
    pub fn new(schema: &'d Document, instance: &'d Document) -> Self {
        Judge { schema, instance, steps: 0 }
    }

    /// What a schema has against a node.
    pub fn judge(&mut self, schema: NodeId, node: NodeId, depth: usize) -> Verdict {
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return Err(self.unusable(schema, "the schema refers to itself without end"));
        }
        let node = self.target(node);
        let entries = match &self.schema.node(schema).kind {
            NodeKind::Mapping { entries, .. } => entries,
            NodeKind::Scalar { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => {
                return match Value::of(self.schema, schema) {
                    Value::Bool(true) => Ok(Vec::new()),
                    Value::Bool(false) => {
                        Ok(vec![self.misfit(node, schema, "nothing is allowed here".to_owned())])
                    }
                    _ => Err(self.unusable(schema, "a schema is a mapping, `true` or `false`")),
                };
            }
        };
        let value = Value::of(self.instance, node);
        let mut misfits = Vec::new();
        for entry in entries {
            let Some(keyword) = self.schema.scalar(entry.key) else { continue };
            let asked =
                Asked { keyword, key: entry.key, argument: entry.value, schema, node, value: &value, depth };
            misfits.extend(self.keyword(&asked)?);
        }
        Ok(misfits)
    }

    fn keyword(&mut self, asked: &Asked) -> Verdict {
        match asked.keyword {
            "type" | "enum" | "const" => self.kind(asked),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
                self.number(asked)
            }
            "minLength" | "maxLength" | "pattern" => self.text(asked),
            "minItems" | "maxItems" | "minProperties" | "maxProperties" | "uniqueItems" => self.size(asked),
            "items" | "prefixItems" => self.items(asked),
            "required" | "dependentRequired" => self.required(asked),
            "properties" | "patternProperties" | "additionalProperties" | "propertyNames" => {
                self.properties(asked)
            }
            "allOf" | "anyOf" | "oneOf" | "not" | "if" => self.combined(asked),
            "$ref" => self.reference(asked),
            unsupported if UNSUPPORTED.contains(&unsupported) => {
                Err(self.unusable(asked.key, &format!("`{unsupported}` is not supported")))
            }
            _ => Ok(Vec::new()),
        }
    }

    fn kind(&self, asked: &Asked) -> Verdict {
        let argument = Value::of(self.schema, asked.argument);
        let (fits, message) = match (asked.keyword, &argument) {
            ("const", argument) => {
                (argument == asked.value, format!("only {} is allowed", self.source(asked.argument)))
            }
            ("enum", Value::Array(allowed)) => (
                allowed.contains(asked.value),
                format!("only one of {} is allowed", self.source(asked.argument)),
            ),
            ("type", Value::String(_) | Value::Array(_)) => {
                let kinds = match &argument {
                    Value::Array(kinds) => kinds.clone(),
                    one => vec![one.clone()],
                };
                let mut fits = false;
                for kind in &kinds {
                    let Value::String(kind) = kind else { return Err(self.takes(asked, "names of types")) };
                    let is_a = asked.value.is_a(kind);
                    fits |=
                        is_a.ok_or_else(|| self.unusable(asked.argument, &format!("`{kind}` is no type")))?;
                }
                (fits, format!("only {} is allowed", self.source(asked.argument)))
            }
            _ => return Err(self.takes(asked, "a list")),
        };
        Ok(self.unless(fits, asked, message))
    }

    fn number(&self, asked: &Asked) -> Verdict {
        let Value::Number(limit) = Value::of(self.schema, asked.argument) else {
            return Err(self.takes(asked, "a number"));
        };
        let Value::Number(number) = *asked.value else { return Ok(Vec::new()) };
        let (fits, what) = match asked.keyword {
            "minimum" => (number >= limit, "less than"),
            "maximum" => (number <= limit, "more than"),
            "exclusiveMinimum" => (number > limit, "not more than"),
            "exclusiveMaximum" => (number < limit, "not less than"),
            _ => (is_multiple(number, limit), "no multiple of"),
        };
        Ok(self.unless(fits, asked, format!("{what} {limit}")))
    }

    fn text(&self, asked: &Asked) -> Verdict {
        if asked.keyword == "pattern" {
            let pattern = self.pattern(asked.argument)?;
            let Value::String(text) = asked.value else { return Ok(Vec::new()) };
            let message = format!("does not fit the pattern {}", self.source(asked.argument));
            return Ok(self.unless(pattern.fits(text), asked, message));
        }
        let limit = self.count(asked)?;
        let Value::String(text) = asked.value else { return Ok(Vec::new()) };
        Ok(self.within(text.chars().count(), limit, asked, "characters"))
    }

    fn size(&self, asked: &Asked) -> Verdict {
        if asked.keyword == "uniqueItems" {
            let Value::Array(items) = asked.value else { return Ok(Vec::new()) };
            let twice = (1..items.len()).any(|at| items[..at].contains(&items[at]));
            let wanted = Value::of(self.schema, asked.argument) == Value::Bool(true);
            return Ok(self.unless(!(wanted && twice), asked, "an item stands twice".to_owned()));
        }
        let limit = self.count(asked)?;
        match (asked.keyword, asked.value) {
            ("minItems" | "maxItems", Value::Array(items)) => {
                Ok(self.within(items.len(), limit, asked, "items"))
            }
            ("minProperties" | "maxProperties", Value::Object(entries)) => {
                Ok(self.within(entries.len(), limit, asked, "keys"))
            }
            _ => Ok(Vec::new()),
        }
    }

    fn items(&mut self, asked: &Asked) -> Verdict {
        let instance = self.instance;
        let items = instance.items(asked.node);
        let mut misfits = Vec::new();
        if asked.keyword == "prefixItems" {
            for (schema, item) in self.list(asked)?.into_iter().zip(items) {
                misfits.extend(self.judge(schema, item.value, asked.depth + 1)?);
            }
        } else {
            let prefix = self.schema.get(asked.schema, "prefixItems");
            let prefix = prefix.map_or(0, |prefix| self.schema.items(prefix).len());
            for item in items.iter().skip(prefix) {
                misfits.extend(self.judge(asked.argument, item.value, asked.depth + 1)?);
            }
        }
        Ok(misfits)
    }

    fn required(&self, asked: &Asked) -> Verdict {
        let Value::Object(entries) = asked.value else { return Ok(Vec::new()) };
        let has = |key: &str| entries.iter().any(|(known, _)| known == key);
        let names = match (asked.keyword, Value::of(self.schema, asked.argument)) {
            ("required", Value::Array(names)) => names,
            ("dependentRequired", Value::Object(dependent)) => {
                let applies = dependent.into_iter().filter(|(key, _)| has(key)).map(|(_, names)| names);
                applies
                    .flat_map(|names| if let Value::Array(names) = names { names } else { vec![names] })
                    .collect()
            }
            _ => return Err(self.takes(asked, "names of keys")),
        };
        let mut misfits = Vec::new();
        for name in names {
            let Value::String(name) = name else { return Err(self.takes(asked, "names of keys")) };
            misfits.extend(self.unless(has(&name), asked, format!("`{name}` is missing")));
        }
        Ok(misfits)
    }

    fn properties(&mut self, asked: &Asked) -> Verdict {
        let instance = self.instance;
        let mut misfits = Vec::new();
        for entry in instance.entries(asked.node) {
            let Some(name) = instance.scalar(entry.key) else { continue };
            let depth = asked.depth + 1;
            match asked.keyword {
                "properties" => {
                    if let Some(schema) = self.schema.get(asked.argument, name) {
                        misfits.extend(self.judge(schema, entry.value, depth)?);
                    }
                }
                "patternProperties" => {
                    for schema in self.fitting(asked.argument, name)? {
                        misfits.extend(self.judge(schema, entry.value, depth)?);
                    }
                }
                "propertyNames" => misfits.extend(self.judge(asked.argument, entry.key, depth)?),
                _ => misfits.extend(self.additional(asked, entry, name)?),
            }
        }
        Ok(misfits)
    }

    /// Judges an entry that neither `properties` nor `patternProperties` names.
    fn additional(&mut self, asked: &Asked, entry: &Entry, name: &str) -> Verdict {
        let beside = |keyword: &str| self.schema.get(asked.schema, keyword);
        let named = beside("properties").is_some_and(|known| self.schema.get(known, name).is_some());
        let patterns = beside("patternProperties");
        let fits = patterns.map(|patterns| self.fitting(patterns, name)).transpose()?;
        if named || fits.is_some_and(|fits| !fits.is_empty()) {
            return Ok(Vec::new());
        }
        if Value::of(self.schema, asked.argument) == Value::Bool(false) {
            return Ok(vec![self.misfit(entry.key, asked.key, format!("`{name}` is not allowed here"))]);
        }
        self.judge(asked.argument, entry.value, asked.depth + 1)
    }

    fn fitting(&self, patterns: NodeId, name: &str) -> Result<Vec<NodeId>, Unusable> {
        let mut fitting = Vec::new();
        for entry in self.schema.entries(patterns) {
            if self.pattern(entry.key)?.fits(name) {
                fitting.push(entry.value);
            }
        }
        Ok(fitting)
    }

    fn combined(&mut self, asked: &Asked) -> Verdict {
        let (node, depth) = (asked.node, asked.depth + 1);
        match asked.keyword {
            "not" => {
                let fits = !self.judge(asked.argument, node, depth)?.is_empty();
                Ok(self.unless(fits, asked, "what is written here is not allowed".to_owned()))
            }
            "if" => {
                let branch =
                    if self.judge(asked.argument, node, depth)?.is_empty() { "then" } else { "else" };
                let schema = self.schema.get(asked.schema, branch);
                schema.map_or(Ok(Vec::new()), |schema| self.judge(schema, node, depth))
            }
            "allOf" => {
                let mut misfits = Vec::new();
                for schema in self.list(asked)? {
                    misfits.extend(self.judge(schema, node, depth)?);
                }
                Ok(misfits)
            }
            _ => {
                let mut fitting = 0;
                for schema in self.list(asked)? {
                    fitting += usize::from(self.judge(schema, node, depth)?.is_empty());
                }
                let fits = if asked.keyword == "oneOf" { fitting == 1 } else { fitting > 0 };
                let message = format!("fits {fitting} of the forms of `{}`", asked.keyword);
                Ok(self.unless(fits, asked, message))
            }
        }
    }

    fn reference(&mut self, asked: &Asked) -> Verdict {
        let Some(reference) = self.schema.scalar(asked.argument) else {
            return Err(self.takes(asked, "a text"));
        };
        let Some(pointer) =
            reference.strip_prefix('#').filter(|rest| rest.is_empty() || rest.starts_with('/'))
        else {
            return Err(
                self.unusable(asked.argument, "only references within the schema are followed: `#/...`")
            );
        };
        let mut target = self.schema.root();
        for part in pointer.split('/').skip(1) {
            let key = part.replace("~1", "/").replace("~0", "~");
            target = target.and_then(|node| {
                let item = || self.schema.items(node).get(key.parse::<usize>().ok()?).map(|item| item.value);
                self.schema.get(node, &key).or_else(item)
            });
        }
        let missing = || self.unusable(asked.argument, &format!("nothing stands at `{reference}`"));
        self.judge(target.ok_or_else(missing)?, asked.node, asked.depth + 1)
    }

    fn list(&self, asked: &Asked) -> Result<Vec<NodeId>, Unusable> {
        match &self.schema.node(asked.argument).kind {
            NodeKind::Sequence { items, .. } => Ok(items.iter().map(|item| item.value).collect()),
            NodeKind::Scalar { .. } | NodeKind::Mapping { .. } | NodeKind::Alias(_) => {
                Err(self.takes(asked, "a list of schemas"))
            }
        }
    }

    fn pattern(&self, node: NodeId) -> Result<Pattern, Unusable> {
        let expression = self.schema.scalar(node).unwrap_or_default();
        // A pattern of a schema fits where any part of the text does.
        let anywhere = format!("re:(?s:.*)(?:{expression})(?s:.*)");
        Pattern::new(&anywhere, Star::Anything)
            .map_err(|error| self.unusable(node, &format!("`pattern` cannot be followed: {error}")))
    }

    fn count(&self, asked: &Asked) -> Result<f64, Unusable> {
        match Value::of(self.schema, asked.argument) {
            Value::Number(number) => Ok(number),
            _ => Err(self.takes(asked, "a number")),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "no text has so many characters")]
    fn within(&self, count: usize, limit: f64, asked: &Asked, what: &str) -> Vec<Misfit> {
        let (fits, how) = if asked.keyword.starts_with("min") {
            (count as f64 >= limit, "fewer")
        } else {
            (count as f64 <= limit, "more")
        };
        self.unless(fits, asked, format!("{how} than {limit} {what}"))
    }

    fn unless(&self, fits: bool, asked: &Asked, message: String) -> Vec<Misfit> {
        if fits { Vec::new() } else { vec![self.misfit(asked.node, asked.key, message)] }
    }

    fn misfit(&self, node: NodeId, keyword: NodeId, message: String) -> Misfit {
        Misfit { message, at: self.instance.node(node).span, because: self.schema.node(keyword).span }
    }

    fn takes(&self, asked: &Asked, what: &str) -> Unusable {
        self.unusable(asked.argument, &format!("`{}` takes {what}", asked.keyword))
    }

    fn unusable(&self, node: NodeId, message: &str) -> Unusable {
        Unusable { message: message.to_owned(), span: self.schema.node(node).span }
    }

    fn source(&self, node: NodeId) -> String {
        let span: Span = self.schema.node(node).span;
        span.of(self.schema.text()).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// An alias leads to an earlier node, so this ends.
    fn target(&self, mut node: NodeId) -> NodeId {
        while let NodeKind::Alias(target) = self.instance.node(node).kind {
            node = target;
        }
        node
    }
}

/// Whether `number / step` is whole, but for what binary fractions cannot hold.
fn is_multiple(number: f64, step: f64) -> bool {
    let times = number / step;
    step != 0.0 && (times - times.round()).abs() <= 1e-9 * times.abs().max(1.0)
}
