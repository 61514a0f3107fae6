//! A project becomes another one: from wishes to a change that is shown, confirmed and made.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use formwork_catalog::{ActionWhen, Catalog};
use formwork_generate::{
    Base, Change as Class, ChangeError, ChangedFile, ProjectChange, Target, base_or_remake, waiting,
};
use formwork_model::Source;
use formwork_resolve::{Diff, Resolver, Wish, Wishes};
use serde::Serialize;

use crate::actions::{self, Done};
use crate::cli::{Changing, Choices};
use crate::composition::{self, Composed, Order, is_core};
use crate::questions::read_line;
use crate::recipe::{Opened, record_failure, tell_set_aside, transaction_failure};
use crate::report::{
    BOLD, CYAN, Exit, Failure, GREEN, PLAIN, Problem, RED, YELLOW, data, json, say, warn,
};
use crate::timings::Timings;
use crate::{choices, words};

/// What is to become of a project.
#[derive(Debug)]
pub(crate) struct Intent {
    /// What was asked for, as on the command line.
    pub(crate) title: String,
    pub(crate) wishes: Vec<Wish>,
    /// Files of the model that change: their text, or nothing where they go. By name.
    pub(crate) model: BTreeMap<String, Option<String>>,
    /// Whether to go on without what was generated.
    pub(crate) without_base: bool,
    /// Other versions to hold the features to than the locked ones.
    pub(crate) locked: Option<BTreeMap<String, semver::Version>>,
}

impl Intent {
    pub(crate) fn new(title: impl Into<String>, wishes: Vec<Wish>) -> Self {
        Self {
            title: title.into(),
            wishes,
            model: BTreeMap::new(),
            without_base: false,
            locked: None,
        }
    }
}

/// A change, worked out.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) composed: Composed,
    pub(crate) change: ProjectChange,
    pub(crate) features: Diff,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    ok: bool,
    dry_run: bool,
    project: String,
    /// What was asked for.
    change: &'a str,
    features: &'a Diff,
    files: &'a [ChangedFile],
    records: &'a [String],
    tree_hash: &'a str,
    /// Whether the project waits for its conflicts to be settled.
    waiting: bool,
    actions: Vec<Done>,
}

/// Works a change out; nothing is touched.
pub(crate) fn plan(
    catalog: &Catalog,
    opened: &Opened,
    intent: &Intent,
    fix: Option<usize>,
) -> Result<Planned, Failure> {
    if waiting(&opened.folder)
        .map_err(|error| transaction_failure(&error))?
        .is_some()
    {
        return Err(transaction_failure(
            &formwork_generate::TransactionError::Waiting,
        ));
    }
    let wishes = settled(catalog, opened, intent, fix)?;
    let sources = model(opened, intent)?;
    let order = Order {
        project: opened.project(),
        wishes,
        model: sources,
    };
    let mut composed =
        composition::work_out(catalog, order, &Choices::default(), &mut Timings::default())?;
    // A recipe that does not name the core is left so.
    let named = opened.recipe.wishes(BTreeMap::new()).list;
    if !named.iter().any(is_core) && !intent.wishes.iter().any(is_core) {
        let list = composed.recipe.wishes(BTreeMap::new()).list;
        let list = list.into_iter().filter(|wish| !is_core(wish)).collect();
        let plain = formwork_generate::Recipe::new(
            composed.recipe.project.clone(),
            &Wishes {
                list,
                locked: BTreeMap::new(),
            },
        );
        composed.recipe.features = plain.features;
    }
    let text = composed.recipe.rewrite(&opened.text);
    let base = base(catalog, opened, intent)?;
    let remove: Vec<String> = intent
        .model
        .iter()
        .filter(|(_, text)| text.is_none())
        .map(|(name, _)| format!("{}/{name}", composed.recipe.model))
        .collect();
    let change = ProjectChange::plan(&Target {
        folder: &opened.folder,
        lock: &opened.lock,
        base: &base,
        composition: &composed.composition,
        recipe: &composed.recipe,
        text: &text,
        remove: &remove,
    })
    .map_err(|errors| refused(&errors))?;
    let features = Diff::between(&opened.lock.versions(), &composed.plan.versions());
    Ok(Planned {
        composed,
        change,
        features,
    })
}

