//! The validated model: what templates are given, as JSON, in kebab-case names.
//!
//! Every key is always present; what does not apply is `null` or empty.

use serde::Serialize;

/// Everything a folder of model files says, checked as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Model {
    /// By name.
    pub aggregates: Vec<Aggregate>,
    /// Values that several aggregates use, each after those it is made of.
    pub values: Vec<Value>,
    /// The reactions of all aggregates, by event and then by consumer.
    pub consumers: Vec<Consumer>,
}

impl Model {
    /// The model as templates see it.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("a model has only texts for keys")
    }
}

/// One aggregate: a model file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aggregate {
    pub name: String,
    pub plural: String,
    pub summary: String,
    pub fields: Vec<Field>,
    /// Its own values, each after those it is made of.
    pub values: Vec<Value>,
    pub states: Option<States>,
    pub commands: Vec<Command>,
    pub events: Vec<Event>,
    pub queries: Queries,
    pub invariants: Vec<Invariant>,
    pub reactions: Vec<Reaction>,
}

/// A field of an aggregate, a struct value or an event, or an input of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    pub name: String,
    pub summary: String,
    #[serde(rename = "type")]
    pub kind: Type,
    pub optional: bool,
    pub unique: bool,
    /// How it follows from other fields.
    pub derived: Option<Expression>,
    /// An integer, a boolean, a text or the name of an enum's variant.
    pub default: Option<serde_json::Value>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Type {
    pub kind: Kind,
    /// The value, enum or aggregate it names. The state of an order is the enum `order-state`.
    pub of: Option<String>,
    /// Whether `of` is one of the shared values.
    pub shared: bool,
    /// The aggregate that the value or enum `of` belongs to; `null` for shared values.
    pub aggregate: Option<String>,
    /// What a list is a list of.
    pub item: Option<Box<Type>>,
    /// The least integer, minor units, characters or items.
    pub min: Option<i64>,
    /// The greatest integer, minor units, characters or items.
    pub max: Option<i64>,
    pub pattern: Option<Pattern>,
    /// The variants of an enum.
    pub values: Vec<String>,
    /// Whether its Rust type is `Copy`.
    pub copy: bool,
}

/// The kinds of type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Text,
    Integer,
    Boolean,
    Money,
    Timestamp,
    Reference,
    Enum,
    Value,
    List,
}

/// A regular expression that can be matched from left to right without going back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pattern {
    pub source: String,
    pub atoms: Vec<Atom>,
}

/// One set of characters, so many times. `max` is `null` when there is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Atom {
    /// First and last character of each range, in order, without overlap.
    pub ranges: Vec<(char, char)>,
    pub min: u32,
    pub max: Option<u32>,
}

/// A value object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Value {
    pub name: String,
    pub summary: String,
    pub form: Form,
    /// What a scalar holds.
    #[serde(rename = "type")]
    pub kind: Option<Type>,
    /// What a struct is made of.
    pub fields: Vec<Field>,
    /// The variants of an enum.
    pub values: Vec<String>,
    /// The aggregate it belongs to; `null` when it is shared.
    pub aggregate: Option<String>,
    /// Whether its Rust type is `Copy`: enums, and scalars of anything but text.
    pub copy: bool,
}

/// The forms of a value object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    Scalar,
    Struct,
    Enum,
}

/// The life cycle of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct States {
    pub initial: String,
    pub all: Vec<State>,
}

/// One state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    pub name: String,
    pub summary: String,
    /// Whether no command is possible in it.
    pub terminal: bool,
}

/// What can be asked of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Command {
    pub name: String,
    pub summary: String,
    pub creates: bool,
    /// Whether only reactions run it, not the API.
    pub internal: bool,
    /// The states it is possible in; empty for all.
    pub from: Vec<String>,
    /// The state it leads to; `null` when it stays.
    pub to: Option<String>,
    /// Those taken into fields of the same name first.
    pub inputs: Vec<Field>,
    pub set: Vec<Assignment>,
    pub rules: Vec<Rule>,
    /// The names of the events it emits.
    pub emits: Vec<String>,
    /// The same events, with what they say.
    pub emissions: Vec<Emission>,
    /// Whether its expressions, or those of fields and events it touches, mention `now`.
    pub now: bool,
}

/// One field a command sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    pub field: String,
    pub value: Expression,
    /// Whether the value is the input of the same name.
    pub input: bool,
    /// Whether the value follows from other fields; these come last.
    pub derived: bool,
    /// Whether a later derived value needs it as a local variable of the field's name.
    pub bind: bool,
}

/// What must hold for a command to be possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    pub name: String,
    pub message: String,
    pub check: Expression,
    /// The event to emit, changing nothing, instead of refusing.
    pub otherwise: Option<String>,
    /// That event, with what it says.
    pub emission: Option<Emission>,
}

/// An event as one command emits it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Emission {
    pub event: String,
    /// What must hold after the change for the event to be emitted.
    pub when: Option<Expression>,
    pub fields: Vec<Argument>,
}

/// A name and the value given for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Argument {
    pub name: String,
    pub value: Expression,
}

