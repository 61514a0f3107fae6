//! Lets every module take what it needs, in the order of their start.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use formwork_domain::{Clock, Identifiers};

use super::{AppConfig, Calls, Inventory, Prepared, StartError};
use crate::declaration::{NeedKind, ServiceType};
use crate::event::{Events, Observer, Source};
use crate::health::{Health, Unchecked, join_groups};
use crate::panic::panic_message;
use crate::plan::{Declared, Plan, Problem, WiringErrors};
use crate::registry::{Broken, Registry, Services};
use crate::wiring::Shared;
use crate::{
    HealthCheck, Lifecycle, Module, Reloads, ServiceInfo, SystemClock, UuidV7, WireError, Wiring,
    reload,
};

/// An application whose modules hold their handles; nothing is started yet.
pub(crate) struct Wired {
    pub(crate) service: ServiceInfo,
    pub(crate) modules: Vec<Box<dyn Module>>,
    pub(crate) declared: Arc<Vec<Declared>>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) reloads: Arc<Reloads>,
    pub(crate) config: AppConfig,
    pub(crate) inventory: Inventory,
    pub(crate) services: Services,
    pub(crate) checks: Vec<HealthCheck>,
    pub(crate) unchecked: Vec<Unchecked>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) health: Health,
    pub(crate) events: Events,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) calls: Calls,
}

impl Prepared {
    pub(crate) fn wire(mut self) -> Result<Wired, StartError> {
        self.calls.may_use(self.config.memory_limit);
        let lifecycle = Lifecycle::new();
        let health = Health::new(lifecycle.clone());
        let events = Events::default();
        let mut registry = Registry::new(self.plan.slots.len());
        // The application's own slots come first, in the order it was given them.
        for (slot, own) in std::mem::take(&mut self.own).into_iter().enumerate() {
            registry.fill(slot, own.value);
        }

        let snapshot = self.reloads.current();
        let shared = Shared {
            service: &self.service,
            snapshot: &snapshot,
            reloads: &self.reloads,
            health: &health,
            lifecycle: &lifecycle,
            events: &events,
        };
        let mut problems = Vec::new();
        for index in self.plan.order() {
            self.decorate(index, &mut registry, &mut problems);
            let module = &mut self.modules[index];
            let mut wiring = Wiring::new(index, &self.declared, &self.plan, &mut registry, &shared);
            let declaration = &self.declared[index].declaration;
            let (name, instance) = (&*declaration.name, declaration.instance.as_deref());
            let span =
                tracing::error_span!("module", module = name, instance, phase = "wire").entered();
            let limit = declaration.start_timeout;
            let limit = limit.unwrap_or(self.config.start_timeout);
            let entered = self.calls.enter(name, "wire", limit);
            let wire = AssertUnwindSafe(|| module.wire(&mut wiring));
            let outcome = catch_unwind(wire).unwrap_or_else(|panic| {
                Err(WireError::Panicked {
                    message: panic_message(&*panic).to_owned(),
                })
            });
            drop((entered, span));
            let outcome = outcome
                .and_then(|()| wiring.finish())
                .and_then(|()| self.kept(index, &registry));
            match outcome {
                // The provider's own failure is the one to mend.
                Ok(()) | Err(WireError::ProviderFailed { .. }) => {}
                Err(error) => problems.push(Problem::Wire {
                    module: self.declared[index].name().to_owned(),
                    error,
                }),
            }
        }
        self.decorate_rest(&mut registry, &mut problems);
        // Whoever can ask for a reload makes the last one a component, which has not failed yet.
        let reloads = ServiceType::of::<Reloads>();
        let needs = |module: &Declared| {
            let mut needs = module.declaration.needs.iter();
            needs.any(|need| need.service == reloads)
        };
        let mut unchecked = Vec::new();
        if self.declared.iter().any(needs) {
            unchecked.push(Unchecked::new(reload::COMPONENT));
        }
        // Components of a module that failed are not known: then nothing can be said of groups.
        if let Some(groups) = self.config.health_groups.as_ref()
            && problems.is_empty()
        {
            problems = join_groups(groups, &mut registry.checks, &mut unchecked, &snapshot);
        }
        if !problems.is_empty() {
            let mut graph = self.plan.graph(&self.declared).clone();
            graph.mark(&problems);
            return Err(WiringErrors { problems, graph }.into());
        }
        self.inventory
            .wired(Arc::clone(&self.plan), Arc::clone(&self.declared));
        let mut observers = self.observers;
        observers.extend(registry.contributions::<dyn Observer>());
        Ok(Wired {
            service: self.service,
            modules: self.modules,
            declared: self.declared,
            reloads: self.reloads,
            config: self.config,
            inventory: self.inventory,
            checks: std::mem::take(&mut registry.checks),
            unchecked,
            services: registry.freeze(&self.plan),
            plan: self.plan,
            lifecycle,
            health,
            events,
            observers,
            calls: self.calls,
        })
    }

