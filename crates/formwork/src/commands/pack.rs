//! `formwork pack`: packs of features from third parties, and the writing of one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use formwork_catalog::{Catalog, Feature, PackFrom, PackPin, ProbeKind};
use formwork_generate::{Lock, PackEntry, Packs, Project, Recipe};
use formwork_pack::{Pack, Shelf, id_mistake, skeleton};
use formwork_resolve::Wishes;
use semver::{Version, VersionReq};
use serde::Serialize;

use crate::choices::{self, DEFAULT_PRESET};
use crate::cli::{
    Choices, PackAdd, PackAt, PackCommand, PackList, PackNew, PackRemove, PackVerify,
};
use crate::composition::{self, Order};
use crate::packs::{self, Wanted, failure};
use crate::report::{BOLD, Exit, Failure, GREEN, PLAIN, Problem, data, json, say, warn};
use crate::timings::Timings;
use crate::{catalog, nearest, recipe};

pub(crate) fn run(command: &PackCommand) -> Result<(), Failure> {
    match command {
        PackCommand::New(new) => create(new),
        PackCommand::Add(arguments) => add(arguments),
        PackCommand::Verify(arguments) => verify(arguments),
        PackCommand::List(arguments) => list(arguments),
        PackCommand::Remove(arguments) => remove(arguments),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Created<'a> {
    ok: bool,
    dry_run: bool,
    id: &'a str,
    path: String,
    files: Vec<Written<'a>>,
}

#[derive(Serialize)]
struct Written<'a> {
    path: &'a str,
    text: &'a str,
}

fn create(new: &PackNew) -> Result<(), Failure> {
    if let Some(mistake) = id_mistake(&new.id) {
        let message = format!("`{}` cannot be the id of a pack: {mistake}", new.id);
        return Err(Failure::input(Problem::new(message)));
    }
    let ours = catalog::read()?;
    if ours.newest(&new.id).is_some() || ours.capability(&new.id).is_some() {
        let message = format!("`{}` is the name of a feature or role of Formwork", new.id);
        return Err(Failure::input(Problem::new(message)));
    }
    let version = Version::parse(env!("CARGO_PKG_VERSION")).expect("our version is a version");
    let files = skeleton(&new.id, &version);
    let target = new.path.clone().unwrap_or_else(|| PathBuf::from(&new.id));
    let is_taken =
        fs::read_dir(&target).is_ok_and(|mut entries| entries.next().is_some()) || target.is_file();
    if is_taken {
        let problem = Problem::new(format!("`{}` is not empty", target.display()));
        return Err(Failure::input(
            problem.hint("name another folder, one that is not there yet"),
        ));
    }
    if !new.dry_run {
        for (path, text) in &files {
            write(&target.join(path), text)?;
        }
    }
    if new.json {
        let files = files.iter().map(|(path, text)| Written { path, text });
        return json(&Created {
            ok: true,
            dry_run: new.dry_run,
            id: &new.id,
            path: target.display().to_string(),
            files: files.collect(),
        });
    }
    for (path, text) in &files {
        let path = target.join(path);
        if new.dry_run {
            data(&format!("{BOLD}create {}{PLAIN}\n{text}\n", path.display()))?;
        } else {
            data(&format!("{}\n", path.display()))?;
        }
    }
    if !new.dry_run {
        say(format!("{GREEN}created{PLAIN} the pack `{}`", new.id));
        say(format!(
            "{BOLD}next{PLAIN}    formwork pack verify {}",
            target.display()
        ));
    }
    Ok(())
}

/// What a pack is, and what it would like to run.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Description {
    id: String,
    name: String,
    version: String,
    license: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<String>,
    formwork: String,
    hash: String,
    /// Why it is trusted; nothing where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted: Option<String>,
    files: usize,
    bytes: usize,
    features: Vec<Row>,
    /// Commands that are only run where that is allowed.
    commands: Vec<Asked>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    version: String,
    summary: String,
}

#[derive(Serialize)]
struct Asked {
    feature: String,
    name: String,
    run: Vec<String>,
    /// When: as an action after generation, or as a probe.
    what: &'static str,
}

