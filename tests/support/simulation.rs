//! Releases of several producers over a forge, with people who edit the manifest by hand beside
//! them, as long as wanted: what the small tests run for seconds, and the second test command at
//! full size.
#![allow(dead_code, reason = "every test target uses its own part of this")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::forge::{CURRENT, Ended, Forge, Merging, digest, pin};
use super::random::Random;

const COMPONENTS: [&str; 8] = ["app", "auth", "billing", "cart", "mail", "model", "search", "web"];
/// The most branches that wait at one time.
const MOST_OPEN: usize = 5;

struct Simulation {
    forge: Forge,
    bot: PathBuf,
    merger: PathBuf,
    person: PathBuf,
    random: Random,
    /// The newest version that each producer has asked for.
    asked: BTreeMap<&'static str, usize>,
    by_hand: BTreeMap<String, ByHand>,
    /// The most branches that were open at one time.
    most_open: usize,
    /// How often a person had to settle what two had done to one component.
    settled: usize,
    clock: i64,
}

/// A change that somebody makes in an editor, on a branch of their own, without any hook.
#[derive(Clone, Copy)]
struct ByHand {
    component: &'static str,
    version: usize,
    /// What main had when the branch began.
    before: usize,
}

impl Simulation {
    fn new(seed: u64) -> Simulation {
        let forge = Forge::new(&COMPONENTS);
        let [bot, merger, person] = ["bot", "merger", "person"].map(|name| forge.clone(name));
        Simulation {
            forge,
            bot,
            merger,
            person,
            random: Random::new(seed),
            asked: COMPONENTS.map(|name| (name, 0)).into(),
            by_hand: BTreeMap::new(),
            most_open: 0,
            settled: 0,
            clock: 1_800_000_000,
        }
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
    fn run(&mut self, folder: &Path, program: &str, arguments: &[&str]) -> Ended {
        let variables = self.tick();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
        self.forge.run(folder, program, arguments, &variables)
    }

    #[track_caller]
    fn must(&mut self, folder: &Path, program: &str, arguments: &[&str]) {
        let ended = self.run(folder, program, arguments);
        assert_eq!(ended.status, Some(0), "{program} {arguments:?}\n{}\n{}", ended.out, ended.err);
    }

    fn next_version(&mut self, component: &'static str) -> usize {
        let version = self.asked.entry(component).or_default();
        *version += 1;
        *version
    }

    #[track_caller]
    fn release(&mut self, component: &'static str, options: &[&str]) {
        let pin = pin(component, self.next_version(component));
        let bot = self.bot.clone();
        self.must(&bot, "sysbom", &[&["release", &pin, "--push", "origin"], options].concat());
        self.most_open = self.most_open.max(self.open().len());
    }

    /// Somebody writes the next version of a component into the manifest on a new branch.
    fn begin_by_hand(&mut self, component: &'static str) {
        let version = self.next_version(component);
        self.write_by_hand(component, version);
        self.most_open = self.most_open.max(self.open().len());
    }

    fn write_by_hand(&mut self, component: &'static str, version: usize) {
        let person = self.person.clone();
        self.must(&person, "git", &["fetch", "-q", "origin"]);
        self.must(&person, "git", &["checkout", "-q", "--detach", "origin/main"]);
        let before = self.forge.versions("main")[component];
        let path = person.join(CURRENT);
        let pair = |version| format!("tag: v1.{version}.0\n    digest: {}\n", digest(component, version));
        let text = std::fs::read_to_string(&path).expect("the manifest is there");
        assert!(text.contains(&pair(before)), "{component} {before}\n{text}");
        std::fs::write(&path, text.replace(&pair(before), &pair(version))).expect("the folder is ours");
        let branch = topic(component);
        self.must(&person, "git", &["commit", "-q", "-a", "-m", &format!("Bump {component} by hand")]);
        self.must(&person, "git", &["push", "-q", "--force", "origin", &format!("HEAD:refs/heads/{branch}")]);
        self.by_hand.insert(branch, ByHand { component, version, before });
    }

    fn open(&self) -> Vec<String> {
        self.forge.branches().into_iter().filter(|name| name != "main").collect()
    }

    /// Brings all branches up to date. A person is needed only where one component was moved apart.
    #[track_caller]
    fn update(&mut self) {
        let bot = self.bot.clone();
        let ended = self.run(&bot, "sysbom", &["update-branch", "--all", "--push", "origin", "--prune"]);
        let lines = ended.out.lines().filter_map(|line| line.split_once(": needs a person"));
        let apart: Vec<String> = lines.map(|(branch, _)| branch.to_owned()).collect();
        assert_eq!(ended.status, Some(i32::from(!apart.is_empty())), "{}\n{}", ended.out, ended.err);
        for branch in apart {
            let by_hand = self.by_hand[&branch];
            let now = self.forge.versions("main")[by_hand.component];
            assert_ne!(now, by_hand.before, "{branch} needs a person, and main never touched it");
            self.settle(&branch, by_hand, now);
        }
    }

    /// The newer one wins; who was older gives up.
    fn settle(&mut self, branch: &str, by_hand: ByHand, now: usize) {
        self.settled += 1;
        if by_hand.version > now {
            self.write_by_hand(by_hand.component, by_hand.version);
            let bot = self.bot.clone();
            self.must(&bot, "sysbom", &["update-branch", branch, "--push", "origin"]);
        } else {
            let merger = self.merger.clone();
            self.must(&merger, "git", &["push", "-q", "origin", &format!(":{branch}")]);
        }
    }

    /// Brings one branch onto main as the forge does, after all have been brought up to date.
    fn merge_one(&mut self, how: Merging) {
        self.update();
        let open = self.open();
        if open.is_empty() {
            return;
        }
        let branch = open[self.random.below(open.len())].clone();
        let variables = self.tick();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
        let merged = self.forge.merge(&self.merger, &branch, how, &variables);
        assert!(merged, "{branch} needs a person, and no two producers moved one component apart");
    }

    #[track_caller]
    fn finish(&self) {
        let asked: BTreeMap<String, usize> =
            self.asked.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect();
        assert_eq!(self.forge.versions("main"), asked);
        self.forge.assert_nothing_is_lost();
    }
}

/// The branch on which somebody edits a component by hand.
fn topic(component: &str) -> String {
    format!("topic/{component}")
}

/// This many releases, one in six of them by hand, on up to five open branches, merged as the forge
/// does.
pub fn by_branches(releases: usize, how: Merging) {
    let mut simulation = Simulation::new(releases as u64);
    let mut count = 0;
    while count < releases {
        let component = COMPONENTS[simulation.random.below(COMPONENTS.len())];
        let is_by_hand = simulation.random.below(6) == 0;
        let branch = if is_by_hand { topic(component) } else { format!("sysbom/release/{component}") };
        let open = simulation.open();
        let is_open = open.contains(&branch);
        let has_room = if is_open { !is_by_hand } else { open.len() < MOST_OPEN };
        if has_room && simulation.random.below(5) > 1 {
            if is_by_hand {
                simulation.begin_by_hand(component);
            } else {
                simulation.release(component, &[]);
            }
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
    assert!(simulation.most_open > releases.min(MOST_OPEN) / 2, "the branches did not meet");
    assert!(releases < 100 || simulation.settled > 0, "no two ever moved one component apart");
    assert!(releases < 100 || simulation.most_open == MOST_OPEN, "the branches did not meet");
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
