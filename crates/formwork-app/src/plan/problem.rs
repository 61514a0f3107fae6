//! What can be wrong with the way modules are put together.

use std::fmt;

use semver::Version;

use super::{Declared, Graph};
use crate::{Class, WireError};

/// The version of this crate, which modules may ask for.
const CORE: &str = env!("CARGO_PKG_VERSION");

/// Every problem with the wiring of an application.
#[derive(Debug)]
pub struct WiringErrors {
    /// The problems.
    pub problems: Vec<Problem>,
    /// The modules, with those that have a problem marked.
    pub graph: Graph,
}

impl fmt::Display for WiringErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("the wiring has 1 problem")?,
            count => write!(f, "the wiring has {count} problems")?,
        }
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
            if let Some(hint) = problem.hint() {
                write!(f, "\n    hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for WiringErrors {}

/// One problem with the wiring of an application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// Two modules have one name.
    DuplicateModule {
        /// The name.
        name: String,
        /// The types of the modules.
        types: Vec<&'static str>,
    },
    /// Two modules read one part of the configuration.
    DuplicatePrefix {
        /// The prefix.
        prefix: String,
        /// The modules.
        modules: Vec<String>,
    },
    /// A module declares several structs of configuration.
    SeveralConfigs {
        /// The module.
        module: String,
        /// The prefixes, in the order they are declared in.
        prefixes: Vec<String>,
    },
    /// Several provide the same service with the same priority.
    DuplicateService {
        /// The service.
        service: String,
        /// The owners.
        owners: Vec<String>,
    },
    /// A version that is none.
    InvalidVersion {
        /// The module.
        module: String,
        /// What it says.
        version: String,
    },
    /// The name of a module is not in kebab-case.
    InvalidName {
        /// The module.
        module: String,
    },
    /// The name of an instance is not in kebab-case.
    InvalidInstance {
        /// The module with its instance.
        module: String,
    },
    /// A module asks for a newer core.
    CoreTooOld {
        /// The module.
        module: String,
        /// The oldest version it works with.
        minimum: String,
    },
    /// Nobody provides what a module needs.
    Missing {
        /// The module.
        module: String,
        /// The service.
        service: String,
        /// Who needs the module, who needs that, and so on.
        needed_by: Vec<String>,
        /// What is provided and looks like it.
        near: Vec<String>,
    },
    /// Nothing decides between several providers.
    Ambiguous {
        /// The module that needs one.
        module: String,
        /// The service.
        service: String,
        /// The services to choose from, with their owners.
        candidates: Vec<String>,
    },
    /// Modules depend on each other.
    Cycle {
        /// Each step with its kind; the last one leads back to the start.
        chain: Vec<String>,
    },
    /// An override that overrides nothing.
    NothingToOverride {
        /// The module's name.
        module: String,
    },
    /// A group of the configuration names a component that no check watches.
    UnknownComponent {
        /// The group.
        group: String,
        /// The name that is no component's.
        component: String,
        /// Where the group is written.
        origin: Option<String>,
        /// The component whose name looks like it.
        near: Option<String>,
    },
    /// A decorator for a module that is not there.
    NothingToDecorate {
        /// The module's name.
        module: String,
    },
    /// A group of the configuration names no component.
    EmptyGroup {
        /// The group.
        group: String,
        /// Where the group is written.
        origin: Option<String>,
    },
    /// A module failed while it was wired.
    Wire {
        /// The module.
        module: String,
        /// What went wrong.
        error: WireError,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateModule { name, types } => {
                write!(f, "the name `{name}` is taken by {}", listed(types))
            }
            Self::DuplicatePrefix { prefix, modules } => write!(
                f,
                "the configuration under `{prefix}` belongs to {}",
                listed(modules)
            ),
            Self::SeveralConfigs { module, prefixes } => write!(
                f,
                "`{module}` declares several structs of configuration, under {}",
                listed(prefixes)
            ),
            Self::DuplicateService { service, owners } => {
                write!(f, "`{service}` is provided by {}", listed(owners))
            }
            Self::InvalidVersion { module, version } => {
                write!(f, "`{version}` of `{module}` is no version")
            }
            Self::InvalidName { module } => {
                write!(
                    f,
                    "the name `{}` is not in kebab-case",
                    module.escape_debug()
                )
            }
            Self::InvalidInstance { module } => {
                write!(f, "the instance in `{module}` is not in kebab-case")
            }
            Self::CoreTooOld { module, minimum } => write!(
                f,
                "`{module}` needs formwork-app {minimum} or newer, this is {CORE}"
            ),
            Self::Missing {
                module,
                service,
                needed_by,
                ..
            } => {
                write!(f, "nobody provides the `{service}` that `{module}` needs")?;
                for name in needed_by {
                    write!(f, ", which `{name}` needs")?;
                }
                Ok(())
            }
            Self::Ambiguous {
                module,
                service,
                candidates,
            } => write!(
                f,
                "nothing decides which `{service}` `{module}` gets: {}",
                candidates.join(", ")
            ),
            Self::Cycle { chain } => {
                f.write_str("modules depend on each other")?;
                for (index, step) in chain.iter().enumerate() {
                    let mark = if index + 1 == chain.len() {
                        ", which closes the cycle"
                    } else {
                        ""
                    };
                    write!(f, "\n    {step}{mark}")?;
                }
                Ok(())
            }
            Self::NothingToOverride { module } => {
                write!(f, "there is no module `{module}` to override")
            }
            Self::EmptyGroup { group, origin } => {
                if let Some(origin) = origin {
                    write!(f, "{origin}: ")?;
                }
                write!(f, "`app.health-groups.{group}` names no component")
            }
            Self::UnknownComponent {
                group,
                component,
                origin,
                ..
            } => {
                if let Some(origin) = origin {
                    write!(f, "{origin}: ")?;
                }
                write!(
                    f,
                    "`app.health-groups.{group}` names `{component}`, which no health check watches"
                )
            }
            Self::NothingToDecorate { module } => {
                write!(f, "there is no module `{module}` to decorate")
            }
            Self::Wire { module, error } => {
                write!(
                    f,
                    "`{module}` could not be wired: {}",
                    crate::error::chain(error)
                )
            }
        }
    }
}

