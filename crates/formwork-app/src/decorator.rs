//! Wrapping modules without hiding what they can do.

use formwork_domain::BoxFuture;

use crate::{Commit, Context, Declaration, Error, Module, Reload, WireError, Wiring};

/// Wraps modules: logging, tenancy, observation. Registered with
/// [`App::decorate_module`](crate::App::decorate_module) or
/// [`App::decorate_modules`](crate::App::decorate_modules).
///
/// Every method hands the call on to the module unless it is implemented otherwise, so that a
/// decorator hides nothing of what the module can do. One that does not call `inner` replaces it.
///
/// Of several decorators of a module, the one registered first is the innermost and the one
/// registered last is called first; [`priority`](Self::priority) alone changes that.
///
/// ```
/// use formwork_app::{App, Context, Declaration, Error, Module, ModuleDecorator, ServiceInfo};
/// use formwork_domain::BoxFuture;
///
/// struct Announced;
///
/// impl ModuleDecorator for Announced {
///     fn start<'a>(
///         &'a mut self,
///         inner: &'a mut dyn Module,
///         context: &'a Context,
///     ) -> BoxFuture<'a, Result<(), Error>> {
///         Box::pin(async move {
///             tracing::info!(module = context.module(), "starting");
///             inner.start(context).await
///         })
///     }
/// }
///
/// struct Orders;
///
/// impl Module for Orders {
///     fn declare(&self) -> Declaration {
///         Declaration::new("orders")
///     }
/// }
///
/// let app = App::new(ServiceInfo::new("shop", "1.0.0"))
///     .module(Orders)
///     .decorate_modules(|_name| Some(Announced));
/// # app.check().unwrap();
/// ```
pub trait ModuleDecorator: Send + 'static {
    /// Further out than decorators of lower priority, whenever they were registered.
    fn priority(&self) -> i32 {
        0
    }

    /// What the module says about itself. A decorator may add needs; the name stays.
    fn declare(&self, inner: &dyn Module) -> Declaration {
        inner.declare()
    }

    /// As [`Module::wire`].
    ///
    /// # Errors
    /// Those of the module.
    fn wire(&mut self, inner: &mut dyn Module, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        inner.wire(wiring)
    }

    /// As [`Module::start`].
    fn start<'a>(
        &'a mut self,
        inner: &'a mut dyn Module,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), Error>> {
        inner.start(context)
    }

    /// As [`Module::prepare`].
    fn prepare<'a>(
        &'a mut self,
        inner: &'a mut dyn Module,
        reload: &'a Reload,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        inner.prepare(reload, context)
    }

    /// As [`Module::drain`].
    fn drain<'a>(
        &'a mut self,
        inner: &'a mut dyn Module,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), Error>> {
        inner.drain(context)
    }

    /// As [`Module::stop`].
    fn stop<'a>(
        &'a mut self,
        inner: &'a mut dyn Module,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), Error>> {
        inner.stop(context)
    }
}

/// A module in its wrapping.
pub(crate) struct Decorated {
    pub(crate) inner: Box<dyn Module>,
    pub(crate) decorator: Box<dyn ModuleDecorator>,
}

impl Module for Decorated {
    fn declare(&self) -> Declaration {
        self.decorator.declare(&*self.inner)
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        self.decorator.wire(&mut *self.inner, wiring)
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        self.decorator.start(&mut *self.inner, context)
    }

    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        self.decorator.prepare(&mut *self.inner, reload, context)
    }

    fn drain<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        self.decorator.drain(&mut *self.inner, context)
    }

    fn stop<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        self.decorator.stop(&mut *self.inner, context)
    }
}

/// Makes a module an instance.
pub(crate) struct InstanceOf(pub(crate) String);

impl ModuleDecorator for InstanceOf {
    fn declare(&self, inner: &dyn Module) -> Declaration {
        inner.declare().instance(self.0.clone())
    }
}
