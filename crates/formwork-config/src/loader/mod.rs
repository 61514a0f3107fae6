//! Reads all layers, lays them over one another and validates the result.

mod admit;
mod complete;
mod environment;
mod files;
mod flags;
mod format;
mod pattern;
mod read;
mod secrets;
mod tenant;
mod text;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub use environment::Environment;

use self::admit::Admission;
use self::files::Files;
use self::validate::Validation;
use crate::error::{Errors, Mistakes, Violation, ViolationKind, shown};
use crate::naming::Naming;
use crate::section::Keys;
use crate::snapshot::{Layers, Loaded};
use crate::{Class, Node, Origin, Secret, Section, Shape, Snapshot, WatchedKind, WatchedSource};

/// Where a service's configuration comes from.
///
/// The layers, from the weakest to the strongest: compiled defaults, the base file, the file of the
/// profile, secret files, the environment, flags, the program. A value that is there counts, also
/// when it is `false`, `0` or empty. Tables merge; lists are replaced as a whole.
#[derive(Debug, Clone)]
pub struct Loader {
    service: String,
    location: Option<PathBuf>,
    profile: Option<String>,
    secrets: Option<PathBuf>,
    /// That of the process, from the first time it is needed.
    environment: OnceLock<Environment>,
    /// Secret only because somebody may have put a secret into one.
    flags: Vec<Secret<String>>,
    program: Vec<(String, Secret<String>)>,
}

impl Loader {
    /// The configuration of the service with this name, in kebab-case: files in `config/`,
    /// variables that start with the name in upper case and two underscores.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            location: None,
            profile: None,
            secrets: None,
            environment: OnceLock::new(),
            flags: Vec::new(),
            program: Vec::new(),
        }
    }

    /// The service's name.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Reads files from here: a directory with `default.toml`, or the base file itself. It must
    /// exist then.
    #[must_use]
    pub fn with_location(mut self, location: impl Into<PathBuf>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// Reads the file of this profile too. It must exist then.
    #[must_use]
    pub fn with_profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// Reads a directory of files that hold one value each and are named by its path, such as
    /// `postgres.password`: a mounted Kubernetes secret.
    #[must_use]
    pub fn with_secrets(mut self, directory: impl Into<PathBuf>) -> Self {
        self.secrets = Some(directory.into());
        self
    }

    /// Takes the environment from here instead of the process.
    #[must_use]
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = environment.into();
        self
    }

    /// Adds a flag, `key=value`.
    #[must_use]
    pub fn with_flag(mut self, flag: impl Into<String>) -> Self {
        self.flags.push(Secret::new(flag.into()));
        self
    }

    /// Sets a value over everything else, written as for a flag; secrets are welcome here.
    #[must_use]
    pub fn with_value(mut self, path: impl Into<String>, value: impl Into<String>) -> Self {
        self.program.push((path.into(), Secret::new(value.into())));
        self
    }

    /// Reads everything and validates it.
    ///
    /// # Errors
    /// Every mistake in any source.
    pub fn load(&self, sections: &[Section]) -> Result<Snapshot, Errors> {
        self.load_as(1, sections)
    }

    /// Reads everything again, as the successor of `previous`.
    ///
    /// # Errors
    /// Every mistake in any source; `previous` stays valid.
    pub fn reload(&self, previous: &Snapshot) -> Result<Snapshot, Errors> {
        self.load_as(previous.generation() + 1, previous.sections())
    }

    /// Lays the file of a tenant over a snapshot: `tenants/{tenant}.toml`, `.yaml`, `.yml` or
    /// `.json`, beside the base file. It is stronger than the other files and weaker than secret
    /// files, variables, flags and the program, and sets only fields that are marked `tenant`.
    /// A tenant without a file has the values of all.
    ///
    /// The base is not read again: the tenant's snapshot has its generation, and shares every
    /// section that the file does not touch.
    ///
    /// # Errors
    /// Every mistake in the tenant's file. They are this tenant's alone: `base` stays valid.
    pub fn load_tenant(&self, base: &Snapshot, tenant: &str) -> Result<Snapshot, Errors> {
        tenant::load(&Files::of(self), base, tenant)
    }

    fn load_as(&self, generation: u64, sections: &[Section]) -> Result<Snapshot, Errors> {
        let keys = Keys::new(sections)?;
        let files = Files::of(self);
        let mut loading = Loading::new(Naming::of(&self.service), &keys);
        loading.lay_files(&files);
        let tenants = keys.any_of_tenants();
        let lower = tenants.then(|| std::mem::take(&mut loading.root));
        if tenants {
            // They are read on their own, but whoever watches is to notice them.
            loading.watch(&files.tenants(), WatchedKind::Directory);
        }
        loading.lay_secrets(self.secrets_directory().as_deref());
        loading.lay_environment(self.environment(), lower.as_ref());
        loading.lay_flags(&self.flags);
        loading.lay_program(&self.program);

        let mut mistakes = loading.mistakes;
        // What an unreadable file would have said is not known, so nothing can be said to be missing.
        if loading.incomplete {
            return Err(mistakes.into_errors());
        }
        let mut root = loading.root;
        let layers = lower.map(|lower| {
            let upper = std::mem::replace(&mut root, lower.clone());
            root.overlay(upper.clone());
            Arc::new(Layers { lower, upper })
        });
        let base_name = files.base_name();
        let validation = Validation {
            naming: &loading.naming,
            base: &base_name,
        };
        let instances = sections.iter().filter(|it| it.instance_name().is_some());
        let shared: BTreeSet<&str> = instances.map(Section::base).collect();
        let mut loaded = Vec::with_capacity(sections.len());
        for section in sections {
            let node = match shared.contains(section.base()) {
                true => section.values(&mut root),
                false => section.take(&mut root),
            };
            loaded.extend(validation.load(section, node, &mut mistakes));
        }
        if !mistakes.is_empty() {
            return Err(mistakes.into_errors());
        }
        Ok(Snapshot::new(
            generation,
            loading.naming,
            sections.to_vec(),
            loaded,
            loading.sources.into_iter().collect(),
            layers,
        ))
    }

    /// Taken once: every load of this loader sees the same variables.
    fn environment(&self) -> &Environment {
        self.environment.get_or_init(Environment::process)
    }

    fn secrets_directory(&self) -> Option<PathBuf> {
        let named = || {
            self.environment()
                .get(&Naming::of(&self.service).secrets_variable())
        };
        self.secrets.clone().or_else(|| named().map(PathBuf::from))
    }
}