impl Problem {
    /// Which kind of mistake it is.
    pub fn class(&self) -> Class {
        match self {
            Self::DuplicatePrefix { .. } | Self::SeveralConfigs { .. } => Class::Config,
            Self::Missing { .. } | Self::Ambiguous { .. } | Self::Cycle { .. } => Class::Dependency,
            Self::Wire { error, .. } => error.class(),
            _ => Class::Validation,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::DuplicateModule { .. } => {
                Some("remove one, or replace it with `App::override_module`".to_owned())
            }
            Self::DuplicatePrefix { .. } => Some("give each module its own prefix".to_owned()),
            Self::SeveralConfigs { .. } => Some(
                "declare one, with the others as structs within it, or split the module".to_owned(),
            ),
            Self::DuplicateService { .. } => {
                Some("remove one, name them, or give one a higher priority".to_owned())
            }
            Self::InvalidVersion { .. } => {
                Some("write it as `1.2.3`; `env!(\"CARGO_PKG_VERSION\")` is one".to_owned())
            }
            Self::InvalidName { .. } | Self::InvalidInstance { .. } => {
                Some("use lower-case letters, digits and hyphens, as in `reports`".to_owned())
            }
            Self::CoreTooOld { .. } => Some("update formwork-app".to_owned()),
            Self::Missing { near, .. } if near.is_empty() => {
                Some("add a module that provides it".to_owned())
            }
            Self::Missing { near, .. } => Some(format!("did you mean {}?", near.join(" or "))),
            Self::Ambiguous { .. } => Some("ask for one by name".to_owned()),
            Self::Cycle { .. } => {
                Some("turn one of the needs into a contribution, or split a module".to_owned())
            }
            Self::NothingToDecorate { .. } => Some("add it with `App::module`".to_owned()),
            Self::NothingToOverride { .. } => Some("add it with `App::module`".to_owned()),
            Self::UnknownComponent { near, .. } => {
                near.as_ref().map(|near| format!("did you mean `{near}`?"))
            }
            Self::EmptyGroup { .. } => {
                Some("name the components it is made of, or remove it".to_owned())
            }
            Self::Wire { .. } => None,
        }
    }