impl Description {
    fn new(pack: &Pack, catalog: &Catalog, trusted: Option<String>) -> Self {
        let manifest = &pack.manifest;
        let features: Vec<&Feature> = own(pack, catalog).collect();
        let actions = features.iter().flat_map(|feature| {
            feature.actions.iter().map(|action| Asked {
                feature: feature.id.clone(),
                name: action.id.clone(),
                run: action.run.clone(),
                what: "action",
            })
        });
        let probes = features.iter().flat_map(|feature| {
            feature.probes.iter().filter_map(|probe| match &probe.kind {
                ProbeKind::Command { run } => Some(Asked {
                    feature: feature.id.clone(),
                    name: probe.name.clone(),
                    run: run.clone(),
                    what: "probe",
                }),
                _ => None,
            })
        });
        Self {
            id: manifest.id.clone(),
            name: manifest.name.clone(),
            version: manifest.version.to_string(),
            license: manifest.license.clone(),
            homepage: manifest.homepage.clone(),
            formwork: manifest.formwork.to_string(),
            hash: pack.hash.clone(),
            trusted,
            files: pack.files().count(),
            bytes: pack.bytes(),
            commands: actions.chain(probes).collect(),
            warnings: pack.warnings.iter().map(ToString::to_string).collect(),
            features: features
                .iter()
                .map(|feature| Row {
                    id: feature.id.clone(),
                    version: feature.version.to_string(),
                    summary: feature.summary.clone(),
                })
                .collect(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{BOLD}{}{PLAIN} {} ({}, {})\n  {} files, {} bytes, for formwork {}\n  sha256:{}\n",
            self.id,
            self.version,
            self.name,
            self.license,
            self.files,
            self.bytes,
            self.formwork,
            self.hash
        );
        let trusted = self
            .trusted
            .as_deref()
            .unwrap_or("not trusted by anybody named here");
        let _ = writeln!(text, "  {trusted}");
        for Row {
            id,
            version,
            summary,
        } in &self.features
        {
            let _ = writeln!(text, "  {id} {version}: {summary}");
        }
        for asked in &self.commands {
            let _ = writeln!(
                text,
                "  would like to run `{}` ({} `{}` of {}): only with --allow-actions {}",
                asked.run.join(" "),
                asked.what,
                asked.name,
                asked.feature,
                self.id
            );
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "  {warning}");
        }
        text
    }
}

fn own<'c>(pack: &Pack, catalog: &'c Catalog) -> impl Iterator<Item = &'c Feature> {
    let id = pack.manifest.id.clone();
    let features = catalog.features().iter();
    features.filter(move |feature| feature.pack() == Some(&id))
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Change<'a> {
    ok: bool,
    dry_run: bool,
    project: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pack: Option<Description>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<&'a str>,
    files: [Written<'a>; 2],
}

fn add(arguments: &PackAdd) -> Result<(), Failure> {
    let opened = recipe::open(&arguments.project)?;
    let text = recipe_text(&arguments.project)?;
    let mut packs = opened.recipe.project.packs.clone();
    keys(&arguments.at, &mut packs)?;
    let here = packs::shelf(Path::new("."));
    let (id, from) = place(&arguments.pack, &arguments.at, &here)?;
    let pack = here
        .find(id.as_deref(), &from)
        .map_err(|error| failure(&error))?;
    let id = pack.manifest.id.clone();
    let entry = PackEntry {
        from,
        allow: arguments.at.allow.clone().map(|hash| plain(&hash)),
    };
    let mut single = Packs {
        entries: [(id.clone(), entry)].into(),
        trust: packs.trust.clone(),
    };
    let trusted = packs::trust(&single, &id)
        .and_then(|trust| trust.judge(&pack))
        .map_err(|error| failure(&error))?;
    if let (Some(entry), formwork_pack::TrustedBy::Key { .. }) =
        (single.entries.get_mut(&id), &trusted)
    {
        // The key will do for what comes after this version, too.
        entry.allow = None;
    }
    let moved = packs::moved(&single, Path::new("."), &arguments.project);
    packs.entries.extend(moved.entries);

    let mut wanted = Wanted::of_project(Some(&arguments.project));
    wanted.packs.entries.remove(&id);
    let mut all = wanted.load()?;
    all.push(pack.clone());
    let catalog = catalog::with(&all)?;
    let mut lock = opened.lock;
    lock.packs.retain(|known| known.id != id);
    lock.packs.push(pack.pin());
    lock.packs.sort();
    let description = Description::new(&pack, &catalog, Some(trusted.to_string()));
    if !arguments.json {
        data(&description.text())?;
    }
    let texts = (packs.rewrite(&text), lock.to_toml());
    settle(&arguments.project, arguments.dry_run, &texts)?;
    if arguments.json {
        return json(&Change {
            ok: true,
            dry_run: arguments.dry_run,
            project: arguments.project.display().to_string(),
            pack: Some(description),
            removed: None,
            files: written(&texts),
        });
    }
    shown(arguments.dry_run, &texts)?;
    if !arguments.dry_run {
        say(format!(
            "{GREEN}added{PLAIN} the pack `{id}`; `formwork features list` has its features"
        ));
    }
    Ok(())
}

