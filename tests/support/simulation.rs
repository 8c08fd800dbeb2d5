//! Releases of several producers over a forge, as long as wanted: what the small tests run for
//! seconds, and the second test command at full size.
#![allow(dead_code, reason = "every test target uses its own part of this")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::forge::{Forge, Merging, pin};
use super::random::Random;

const COMPONENTS: [&str; 8] = ["app", "auth", "billing", "cart", "mail", "model", "search", "web"];
/// The most branches that wait at one time.
const MOST_OPEN: usize = 5;

struct Simulation {
    forge: Forge,
    bot: PathBuf,
    merger: PathBuf,
    random: Random,
    /// The newest version that each producer has asked for.
    asked: BTreeMap<&'static str, usize>,
    clock: i64,
}

impl Simulation {
    fn new(seed: u64) -> Simulation {
        let forge = Forge::new(&COMPONENTS);
        let (bot, merger) = (forge.clone("bot"), forge.clone("merger"));
        let asked = COMPONENTS.map(|name| (name, 0)).into();
        Simulation { forge, bot, merger, random: Random::new(seed), asked, clock: 1_800_000_000 }
    }

    fn tick(&mut self) -> [(&'static str, String); 3] {
        self.clock += 17;
        let date = format!("@{} +0000", self.clock);
        [
            ("SOURCE_DATE_EPOCH", self.clock.to_string()),
            ("GIT_AUTHOR_DATE", date.clone()),
            ("GIT_COMMITTER_DATE", date),
        ]
    }

    #[track_caller]
    fn sysbom(&mut self, arguments: &[&str]) -> String {
        let variables = self.tick();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
        let ended = self.forge.run(&self.bot, "sysbom", arguments, &variables);
        assert_eq!(ended.status, Some(0), "sysbom {arguments:?}\n{}\n{}", ended.out, ended.err);
        ended.out
    }

    fn release(&mut self, component: &'static str, options: &[&str]) {
        let version = self.asked.entry(component).or_default();
        *version += 1;
        let pin = pin(component, *version);
        self.sysbom(&[&["release", &pin, "--push", "origin"], options].concat());
    }

    fn open(&self) -> Vec<String> {
        self.forge.branches().into_iter().filter(|name| name != "main").collect()
    }

    fn merge_one(&mut self, how: Merging) {
        let open = self.open();
        if open.is_empty() {
            return;
        }
        let branch = open[self.random.below(open.len())].clone();
        let variables = self.tick();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
        let merged = self.forge.merge(&self.merger, &branch, how, &variables);
        assert!(merged, "{branch} needs a person, and no two producers moved one component apart");
        self.sysbom(&["update-branch", "--all", "--push", "origin", "--prune"]);
    }

    #[track_caller]
    fn finish(&self) {
        let asked: BTreeMap<String, usize> =
            self.asked.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect();
        assert_eq!(self.forge.versions("main"), asked);
        self.forge.assert_nothing_is_lost();
    }
}

/// This many releases by branches, up to five of them open, merged as the forge does.
pub fn by_branches(releases: usize, how: Merging) {
    let mut simulation = Simulation::new(releases as u64);
    let mut count = 0;
    while count < releases {
        let component = COMPONENTS[simulation.random.below(COMPONENTS.len())];
        let branch = format!("sysbom/release/{component}");
        let open = simulation.open();
        let has_room = open.len() < MOST_OPEN || open.contains(&branch);
        if has_room && simulation.random.below(5) > 1 {
            simulation.release(component, &[]);
            count += 1;
        } else {
            simulation.merge_one(how);
        }
    }
    while !simulation.open().is_empty() {
        simulation.merge_one(how);
    }
    let merges = simulation.forge.updates("main").len();
    assert!(merges > releases / 4, "only {merges} merges; the branches did not move");
    simulation.finish();
}

/// This many releases straight onto main.
pub fn direct(releases: usize) {
    let mut simulation = Simulation::new(7);
    for _ in 0..releases {
        let component = COMPONENTS[simulation.random.below(COMPONENTS.len())];
        simulation.release(component, &["--direct"]);
    }
    assert_eq!(simulation.forge.updates("main").len(), releases + 1);
    simulation.finish();
}
