//! Signed commits: every command that commits, where git is told to sign. The small tests sign with
//! a program of their own, for not every machine has ssh; the second test command with ssh itself.
#![allow(dead_code, reason = "every test target uses its own part of this")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::support::{DIGEST_A, DIGEST_B, Scratch, manifest};

const PATH: &str = "releases/current.yaml";
const DIGEST_C: &str = "sha256:ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc3";

/// A program that signs as `ssh-keygen -Y sign ... -f KEY FILE` does, if there is a key.
pub fn stand_in(folder: &Path) -> PathBuf {
    let program = folder.join("sign");
    let script = "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = -f ] && key=$2; shift; done\n\
        [ -f \"$key\" ] || exit 1\n\
        printf '%s\\n' '-----BEGIN SSH SIGNATURE-----' U1NI '-----END SSH SIGNATURE-----' > \"$1.sig\"\n";
    std::fs::write(&program, script).expect("the folder is ours");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, executable).expect("the folder is ours");
    program
}

/// How it is known that a commit is signed.
pub type IsSigned<'a> = &'a dyn Fn(&Scratch, &str) -> bool;

/// By its header alone.
pub fn has_signature(scratch: &Scratch, commit: &str) -> bool {
    scratch.git(&["cat-file", "commit", commit]).contains("\ngpgsig ")
}

/// Settings of git that sign every commit with the key at `key`.
pub fn sign_with<'a>(key: &'a str, program: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let program = program.map(|program| ("gpg.ssh.program", program));
    let own = [("gpg.format", "ssh"), ("user.signingKey", key), ("commit.gpgSign", "true")];
    own.into_iter().chain(program).collect()
}

/// Runs every command that commits.
#[track_caller]
pub fn every_command_signs(settings: &[(&str, &str)], is_signed: IsSigned<'_>) {
    let first = Scratch::new();
    first.write(PATH, manifest(&[("app", "v1.0.0", DIGEST_A), ("web", "v1.0.0", DIGEST_B)]));
    first.commit("Begin");
    first.git(&["switch", "-q", "-c", "topic"]);
    first.write(PATH, manifest(&[("app", "v1.0.0", DIGEST_A), ("web", "v1.0.1", DIGEST_C)]));
    first.commit("By hand");
    first.git(&["switch", "-q", "main"]);
    let made = Made::after(&first, settings, is_signed);
    let app = |tag: &str, digest: &str| format!("app={tag}@{digest}");
    made.by(1, &["release", &app("v1.1.0", DIGEST_B)]);
    made.by(1, &["release", &app("v1.2.0", DIGEST_C), "--batch"]);
    made.by(1, &["release", &app("v1.1.1", DIGEST_B), "--direct"]);
    // The branch of the batch is rebuilt; topic gets a merge, and a commit with the archive.
    made.by(3, &["update-branch", "--all"]);
    made.by(1, &["rollback", "app", "--reason", "x", "--direct"]);
    made.by(1, &["hold", "app", "--reason", "x"]);
    made.by(1, &["hold", "web", "--reason", "x", "--direct"]);
    made.by(1, &["unhold", "web", "--direct"]);
    made.by(1, &["snapshot", "exp-1", "--set", "canaryEnabled=false", "--direct"]);
    made.by(1, &["snapshot", "close", "exp-1", "--outcome", "confirmed", "--direct"]);
    made.by(0, &["release", &app("v1.2.0", DIGEST_C), "--worktree"]);

    let second = Scratch::new();
    second.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    second.write("releases/test/current.yaml", manifest(&[("app", "v1.1.0", DIGEST_B)]));
    second.write("releases/prod/current.yaml", manifest(&[("app", "v1.0.0", DIGEST_A)]));
    second.commit("Begin");
    let made = Made::after(&second, settings, is_signed);
    made.by(1, &["promote", "test", "prod", "--direct"]);
}

/// The commits that sysbom makes in a repository, told from those that were there.
struct Made<'a> {
    scratch: &'a Scratch,
    is_signed: IsSigned<'a>,
    known: RefCell<BTreeSet<String>>,
}

impl<'a> Made<'a> {
    fn after(scratch: &'a Scratch, settings: &[(&str, &str)], is_signed: IsSigned<'a>) -> Made<'a> {
        for (name, value) in settings {
            scratch.git(&["config", name, value]);
        }
        let made = Made { scratch, is_signed, known: RefCell::default() };
        made.unseen();
        made
    }

    fn unseen(&self) -> Vec<String> {
        let listed = self.scratch.git(&["rev-list", "--all"]);
        let mut known = self.known.borrow_mut();
        listed.lines().filter(|commit| known.insert((*commit).to_owned())).map(str::to_owned).collect()
    }

    #[track_caller]
    fn by(&self, count: usize, command: &[&str]) {
        let ran = self.scratch.sysbom(command).expect(0);
        let commits = self.unseen();
        assert_eq!(commits.len(), count, "{command:?}\n{ran}");
        for commit in commits {
            assert!((self.is_signed)(self.scratch, &commit), "{command:?} made {commit} without signature");
        }
    }
}
