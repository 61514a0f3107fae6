//! The life of a project with the whole catalog: what is added and removed again leaves nothing, and no edit is lost.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use formwork_catalog::{Catalog, Source, Tier};
use formwork_generate::{
    Change, Composition, Project, ProjectChange, Recipe, RuntimeFrom, RuntimeSources, Target,
    abort, compose, keep_locked, read_base, read_lock, write_new,
};
use formwork_model::Model;
use formwork_resolve::{Plan, Wish, Wishes, resolve};

/// Everything the repository has to make projects from.
struct Workshop {
    catalog: Catalog,
    model: Model,
    sources: Vec<formwork_model::Source>,
    runtime: RuntimeSources,
    from: RuntimeFrom,
    /// What was composed before, by features.
    known: RefCell<BTreeMap<String, Composition>>,
}

impl Workshop {
    /// With the runtime inside the projects, which makes them large, or outside.
    fn open(from: RuntimeFrom) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let source = Source::load(&root).expect("the features can be read");
        let mut files: Vec<_> = fs::read_dir(root.join("examples/ecommerce/model"))
            .expect("the model is there")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        let sources: Vec<_> = files
            .iter()
            .map(|path| {
                let text = fs::read_to_string(path).expect("a file of the model");
                formwork_model::Source::new(path.display().to_string(), text)
            })
            .collect();
        Self {
            catalog: Catalog::read(source).expect("the catalog is sound").catalog,
            model: formwork_model::read(&sources).expect("the model is sound"),
            sources,
            runtime: RuntimeSources::load(&root.join("crates")).expect("the runtime is there"),
            from,
            known: RefCell::default(),
        }
    }

    fn plan(&self, wishes: &Wishes) -> Option<Plan> {
        resolve(&self.catalog, wishes).ok()
    }

    fn project(&self) -> Project {
        let project = Project::new("shop").expect("the name is valid");
        project.with_runtime(self.from.clone())
    }

    fn compose(&self, plan: &Plan) -> Composition {
        let key = format!("{} {:?}", plan.tier, plan.versions());
        let mut known = self.known.borrow_mut();
        let composition = known.entry(key).or_insert_with(|| {
            let project = self.project().with_model(&self.sources);
            compose(&self.catalog, plan, &self.model, &project, &self.runtime)
                .unwrap_or_else(|errors| panic!("{errors:?}"))
        });
        composition.clone()
    }

    /// A new project in a folder.
    fn make(&self, list: &[Wish], folder: &Path) {
        let wishes = wishes(list);
        let plan = self.plan(&wishes).expect("the wishes hold");
        let recipe = Recipe::new(self.project(), &wishes);
        write_new(&self.compose(&plan), &recipe, folder).expect("it is written");
    }

    /// What the project in a folder would become with other wishes; nothing where they cannot hold.
    fn change(&self, folder: &Path, list: &[Wish]) -> Option<ProjectChange> {
        let lock = read_lock(folder).expect("the lock is there");
        let base = read_base(folder, &lock).expect("the base is there");
        let mut wishes = wishes(list);
        wishes.locked = keep_locked(&self.catalog, &lock.wishes, list, &lock.versions());
        let plan = self.plan(&wishes)?;
        let recipe = Recipe::new(self.project(), &wishes);
        let text = fs::read_to_string(folder.join(Recipe::PATH)).expect("the recipe is there");
        let change = ProjectChange::plan(&Target {
            folder,
            lock: &lock,
            base: &base,
            composition: &self.compose(&plan),
            recipe: &recipe,
            text: &recipe.rewrite(&text),
            remove: &[],
        });
        Some(change.expect("nothing is in the way"))
    }
}

fn registry() -> RuntimeFrom {
    RuntimeFrom::Registry {
        version: "0.1".to_owned(),
    }
}

fn wishes(list: &[Wish]) -> Wishes {
    Wishes {
        list: list.to_vec(),
        locked: BTreeMap::new(),
    }
}

