//! The few expressions of GitHub's that the workflow files use: names with dots, text in single
//! quotes, `||`, and in conditions `==` and `!=`. Anything else is a failure of the test.

use serde_yaml::Value;

/// What names mean: `github`, `steps`, `secrets`, ... as one mapping.
pub type Context = Value;

/// Expands every `${{ ... }}` of a text.
#[track_caller]
pub fn expand(text: &str, context: &Context) -> String {
    let mut rest = text;
    let mut result = String::new();
    while let Some((before, after)) = rest.split_once("${{") {
        let (inner, after) = after.split_once("}}").unwrap_or_else(|| panic!("unclosed in {text:?}"));
        result += before;
        result += &value(inner, context);
        rest = after;
    }
    result + rest
}

/// Whether the condition of a step holds.
#[track_caller]
pub fn holds(condition: &str, context: &Context) -> bool {
    condition.split("||").any(|term| match term.split_once("==").or_else(|| term.split_once("!=")) {
        Some((left, right)) => (value(left, context) == value(right, context)) == term.contains("=="),
        None => !matches!(value(term, context).as_str(), "" | "false"),
    })
}

#[track_caller]
fn value(expression: &str, context: &Context) -> String {
    let alternatives = expression.split("||").map(|part| one(part.trim(), context));
    alternatives.reduce(|left, right| if left.is_empty() { right } else { left }).unwrap_or_default()
}

#[track_caller]
fn one(term: &str, context: &Context) -> String {
    if let Some(text) = term.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return text.to_owned();
    }
    let is_name = term.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    assert!(is_name && !term.is_empty(), "this runner does not know the expression `{term}`");
    let root = term.split('.').next().unwrap_or(term);
    assert!(context.get(root).is_some(), "this runner does not know `{root}` in `{term}`");
    let found = term.split('.').try_fold(context, |value, key| value.get(key));
    match found {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(truth)) => truth.to_string(),
        Some(Value::Number(number)) => number.to_string(),
        Some(other) => panic!("`{term}` is no text: {other:?}"),
    }
}

#[test]
fn the_expressions_in_use_mean_what_github_says() {
    let context: Context = serde_yaml::from_str("{a: {b: x, c: ''}, secrets: {}}").expect("it is YAML");
    assert_eq!(expand("1 ${{ a.b }} 2 ${{ a.c || a.none || 'y' }}", &context), "1 x 2 y");
    assert_eq!(expand("[${{ secrets.NONE }}]", &context), "[]");
    assert!(holds("a.b == 'x'", &context) && !holds("a.b != 'x'", &context));
    assert!(holds("a.c == 'x' || a.b == 'x'", &context) && !holds("a.c || a.none", &context));
}
