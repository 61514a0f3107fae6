//! A started module as a reload sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Context, Module};

/// Where a module is kept while nobody calls it. Empty while somebody does, and when it was left
/// behind.
#[derive(Clone)]
pub(crate) struct Seat {
    row: Arc<[Place]>,
    number: usize,
}

type Place = Mutex<Option<Box<dyn Module>>>;

impl Seat {
    /// A seat for each of the modules, in their order.
    pub(crate) fn row(modules: Vec<Box<dyn Module>>) -> impl Fn(usize) -> Self {
        let row: Arc<[Place]> = modules.into_iter().map(|it| Mutex::new(Some(it))).collect();
        move |number| Self {
            row: Arc::clone(&row),
            number,
        }
    }

    pub(crate) fn take(&self) -> Option<Box<dyn Module>> {
        self.lock().take()
    }

    pub(crate) fn put(&self, module: Box<dyn Module>) {
        *self.lock() = Some(module);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<dyn Module>>> {
        let module = self.row[self.number].lock();
        module.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A started module that is configured, as a reload sees it.
pub(crate) struct Part {
    pub(crate) context: Context,
    pub(crate) seat: Seat,
}

impl Part {
    pub(super) fn name(&self) -> &str {
        self.context.module()
    }

    /// The prefix of its configuration.
    pub(super) fn prefix(&self) -> &str {
        self.context.prefix().unwrap_or_default()
    }
}
