//! From what was registered to modules with their declarations, in the order of their names.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::{Calls, Registered};
use crate::decorator::Decorated;
use crate::panic::panic_message;
use crate::plan::{Declared, Problem};
use crate::{Declaration, Module, ModuleDecorator, WireError};

/// How long a module may take to say what it is, which needs nothing from outside.
pub(super) const DECLARE: Duration = Duration::from_secs(5);

/// How modules are decorated.
pub(super) struct ModuleDecoration {
    /// The only module it is for.
    pub(super) only: Option<String>,
    pub(super) make: Make,
}

/// A decorator for the module of this name.
pub(super) type Make = Box<dyn FnMut(&str) -> Option<Box<dyn ModuleDecorator>> + Send>;

impl std::fmt::Debug for ModuleDecoration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let only = self.only.as_deref();
        write!(f, "ModuleDecoration({})", only.unwrap_or("every module"))
    }
}

/// A module with its declaration and its place in the order of registration.
type Entry = (Declaration, usize, Registered);

/// The modules of an application.
#[derive(Default)]
pub(super) struct Assembled {
    pub(super) modules: Vec<Box<dyn Module>>,
    pub(super) declared: Vec<Declared>,
    pub(super) problems: Vec<Problem>,
}

impl Assembled {
    pub(super) fn of(
        registered: Vec<Registered>,
        mut decorations: Vec<ModuleDecoration>,
        calls: &Calls,
    ) -> Self {
        let mut assembled = Self::default();
        let mut all = Vec::with_capacity(registered.len());
        for (place, registered) in registered.into_iter().enumerate() {
            let _entered = calls.enter(registered.type_name, "declare", DECLARE);
            match declare(&*registered.module) {
                Ok(declaration) => all.push((declaration, place, registered)),
                Err(error) => assembled.problems.push(Problem::Wire {
                    module: registered.type_name.to_owned(),
                    error,
                }),
            }
        }
        // The order of registration must not show, not even in what is wrong.
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_unstable_by(|a, b| {
            let key = |at: usize| {
                let (declaration, place, registered): &Entry = &all[at];
                (&*declaration.name, registered.type_name, *place)
            };
            key(*a).cmp(&key(*b))
        });
        assembled.modules.reserve(all.len());
        assembled.declared.reserve(all.len());
        let mut all: Vec<Option<Entry>> = all.into_iter().map(Some).collect();
        let mut sorted = order.into_iter().filter_map(|at| all[at].take()).peekable();
        while let Some(first) = sorted.next() {
            let is_same = |next: &Entry| next.0.name == first.0.name;
            if sorted.peek().is_none_or(|next| !is_same(next)) && !first.2.overrides {
                assembled.add(first, &mut decorations);
                continue;
            }
            let name = first.0.name.clone();
            let mut same = vec![first];
            while let Some(next) = sorted.next_if(|(declaration, ..)| declaration.name == name) {
                same.push(next);
            }
            assembled.add_same(same, &mut decorations);
        }
        for decoration in decorations {
            let Some(name) = decoration.only else {
                continue;
            };
            if !assembled
                .declared
                .iter()
                .any(|module| module.name() == name)
            {
                assembled
                    .problems
                    .push(Problem::NothingToDecorate { module: name });
            }
        }
        assembled
    }

    /// Adds the modules of one name: the override in the place of what it overrides.
    fn add_same(&mut self, mut same: Vec<Entry>, decorations: &mut [ModuleDecoration]) {
        let overrides = same.iter().filter(|(.., it)| it.overrides).count();
        if overrides == same.len() {
            self.problems.push(Problem::NothingToOverride {
                module: same[0].0.name.to_string(),
            });
            return;
        }
        if overrides > 0 && same.len() - overrides == 1 {
            let base = same.iter().find(|(.., it)| !it.overrides);
            let place = base.map_or(0, |(_, place, _)| *place);
            same.retain(|(.., it)| it.overrides);
            same.iter_mut().for_each(|it| it.1 = place);
        }
        for entry in same {
            self.add(entry, decorations);
        }
    }

    fn add(
        &mut self,
        (declaration, place, registered): Entry,
        decorations: &mut [ModuleDecoration],
    ) {
        let type_name = registered.type_name;
        let (module, declaration) = self.decorate(registered.module, declaration, decorations);
        self.modules.push(module);
        self.declared.push(Declared {
            declaration,
            type_name,
            place,
        });
    }

    fn decorate(
        &mut self,
        mut module: Box<dyn Module>,
        declaration: Declaration,
        decorations: &mut [ModuleDecoration],
    ) -> (Box<dyn Module>, Declaration) {
        let name = &*declaration.name;
        let fitting = decorations
            .iter_mut()
            .filter(|it| it.only.as_deref().is_none_or(|only| only == name));
        let mut decorators: Vec<_> = fitting.filter_map(|it| (it.make)(name)).collect();
        if decorators.is_empty() {
            return (module, declaration);
        }
        decorators.sort_by_key(|decorator| decorator.priority());
        for decorator in decorators {
            module = Box::new(Decorated {
                inner: module,
                decorator,
            });
        }
        let error = match declare(&*module) {
            Ok(decorated) if decorated.name == declaration.name => return (module, decorated),
            Ok(decorated) => WireError::Renamed {
                name: decorated.name.into_owned(),
            },
            Err(error) => error,
        };
        self.problems.push(Problem::Wire {
            module: name.to_owned(),
            error,
        });
        (module, declaration)
    }
}

fn declare(module: &dyn Module) -> Result<Declaration, WireError> {
    let declared = catch_unwind(AssertUnwindSafe(|| module.declare().settled()));
    declared.map_err(|panic| WireError::Panicked {
        message: panic_message(&*panic).to_owned(),
    })
}
