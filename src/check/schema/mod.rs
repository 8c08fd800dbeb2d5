//! JSON Schema, as far as parameters of experiments need it, over documents with places.
//!
//! Knows the validation keywords of draft 2020-12 without dynamic references and unevaluated
//! properties. A keyword of the standard that it does not know makes a schema unusable, and says
//! so; words that no draft knows are annotations, as the standard has it. Scalars are what Helm
//! takes them for, so that a schema sees what a chart will see.

mod keywords;
mod value;

use crate::text::Span;
use crate::yaml::{Document, NodeId};

use keywords::Judge;
use value::Value;

/// Something of an instance that its schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// One line: what is allowed. May quote the schema.
    pub message: String,
    /// Where, in the instance.
    pub at: Span,
    /// The keyword that says so, in the schema.
    pub because: Span,
}

/// Why a schema cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// One line, lower case, no full stop.
    pub message: String,
    /// Where, in the schema.
    pub span: Span,
}

/// Everything below `node` that the schema, a JSON or YAML document, does not allow.
pub fn misfits(schema: &Document, instance: &Document, node: NodeId) -> Result<Vec<Misfit>, Unusable> {
    let Some(root) = schema.root() else {
        return Err(Unusable { message: "the schema is empty".to_owned(), span: Span::at(0) });
    };
    Judge::new(schema, instance).judge(root, node, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The misfits of an instance, each as `line text: message`, or why the schema is unusable.
    fn judged(schema: &str, instance: &str) -> Vec<String> {
        let (schema, instance) = (parsed(schema), parsed(instance));
        let root = instance.root().expect("the instance is not empty");
        match misfits(&schema, &instance, root) {
            Ok(misfits) => misfits
                .into_iter()
                .map(|misfit| format!("{}: {}", misfit.at.of(instance.text()), misfit.message))
                .collect(),
            Err(unusable) => {
                vec![format!("unusable at {}: {}", unusable.span.of(schema.text()), unusable.message)]
            }
        }
    }

    fn parsed(text: &str) -> Document {
        Document::parse(text).expect("the test's YAML is well formed")
    }

    /// Of each pair the first fits the schema and the second does not.
    #[test]
    fn every_keyword_tells_what_fits_from_what_does_not() {
        for (schema, fits, fits_not) in [
            ("true", "1", ""),
            ("false", "", "1"),
            (r#"{"type": "string"}"#, "a", "1"),
            (r#"{"type": "integer"}"#, "1.0", "1.5"),
            (r#"{"type": "number"}"#, "1e3", "'1'"),
            (r#"{"type": ["boolean", "null"]}"#, "yes", "1"),
            (r#"{"type": "null"}"#, "~", "''"),
            (r#"{"type": "array"}"#, "[]", "{}"),
            (r#"{"type": "object"}"#, "{}", "[]"),
            (r#"{"enum": [1, "a", [1], {"a": null}]}"#, "{a: ~}", "{a: 1}"),
            (r#"{"const": 1}"#, "1.0", "'1'"),
            (r#"{"minimum": 1}"#, "1", "0"),
            (r#"{"maximum": 1}"#, "1", "1.1"),
            (r#"{"exclusiveMinimum": 1}"#, "2", "1"),
            (r#"{"exclusiveMaximum": 1}"#, "0", "1"),
            (r#"{"multipleOf": 0.1}"#, "0.3", "0.35"),
            (r#"{"minLength": 2}"#, "äb", "ä"),
            (r#"{"maxLength": 1}"#, "ä", "äb"),
            (r#"{"pattern": "^a+$"}"#, "aa", "ab"),
            (r#"{"pattern": "b"}"#, "abc", "ac"),
            (r#"{"required": ["a"]}"#, "{a: 1}", "{b: 1}"),
            (r#"{"properties": {"a": {"type": "string"}}}"#, "{b: 1}", "{a: 1}"),
            (r#"{"patternProperties": {"^x": false}}"#, "{a: 1}", "{xa: 1}"),
            (
                r#"{"properties": {"a": true}, "patternProperties": {"^x": true}, "additionalProperties": false}"#,
                "{a: 1, xb: 2}",
                "{c: 1}",
            ),
            (r#"{"additionalProperties": {"type": "integer"}}"#, "{a: 1}", "{a: b}"),
            (r#"{"propertyNames": {"maxLength": 2}}"#, "{ab: 1}", "{abc: 1}"),
            (r#"{"minProperties": 1}"#, "{a: 1}", "{}"),
            (r#"{"maxProperties": 1}"#, "{a: 1}", "{a: 1, b: 2}"),
            (r#"{"dependentRequired": {"a": ["b"]}}"#, "{b: 1}", "{a: 1}"),
            (r#"{"items": {"type": "integer"}}"#, "[1, 2]", "[1, a]"),
            (r#"{"prefixItems": [true, {"type": "integer"}], "items": false}"#, "[a, 1]", "[a, 1, 2]"),
            (r#"{"minItems": 1}"#, "[1]", "[]"),
            (r#"{"maxItems": 1}"#, "[1]", "[1, 2]"),
            (r#"{"uniqueItems": true}"#, "[1, '1']", "[1, 1.0]"),
            (r#"{"allOf": [{"minimum": 1}, {"maximum": 2}]}"#, "1", "3"),
            (r#"{"anyOf": [{"type": "string"}, {"minimum": 2}]}"#, "2", "1"),
            (r#"{"oneOf": [{"minimum": 2}, {"maximum": 3}]}"#, "1", "2"),
            (r#"{"not": {"type": "string"}}"#, "1", "a"),
            (r#"{"if": {"minimum": 5}, "then": {"maximum": 6}, "else": {"maximum": 1}}"#, "6", "7"),
            (r##"{"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "string"}}}"##, "a", "1"),
            (r#"{"title": "x", "format": "date", "x-mine": 1, "type": "string"}"#, "a", "1"),
        ] {
            if !fits.is_empty() {
                assert_eq!(judged(schema, fits), [""; 0], "{schema} on {fits}");
            }
            if !fits_not.is_empty() {
                let judged = judged(schema, fits_not);
                assert!(
                    judged.len() == 1 && !judged[0].starts_with("unusable"),
                    "{schema} on {fits_not}: {judged:?}"
                );
            }
        }
    }

    #[test]
    fn a_misfit_is_told_where_it_stands() {
        let schema = r#"{"required": ["owner"], "additionalProperties": false,
                        "properties": {"weight": {"type": "integer", "maximum": 50}, "owner": {}}}"#;
        assert_eq!(
            judged(schema, "weight: 60\nwieght: 1\n"),
            [
                "weight: 60\nwieght: 1: `owner` is missing",
                "wieght: `wieght` is not allowed here",
                "60: more than 50",
            ]
        );
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        for (schema, why) in [
            (r#"{"unevaluatedProperties": false}"#, "`unevaluatedProperties` is not supported"),
            (r#"{"$ref": "https://example.com/a.json"}"#, "only references within the schema are followed"),
            (r##"{"$ref": "#/nowhere"}"##, "nothing stands at `#/nowhere`"),
            (r##"{"$ref": "#"}"##, "the schema refers to itself without end"),
            (r#"{"type": "text"}"#, "`text` is no type"),
            (r#"{"minimum": "1"}"#, "`minimum` takes a number"),
            (r#"{"exclusiveMinimum": true}"#, "`exclusiveMinimum` takes a number"),
            (r#"{"pattern": "(?=a)"}"#, "`pattern` cannot be followed"),
            (r#"{"items": [{}]}"#, "a schema is a mapping, `true` or `false`"),
        ] {
            let instance = if schema.contains("items") { "[1]" } else { "a" };
            let judged = judged(schema, instance);
            assert!(
                judged.len() == 1 && judged[0].starts_with("unusable") && judged[0].contains(why),
                "{schema}: {judged:?}"
            );
        }
    }
}