    /// Wraps what the module is about to take: whoever decorates it has been wired.
    fn decorate(&self, module: usize, registry: &mut Registry, problems: &mut Vec<Problem>) {
        if !registry.has_decorators() {
            return;
        }
        let declaration = &self.declared[module].declaration;
        let own = |service: ServiceType| {
            let mut decorates = declaration.decorates.iter();
            decorates.any(|decoration| decoration.service == service)
        };
        let mut broken = Vec::new();
        for slot in self.plan.bound(module) {
            if !own(self.plan.slots[slot].service) {
                registry.finish_slot(&self.plan, slot, &mut broken);
            }
        }
        for need in &declaration.needs {
            if need.kind == NeedKind::Collects && !own(need.service) {
                registry.finish_contributions(&self.plan, need.service, &mut broken);
            }
        }
        self.blame(broken, problems);
    }

    /// Wraps what no module took.
    fn decorate_rest(&self, registry: &mut Registry, problems: &mut Vec<Problem>) {
        if !registry.has_decorators() {
            return;
        }
        let mut broken = Vec::new();
        for slot in 0..self.plan.slots.len() {
            registry.finish_slot(&self.plan, slot, &mut broken);
        }
        for module in self.declared.iter() {
            for service in &module.declaration.contributes {
                registry.finish_contributions(&self.plan, *service, &mut broken);
            }
        }
        self.blame(broken, problems);
    }

    fn blame(&self, broken: Vec<Broken>, problems: &mut Vec<Problem>) {
        problems.extend(broken.into_iter().map(|(module, message)| Problem::Wire {
            module: self.declared[module].name().to_owned(),
            error: WireError::Panicked { message },
        }));
    }

    /// Whether the module did what it declared.
    fn kept(&self, index: usize, registry: &Registry) -> Result<(), WireError> {
        let declared = &self.declared[index];
        let mut owned = self.plan.slots.owned(index, declared);
        if let Some(slot) = owned.find(|slot| !registry.is_filled(*slot)) {
            return Err(WireError::NotProvided {
                service: self.plan.slots[slot].describe(),
            });
        }
        let mut decorates = declared.declaration.decorates.iter();
        match decorates.find(|it| !registry.is_decorated_by(it.service, index)) {
            Some(decoration) => Err(WireError::NotDecorated {
                service: decoration.service.to_string(),
            }),
            None => Ok(()),
        }
    }
}

impl Wired {
    /// What stamps events: the application's clock and identifiers, whoever provides them.
    pub(crate) fn source(&self) -> Source {
        let clock = self.services.get::<dyn Clock>();
        let identifiers = self.services.get::<dyn Identifiers>();
        Source {
            service: self.service.name.clone(),
            clock: clock.unwrap_or_else(|_| Arc::new(SystemClock)),
            identifiers: identifiers.unwrap_or_else(|_| Arc::new(UuidV7)),
        }
    }
}
