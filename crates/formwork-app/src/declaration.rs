//! What a module says about itself before anything happens.

use std::any::TypeId;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use formwork_config::{Config, Section};
use serde::{Serialize, Serializer};

use crate::PerTenant;

/// A module's name, version, configuration, needs and services.
///
/// ```
/// use formwork_app::Declaration;
///
/// struct Pool;
/// trait Notifier: Send + Sync {}
///
/// let declaration = Declaration::new("relay")
///     .version(env!("CARGO_PKG_VERSION"))
///     .needs::<Pool>()
///     .wants::<dyn Notifier>();
/// ```
#[derive(Debug, Clone)]
pub struct Declaration {
    pub(crate) name: Cow<'static, str>,
    pub(crate) instance: Option<Cow<'static, str>>,
    pub(crate) version: Cow<'static, str>,
    pub(crate) core: Option<Cow<'static, str>>,
    pub(crate) section: Option<Section>,
    /// What was declared beside it, which is a mistake.
    pub(crate) other_sections: Vec<Section>,
    pub(crate) needs: Vec<Need>,
    pub(crate) provides: Vec<Provision>,
    pub(crate) contributes: Vec<ServiceType>,
    pub(crate) decorates: Vec<Decoration>,
    pub(crate) starts_first: bool,
    pub(crate) start_timeout: Option<Duration>,
    pub(crate) stop_timeout: Option<Duration>,
}