fn remove(arguments: &PackRemove) -> Result<(), Failure> {
    let opened = recipe::open(&arguments.project)?;
    let text = recipe_text(&arguments.project)?;
    let id = arguments.id.as_str();
    let mut packs = opened.recipe.project.packs.clone();
    if packs.entries.remove(id).is_none() {
        let problem = Problem::new(format!("the project has no pack `{id}`"));
        let known = opened.recipe.project.packs.entries.keys();
        let problem = nearest::suggest(problem, id, known.map(String::as_str));
        return Err(Failure::input(problem));
    }
    // A feature of a pack is called like the pack, or begins with its name.
    let catalog = catalog::for_project(Some(&arguments.project), &Choices::default())?;
    let in_use: Vec<_> = opened
        .lock
        .features
        .iter()
        .filter(|feature| {
            let known = catalog.newest(&feature.id);
            known.is_some_and(|known| known.pack() == Some(id))
        })
        .map(|feature| format!("`{}`", feature.id))
        .collect();
    if !in_use.is_empty() {
        let message = format!(
            "the project is made with {} of the pack `{id}`",
            in_use.join(", ")
        );
        let hint = "take them out of the project first, and the pack after that";
        return Err(Failure::new(Exit::Failed, Problem::new(message).hint(hint)));
    }
    let mut lock = opened.lock;
    lock.packs.retain(|known| known.id != id);
    let texts = (packs.rewrite(&text), lock.to_toml());
    settle(&arguments.project, arguments.dry_run, &texts)?;
    if arguments.json {
        return json(&Change {
            ok: true,
            dry_run: arguments.dry_run,
            project: arguments.project.display().to_string(),
            pack: None,
            removed: Some(id),
            files: written(&texts),
        });
    }
    shown(arguments.dry_run, &texts)?;
    if !arguments.dry_run {
        say(format!(
            "{GREEN}removed{PLAIN} the pack `{id}`; the keys under `[trust]` stay"
        ));
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Verified {
    ok: bool,
    packs: Vec<Description>,
}

fn verify(arguments: &PackVerify) -> Result<(), Failure> {
    let here = packs::shelf(Path::new("."));
    let (found, trusted) = match &arguments.pack {
        None => {
            let wanted = Wanted::of_project(Some(&arguments.project));
            recipe::open(&arguments.project)?;
            let found = wanted.load()?;
            let trusted = found
                .iter()
                .map(|pack| {
                    let trust = packs::trust(&wanted.packs, &pack.manifest.id);
                    let by = trust.and_then(|trust| trust.judge(pack));
                    by.map(|by| Some(by.to_string()))
                        .map_err(|error| failure(&error))
                })
                .collect::<Result<Vec<_>, _>>()?;
            (found, trusted)
        }
        Some(text) => {
            let (id, from) = place(text, &arguments.at, &here)?;
            let pack = here
                .find(id.as_deref(), &from)
                .map_err(|error| failure(&error))?;
            if arguments.statement {
                return data(&pack.statement());
            }
            let trusted = judged(&pack, &arguments.at)?;
            (vec![pack], vec![trusted])
        }
    };
    let catalog = catalog::with(&found)?;
    let mut failed: Option<Failure> = None;
    for feature in catalog
        .features()
        .iter()
        .filter(|feature| feature.pack().is_some())
    {
        if let Err(other) = rendered(&catalog, feature) {
            match &mut failed {
                Some(failed) => failed.problems.extend(other.problems),
                None => failed = Some(other),
            }
        }
    }
    if let Some(failed) = failed {
        return Err(failed);
    }
    let described = found.iter().zip(trusted);
    let packs: Vec<_> = described
        .map(|(pack, trusted)| Description::new(pack, &catalog, trusted))
        .collect();
    if arguments.json {
        return json(&Verified { ok: true, packs });
    }
    for pack in &packs {
        data(&pack.text())?;
    }
    say(match packs.len() {
        0 => "the project has no packs".to_owned(),
        1 => format!("{GREEN}sound{PLAIN} and every feature of it can be generated"),
        count => {
            format!("{GREEN}sound{PLAIN} {count} packs, and every feature of them can be generated")
        }
    });
    Ok(())
}

/// Why a pack is trusted. Without keys and hashes to hold it to, nobody can say; with them, it has to be.
fn judged(pack: &Pack, at: &PackAt) -> Result<Option<String>, Failure> {
    let mut packs = Packs::default();
    keys(at, &mut packs)?;
    let id = &pack.manifest.id;
    let from = PackFrom::Folder {
        path: String::new(),
    };
    let allow = at.allow.clone().map(|hash| plain(&hash));
    let is_asked = allow.is_some() || !packs.trust.is_empty();
    packs.entries.insert(id.clone(), PackEntry { from, allow });
    let trust = packs::trust(&packs, id).map_err(|error| failure(&error))?;
    match trust.judge(pack) {
        Ok(by) => Ok(Some(by.to_string())),
        Err(error) if is_asked => Err(failure(&error)),
        Err(_) => Ok(None),
    }
}

/// Makes a service with a feature, in memory: what cannot be selected or rendered shows here.
fn rendered(catalog: &Catalog, feature: &Feature) -> Result<(), Failure> {
    let exactly = VersionReq::parse(&format!("={}", feature.version));
    let range = exactly.unwrap_or(VersionReq::STAR);
    let order = Order {
        project: Project::new("pack-check").expect("the name is a name"),
        wishes: Wishes::new().want_range(&feature.id, range),
        model: choices::preset(DEFAULT_PRESET)?,
    };
    let made = composition::work_out(catalog, order, &Choices::default(), &mut Timings::default());
    made.map(|_| ()).map_err(|mut failure| {
        failure.exit = Exit::Input;
        for problem in &mut failure.problems {
            let note = format!("in a service with `{}` {}", feature.id, feature.version);
            problem.notes.push(note);
        }
        failure
    })
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Listed {
    id: String,
    from: PackFrom,
    /// What the lock pins it to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<PackPin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pack: Option<Description>,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct ListDocument {
    packs: Vec<Listed>,
}

fn list(arguments: &PackList) -> Result<(), Failure> {
    let opened = recipe::open(&arguments.project)?;
    let packs = &opened.recipe.project.packs;
    let mut listed = Vec::new();
    for (id, entry) in &packs.entries {
        let mut wanted = Wanted::of_project(Some(&arguments.project));
        wanted.packs.entries.retain(|other, _| other == id);
        let found = wanted.load().and_then(|found| {
            let catalog = catalog::with(&found)?;
            let described = found.first().map(|pack| {
                let trust = packs::trust(packs, id);
                let by = trust.and_then(|trust| trust.judge(pack));
                Description::new(pack, &catalog, by.ok().map(|by| by.to_string()))
            });
            Ok(described)
        });
        let (pack, problems) = match found {
            Ok(pack) => (pack, Vec::new()),
            Err(failure) => (None, failure.problems),
        };
        listed.push(Listed {
            id: id.clone(),
            from: entry.from.clone(),
            pinned: opened.lock.packs.iter().find(|pin| pin.id == *id).cloned(),
            pack,
            problems,
        });
    }
    if arguments.json {
        return json(&ListDocument { packs: listed });
    }
    for Listed {
        id,
        from,
        pack,
        problems,
        ..
    } in &listed
    {
        match pack {
            Some(pack) => data(&format!("{}  from the {from}\n", pack.text()))?,
            None => data(&format!(
                "{BOLD}{id}{PLAIN}\n  cannot be used\n  from the {from}\n"
            ))?,
        }
        for problem in problems {
            warn(problem);
        }
    }
    if listed.is_empty() {
        say("the project has no packs; `formwork pack add` takes one in");
    }
    Ok(())
}

/// Where a text of the command line means. A revision becomes a commit.
fn place(text: &str, at: &PackAt, here: &Shelf) -> Result<(Option<String>, PackFrom), Failure> {
    let ends = |endings: &[&str]| endings.iter().any(|ending| text.ends_with(ending));
    let url = text.strip_prefix("git+");
    let id = at.id.clone();
    if url.is_some() || at.rev.is_some() || ends(&[".git"]) {
        let url = url.unwrap_or(text).to_owned();
        let rev = at.rev.as_deref().unwrap_or("HEAD");
        let rev = here.commit(&url, rev).map_err(|error| failure(&error))?;
        return Ok((id, PackFrom::Git { url, rev }));
    }
    if Path::new(text).is_dir() {
        let path = text.to_owned();
        return Ok((id, PackFrom::Folder { path }));
    }
    if ends(&[".tar.gz", ".tgz", ".zip"]) {
        let at = text.to_owned();
        return Ok((id, PackFrom::Archive { at }));
    }
    if ends(&[".toml", ".json"]) {
        let range = at.range.as_deref().unwrap_or("*");
        let range = VersionReq::parse(range).map_err(|error| {
            let message = format!("`{range}` is no range of versions: {error}");
            Failure::input(Problem::new(message).hint("write `^1` or `=1.2.3`"))
        })?;
        let id = match id {
            Some(id) => id,
            None => only(here.listed(text).map_err(|error| failure(&error))?)?,
        };
        let at = text.to_owned();
        return Ok((Some(id), PackFrom::Index { at, range }));
    }
    let problem = Problem::new(format!(
        "`{text}` is no folder, repository, archive or index"
    ));
    Err(Failure::input(problem.hint(
        "a folder has to be there; a repository ends with `.git` or begins with `git+`; an archive ends with \
         `.tar.gz` or `.zip`; an index ends with `.toml` or `.json`",
    )))
}

/// The pack of an index that has only one.
fn only(ids: Vec<String>) -> Result<String, Failure> {
    match <[String; 1]>::try_from(ids) {
        Ok([id]) => Ok(id),
        Err(ids) => {
            let message = format!("the index lists {} packs", ids.len());
            let hint = format!("say which one with --id: {}", ids.join(", "));
            Err(Failure::input(Problem::new(message).hint(hint)))
        }
    }
}

fn keys(at: &PackAt, packs: &mut Packs) -> Result<(), Failure> {
    for text in &at.trust {
        let Some((name, key)) = text.split_once('=') else {
            let problem = Problem::new(format!("`{text}` is no key with a name"));
            return Err(Failure::input(
                problem
                    .at(format!("--trust {text}"))
                    .hint("write --trust NAME=KEY"),
            ));
        };
        packs.trust.insert(name.to_owned(), key.to_owned());
    }
    Ok(())
}

/// A hash as locks have it.
fn plain(hash: &str) -> String {
    let hash = hash.strip_prefix("sha256:").unwrap_or(hash);
    hash.to_ascii_lowercase()
}

fn recipe_text(project: &Path) -> Result<String, Failure> {
    let path = project.join(Recipe::PATH);
    fs::read_to_string(&path)
        .map_err(|error| Failure::io(format_args!("cannot read `{}`", path.display()), &error))
}

/// Writes lock and recipe. The lock goes first: a pin for a pack that no recipe names means nothing.
fn settle(project: &Path, dry_run: bool, (recipe, lock): &(String, String)) -> Result<(), Failure> {
    if dry_run {
        return Ok(());
    }
    write(&project.join(Lock::PATH), lock)?;
    write(&project.join(Recipe::PATH), recipe)
}

fn written((recipe, lock): &(String, String)) -> [Written<'_>; 2] {
    [(Recipe::PATH, recipe), (Lock::PATH, lock)].map(|(path, text)| Written { path, text })
}

fn shown(dry_run: bool, texts: &(String, String)) -> Result<(), Failure> {
    if dry_run {
        for Written { path, text } in written(texts) {
            data(&format!("{BOLD}write {path}{PLAIN}\n{text}\n"))?;
        }
    }
    Ok(())
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| {
        Failure::io(format_args!("cannot write `{}`", path.display()), error)
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = path.with_file_name(format!(".{name}.formwork-new"));
    let result = fs::write(&staged, text).and_then(|()| fs::rename(&staged, path));
    result.map_err(|error| {
        // What is left of a failed attempt is of no use to anybody.
        let _ = fs::remove_file(&staged);
        failed(&error)
    })
}