/// The wishes as the recipe of a project has them.
fn said(folder: &Path) -> Vec<Wish> {
    let text = fs::read_to_string(folder.join(Recipe::PATH)).expect("the recipe is there");
    let recipe = Recipe::parse(&text).expect("the recipe is sound");
    recipe.wishes(BTreeMap::new()).list
}

fn want(id: &str) -> Wish {
    Wish::Want {
        id: id.to_owned(),
        range: semver::VersionReq::STAR,
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(folder).expect("it is below");
            // A folder counts too: none may be left empty.
            let name = name.display().to_string();
            if path.is_dir() {
                found.insert(format!("{name}/"), Vec::new());
                open.push(path);
            } else {
                found.insert(name, fs::read(&path).expect("the file can be read"));
            }
        }
    }
    found
}

fn differing(left: &BTreeMap<String, Vec<u8>>, right: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let paths: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    paths
        .into_iter()
        .filter(|path| left.get(*path) != right.get(*path))
        .cloned()
        .collect()
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// Two projects far from each other.
fn beginnings() -> [Vec<Wish>; 2] {
    let answer = |question: &str, value: &str| Wish::Answer {
        question: question.to_owned(),
        value: value.to_owned(),
    };
    [
        vec![want("core")],
        vec![
            want("core"),
            answer("broker", "nats"),
            answer("database", "postgres"),
            Wish::Tier {
                tier: Tier::Enterprise,
            },
        ],
    ]
}

/// Shows a part of: C-31, C-33.
#[test]
fn whatever_is_added_and_removed_again_leaves_the_project_as_it_was() {
    let workshop = Workshop::open(registry());
    let ids: Vec<String> = workshop.catalog.ids().map(str::to_owned).collect();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for list in beginnings() {
        let place = tempfile::tempdir().expect("a folder");
        let shop = place.path().join("shop");
        workshop.make(&list, &shop);
        let list = said(&shop);
        let before = files(&shop);
        let there = read_lock(&shop).expect("the lock is there").versions();
        let mut additions: Vec<Vec<Wish>> = ids
            .iter()
            .filter(|id| !there.contains_key(*id))
            .map(|id| vec![want(id)])
            .collect();
        let singles = additions.len();
        for _ in 0..20 {
            let mut pair = || additions[dice.roll(singles)][0].clone();
            let (first, second) = (pair(), pair());
            if first != second {
                additions.push(vec![first, second]);
            }
        }
        let mut made = 0;
        for addition in &additions {
            // One after the other, and back in the order in which they came.
            let mut steps: Vec<Vec<Wish>> = Vec::new();
            for count in 1..=addition.len() {
                steps.push([list.as_slice(), &addition[..count]].concat());
            }
            for count in 1..=addition.len() {
                steps.push([list.as_slice(), &addition[count..]].concat());
            }
            let plans: Option<Vec<Plan>> = steps
                .iter()
                .map(|step| workshop.plan(&wishes(step)))
                .collect();
            if plans.is_none() {
                // What cannot be added is for the resolver to explain.
                continue;
            }
            for step in &steps {
                let change = workshop.change(&shop, step).expect("the wishes hold");
                assert!(!change.has_conflicts(), "{addition:?}");
                change.apply("test").expect("it is changed");
            }
            assert_eq!(differing(&before, &files(&shop)), [""; 0], "{addition:?}");
            made += 1;
        }
        assert!(
            made > singles / 3,
            "{made} of {} could be added",
            additions.len()
        );
    }
}

/// Shows a part of: C-33.
#[test]
fn a_tier_up_and_down_again_leaves_the_tree_as_it_was() {
    let workshop = Workshop::open(RuntimeFrom::Vendor);
    let place = tempfile::tempdir().expect("a folder");
    let shop = place.path().join("shop");
    let at = |tier| vec![want("core"), Wish::Tier { tier }];
    workshop.make(&at(Tier::Basic), &shop);
    let before = files(&shop);
    for tier in [
        Tier::Enterprise,
        Tier::Intermediate,
        Tier::Advanced,
        Tier::Basic,
    ] {
        let change = workshop.change(&shop, &at(tier)).expect("the wishes hold");
        assert!(!change.is_empty(), "{tier}");
        change.apply("test").expect("it is changed");
    }
    assert_eq!(differing(&before, &files(&shop)), [""; 0]);
}

/// An owner at work: lines come, go, move and are written anew in files that are not theirs alone.
///
/// Returns the lines only the owner can have written, by file.
fn edit(shop: &Path, dice: &mut Dice, round: usize) -> BTreeMap<String, Vec<String>> {
    let lock = read_lock(shop).expect("the lock is there");
    let base = read_base(shop, &lock).expect("the base is there");
    let texts: Vec<&String> = base
        .files
        .keys()
        .filter(|path| !path.starts_with("vendor/") && *path != "Cargo.lock")
        .collect();
    let mut written: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for number in 0..25 {
        let path = texts[dice.roll(texts.len())];
        let Ok(text) = fs::read_to_string(shop.join(path)) else {
            continue;
        };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let comment = match path.rsplit('.').next() {
            Some("rs" | "json") => "//",
            Some("md" | "sql") => "-- ",
            _ => "#",
        };
        let mine = format!("{comment} the owner, {round} {number}");
        let at = dice.roll(lines.len() + 1);
        match dice.roll(5) {
            0 if at < lines.len() => {
                lines.remove(at);
            }
            1 if at < lines.len() => {
                let moved = lines.remove(at);
                let to = dice.roll(lines.len() + 1);
                lines.insert(to, moved);
            }
            2 if at < lines.len() => {
                lines[at] = mine.clone();
                written.entry(path.clone()).or_default().push(mine);
            }
            _ => {
                lines.insert(at, mine.clone());
                written.entry(path.clone()).or_default().push(mine);
            }
        }
        fs::write(shop.join(path), lines.join("\n") + "\n").expect("it is written");
    }
    // Later edits may have removed or replaced earlier lines.
    for (path, mine) in &mut written {
        let text = fs::read_to_string(shop.join(path)).unwrap_or_default();
        mine.retain(|line| text.lines().any(|found| found == line));
    }
    written
}

/// Shows a part of: C-32, C-33.
#[test]
fn no_line_of_an_owner_is_lost_and_an_abort_gives_everything_back() {
    let workshop = Workshop::open(registry());
    let ids: Vec<String> = workshop.catalog.ids().map(str::to_owned).collect();
    let place = tempfile::tempdir().expect("a folder");
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    let [list, _] = beginnings();
    let (mut conflicts, mut merges) = (0, 0);
    for round in 0..24 {
        let shop = place.path().join(format!("shop-{round}"));
        workshop.make(&list, &shop);
        let list = said(&shop);
        let mine = edit(&shop, &mut dice, round);
        let before = files(&shop);
        let more = [list.as_slice(), &[want(&ids[dice.roll(ids.len())])]].concat();
        let tier = Tier::ALL[dice.roll(4)];
        let more = [more, vec![Wish::Tier { tier }]].concat();
        let Some(change) = workshop.change(&shop, &more) else {
            continue;
        };
        for file in &change.files {
            conflicts += usize::from(file.change == Change::Conflict);
            merges += usize::from(file.change == Change::CleanMerge);
        }
        change.apply("test").expect("it is changed");
        for (path, lines) in &mine {
            let text = fs::read_to_string(shop.join(path)).unwrap_or_default();
            for line in lines {
                assert!(
                    text.lines().any(|found| found.trim() == line),
                    "round {round}: `{line}` of {path} is lost"
                );
            }
        }
        if change.has_conflicts() {
            abort(&shop).expect("it is taken back");
            assert_eq!(differing(&before, &files(&shop)), [""; 0], "round {round}");
        }
        fs::remove_dir_all(&shop).expect("it is removed");
    }
    assert!(
        conflicts > 0 && merges > 0,
        "{conflicts} conflicts, {merges} merges"
    );
}