impl Declaration {
    /// A module with this name, unique in the application, in kebab-case.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            instance: None,
            version: Cow::Borrowed("0.0.0"),
            core: None,
            section: None,
            other_sections: Vec::new(),
            needs: Vec::new(),
            provides: Vec::new(),
            contributes: Vec::new(),
            decorates: Vec::new(),
            starts_first: false,
            start_timeout: None,
            stop_timeout: None,
        }
    }

    /// This is one of several instances of the module, called `name` in kebab-case.
    ///
    /// The module is `{module}@{name}` then. Its configuration is that under its prefix overlaid by
    /// that under `{prefix}.instances.{name}`. What it provides others find under the name of the
    /// instance, or `{service}@{name}` where it has a name already; the module itself declares and
    /// hands it over as if it were alone. Its health checks are `{check}@{name}`.
    ///
    /// ```
    /// use formwork_app::{Declaration, Module};
    ///
    /// struct Pool;
    ///
    /// /// A database; the instance is `None` for the only one.
    /// struct Database {
    ///     instance: Option<&'static str>,
    /// }
    ///
    /// impl Module for Database {
    ///     fn declare(&self) -> Declaration {
    ///         let declaration = Declaration::new("database").provides::<Pool>();
    ///         match self.instance {
    ///             Some(instance) => declaration.instance(instance),
    ///             None => declaration,
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// Where nothing depends on the instance, [`App::instance`](crate::App::instance) does the same
    /// from outside.
    #[must_use]
    pub fn instance(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.instance = Some(name.into());
        self
    }

    /// The module's own version; pass `env!("CARGO_PKG_VERSION")`.
    #[must_use]
    pub fn version(mut self, version: impl Into<Cow<'static, str>>) -> Self {
        self.version = version.into();
        self
    }

    /// The oldest version of `formwork-app` the module works with, such as `0.2.0`.
    #[must_use]
    pub fn minimum_core(mut self, version: impl Into<Cow<'static, str>>) -> Self {
        self.core = Some(version.into());
        self
    }

    /// The module is configured by the struct `C` under `prefix`. It has one struct: what else there
    /// is to set are structs within it, and a second declaration is a mistake.
    #[must_use]
    pub fn config<C: Config>(mut self, prefix: impl Into<String>) -> Self {
        let section = Section::of::<C>(prefix);
        match self.section {
            None => self.section = Some(section),
            Some(_) => self.other_sections.push(section),
        }
        self
    }

    /// The module cannot work without a `T`.
    #[must_use]
    pub fn needs<T: ?Sized + 'static>(self) -> Self {
        self.need(ServiceType::of::<T>(), None, NeedKind::Needs)
    }

    /// The module cannot work without the `T` of this name.
    #[must_use]
    pub fn needs_named<T: ?Sized + 'static>(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.need(ServiceType::of::<T>(), Some(name.into()), NeedKind::Needs)
    }

    /// The module cannot work without a `T` for each tenant; see
    /// [`Wiring::per_tenant`](crate::Wiring::per_tenant).
    #[must_use]
    pub fn needs_per_tenant<T: ?Sized + 'static>(self) -> Self {
        self.needs::<PerTenant<T>>()
    }

    /// The module uses a `T` when there is one.
    #[must_use]
    pub fn wants<T: ?Sized + 'static>(self) -> Self {
        self.need(ServiceType::of::<T>(), None, NeedKind::Wants)
    }

    /// The module takes every `T` that others contribute, also none.
    #[must_use]
    pub fn collects<T: ?Sized + 'static>(self) -> Self {
        self.need(ServiceType::of::<T>(), None, NeedKind::Collects)
    }

    /// The module provides a `T`.
    #[must_use]
    pub fn provides<T: ?Sized + 'static>(self) -> Self {
        self.offers(Provision::of::<T>())
    }

    /// The module provides a `T` under a name.
    #[must_use]
    pub fn provides_named<T: ?Sized + 'static>(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.offers(Provision::of::<T>().named(name))
    }

    /// The module provides a `T` for each tenant; see
    /// [`Wiring::provide_per_tenant`](crate::Wiring::provide_per_tenant).
    #[must_use]
    pub fn provides_per_tenant<T: ?Sized + 'static>(self) -> Self {
        self.offers(Provision::per_tenant_of::<T>())
    }

    /// The module provides a service, described in full.
    #[must_use]
    pub fn offers(mut self, provision: Provision) -> Self {
        self.provides.push(provision);
        self
    }

    /// The module contributes values of type `T` to whoever collects them.
    #[must_use]
    pub fn contributes<T: ?Sized + 'static>(mut self) -> Self {
        self.contributes.push(ServiceType::of::<T>());
        self
    }

    /// The module wraps every `T` that others provide or contribute, under whichever name; see
    /// [`Wiring::decorate`](crate::Wiring::decorate).
    ///
    /// Of several decorators of a `T`, the module registered first is the innermost and the one
    /// registered last is what consumers call. A service for each tenant is decorated as
    /// `PerTenant<T>`.
    #[must_use]
    pub fn decorates<T: ?Sized + 'static>(self) -> Self {
        self.decorates_at::<T>(0)
    }

    /// As [`decorates`](Self::decorates), further out than decorators of lower priority, whenever
    /// they were registered.
    #[must_use]
    pub fn decorates_at<T: ?Sized + 'static>(mut self, priority: i32) -> Self {
        self.decorates.push(Decoration {
            service: ServiceType::of::<T>(),
            priority,
        });
        self
    }

    /// The module starts before all that do not say so, and stops after them: logging.
    #[must_use]
    pub fn starts_first(mut self) -> Self {
        self.starts_first = true;
        self
    }

    /// How long the module may take to start, in place of `app.start-timeout`.
    #[must_use]
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = Some(timeout);
        self
    }

    /// How long the module may take to stop, in place of `app.stop-timeout`.
    #[must_use]
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.stop_timeout = Some(timeout);
        self
    }

    /// With what follows from being an instance.
    pub(crate) fn settled(mut self) -> Self {
        let Some(instance) = self.instance.clone() else {
            return self;
        };
        self.name = format!("{}@{instance}", self.name).into();
        self.section = self.section.map(|section| section.instance(&*instance));
        for provision in &mut self.provides {
            let own = provision.name.take();
            provision.name = Some(match &own {
                Some(name) => format!("{name}@{instance}").into(),
                None => instance.clone(),
            });
            provision.own_name = Some(own);
            if provision.scope == Scope::Global {
                provision.scope = Scope::Instance;
            }
        }
        self
    }

    fn need(
        mut self,
        service: ServiceType,
        name: Option<Cow<'static, str>>,
        kind: NeedKind,
    ) -> Self {
        self.needs.push(Need {
            service,
            name,
            kind,
        });
        self
    }
}

/// How many there are of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scope {
    /// One in the application.
    Global,
    /// One for each tenant, made when it is first asked for.
    Tenant,
    /// One for each instance of the module, under the name of the instance.
    Instance,
}

