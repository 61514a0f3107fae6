//! Where modules get what they need and hand over what they provide.

use std::cell::RefCell;
use std::sync::Arc;

use formwork_config::{Config, Snapshot};
use formwork_domain::TenantId;

use crate::declaration::{NeedKind, Provision, ServiceType};
use crate::event::Events;
use crate::health::Health;
use crate::plan::{Declared, Plan, describe};
use crate::registry::{Decorator, Registry};
use crate::{
    Class, Error, HealthCheck, Lifecycle, Live, PerTenant, Reloads, ServiceInfo, TenantServices,
    reload,
};

/// Why a module could not be wired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The module asks for a service without having declared the need.
    #[error("asks for `{service}` without declaring that it needs it")]
    UndeclaredNeed {
        /// The service.
        service: String,
    },
    /// The module hands over a service without having declared it.
    #[error("hands over `{service}` without declaring that it provides it")]
    UndeclaredService {
        /// The service.
        service: String,
    },
    /// The module hands a service over twice.
    #[error("hands over `{service}` twice")]
    ProvidedTwice {
        /// The service.
        service: String,
    },
    /// The module promised a service and did not hand it over.
    #[error("declares that it provides `{service}` and does not hand it over")]
    NotProvided {
        /// The service.
        service: String,
    },
    /// The module hands over one service where it declared one for each tenant.
    #[error("hands over `{service}` without a tenant; it is declared for each tenant")]
    ProvidedWithoutTenant {
        /// The service.
        service: String,
    },
    /// The module asks for one service where there is one for each tenant.
    #[error("asks for `{service}` without a tenant; there is one for each tenant")]
    TakenWithoutTenant {
        /// The service.
        service: String,
    },
    /// The module wraps a service without having declared it.
    #[error("decorates `{service}` without declaring it")]
    UndeclaredDecoration {
        /// The service.
        service: String,
    },
    /// The module wraps a service twice.
    #[error("decorates `{service}` twice")]
    DecoratedTwice {
        /// The service.
        service: String,
    },
    /// The module promised to wrap a service and did not.
    #[error("declares that it decorates `{service}` and does not")]
    NotDecorated {
        /// The service.
        service: String,
    },
    /// The decorator of a module gave it another name.
    #[error("is called `{name}` by one of its decorators")]
    Renamed {
        /// The other name.
        name: String,
    },
    /// The provider of the service failed.
    #[error("gets no `{service}` because its provider failed")]
    ProviderFailed {
        /// The service.
        service: String,
    },
    /// Nobody provides the service.
    #[error("nobody provides `{service}`")]
    NotFound {
        /// The service.
        service: String,
    },
    /// The module reads its configuration with another type than it declared.
    #[error("reads its configuration as `{type_name}`, which is not what it declared")]
    Config {
        /// The type.
        type_name: &'static str,
    },
    /// Two health checks have one name.
    #[error("registers the health check `{name}`, which exists already")]
    DuplicateCheck {
        /// The name.
        name: String,
    },
    /// The module panicked.
    #[error("panicked: {message}")]
    Panicked {
        /// The words of the panic.
        message: String,
    },
    /// The module's own reason.
    #[error(transparent)]
    Module(#[from] Error),
}

impl WireError {
    /// Which kind of mistake it is; that of the module's own reason is the module's.
    pub fn class(&self) -> Class {
        match self {
            Self::Config { .. } => Class::Config,
            Self::NotFound { .. } | Self::ProviderFailed { .. } => Class::Dependency,
            Self::Panicked { .. } => Class::Lifecycle,
            Self::Module(error) => error.class(),
            _ => Class::Validation,
        }
    }
}

/// Hands a module what it needs and takes what it provides.
///
/// Handles are resolved here, once: keep them in plain typed fields.
pub struct Wiring<'a> {
    module: usize,
    modules: &'a [Declared],
    plan: &'a Plan,
    registry: &'a mut Registry,
    shared: &'a Shared<'a>,
    /// What was asked for without having been declared, where the answer cannot say so.
    undeclared: RefCell<Vec<ServiceType>>,
}