/// Works a change out, shows it, and makes it unless it is only to be shown.
pub(crate) fn make(
    catalog: &Catalog,
    opened: &Opened,
    intent: &Intent,
    arguments: &Changing,
) -> Result<(), Failure> {
    let planned = plan(catalog, opened, intent, arguments.fix)?;
    let Planned {
        composed,
        change,
        features,
    } = &planned;
    for answer in &composed.plan.unused_answers {
        warn(&Problem::new(format!(
            "the answer `{answer}` is not used: its feature is not in the plan"
        )));
    }
    let mut done = Vec::new();
    let mut is_made = false;
    if !arguments.json {
        data(&text(&planned))?;
    }
    if !arguments.dry_run && !change.is_empty() && agreed(arguments)? {
        let outcome = change
            .apply(&intent.title)
            .map_err(|error| transaction_failure(&error))?;
        tell_set_aside(&outcome);
        is_made = true;
        if !change.has_conflicts() {
            let actions = later_actions(catalog, composed);
            done = actions::run(
                &actions,
                &opened.folder,
                &arguments.skip,
                &arguments.allow_actions,
            );
        }
    }
    let waits = is_made && change.has_conflicts();
    if arguments.json {
        json(&Document {
            ok: !waits,
            dry_run: arguments.dry_run,
            project: opened.folder.display().to_string(),
            change: &intent.title,
            features,
            files: &change.files,
            records: &change.records,
            tree_hash: &composed.document().tree_hash,
            waiting: waits,
            actions: done,
        })?;
    }
    if waits {
        let mut failure = Failure::new(Exit::Failed, conflicts(&change.files));
        failure.is_told = true;
        return Err(failure);
    }
    if is_made {
        say(format!(
            "{GREEN}changed{PLAIN} {} files, tree {}",
            change
                .files
                .iter()
                .filter(|file| !matches!(file.change, Class::Kept | Class::KeptDeleted))
                .count(),
            composed.document().tree_hash
        ));
    }
    Ok(())
}

/// The wishes, or those of a fix, held to what they leave of the lock.
fn settled(
    catalog: &Catalog,
    opened: &Opened,
    intent: &Intent,
    fix: Option<usize>,
) -> Result<Wishes, Failure> {
    let held = |list: Vec<Wish>| {
        let mut wishes = opened.held(catalog, list);
        if let Some(locked) = &intent.locked {
            wishes.locked.clone_from(locked);
        }
        wishes
    };
    let wishes = held(intent.wishes.clone());
    let choices = Choices {
        fix,
        ..Choices::default()
    };
    let (settled, _) = composition::settle(&Resolver::new(catalog), wishes.clone(), &choices)?;
    Ok(if settled.list == wishes.list {
        wishes
    } else {
        // A fix takes wishes back, and what came with them goes too.
        held(settled.list)
    })
}

/// The model on disk, with the files that change.
fn model(opened: &Opened, intent: &Intent) -> Result<Vec<Source>, Failure> {
    let folder = opened.folder.join(&opened.recipe.model);
    let mut sources = choices::model_folder(&folder)?;
    sources.retain(|source| {
        let name = source.path.rsplit(['/', '\\']).next().unwrap_or_default();
        !intent.model.contains_key(name)
    });
    for (name, text) in &intent.model {
        if let Some(text) = text {
            sources.push(Source::new(
                folder.join(name).display().to_string(),
                text.clone(),
            ));
        }
    }
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(sources)
}

/// What was generated; made again where it is lost and this program still generates it.
fn base(catalog: &Catalog, opened: &Opened, intent: &Intent) -> Result<Base, Failure> {
    if intent.without_base {
        return Ok(Base::default());
    }
    let remake = || {
        let order = Order {
            project: opened.project(),
            wishes: Wishes {
                list: opened.lock.wishes.clone(),
                locked: opened.lock.versions(),
            },
            model: choices::model_folder(&opened.folder.join(&opened.recipe.model)).ok()?,
        };
        let composed =
            composition::work_out(catalog, order, &Choices::default(), &mut Timings::default());
        Some(composed.ok()?.composition)
    };
    let (base, lost) = base_or_remake(&opened.folder, &opened.lock, remake)
        .map_err(|error| record_failure(&error))?;
    if let Some(error) = lost {
        warn(&Problem::from_error(&error).note("it was made again, byte for byte"));
    }
    Ok(base)
}

/// Whether to go on: yes, unless somebody at the terminal says otherwise.
fn agreed(arguments: &Changing) -> Result<bool, Failure> {
    if arguments.yes || arguments.json || !io::stdin().is_terminal() || !io::stderr().is_terminal()
    {
        return Ok(true);
    }
    let answer = read_line("change the project? [y/N] ", &mut io::stdin().lock())?;
    Ok(answer.is_some_and(|answer| ["y", "yes"].contains(&answer.to_lowercase().as_str())))
}

