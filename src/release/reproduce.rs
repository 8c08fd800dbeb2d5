//! The commands that bring a snapshot back, and what is no longer as it was.
//!
//! Gives text to paste into a POSIX shell; every name in it stays one word.

use super::Record;
use crate::bom::SnapshotId;
use crate::text::escape;
use crate::tree::RepoPath;

/// A snapshot to bring back.
#[derive(Clone, Copy, Debug)]
pub struct Reproduction<'a> {
    /// Its id.
    pub id: &'a SnapshotId,
    /// Its file.
    pub path: &'a RepoPath,
    /// The commit in which its file is to be found.
    pub found_in: &'a str,
    /// Its record, of which [`Record::commit_id`] is known.
    pub record: &'a Record,
    /// What differs today, one line each; empty if nothing does.
    pub differs: &'a [String],
}

/// The commands, with what differs today before them as comments. Run in the repository, they make
/// a folder `../<id>` with the recorded tree and the snapshot in it, compare the values files with
/// their recorded hashes, and deploy with Helm what was recorded with its chart.
///
/// All of it is one subshell: pasted, it ends at the first failure and leaves the shell it was pasted
/// into as it is. What has to be set is asked for before anything is done, and a folder that stands
/// from an earlier run at the same commit is taken as it is.
pub fn reproduce(of: &Reproduction<'_>) -> String {
    let Reproduction { id, path, found_in, record, differs } = of;
    let folder = format!("../{id}");
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    match differs {
        [] => line("# nothing that this snapshot rests on has changed since".to_owned()),
        some => {
            line("# not as it was any more:".to_owned());
            some.iter().for_each(|text| line(format!("#   {}", escape(text))));
        }
    }
    line("(".to_owned());
    line("set -e".to_owned());
    if record.chart.is_some() {
        line(
            "[ -n \"$RELEASE\" ] || { echo 'name the Helm release first: RELEASE=...' >&2; exit 1; }"
                .to_owned(),
        );
    }
    let commit = word(&record.commit);
    line(format!("[ -e {folder}/.git ] || git worktree add --detach {folder} {commit}"));
    let stands = format!("\"$(git -C {folder} rev-parse HEAD)\" = \"$(git rev-parse {commit})\"");
    line(format!(
        "[ {stands} ] || {{ echo '{folder} stands at another commit: remove it first' >&2; exit 1; }}"
    ));
    line(format!("git -C {folder} checkout {} -- {}", word(found_in), word(path.as_str())));
    for (file, sha256) in &record.values {
        let expected = format!("{sha256}  {file}");
        line(format!("(cd {folder} && echo {} | sha256sum -c -)", word(&expected)));
    }
    let values: String = record
        .values
        .iter()
        .map(|(file, _)| format!(" -f {}", word(&format!("{folder}/{file}"))))
        .chain([format!(" -f {}", word(&format!("{folder}/{path}")))])
        .collect();
    if let Some(chart) = &record.chart {
        let spec = format!("{}:{}", record.commit, chart.path);
        line(format!("test \"$(git rev-parse {})\" = {}", word(&spec), word(&chart.digest)));
        let chart = word(&format!("{folder}/{}", chart.path));
        line(format!("helm upgrade --install \"$RELEASE\" {chart}{values}"));
    } else {
        line(
            "# no chart is recorded with this snapshot, so the last step is yours, with your chart:"
                .to_owned(),
        );
        line(format!("# helm upgrade --install RELEASE CHART{values}"));
    }
    line(")".to_owned());
    out
}

/// One word for a POSIX shell: as it is where that is safe, else in single quotes. Control
/// characters, which no terminal should be given, make it a word that names nothing.
fn word(text: &str) -> String {
    let is_safe = |character: char| character.is_ascii_alphanumeric() || "._/@:=+-".contains(character);
    if !text.is_empty() && !text.starts_with(['-', '=']) && text.chars().all(is_safe) {
        return text.to_owned();
    }
    format!("'{}'", escape(text).to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Chart;

    #[test]
    fn the_commands_name_the_recorded_commit_and_quote_what_is_hostile() {
        let record = Record {
            commit: "4f1c2ab".into(),
            chart: Some(Chart { path: "my chart".into(), version: "1".into(), digest: "0123".into() }),
            values: vec![("values.yaml".into(), "ab".into()), ("$(id)'\n.yaml".into(), "cd".into())],
            ..Record::default()
        };
        let of = Reproduction {
            id: &"exp-1".parse().expect("it is safe"),
            path: &RepoPath::new("releases/history/exp-1.yaml"),
            found_in: "99aa",
            record: &record,
            differs: &["values.yaml has\nchanged".to_owned()],
        };
        assert_eq!(
            reproduce(&of),
            "# not as it was any more:\n\
             #   values.yaml has\\u{a}changed\n\
             (\n\
             set -e\n\
             [ -n \"$RELEASE\" ] || { echo 'name the Helm release first: RELEASE=...' >&2; exit 1; }\n\
             [ -e ../exp-1/.git ] || git worktree add --detach ../exp-1 4f1c2ab\n\
             [ \"$(git -C ../exp-1 rev-parse HEAD)\" = \"$(git rev-parse 4f1c2ab)\" ] || \
             { echo '../exp-1 stands at another commit: remove it first' >&2; exit 1; }\n\
             git -C ../exp-1 checkout 99aa -- releases/history/exp-1.yaml\n\
             (cd ../exp-1 && echo 'ab  values.yaml' | sha256sum -c -)\n\
             (cd ../exp-1 && echo 'cd  $(id)'\\''\\u{a}.yaml' | sha256sum -c -)\n\
             test \"$(git rev-parse '4f1c2ab:my chart')\" = 0123\n\
             helm upgrade --install \"$RELEASE\" '../exp-1/my chart' -f ../exp-1/values.yaml \
             -f '../exp-1/$(id)'\\''\\u{a}.yaml' -f ../exp-1/releases/history/exp-1.yaml\n\
             )\n"
        );
        let record = Record { chart: None, ..record.clone() };
        let text = reproduce(&Reproduction { record: &record, ..of });
        let end = "# no chart is recorded with this snapshot, so the last step is yours, with your chart:\n\
                   # helm upgrade --install RELEASE CHART -f ../exp-1/values.yaml \
                   -f '../exp-1/$(id)'\\''\\u{a}.yaml' -f ../exp-1/releases/history/exp-1.yaml\n)\n";
        assert!(text.ends_with(end) && !text.contains("$RELEASE"), "{text}");
    }
}
