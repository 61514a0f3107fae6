//! What an expression can mention, and what that is in Rust.

use std::collections::BTreeMap;

use crate::model::{Type, Value};

/// The values of a model: of one aggregate, or shared.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// By owner (`None`: shared) and name. `None` for one that could not be understood.
    pub(crate) all: BTreeMap<(Option<String>, String), Option<Value>>,
}

impl Values {
    /// The value that a name means in an aggregate or in a shared value.
    pub(crate) fn find(&self, aggregate: Option<&str>, name: &str) -> Option<&Option<Value>> {
        let own = (aggregate.map(str::to_owned), name.to_owned());
        self.all
            .get(&own)
            .or_else(|| self.all.get(&(None, name.to_owned())))
    }

    /// The value that a type names.
    pub(crate) fn of(&self, kind: &Type) -> Option<&Value> {
        let key = (kind.aggregate.clone(), kind.of.clone()?);
        self.all.get(&key)?.as_ref()
    }
}

/// How a Rust text gives a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It is the value: a number, a `Copy` value, the result of a computation.
    Value,
    /// A place that must stay as it is.
    Place,
    /// A local variable that may be moved from.
    Local,
    /// A reference: `&T`, `&str`, `&[T]` or an `Option` of these.
    Reference,
}

/// Something that can be mentioned.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) rust: String,
    pub(crate) access: Access,
    /// `None` when its own type could not be understood.
    pub(crate) kind: Option<Type>,
    pub(crate) optional: bool,
}

/// The fields of something with a name, such as `event`.
pub(crate) type Struct = BTreeMap<String, Binding>;

/// Everything an expression can mention.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'a> {
    pub(crate) values: &'a Values,
    pub(crate) names: BTreeMap<String, Binding>,
    /// `event` and `item`.
    pub(crate) structs: BTreeMap<String, Struct>,
    /// Names that exist but have no value here, and why.
    pub(crate) absent: BTreeMap<String, String>,
    /// Why `now` cannot be used; `None` when it can.
    pub(crate) timeless: Option<&'static str>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(values: &'a Values) -> Self {
        Self {
            values,
            names: BTreeMap::new(),
            structs: BTreeMap::new(),
            absent: BTreeMap::new(),
            timeless: None,
        }
    }

    /// The fields of a value behind a reference, through its accessors.
    pub(crate) fn accessors(&self, item: &Type, variable: &str) -> Option<Struct> {
        let value = self.values.of(item)?;
        let fields = value.fields.iter().map(|field| {
            let binding = Binding {
                rust: format!("{variable}.{}()", crate::name::snake(&field.name)),
                access: if field.kind.copy {
                    Access::Value
                } else {
                    Access::Reference
                },
                kind: Some(field.kind.clone()),
                optional: field.optional,
            };
            (field.name.clone(), binding)
        });
        Some(fields.collect())
    }
}
