//! The services of an application: collected while wiring, frozen afterwards.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::declaration::ServiceType;
use crate::panic::panic_message;
use crate::plan::{Plan, describe};
use crate::{HealthCheck, PerTenant, TenantServices, WireError};

/// An `Arc<T>`.
pub(crate) type Value = Box<dyn Any + Send + Sync>;

/// Wraps an `Arc<T>` in another; leaves what is no `Arc<T>` alone.
type Wrap = Box<dyn Fn(Value) -> Value + Send>;

/// The services of an application while it is wired.
#[derive(Default)]
pub(crate) struct Registry {
    /// By slot of the plan.
    values: Vec<Option<Value>>,
    /// By type, each with the module that contributed it.
    contributions: HashMap<TypeId, Vec<(usize, Value)>, Types>,
    decorators: HashMap<TypeId, Vec<Decorator>, Types>,
    /// The slots and types that need no more decoration.
    decorated: Vec<bool>,
    collected: HashMap<TypeId, (), Types>,
    pub(crate) checks: Vec<HealthCheck>,
    pub(crate) tenants: TenantServices,
}

/// How a module wraps services of a type.
pub(crate) struct Decorator {
    module: usize,
    wrap: Wrap,
}

impl Decorator {
    pub(crate) fn new<T: ?Sized + Send + Sync + 'static>(
        module: usize,
        wrap: impl Fn(Arc<T>) -> Arc<T> + Send + 'static,
    ) -> Self {
        Self {
            module,
            wrap: Box::new(move |value| match value.downcast::<Arc<T>>() {
                Ok(value) => Box::new(wrap(*value)),
                Err(other) => other,
            }),
        }
    }
}

/// A decorator that panicked: the module and the words of the panic.
pub(crate) type Broken = (usize, String);

impl Registry {
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            values: std::iter::repeat_with(|| None).take(slots).collect(),
            decorated: vec![false; slots],
            ..Self::default()
        }
    }

    /// Whether the slot was empty.
    pub(crate) fn fill(&mut self, slot: usize, value: Value) -> bool {
        let empty = self.values[slot].is_none();
        if empty {
            self.values[slot] = Some(value);
        }
        empty
    }

    pub(crate) fn is_filled(&self, slot: usize) -> bool {
        self.values[slot].is_some()
    }

    pub(crate) fn get<T: ?Sized + Send + Sync + 'static>(&self, slot: usize) -> Option<Arc<T>> {
        let value = self.values.get(slot)?.as_ref()?;
        value.downcast_ref::<Arc<T>>().cloned()
    }

    pub(crate) fn contribute(&mut self, service: ServiceType, module: usize, value: Value) {
        let values = self.contributions.entry(service.id()).or_default();
        values.push((module, value));
    }

    pub(crate) fn contributions<T: ?Sized + Send + Sync + 'static>(&self) -> Vec<Arc<T>> {
        let values = self.contributions.get(&TypeId::of::<T>());
        let values = values.into_iter().flatten();
        values
            .filter_map(|(_, value)| value.downcast_ref::<Arc<T>>().cloned())
            .collect()
    }

    /// Whether the module had not done so before.
    pub(crate) fn decorate(&mut self, service: ServiceType, decorator: Decorator) -> bool {
        let decorators = self.decorators.entry(service.id()).or_default();
        let first = decorators.iter().all(|it| it.module != decorator.module);
        if first {
            decorators.push(decorator);
        }
        first
    }

    pub(crate) fn has_decorators(&self) -> bool {
        !self.decorators.is_empty()
    }

    pub(crate) fn is_decorated_by(&self, service: ServiceType, module: usize) -> bool {
        let decorators = self.decorators.get(&service.id());
        decorators.is_some_and(|all| all.iter().any(|it| it.module == module))
    }

    /// Wraps what is in the slot, once, with every decorator there is.
    pub(crate) fn finish_slot(&mut self, plan: &Plan, slot: usize, broken: &mut Vec<Broken>) {
        if std::mem::replace(&mut self.decorated[slot], true) {
            return;
        }
        let (service, owner) = (plan.slots[slot].service, plan.slots[slot].owner);
        let Some(decorators) = self.decorators.get(&service.id()) else {
            return;
        };
        if let Some(value) = self.values[slot].take() {
            let order = plan.decorators(service);
            self.values[slot] = wrap(decorators, order, owner, value, broken);
        }
    }

    /// Wraps what was contributed, once, with every decorator there is.
    pub(crate) fn finish_contributions(
        &mut self,
        plan: &Plan,
        service: ServiceType,
        broken: &mut Vec<Broken>,
    ) {
        let Some(decorators) = self.decorators.get(&service.id()) else {
            return;
        };
        if self.collected.insert(service.id(), ()).is_some() {
            return;
        }
        let Some(values) = self.contributions.get_mut(&service.id()) else {
            return;
        };
        for (owner, value) in std::mem::take(values) {
            let order = plan.decorators(service);
            let value = wrap(decorators, order, Some(owner), value, broken);
            values.extend(value.map(|value| (owner, value)));
        }
    }

    /// What look-ups from outside any module find from now on.
    pub(crate) fn freeze(self, plan: &Plan) -> Services {
        let mut index: HashMap<TypeId, Entry, Types> = HashMap::default();
        index.reserve(plan.slots.len());
        for (slot, name) in plan.slots.outside() {
            let entry = index.entry(plan.slots[slot].service.id()).or_default();
            match name {
                Some(name) => {
                    entry.named.insert(name.clone(), slot);
                }
                None => entry.unnamed = Some(slot),
            }
        }
        Services {
            frozen: Arc::new(Frozen {
                index,
                values: self.values,
                contributions: self.contributions,
            }),
        }
    }
}