    /// Whether the module has to do with it.
    pub(crate) fn concerns(&self, name: &str) -> bool {
        let quoted = format!("`{name}`");
        match self {
            Self::DuplicateModule { name: module, .. }
            | Self::InvalidVersion { module, .. }
            | Self::InvalidName { module }
            | Self::InvalidInstance { module }
            | Self::CoreTooOld { module, .. }
            | Self::SeveralConfigs { module, .. }
            | Self::Missing { module, .. }
            | Self::Ambiguous { module, .. }
            | Self::NothingToOverride { module }
            | Self::NothingToDecorate { module }
            | Self::Wire { module, .. } => module == name,
            Self::DuplicatePrefix { modules: names, .. }
            | Self::DuplicateService { owners: names, .. } => {
                names.iter().any(|owner| owner == name)
            }
            Self::Cycle { chain } => chain.iter().any(|step| step.contains(&quoted)),
            Self::UnknownComponent { .. } | Self::EmptyGroup { .. } => false,
        }
    }

    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::DuplicateModule { .. }
            | Self::NothingToOverride { .. }
            | Self::NothingToDecorate { .. } => 0,
            Self::InvalidVersion { .. }
            | Self::InvalidName { .. }
            | Self::InvalidInstance { .. }
            | Self::CoreTooOld { .. } => 1,
            Self::DuplicatePrefix { .. } | Self::SeveralConfigs { .. } => 2,
            Self::DuplicateService { .. } => 3,
            Self::Missing { .. } => 4,
            Self::Ambiguous { .. } => 5,
            Self::Cycle { .. } => 6,
            Self::UnknownComponent { .. } | Self::EmptyGroup { .. } => 7,
            Self::Wire { .. } => 8,
        }
    }
}

/// What is wrong with declarations on their own.
pub(crate) fn of_declarations(modules: &[Declared]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let core = Version::parse(CORE).expect("Cargo only builds packages with a valid version");
    for module in modules {
        of_declaration(module, &core, &mut problems);
    }
    for same in modules.chunk_by(|a, b| a.name() == b.name()) {
        if same.len() > 1 {
            problems.push(Problem::DuplicateModule {
                name: same[0].name().to_owned(),
                types: same.iter().map(|module| module.type_name).collect(),
            });
        }
    }
    let sections = modules.iter().filter_map(|module| {
        let section = module.declaration.section.as_ref()?;
        Some((section.prefix(), module.name()))
    });
    let mut prefixes: Vec<(&str, &str)> = sections.collect();
    prefixes.sort_unstable();
    for same in prefixes.chunk_by(|a, b| a.0 == b.0) {
        let prefix = same[0].0;
        // Modules of one name are a problem already.
        if same.iter().all(|(_, module)| *module == same[0].1) && prefix != "app" {
            continue;
        }
        let mut owners: Vec<_> = same
            .iter()
            .map(|(_, module)| (*module).to_owned())
            .collect();
        if prefix == "app" {
            owners.insert(0, "the application".to_owned());
        }
        problems.push(Problem::DuplicatePrefix {
            prefix: prefix.to_owned(),
            modules: owners,
        });
    }
    problems
}

fn of_declaration(module: &Declared, core: &Version, problems: &mut Vec<Problem>) {
    let declaration = &module.declaration;
    if let (Some(section), [_, ..]) = (&declaration.section, &declaration.other_sections[..]) {
        let sections = std::iter::once(section).chain(&declaration.other_sections);
        problems.push(Problem::SeveralConfigs {
            module: module.name().to_owned(),
            prefixes: sections.map(|it| it.base().to_owned()).collect(),
        });
    }
    let mut parse = |text: &str| {
        let version = Version::parse(text).ok();
        if version.is_none() {
            problems.push(Problem::InvalidVersion {
                module: module.name().to_owned(),
                version: text.to_owned(),
            });
        }
        version
    };
    parse(&module.declaration.version);
    let minimum = module.declaration.core.as_deref().and_then(&mut parse);
    if let Some(minimum) = minimum.filter(|minimum| minimum > core) {
        problems.push(Problem::CoreTooOld {
            module: module.name().to_owned(),
            minimum: minimum.to_string(),
        });
    }
    let kebab = |name: &str| {
        let symbol = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        !name.is_empty() && name.bytes().all(symbol)
    };
    let instance = module.declaration.instance.as_deref();
    let own = instance.and_then(|it| module.name().strip_suffix(it)?.strip_suffix('@'));
    // It stands in graphs, metrics and log lines, and before the `@` of an instance.
    if !kebab(own.unwrap_or(module.name())) {
        problems.push(Problem::InvalidName {
            module: module.name().to_owned(),
        });
    }
    // The configuration says so too.
    let instance = instance.filter(|_| module.declaration.section.is_none());
    if instance.is_some_and(|instance| !kebab(instance)) {
        problems.push(Problem::InvalidInstance {
            module: module.name().to_owned(),
        });
    }
}

/// `a`, `b` and `c`.
fn listed(names: &[impl fmt::Display]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