impl Scope {
    /// The scope in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Tenant => "tenant",
            Self::Instance => "instance",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A service a module provides, with what decides between several.
#[derive(Debug, Clone)]
pub struct Provision {
    pub(crate) service: ServiceType,
    /// The name others find it by.
    pub(crate) name: Option<Cow<'static, str>>,
    /// The name the module hands it over by, which knows nothing of instances, where that is
    /// another one.
    own_name: Option<Option<Cow<'static, str>>>,
    pub(crate) scope: Scope,
    /// What there is one of for each tenant.
    pub(crate) tenant: Option<ServiceType>,
    pub(crate) priority: i32,
    pub(crate) extra: bool,
}

impl Provision {
    /// A `T`, without a name, of priority 0.
    pub fn of<T: ?Sized + 'static>() -> Self {
        Self {
            service: ServiceType::of::<T>(),
            name: None,
            own_name: None,
            scope: Scope::Global,
            tenant: None,
            priority: 0,
            extra: false,
        }
    }

    /// A `T` for each tenant, without a name, of priority 0.
    pub fn per_tenant_of<T: ?Sized + 'static>() -> Self {
        Self {
            scope: Scope::Tenant,
            tenant: Some(ServiceType::of::<T>()),
            ..Self::of::<PerTenant<T>>()
        }
    }

    /// There for whoever wants it: no warning when nobody does.
    #[must_use]
    pub fn extra(mut self) -> Self {
        self.extra = true;
        self
    }

    /// Under a name: for several of one type.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name the module hands it over by.
    pub(crate) fn own_name(&self) -> Option<&str> {
        self.own_name.as_ref().unwrap_or(&self.name).as_deref()
    }

    /// Preferred to those of lower priority.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }
}

/// The type of a service, concrete or `dyn Trait`.
#[derive(Clone, Copy, Eq)]
pub struct ServiceType {
    name: &'static str,
    id: TypeId,
}

impl ServiceType {
    /// The type `T`.
    pub fn of<T: ?Sized + 'static>() -> Self {
        Self {
            name: std::any::type_name::<T>(),
            id: TypeId::of::<T>(),
        }
    }

    pub(crate) fn id(self) -> TypeId {
        self.id
    }

    /// The name with its path, as the compiler writes it.
    pub fn full_name(self) -> &'static str {
        self.name
    }
}

/// The identifier alone decides: comparing the names too would only take time.
impl PartialEq for ServiceType {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// By name, so that the order is the same in every build.
impl Ord for ServiceType {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.name, self.id).cmp(&(other.name, other.id))
    }
}

impl PartialOrd for ServiceType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for ServiceType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Display for ServiceType {
    /// Without the paths: `dyn OutboxStore`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.name;
        while !rest.is_empty() {
            let end = rest
                .find(|symbol: char| !symbol.is_alphanumeric() && symbol != '_' && symbol != ':')
                .unwrap_or(rest.len());
            let (path, tail) = rest.split_at(end);
            f.write_str(path.rsplit("::").next().unwrap_or(path))?;
            let symbol = tail.chars().next().map_or(0, char::len_utf8);
            f.write_str(&tail[..symbol])?;
            rest = &tail[symbol..];
        }
        Ok(())
    }
}

impl fmt::Debug for ServiceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Serialize for ServiceType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a module wraps, and how far out.
#[derive(Debug, Clone)]
pub(crate) struct Decoration {
    pub(crate) service: ServiceType,
    pub(crate) priority: i32,
}

#[derive(Debug, Clone)]
pub(crate) struct Need {
    pub(crate) service: ServiceType,
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) kind: NeedKind,
}

/// How much a module depends on a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NeedKind {
    Needs,
    Collects,
    Wants,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_types_are_written_without_paths() {
        trait Port {}
        assert_eq!(ServiceType::of::<String>().to_string(), "String");
        assert_eq!(ServiceType::of::<dyn Port>().to_string(), "dyn Port");
        assert_eq!(
            ServiceType::of::<Vec<Option<String>>>().to_string(),
            "Vec<Option<String>>"
        );
    }
}