/// Wraps a value from the inside out; `None` when a decorator broke it.
fn wrap(
    decorators: &[Decorator],
    order: &[usize],
    owner: Option<usize>,
    mut value: Value,
    broken: &mut Vec<Broken>,
) -> Option<Value> {
    for module in order.iter().filter(|module| Some(**module) != owner) {
        for decorator in decorators.iter().filter(|it| it.module == *module) {
            match catch_unwind(AssertUnwindSafe(|| (decorator.wrap)(value))) {
                Ok(wrapped) => value = wrapped,
                Err(panic) => {
                    broken.push((*module, panic_message(&*panic).to_owned()));
                    return None;
                }
            }
        }
    }
    Some(value)
}

/// The services of an application that was wired. Cheap to clone; look-ups take no lock.
///
/// Modules get what they need while they are wired and keep it in plain typed fields. This is for
/// what stands outside of all modules: tests, `main`.
#[derive(Clone)]
pub struct Services {
    frozen: Arc<Frozen>,
}

struct Frozen {
    index: HashMap<TypeId, Entry, Types>,
    values: Vec<Option<Value>>,
    contributions: HashMap<TypeId, Vec<(usize, Value)>, Types>,
}

/// The slots that serve a type.
#[derive(Default)]
struct Entry {
    unnamed: Option<usize>,
    named: HashMap<Cow<'static, str>, usize, BuildHasherDefault<NameHasher>>,
}

impl Services {
    /// The service of type `T`.
    ///
    /// # Errors
    /// When nobody provides it, or only one for each tenant.
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<T>, WireError> {
        self.borrow().cloned()
    }

    /// The service of type `T` with this name.
    ///
    /// # Errors
    /// When nobody provides it.
    pub fn get_named<T: ?Sized + Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<Arc<T>, WireError> {
        self.borrow_named(name).cloned()
    }

    /// The service of type `T` with this name, borrowed as by [`borrow`](Self::borrow).
    ///
    /// # Errors
    /// When nobody provides it.
    pub fn borrow_named<T: ?Sized + Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<&Arc<T>, WireError> {
        let entry = self.frozen.index.get(&TypeId::of::<T>());
        let slot = entry.and_then(|entry| entry.named.get(name));
        slot.and_then(|slot| self.value(*slot))
            .ok_or_else(|| not_found::<T>(Some(name)))
    }

