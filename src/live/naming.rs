//! Names for components, made from the names of containers and workloads.
//!
//! Knows how to keep names short and apart. The same containers get the same names, in whatever
//! order they are met.

use std::collections::{BTreeMap, BTreeSet};

/// What a name can be made of. Containers that run for good come before those that only begin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) is_init: bool,
    pub(super) name: String,
    pub(super) workload: String,
    pub(super) namespace: String,
}

impl Candidate {
    /// From short to long: the container's own name, with its workload, with its namespace.
    fn forms(&self) -> [String; 3] {
        let own: &str = if self.name.is_empty() { &self.workload } else { &self.name };
        let workload = if self.workload == own { "" } else { &self.workload };
        [label(&[own]), label(&[workload, own]), label(&[&self.namespace, workload, own])]
    }
}

/// One name for each: the shortest form that no other shares, else a number behind the longest.
pub(super) fn unique_names(candidates: &[Candidate]) -> Vec<String> {
    let forms: Vec<[String; 3]> = candidates.iter().map(Candidate::forms).collect();
    let mut shared: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (index, form) in forms.iter().flatten().enumerate() {
        shared.entry(form).or_default().insert(index / 3);
    }
    let mut taken = BTreeSet::new();
    let mut names = Vec::with_capacity(candidates.len());
    for forms in &forms {
        let alone = forms.iter().find(|form| shared[form.as_str()].len() == 1);
        let name = numbered(alone.unwrap_or(&forms[2]), &taken);
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

/// The name, with the first number behind it that makes it new.
pub(super) fn numbered(name: &str, taken: &BTreeSet<String>) -> String {
    let mut names = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}-{number}")));
    names.find(|name| !taken.contains(name)).expect("numbers do not end")
}

/// Parts joined by `-`, in lower case, with nothing in them that a key of YAML or a branch name
/// would have to quote.
fn label(parts: &[&str]) -> String {
    let joined = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("-");
    let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let label: String = joined.chars().map(safe).take(100).collect();
    let label = label.trim_matches('-');
    if label.is_empty() { "component".to_owned() } else { label.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(candidates: &[[&str; 3]]) -> Vec<String> {
        let candidates = candidates.iter().map(|[name, workload, namespace]| Candidate {
            is_init: false,
            name: (*name).to_owned(),
            workload: (*workload).to_owned(),
            namespace: (*namespace).to_owned(),
        });
        unique_names(&candidates.collect::<Vec<_>>())
    }

    #[test]
    fn a_name_is_as_short_as_it_can_be() {
        assert_eq!(names(&[["app", "web", "a"], ["proxy", "web", "a"]]), ["app", "proxy"]);
        assert_eq!(names(&[["app", "web", "a"], ["app", "job", "a"]]), ["web-app", "job-app"]);
        assert_eq!(names(&[["app", "web", "a"], ["app", "web", "b"]]), ["a-web-app", "b-web-app"]);
        assert_eq!(names(&[["web", "web", "a"], ["web", "job", "a"]]), ["a-web", "job-web"]);
        assert_eq!(names(&[["app", "web", "a"], ["app", "web", "a"]]), ["a-web-app", "a-web-app-2"]);
        assert_eq!(names(&[["", "", ""], ["Ä b", "", ""]]), ["component", "b"]);
    }
}
