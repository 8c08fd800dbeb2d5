//! The parameters of an experiment, as people and workflows name them: `--set canaryWeight=10`, or a
//! file in YAML or JSON.
//!
//! Which parameters an experiment has is for `snapshot` and `schema`.

use serde_json::Value as Json;

use super::values::{typed, value_of};
use super::{Refusal, schema};
use crate::text::escape;
use crate::yaml::{self, Document, Value};

/// The most bytes of a parameters file.
const MAX_PARAMETERS: usize = 1 << 20;

/// One parameter of an experiment: the keys that lead to it, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub(super) keys: Vec<String>,
    said: Said,
}

/// What a parameter is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// A word of a command line, which has no type of its own.
    Word(String),
    /// A value of a file.
    Value(Value),
}

impl Parameter {
    /// Reads each `name=value`, as [`Parameter::read`] does; no name twice.
    pub fn read_all<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Vec<Parameter>, Refusal> {
        let mut all: Vec<Parameter> = Vec::new();
        for text in texts {
            let parameter = Parameter::read(text)?;
            if all.iter().any(|other| other.keys == parameter.keys) {
                let message = format!("the parameter `{}` is set twice", escape(&parameter.name()));
                return Err(Refusal::new(message, "leave one of them out"));
            }
            all.push(parameter);
        }
        Ok(all)
    }

    /// Reads `name=value`; dots lead further down. What type the value has is for the schema of the
    /// experiment to say; where it says none, a value that Helm would print as it is written is a
    /// number or a truth value, and everything else is a string.
    pub fn read(text: &str) -> Result<Parameter, Refusal> {
        let form = "write `--set name=value`, such as `--set canaryWeight=10`";
        let Some((name, value)) = text.split_once('=') else {
            return Err(Refusal::new(format!("`{}` sets nothing", escape(text)), form));
        };
        let keys: Vec<String> = name.split('.').map(str::to_owned).collect();
        if keys.iter().any(String::is_empty) {
            return Err(Refusal::new(format!("`{}` names no parameter", escape(name)), form));
        }
        Ok(Parameter { keys, said: Said::Word(value.to_owned()) })
    }

    /// Reads a file of parameters: a mapping in YAML or JSON. Mappings in it lead further down.
    pub fn read_file(bytes: &[u8]) -> Result<Vec<Parameter>, Refusal> {
        let help = "write one parameter per line, such as `canaryWeight: 10`";
        if bytes.len() > MAX_PARAMETERS {
            return Err(Refusal::new(format!("the parameters have more than {MAX_PARAMETERS} bytes"), help));
        }
        let document = Document::parse_bytes(bytes).map_err(|fault| {
            Refusal::new(format!("the parameters are no YAML: {}", escape(&fault.message)), help)
        })?;
        if let Some(twice) = yaml::duplicate_keys(&document).first() {
            return Err(Refusal::new(format!("the parameter `{}` stands twice", escape(&twice.key)), help));
        }
        let root = document.root().and_then(|root| value_of(&document, root));
        let Some(Value::Mapping(entries)) = root else {
            return Err(Refusal::new("the parameters are no mapping of names and plain values", help));
        };
        let mut found = Vec::new();
        let mut open = vec![(Vec::<String>::new(), entries)];
        while let Some((keys, entries)) = open.pop() {
            for (key, value) in entries {
                let keys: Vec<String> = keys.iter().cloned().chain([key]).collect();
                match value {
                    Value::Mapping(inner) if !inner.is_empty() => open.push((keys, inner)),
                    value => found.push(Parameter { keys, said: Said::Value(value) }),
                }
            }
        }
        Ok(found)
    }

    /// Its value, by what the schema says of it, if there is one.
    pub(super) fn value(&self, schema: Option<&Json>) -> Value {
        match &self.said {
            Said::Value(value) => value.clone(),
            Said::Word(word) => {
                schema.and_then(|schema| schema::read_word(schema, word)).unwrap_or_else(|| typed(word))
            }
        }
    }

    /// As people write it: `load.users`.
    pub(super) fn name(&self) -> String {
        self.keys.join(".")
    }
}