/// What all modules see while they are wired.
pub(crate) struct Shared<'a> {
    pub(crate) service: &'a ServiceInfo,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) reloads: &'a Reloads,
    pub(crate) health: &'a Health,
    pub(crate) lifecycle: &'a Lifecycle,
    pub(crate) events: &'a Events,
}

impl<'a> Wiring<'a> {
    pub(crate) fn new(
        module: usize,
        modules: &'a [Declared],
        plan: &'a Plan,
        registry: &'a mut Registry,
        shared: &'a Shared<'a>,
    ) -> Self {
        Self {
            module,
            modules,
            plan,
            registry,
            shared,
            undeclared: RefCell::default(),
        }
    }

    /// The `T` the module declared to need.
    ///
    /// # Errors
    /// When it did not declare it, or the provider failed.
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<T>, WireError> {
        self.lookup(None)
    }

    /// The `T` of this name the module declared to need.
    ///
    /// # Errors
    /// When it did not declare it, or the provider failed.
    pub fn get_named<T: ?Sized + Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<Arc<T>, WireError> {
        self.lookup(Some(name))
    }

    /// The `T` the module declared to want, when there is one.
    ///
    /// Asking for what was not declared fails the wiring of the module.
    pub fn find<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.require_declared::<T>(|kind| kind != NeedKind::Collects);
        self.lookup(None).ok()
    }

    /// Every `T` that was contributed, in the order of the contributing modules.
    ///
    /// Asking for what was not declared fails the wiring of the module.
    pub fn all<T: ?Sized + Send + Sync + 'static>(&self) -> Vec<Arc<T>> {
        self.require_declared::<T>(|kind| kind == NeedKind::Collects);
        self.registry.contributions::<T>()
    }

    /// Hands over the `T` the module declared to provide.
    ///
    /// # Errors
    /// When it did not declare it, or hands it over a second time.
    pub fn provide<T: ?Sized + Send + Sync + 'static>(
        &mut self,
        service: Arc<T>,
    ) -> Result<(), WireError> {
        self.fill(None, service)
    }

    /// Hands over the `T` the module declared to provide under this name.
    ///
    /// # Errors
    /// When it did not declare it, or hands it over a second time.
    pub fn provide_named<T: ?Sized + Send + Sync + 'static>(
        &mut self,
        name: &str,
        service: Arc<T>,
    ) -> Result<(), WireError> {
        self.fill(Some(name), service)
    }

    /// Adds a `T` to those that others collect; as often as needed.
    ///
    /// # Errors
    /// When the module did not declare that it contributes a `T`.
    pub fn contribute<T: ?Sized + Send + Sync + 'static>(
        &mut self,
        value: Arc<T>,
    ) -> Result<(), WireError> {
        let service = ServiceType::of::<T>();
        if !self.declared().declaration.contributes.contains(&service) {
            return Err(WireError::UndeclaredService {
                service: service.to_string(),
            });
        }
        self.registry
            .contribute(service, self.module, Box::new(value));
        Ok(())
    }

    /// Hands over how a tenant's `T` is made, which the module declared to provide for each tenant.
    /// It is made when somebody first asks for it.
    ///
    /// # Errors
    /// When it did not declare it, or hands it over a second time.
    pub fn provide_per_tenant<T: ?Sized + Send + Sync + 'static>(
        &mut self,
        make: impl Fn(&TenantId) -> Result<Arc<T>, Error> + Send + Sync + 'static,
    ) -> Result<(), WireError> {
        let services = PerTenant::new(make);
        self.fill(None, Arc::new(services.clone()))?;
        self.registry.tenants.add(&services);
        Ok(())
    }

    /// One `T` for each tenant, for the module's own use: nobody else gets it. It is made when it is
    /// first asked for, and let go of with all other services of the tenant.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use formwork_app::{Declaration, Module, PerTenant, WireError, Wiring};
    ///
    /// /// Where a tenant's invoices are drawn.
    /// struct Letterhead(String);
    ///
    /// #[derive(Default)]
    /// struct Invoices {
    ///     letterheads: Option<PerTenant<Letterhead>>,
    /// }
    ///
    /// impl Module for Invoices {
    ///     fn declare(&self) -> Declaration {
    ///         Declaration::new("invoices")
    ///     }
    ///
    ///     fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
    ///         let letterheads = wiring.keep_per_tenant(|tenant| {
    ///             Ok(Arc::new(Letterhead(tenant.to_string())))
    ///         });
    ///         self.letterheads = Some(letterheads);
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn keep_per_tenant<T: ?Sized + Send + Sync + 'static>(
        &mut self,
        make: impl Fn(&TenantId) -> Result<Arc<T>, Error> + Send + Sync + 'static,
    ) -> PerTenant<T> {
        let services = PerTenant::new(make);
        self.registry.tenants.add(&services);
        services
    }

    /// The handle to the `T` of each tenant, which the module declared to need.
    ///
    /// # Errors
    /// When it did not declare it, or the provider failed.
    pub fn per_tenant<T: ?Sized + Send + Sync + 'static>(&self) -> Result<PerTenant<T>, WireError> {
        self.get::<PerTenant<T>>()
            .map(|handle| PerTenant::clone(&handle))
    }

    /// What lets go of everything that was made for a tenant.
    pub fn tenant_services(&self) -> TenantServices {
        self.registry.tenants.clone()
    }

    /// Wraps every `T` that others provide or contribute, as the module declared. Those that need
    /// a `T` get what `wrap` returns; a module that decorates a `T` and needs one gets it as it is.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use formwork_app::{Declaration, Module, WireError, Wiring};
    ///
    /// trait Store: Send + Sync {
    ///     fn read(&self, key: &str) -> Option<String>;
    /// }
    ///
    /// struct Logged(Arc<dyn Store>);
    ///
    /// impl Store for Logged {
    ///     fn read(&self, key: &str) -> Option<String> {
    ///         tracing::debug!(key, "read");
    ///         self.0.read(key)
    ///     }
    /// }
    ///
    /// struct StoreLogging;
    ///
    /// impl Module for StoreLogging {
    ///     fn declare(&self) -> Declaration {
    ///         Declaration::new("store-logging").decorates::<dyn Store>()
    ///     }
    ///
    ///     fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
    ///         wiring.decorate::<dyn Store>(|inner| Arc::new(Logged(inner)))
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// When the module did not declare it, or does it a second time.
    pub fn decorate<T: ?Sized + Send + Sync + 'static>(
        &mut self,
        wrap: impl Fn(Arc<T>) -> Arc<T> + Send + 'static,
    ) -> Result<(), WireError> {
        let service = ServiceType::of::<T>();
        let text = || service.to_string();
        let mut declared = self.declared().declaration.decorates.iter();
        if !declared.any(|decoration| decoration.service == service) {
            return Err(WireError::UndeclaredDecoration { service: text() });
        }
        let decorator = Decorator::new(self.module, wrap);
        if !self.registry.decorate(service, decorator) {
            return Err(WireError::DecoratedTwice { service: text() });
        }
        Ok(())
    }

    /// The module's configuration, as declared.
    ///
    /// # Errors
    /// When it was declared with another type, or not at all.
    pub fn config<C: Config>(&self) -> Result<C, WireError> {
        let section = self.declared().declaration.section.as_ref();
        let config =
            section.and_then(|section| self.shared.snapshot.get::<C>(section.prefix()).ok());
        config.ok_or_else(|| WireError::Config {
            type_name: std::any::type_name::<C>(),
        })
    }

    /// The module's configuration, as declared, always as of the last reload.
    ///
    /// # Errors
    /// When it was declared with another type, or not at all.
    pub fn live<C: Config>(&self) -> Result<Live<C>, WireError> {
        let section = self.declared().declaration.section.as_ref();
        let live =
            section.and_then(|section| Live::new(self.shared.reloads.live(), section.prefix()));
        live.ok_or_else(|| WireError::Config {
            type_name: std::any::type_name::<C>(),
        })
    }

    /// Registers a check that runs in the background once the application has started.
    ///
    /// # Errors
    /// When there is one of this name already; `config` is that of reloads.
    pub fn health_check(&mut self, mut check: HealthCheck) -> Result<(), WireError> {
        if let Some(instance) = &self.declared().declaration.instance {
            check = check.of_instance(instance);
        }
        let taken = |other: &HealthCheck| other.name() == check.name();
        if self.registry.checks.iter().any(taken) || check.name() == reload::COMPONENT {
            return Err(WireError::DuplicateCheck {
                name: check.name().to_owned(),
            });
        }
        self.registry.checks.push(check);
        Ok(())
    }

    /// The health of the application.
    pub fn health(&self) -> Health {
        self.shared.health.clone()
    }

    /// The state of the application.
    pub fn lifecycle(&self) -> Lifecycle {
        self.shared.lifecycle.clone()
    }

    /// Emits events, once the application starts. What is emitted while wiring reaches nobody.
    pub fn events(&self) -> Events {
        self.shared.events.clone()
    }

    /// The service this is.
    pub fn service(&self) -> &ServiceInfo {
        self.shared.service
    }

    /// The first thing that was asked for without having been declared.
    pub(crate) fn finish(self) -> Result<(), WireError> {
        match self.undeclared.into_inner().first() {
            None => Ok(()),
            Some(service) => Err(WireError::UndeclaredNeed {
                service: service.to_string(),
            }),
        }
    }

    fn require_declared<T: ?Sized + 'static>(&self, fits: impl Fn(NeedKind) -> bool) {
        let service = ServiceType::of::<T>();
        let mut needs = self.declared().declaration.needs.iter();
        if !needs.any(|need| need.service == service && fits(need.kind)) {
            self.undeclared.borrow_mut().push(service);
        }
    }

    fn declared(&self) -> &'a Declared {
        &self.modules[self.module]
    }

    fn lookup<T: ?Sized + Send + Sync + 'static>(
        &self,
        name: Option<&str>,
    ) -> Result<Arc<T>, WireError> {
        let service = ServiceType::of::<T>();
        let text = || describe(service, name);
        let binding = |service| self.plan.binding(self.modules, self.module, service, name);
        match binding(service) {
            Some(Some(slot)) => self
                .registry
                .get(slot)
                .ok_or_else(|| WireError::ProviderFailed { service: text() }),
            Some(None) => Err(WireError::NotFound { service: text() }),
            None if binding(ServiceType::of::<PerTenant<T>>()).is_some() => {
                Err(WireError::TakenWithoutTenant { service: text() })
            }
            None => Err(WireError::UndeclaredNeed { service: text() }),
        }
    }

    fn fill<T: ?Sized + Send + Sync + 'static>(
        &mut self,
        name: Option<&str>,
        value: Arc<T>,
    ) -> Result<(), WireError> {
        let service = ServiceType::of::<T>();
        let text = || describe(service, name);
        let named = |it: &Provision| it.own_name() == name;
        let declared = self.declared();
        let provides = &declared.declaration.provides;
        let owned = self.plan.slots.owned(self.module, declared);
        let mut promised = provides.iter().zip(owned);
        let Some((_, slot)) = promised.find(|(it, _)| it.service == service && named(it)) else {
            let mut provides = provides.iter();
            if provides.any(|it| it.tenant == Some(service) && named(it)) {
                return Err(WireError::ProvidedWithoutTenant { service: text() });
            }
            return Err(WireError::UndeclaredService { service: text() });
        };
        if !self.registry.fill(slot, Box::new(value)) {
            return Err(WireError::ProvidedTwice { service: text() });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Wiring<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wiring")
            .field("module", &self.declared().name())
            .finish_non_exhaustive()
    }
}