/// A configuration while its layers are laid over one another.
struct Loading<'a> {
    naming: Naming,
    keys: &'a Keys,
    root: Node,
    mistakes: Mistakes,
    /// Whether a file could not be read.
    incomplete: bool,
    /// What was read, or would have been.
    sources: BTreeSet<WatchedSource>,
    /// The values from the directory of secrets, and the names of their files.
    secret_files: BTreeMap<Vec<String>, String>,
    /// The names of all variables, once somebody needs them.
    variables: Option<Vec<String>>,
}

impl<'a> Loading<'a> {
    fn new(naming: Naming, keys: &'a Keys) -> Self {
        Self {
            naming,
            keys,
            root: Node::default(),
            mistakes: Mistakes::default(),
            incomplete: false,
            sources: BTreeSet::new(),
            secret_files: BTreeMap::new(),
            variables: None,
        }
    }

    /// Remembers that this is read, if it is there.
    fn watch(&mut self, path: &Path, kind: WatchedKind) {
        let path = path.to_owned();
        self.sources.insert(WatchedSource { path, kind });
    }

    /// Puts a text at the path of a value, in the type the value has.
    fn lay_text(
        &mut self,
        path: &[String],
        shape: &Shape,
        class: Class,
        text: &str,
        origin: Origin,
    ) {
        let mut node = text::read(text, shape, &origin);
        Admission::new(self.keys, &mut self.mistakes).at(path, shape, class, &mut node);
        self.root.at(path).overlay(node);
    }

    fn refuse(
        &mut self,
        path: &[String],
        origin: Origin,
        kind: ViolationKind,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.mistakes.push(Violation {
            path: shown(&path.join(".")),
            origin: Some(origin),
            kind,
            message: message.into(),
            hint,
        });
    }
}

impl Validation<'_> {
    /// A section with its defaults, if nothing is wrong with it.
    fn load(&self, section: &Section, mut node: Node, mistakes: &mut Mistakes) -> Option<Loaded> {
        complete::fill(section.schema(), Class::Public, &mut node);
        let mark = mistakes.mark();
        self.validate(section.schema(), section.prefix(), &node, mistakes);
        let typed = section.read(&node);
        mistakes.extend(typed.violations);
        if section.instance_name().is_some() {
            mistakes.forget_repetitions(mark);
        }
        typed.value.map(|value| Loaded {
            node: Arc::new(node),
            value,
        })
    }
}

/// What has set the same value already, a table it is in, or a value in it.
fn twin<'a, T>(set: &'a BTreeMap<Vec<String>, T>, path: &[String]) -> Option<&'a T> {
    let above = (1..=path.len()).find_map(|length| set.get(&path[..length]));
    let below = || {
        let next = set.range(path.to_vec()..).next();
        next.filter(|(other, _)| other.starts_with(path))
            .map(|(_, name)| name)
    };
    above.or_else(below)
}