    /// The service of type `T`, without taking part in its ownership: threads that ask at the same
    /// time do not wait for each other's reference counts.
    ///
    /// # Errors
    /// When nobody provides it, or only one for each tenant.
    pub fn borrow<T: ?Sized + Send + Sync + 'static>(&self) -> Result<&Arc<T>, WireError> {
        let entry = self.frozen.index.get(&TypeId::of::<T>());
        let slot = entry.and_then(|entry| entry.unnamed);
        slot.and_then(|slot| self.value(slot)).ok_or_else(|| {
            if self
                .frozen
                .index
                .contains_key(&TypeId::of::<PerTenant<T>>())
            {
                return WireError::TakenWithoutTenant {
                    service: ServiceType::of::<T>().to_string(),
                };
            }
            not_found::<T>(None)
        })
    }

    /// The handle to the `T` of each tenant.
    ///
    /// # Errors
    /// When nobody provides it.
    pub fn per_tenant<T: ?Sized + Send + Sync + 'static>(&self) -> Result<PerTenant<T>, WireError> {
        self.borrow::<PerTenant<T>>()
            .map(|handle| PerTenant::clone(handle))
    }

    /// Everything of type `T` that was contributed.
    pub fn all<T: ?Sized + Send + Sync + 'static>(&self) -> Vec<Arc<T>> {
        let values = self.frozen.contributions.get(&TypeId::of::<T>());
        let values = values.into_iter().flatten();
        values
            .filter_map(|(_, value)| value.downcast_ref::<Arc<T>>().cloned())
            .collect()
    }

    fn value<T: ?Sized + Send + Sync + 'static>(&self, slot: usize) -> Option<&Arc<T>> {
        self.frozen.values.get(slot)?.as_ref()?.downcast_ref()
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services")
            .field("services", &self.frozen.values.len())
            .finish()
    }
}

fn not_found<T: ?Sized + 'static>(name: Option<&str>) -> WireError {
    WireError::NotFound {
        service: describe(ServiceType::of::<T>(), name),
    }
}

type Types = BuildHasherDefault<TypeHasher>;

/// For types, whose identifiers are hashes already.
#[derive(Default)]
struct TypeHasher(u64);

impl Hasher for TypeHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 ^= hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// For the names of services, which the program itself chooses: nobody can make them collide.
#[derive(Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let rest = rest.iter().rev();
            self.add(rest.fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    /// What ends a name.
    fn write_u8(&mut self, byte: u8) {
        self.0 ^= u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl NameHasher {
    /// Every bit of the word moves bits at both ends, which are the ones that count. The factor is
    /// that of the Fx hash of the Rust compiler.
    fn add(&mut self, word: u64) {
        let product = u128::from(self.0.rotate_left(5) ^ word) * 0x517c_c1b7_2722_0a95;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table looks at the lowest bits for the place and at the highest seven for the rest.
    #[test]
    fn names_that_look_alike_have_other_hashes() {
        use std::collections::HashSet;
        use std::hash::BuildHasher;

        let hash = |name: String| BuildHasherDefault::<NameHasher>::default().hash_one(name);
        for prefix in ["", "part-", "warehouse-", "a-rather-long-name-"] {
            let hashes = (0..1_000).map(|number| hash(format!("{prefix}{number}")));
            let hashes: Vec<u64> = hashes.collect();
            let places = hashes.iter().map(|hash| hash % 1_024);
            // Of 1,000 thrown at random, 638 are expected to be taken.
            let taken = places.collect::<HashSet<_>>().len();
            assert!(taken > 500, "{prefix}: {taken}");
            let marks = hashes.iter().map(|hash| hash >> 57);
            assert!(marks.collect::<HashSet<_>>().len() > 100, "{prefix}");
        }
    }
}
