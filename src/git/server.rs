//! The settings that the owner of a server has made, as git itself reads them.

use super::{Error, Repo};

/// What stands below `sysbom` in git's configuration of the repository and of the machine. What
/// whoever pushes has set for themselves is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSettings {
    /// Keys, in small letters, with their values, in git's order: later ones win.
    entries: Vec<(String, String)>,
    /// Keys that only whoever runs git has set.
    overlooked: Vec<String>,
}

impl ServerSettings {
    /// All values of a key, such as `sysbom.timeLimit`.
    pub fn all(&self, key: &str) -> Vec<String> {
        let entries = self.entries.iter().filter(|(set, _)| set.eq_ignore_ascii_case(key));
        entries.map(|(_, value)| value.clone()).collect()
    }

    /// The value that counts.
    pub fn last(&self, key: &str) -> Option<String> {
        self.all(key).pop()
    }

    /// The keys that are set, in small letters.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.as_str())
    }

    /// The keys that stand in the configuration of the user who asks, in small letters; they count for
    /// nothing.
    pub fn overlooked(&self) -> impl Iterator<Item = &str> {
        self.overlooked.iter().map(String::as_str)
    }

    /// Reads what `git config --null --show-scope --get-regexp` prints.
    fn read(printed: &[u8]) -> ServerSettings {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields: Vec<&[u8]> = printed.split(|byte| *byte == 0).collect();
        let mut settings = ServerSettings::default();
        for pair in fields.chunks_exact(2) {
            // A key alone is one that says yes.
            let mut words = pair[1].splitn(2, |byte| *byte == b'\n');
            let key = words.next().unwrap_or_default();
            let value = words.next().unwrap_or(b"true");
            match pair[0] {
                b"system" | b"local" | b"worktree" => settings.entries.push((text(key), text(value))),
                b"global" => settings.overlooked.push(text(key)),
                _ => {}
            }
        }
        settings
    }
}

impl Repo {
    /// The owner's settings below `sysbom`. Where the file of the machine lies, only git knows.
    ///
    /// # Errors
    /// git is not there, or cannot read its configuration.
    pub fn server_settings(&self) -> Result<ServerSettings, Error> {
        let ended =
            self.git().end(&["config", "--null", "--show-scope", "--get-regexp", r"^sysbom\."], b"")?;
        match ended.status.code() {
            Some(0) => Ok(ServerSettings::read(&ended.stdout)),
            Some(1) => Ok(ServerSettings::default()),
            Some(_) | None => Err(Error::new("could not read the settings of the server")
                .because(String::from_utf8_lossy(&ended.stderr).trim())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ServerSettings;

    #[test]
    fn what_whoever_pushes_has_set_does_not_count() {
        let printed = b"system\0sysbom.protected\nmain\0global\0sysbom.enforce\nwarn\0\
            local\0sysbom.protected\nrelease/*\0command\0sysbom.moves\nallow\0worktree\0sysbom.timelimit\0";
        let settings = ServerSettings::read(printed);
        assert_eq!(settings.all("sysbom.protected"), ["main", "release/*"]);
        assert_eq!(settings.last("sysbom.timeLimit").as_deref(), Some("true"));
        assert_eq!(settings.overlooked().collect::<Vec<_>>(), ["sysbom.enforce"]);
        assert_eq!((settings.last("sysbom.enforce"), settings.last("sysbom.moves")), (None, None));
    }
}
