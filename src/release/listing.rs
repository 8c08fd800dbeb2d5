//! What is held, as a list for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::Hold;
use crate::bom::Digest;
use crate::text::escape;

/// One hold of a system, which has a name where there are several.
type Held = (Option<String>, Hold);

#[derive(Serialize)]
struct Report<'a> {
    version: u8,
    holds: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    system: Option<&'a str>,
    component: &'a str,
    digest: Option<&'a str>,
    tag: Option<&'a str>,
    reason: &'a str,
    since: Option<String>,
}

/// One JSON object and a line break: `{"version":1,"holds":[{"system","component","digest","tag",
/// "reason","since"}]}`, where `digest` is null for a component that is held as a whole.
pub fn holds_json(holds: &[Held]) -> String {
    let report = Report { version: 1, holds: holds.iter().map(shown).collect() };
    format!("{}\n", serde_json::to_string_pretty(&report).expect("texts have a JSON form"))
}

fn shown((system, hold): &Held) -> Shown<'_> {
    Shown {
        system: system.as_deref(),
        component: &hold.component,
        digest: hold.digest.as_ref().map(Digest::as_str),
        tag: hold.tag.as_deref(),
        reason: &hold.reason,
        since: hold.since.map(|since| since.to_string()),
    }
}

/// One line per hold, and how to lift it; `base` is what the branch is called.
pub fn holds_human(holds: &[Held], base: &str) -> String {
    if holds.is_empty() {
        return format!("nothing is held on {}\n", escape(base));
    }
    let mut out = String::new();
    for (system, hold) in holds {
        let name = escape(&hold.component);
        let place = system.as_ref().map(|system| format!("{}: ", escape(system))).unwrap_or_default();
        let tag = hold.tag.as_ref().map(|tag| format!(" {}", escape(tag))).unwrap_or_default();
        let since = hold.since.map(|since| format!(" (since {since})")).unwrap_or_default();
        let lift = hold.lifted_by(system.as_deref());
        let reason = escape(&hold.reason);
        let _ = writeln!(out, "{place}{name}{tag}: {reason}{since}\n  lift it: {lift}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Moment;

    #[test]
    fn holds_are_listed_with_their_reason_and_the_way_out() {
        let digest: Digest = format!("sha256:{}", "a".repeat(64)).parse().expect("well formed");
        let whole = Hold {
            component: "web".into(),
            digest: None,
            tag: None,
            reason: "moves\n".into(),
            since: Some(Moment(1_718_446_500)),
        };
        let one = Hold {
            component: "app".into(),
            digest: Some(digest.clone()),
            tag: Some("v1.3.0".into()),
            reason: "slow".into(),
            since: None,
        };
        let holds = [(None, whole), (Some("prod".to_owned()), one)];
        assert_eq!(
            holds_human(&holds, "main"),
            format!(
                "web: moves\\u{{a}} (since 2024-06-15T10:15:00Z)\n  lift it: sysbom unhold web\n\
                 prod: app v1.3.0: slow\n  lift it: sysbom unhold app@{digest} -s prod\n"
            )
        );
        assert_eq!(holds_human(&[], "main"), "nothing is held on main\n");
        let read: serde_json::Value = serde_json::from_str(&holds_json(&holds)).expect("it is JSON");
        assert_eq!(read["holds"][0]["digest"], serde_json::Value::Null);
        assert_eq!(read["holds"][0]["since"], "2024-06-15T10:15:00Z");
        assert_eq!(
            (&read["holds"][1]["system"], &read["holds"][1]["tag"]),
            (&"prod".into(), &"v1.3.0".into())
        );
    }
}