/// The actions that follow every change.
fn later_actions(catalog: &Catalog, composed: &Composed) -> Vec<formwork_generate::PlannedAction> {
    let document = composed.document();
    let always = |action: &&formwork_generate::PlannedAction| {
        document
            .features
            .iter()
            .filter(|feature| feature.id == action.feature)
            .filter_map(|feature| catalog.feature(&feature.id, &feature.version))
            .flat_map(|feature| &feature.actions)
            .any(|known| known.id == action.id && known.when == ActionWhen::Change)
    };
    document.actions.iter().filter(always).cloned().collect()
}

fn refused(errors: &[ChangeError]) -> Failure {
    let io = errors.iter().any(|error| {
        matches!(
            error,
            ChangeError::Read(formwork_generate::TransactionError::Io { .. })
        )
    });
    let problems = errors.iter().map(|error| {
        let problem = Problem::from_error(error);
        error.hint().into_iter().fold(problem, Problem::hint)
    });
    Failure::all(if io { Exit::Io } else { Exit::Input }, problems.collect())
}

/// The one report of all conflicts.
fn conflicts(files: &[ChangedFile]) -> Problem {
    let conflicted: Vec<_> = files
        .iter()
        .filter(|file| file.change == Class::Conflict)
        .collect();
    let mut problem = Problem::new(format!(
        "{} {} changed by you and by this change in ways that contradict each other",
        conflicted.len(),
        if conflicted.len() == 1 {
            "file was"
        } else {
            "files were"
        }
    ));
    for file in conflicted {
        for conflict in &file.conflicts {
            problem = problem.note(format!("{}: {conflict}", file.path));
        }
    }
    problem
        .hint("settle them, and run `formwork continue`")
        .hint("or take the whole change back with `formwork abort`")
}

/// A change for people.
pub(crate) fn text(planned: &Planned) -> String {
    let mut text = String::new();
    let features = &planned.features;
    for (id, version) in &features.added {
        let reason = planned
            .composed
            .plan
            .get(id)
            .map(|planned| words::reason(id, &planned.reason))
            .unwrap_or_default();
        let _ = writeln!(text, "{GREEN}+ {id}{PLAIN} {version}  {reason}");
    }
    for (id, version) in &features.removed {
        let _ = writeln!(text, "{RED}- {id}{PLAIN} {version}");
    }
    for (id, (from, to)) in &features.moved {
        let _ = writeln!(text, "{CYAN}~ {id}{PLAIN} {from} -> {to}");
    }
    let files = &planned.change.files;
    let vendored: Vec<_> = files.iter().filter(|file| is_vendored(file)).collect();
    for file in files.iter().filter(|file| !is_vendored(file)) {
        let _ = writeln!(text, "  {}  ({})", line(file), file.reason);
        for conflict in &file.conflicts {
            let _ = writeln!(text, "      {conflict}");
        }
    }
    if !vendored.is_empty() {
        let count = |class| vendored.iter().filter(|file| file.change == class).count();
        let _ = writeln!(
            text,
            "  vendor/  {} created, {} followed, {} deleted (the runtime)",
            count(Class::Create),
            count(Class::Follow),
            count(Class::Delete)
        );
    }
    for path in &planned.change.records {
        let _ = writeln!(text, "  {:<12} {path}  (kept by formwork)", "write");
    }
    if planned.change.is_empty() {
        let _ = writeln!(text, "{BOLD}nothing to do{PLAIN}");
    }
    text
}

/// Sources of the runtime that nobody touched are told as a number.
fn is_vendored(file: &ChangedFile) -> bool {
    file.path.starts_with("vendor/")
        && matches!(file.change, Class::Create | Class::Follow | Class::Delete)
}

fn line(file: &ChangedFile) -> String {
    let (color, word) = match file.change {
        Class::Create => (GREEN, "create"),
        Class::Follow => (PLAIN, "follow"),
        Class::CleanMerge => (CYAN, "clean-merge"),
        Class::Conflict => (RED, "conflict"),
        Class::Delete => (RED, "delete"),
        Class::KeptDeleted => (YELLOW, "kept-deleted"),
        Class::Kept => (YELLOW, "kept"),
    };
    format!("{color}{word:<12}{PLAIN} {}", file.path)
}