/// Something that happens to an aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Such as `placed`.
    pub name: String,
    /// Such as `order.placed`.
    pub full: String,
    /// Such as `OrderPlaced`.
    pub past: String,
    pub summary: String,
    pub kind: EventKind,
    pub version: u16,
    /// What it says beside the aggregate's id and version.
    pub fields: Vec<Field>,
    /// What must hold after the change for it to be emitted.
    pub when: Option<Expression>,
}

/// Who an event is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    Domain,
    Integration,
}

/// How aggregates are found and listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Queries {
    /// Equality on each; `state` among them is the enum `{aggregate}-state`.
    pub filters: Vec<Field>,
    /// Names of fields, and of `created` and `updated`.
    pub sorts: Vec<String>,
    pub page: Page,
    /// The unique fields.
    pub lookups: Vec<Field>,
}

/// How many items a page of a listing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Page {
    pub default: u32,
    pub max: u32,
}

/// What always holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invariant {
    pub name: String,
    pub message: String,
    pub check: Expression,
}

/// A command that an event of some aggregate leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reaction {
    pub name: String,
    /// Such as `order.placed`.
    pub on: String,
    /// The aggregate whose event it is.
    pub source: String,
    pub event: Event,
    /// The command.
    pub run: String,
    /// The list of the event for each item of which the command is run.
    pub each: Option<Each>,
    /// Which aggregate the command is run on; `null` when it creates one.
    pub target: Option<Target>,
    /// A value for each input, in the order of the inputs.
    pub with: Vec<Input>,
    /// What to do when there is no such aggregate.
    pub missing: Otherwise,
    /// What to do when the aggregate's state or rules refuse the command.
    pub refused: Otherwise,
    /// The durable name: aggregate and reaction.
    pub consumer: String,
}

/// A reaction together with the aggregate that reacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consumer {
    pub aggregate: String,
    #[serde(flatten)]
    pub reaction: Reaction,
}

/// A list in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Each {
    /// Such as `event.lines`, in the model as in Rust.
    pub path: String,
    pub rust: String,
    pub field: Field,
}

/// How an aggregate is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// `id` or a unique field.
    pub by: String,
    pub value: Expression,
}

/// A value for an input of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    pub input: String,
    pub value: Expression,
}

/// What to do when a reaction cannot run its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// The delivery fails: it is tried again, and set aside in the end.
    #[default]
    Fail,
    /// There is nothing to do.
    Ignore,
}

/// An expression of the model, with its translations into Rust.
///
/// `null` stands for a translation that the place of the expression has no use for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expression {
    /// As the model has it.
    pub source: String,
    /// In a method (fields are `self.field`), or in a reaction (`event.field`, `item.field()`).
    pub rust: String,
    /// In a constructor, where fields are local variables.
    pub rust_new: Option<String>,
    /// The opposite of a boolean: what a check that returns an error asks.
    pub not: Option<String>,
    /// The opposite, in a constructor.
    pub not_new: Option<String>,
    #[serde(rename = "type")]
    pub kind: Type,
    pub optional: bool,
    /// Whether the Rust text uses `?` on a `Result<_, DomainError>`.
    pub fallible: bool,
}

impl Type {
    /// A type that names nothing and has no constraint.
    pub(crate) fn plain(kind: Kind) -> Self {
        Self {
            kind,
            of: None,
            shared: false,
            aggregate: None,
            item: None,
            min: None,
            max: None,
            pattern: None,
            values: Vec::new(),
            copy: !matches!(kind, Kind::Text | Kind::List | Kind::Value),
        }
    }

    /// The state of an aggregate.
    pub(crate) fn state(aggregate: &str, states: impl IntoIterator<Item = String>) -> Self {
        Self {
            of: Some(format!("{aggregate}-state")),
            aggregate: Some(aggregate.to_owned()),
            values: states.into_iter().collect(),
            ..Self::plain(Kind::Enum)
        }
    }

    /// Whether values of the two go together, whatever their constraints.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let items = match (&self.item, &other.item) {
            (Some(item), Some(other)) => item.same(other),
            (None, None) => true,
            _ => false,
        };
        self.kind == other.kind && self.of == other.of && self.aggregate == other.aggregate && items
    }
}

impl std::fmt::Display for Type {
    /// As messages name it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = self.of.as_deref().unwrap_or_default();
        match self.kind {
            Kind::Text => f.write_str("a text"),
            Kind::Integer => f.write_str("an integer"),
            Kind::Boolean => f.write_str("a boolean"),
            Kind::Money => f.write_str("money"),
            Kind::Timestamp => f.write_str("a timestamp"),
            Kind::Reference => write!(f, "a reference to `{of}`"),
            Kind::Enum | Kind::Value => write!(f, "a `{of}`"),
            Kind::List => match &self.item {
                Some(item) => match &item.of {
                    Some(of) => write!(f, "a list of `{of}`"),
                    None => write!(
                        f,
                        "a list of `{}`",
                        format!("{:?}", item.kind).to_lowercase()
                    ),
                },
                None => f.write_str("a list"),
            },
        }
    }
}
