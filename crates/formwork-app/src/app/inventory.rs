//! What an application is made of, for those who look at it while it runs.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::{Timeline, TimelineEntry};
use crate::declaration::NeedKind;
use crate::plan::{Declared, Graph, Plan, describe};
use crate::{Scope, Tasks};

/// A module of a running application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ModuleInfo {
    /// Its name, with that of its instance.
    pub name: String,
    /// Which of several instances of the module it is.
    pub instance: Option<String>,
    /// Its version.
    pub version: String,
    /// The oldest version of `formwork-app` it works with.
    pub minimum_core: Option<String>,
    /// The prefix of its configuration.
    pub prefix: Option<String>,
    /// Its level: modules of one level start together.
    pub level: usize,
    /// How long its start took, in milliseconds when serialised; `None` until it has started.
    #[serde(rename = "start_ms", serialize_with = "milliseconds")]
    pub start: Option<Duration>,
    /// Its running tasks.
    pub tasks: Vec<String>,
    /// What it provides.
    pub services: Vec<ServiceEntry>,
    /// What it cannot work without.
    pub needs: Vec<String>,
    /// What it uses when it is there.
    pub wants: Vec<String>,
    /// What it takes of whoever contributes it.
    pub collects: Vec<String>,
    /// What it contributes to whoever collects it.
    pub contributes: Vec<String>,
    /// What it decorates.
    pub decorates: Vec<String>,
}

/// A service of a running application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ServiceEntry {
    /// Its type; of a service for each tenant, the type of what each has.
    pub service: String,
    /// Its name.
    pub name: Option<String>,
    /// How many there are of it.
    pub scope: Scope,
    /// What decides between several.
    pub priority: i32,
    /// The modules that decorate it, from the inside out.
    pub decorated_by: Vec<String>,
}

/// What an application is made of. Cheap to clone; the application itself provides an
/// `Arc<Inventory>` to modules that need it, such as an admin endpoint.
///
/// It is complete once everything has been wired, which is before anything starts; until then it
/// has no modules.
#[derive(Clone, Default)]
pub struct Inventory {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    wired: OnceLock<Wired>,
    live: Mutex<Vec<Live>>,
    timeline: OnceLock<Timeline>,
}

/// What is known once everything was wired.
struct Wired {
    plan: Arc<Plan>,
    declared: Arc<Vec<Declared>>,
}

/// What a module does at the moment.
struct Live {
    module: usize,
    level: usize,
    tasks: Tasks,
    start: Option<Duration>,
}

impl Inventory {
    /// The modules in the order of their start.
    pub fn modules(&self) -> Vec<ModuleInfo> {
        let Some(wired) = self.shared.wired.get() else {
            return Vec::new();
        };
        let live = self.live();
        live.iter().map(|live| wired.info(live)).collect()
    }

    /// The services of the application itself, such as its clock.
    pub fn own_services(&self) -> Vec<ServiceEntry> {
        self.shared
            .wired
            .get()
            .map_or_else(Vec::new, |wired| wired.services(None))
    }

    /// The modules and what ties them; `None` until everything has been wired.
    pub fn graph(&self) -> Option<&Graph> {
        let wired = self.shared.wired.get()?;
        Some(wired.plan.graph(&wired.declared))
    }

    /// When each module started; `None` until all have.
    pub fn timeline(&self) -> Option<&Timeline> {
        self.shared.timeline.get()
    }

    pub(crate) fn accepting(&self, timeline: Timeline) {
        // An application starts once, so that this is the first time.
        let _ = self.shared.timeline.set(timeline);
    }

    pub(crate) fn wired(&self, plan: Arc<Plan>, declared: Arc<Vec<Declared>>) {
        // An application is wired once, so that this is the first time.
        let _ = self.shared.wired.set(Wired { plan, declared });
    }

    /// Modules are added in the order of their start.
    pub(crate) fn add(&self, module: usize, level: usize, tasks: Tasks) {
        self.live().push(Live {
            module,
            level,
            tasks,
            start: None,
        });
    }

    /// Takes over how long modules took, in the order of their start.
    pub(crate) fn started(&self, entries: &[TimelineEntry]) {
        let Some(wired) = self.shared.wired.get() else {
            return;
        };
        let mut live = self.live();
        let mut live = live.iter_mut().filter(|live| live.start.is_none());
        for entry in entries {
            let found = live.find(|live| wired.declared[live.module].name() == entry.module);
            if let Some(live) = found {
                live.start = Some(entry.took);
            }
        }
    }

    fn live(&self) -> MutexGuard<'_, Vec<Live>> {
        let live = self.shared.live.lock();
        live.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wired {
    fn info(&self, live: &Live) -> ModuleInfo {
        let declaration = &self.declared[live.module].declaration;
        let needs = |kind: NeedKind| {
            let needs = declaration.needs.iter().filter(|need| need.kind == kind);
            let texts = needs.map(|need| describe(need.service, need.name.as_deref()));
            texts.collect()
        };
        let text = |text: &std::borrow::Cow<'static, str>| text.clone().into_owned();
        let section = declaration.section.as_ref();
        ModuleInfo {
            name: text(&declaration.name),
            instance: declaration.instance.as_ref().map(text),
            version: text(&declaration.version),
            minimum_core: declaration.core.as_ref().map(text),
            prefix: section.map(|section| section.prefix().to_owned()),
            level: live.level,
            start: live.start,
            tasks: live.tasks.names(),
            services: self.services(Some(live.module)),
            needs: needs(NeedKind::Needs),
            wants: needs(NeedKind::Wants),
            collects: needs(NeedKind::Collects),
            contributes: declaration
                .contributes
                .iter()
                .map(ToString::to_string)
                .collect(),
            decorates: declaration
                .decorates
                .iter()
                .map(|decoration| decoration.service.to_string())
                .collect(),
        }
    }

    fn services(&self, owner: Option<usize>) -> Vec<ServiceEntry> {
        let slots = self.plan.slots.iter().filter(|slot| slot.owner == owner);
        let decorators = |service| {
            let modules = self.plan.decorators(service).iter();
            let others = modules.filter(|module| Some(**module) != owner);
            others
                .map(|module| self.declared[*module].name().to_owned())
                .collect()
        };
        slots
            .map(|slot| ServiceEntry {
                service: slot.tenant.unwrap_or(slot.service).to_string(),
                name: slot.name.clone().map(Into::into),
                scope: slot.scope,
                priority: slot.priority,
                decorated_by: decorators(slot.service),
            })
            .collect()
    }
}

impl fmt::Debug for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inventory")
            .field("modules", &self.live().len())
            .finish()
    }
}

fn milliseconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serializer.serialize_some(&crate::milliseconds::milliseconds(*duration)),
        None => serializer.serialize_none(),
    }
}
