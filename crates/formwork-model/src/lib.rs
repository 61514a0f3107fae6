//! The domain model: aggregates described in TOML, validated as a whole.
//!
//! A folder `model/` holds one file per aggregate and, if several aggregates share values, a
//! `shared.toml`. `examples/ecommerce/model` in the repository is a complete one. [`read`] makes
//! a [`Model`] of it, or reports every mistake; [`json_schema`] is for editors.
//!
//! # The format
//!
//! Names are kebab-case. Everything but `name` may be left out.
//!
//! ```toml
//! name = "ticket"                       # as the file is called
//! plural = "tickets"                    # in paths and tables; this is what it would be anyway
//! summary = "A seat for one evening."
//!
//! [values.seat]                         # a value object: a struct…
//! [values.seat.fields]
//! aisle = { type = "aisle" }
//! number = { type = "integer", min = 1, max = 60 }
//!
//! [values.aisle]                        # …a scalar…
//! type = "text"
//! pattern = "[A-Z]{1,2}"
//!
//! [values.category]                     # …or an enum
//! values = ["stalls", "circle"]
//!
//! [fields]
//! guest = { type = "text", min = 1, max = 80, summary = "Who comes." }
//! evening = { type = "reference", to = "evening" }        # another aggregate
//! seats = { type = "list", of = "seat", min = 1 }
//! price = { type = "money", min = 0 }                     # of one seat
//! total = { type = "money", derived = "price * count(seats)" }
//! kind = { type = "category", default = "stalls" }
//! voucher = { type = "text", optional = true, unique = false }
//! used-at = { type = "timestamp", optional = true }
//!
//! [states]
//! initial = "sold"
//! sold = "Paid for."                    # a state and what it means
//! used = "The guest came."
//!
//! [[invariants]]                        # what holds after every command
//! name = "used-with-time"
//! check = "state != used or is-set(used-at)"
//! message = "a used ticket says when"
//!
//! [commands.sell]
//! creates = true                        # a new ticket, in the initial state
//! takes = ["guest", "evening", "seats", "price", "kind"]  # inputs that become fields
//! rules = [{ name = "few", check = "count(seats) <= 10", message = "too many seats" }]
//! emits = ["sold"]
//!
//! [commands.admit]
//! from = ["sold"]                       # all states, when left out
//! to = "used"
//! inputs.gate = { type = "integer", min = 1 }
//! set.used-at = "now"                   # expressions see the fields as they were
//! emits = ["used"]
//!
//! [events.sold]
//! integration = true                    # other aggregates and services may react
//! fields = ["evening", "seats"]         # the ticket's id and version are always there
//!
//! [events.used]
//! fields = ["gate"]                     # or inputs of the commands that emit it
//!
//! [queries]
//! filters = ["state", "evening"]
//! sorts = ["created", "total"]
//! page = { default = 20, max = 100 }
//!
//! [[reactions]]                         # what it does when something happens to others
//! on = "scan.made"
//! run = "admit"
//! target = { id = "event.ticket" }      # or by a unique field; none for a command that creates
//! with = { gate = "event.gate" }        # `event.id` is the scan
//! refused = "ignore"                    # or "fail", as it is for a ticket that is `missing`
//! ```
//!
//! Also: `internal = true` keeps a command off the API; a rule with `otherwise = "event"` emits
//! that event, changing nothing, instead of refusing; an event with `when = "…"` is emitted only
//! if that holds after the change; a reaction with `each = "event.lines"` runs its command once
//! for each `item` of that list, and may have a `name`.
//!
//! **Expressions** have `and or not`, `== != < <= > >=`, `+ - *`, whole numbers, `"texts"`,
//! `true false none now`, fields and inputs by name (an input hides a field), states and variants
//! by name where the other side says which are meant, and `count(list)`, `sum(list, part)` where
//! `part` mentions the items' fields, `is-set(optional)`, `value-or(optional, otherwise)`. A `-`
//! between spaces subtracts; without them it is part of a name. Money compares with money, and
//! with whole numbers as minor units; amounts of different currencies are an error, not unequal.
//!
//! **Patterns** describe a whole text: characters, classes `[A-Z0-9]`, `\d` and `\w`, each with
//! `?`, `*`, `+`, `{2}`, `{2,}` or `{2,4}`. A pattern that could need more than one try is refused.
//!
//! # What a template may rely on
//!
//! Names are kebab-case and unique in every spelling (snake, Pascal) within their scope: values,
//! enums written at fields and events in the whole model, as schemas of APIs need it. They clash
//! neither with Rust's keywords nor with `id`, `version`, `created`, `updated`, `at`, `state`,
//! `events`, `now`; in an aggregate's module, its values and commands clash with none of its types.
//!
//! **Types.** `text` is `String`, `integer` `i64`, `boolean` `bool`, `money` `Money`, `timestamp`
//! `Timestamp`, a reference to an order `OrderId`, a list `Vec<_>`, an enum or value its name in
//! Pascal case; an optional one is `Option<_>`. `copy` says which are `Copy`: integer, boolean,
//! money, timestamp, reference, enum, and scalar values of these. An enum written at a field is
//! listed among the aggregate's values under the field's name. The state is the enum
//! `{aggregate}-state`.
//!
//! **Access.** Aggregates keep each field in a private field of its name, the state in `state`.
//! Struct values have an accessor of each field's name: `Copy` ones by value, `&str` for text,
//! `&[T]` for a list, otherwise `&T`, and `Option<_>` of these for optional ones. Scalar values
//! have `get()`, or `as_str()` for text. Event structs have public fields and `id`, the
//! aggregate's.
//!
//! **Commands.** Inputs arrive as local variables of their names, owned and validated, and `now`
//! as `now: Timestamp` where the command's `now` says so. In this order:
//! 1. the state is checked against `from`;
//! 2. each rule: when `not` holds, refuse; or, with `otherwise`, emit that event and succeed,
//!    changing nothing;
//! 3. every `set` value is computed from the fields as they were, into a local variable named
//!    like the field (an `input` one is there already). Derived ones come last and use those
//!    locals for the fields that change;
//! 4. they are assigned, and the state becomes `to`;
//! 5. constraints and invariants are checked;
//! 6. each of `emissions` is recorded, where its `when` holds. Its values use `self`, as it is now.
//!
//! When any of this fails, the aggregate is as it was: work on a copy.
//!
//! In a command that creates, `set` covers every field, in the order in which they can be
//! computed, and `rust_new` is the text to use: only those marked `bind` need a local variable
//! (with its type) before the struct is written. After it, the aggregate is a local variable of
//! its own name, which is what `rust_new` of `when` and of an emission's values uses:
//! `order.customer.clone()`.
//!
//! **Ownership.** A `set` value, an emission's and a reaction's `with` value are owned: clones
//! are in the text, an input is moved at its last use. A reaction's target is `Copy` or borrowed.
//! Checks borrow. In reactions `event` is a reference to the event, `item` to the list's item.
//!
//! **Failure.** A `fallible` text uses `?` where the error is `DomainError` (or made from it and
//! `MoneyError`). Texts name `DomainError`, `Money`, `MoneyError` and the enums of the model;
//! nothing else needs an import.
//!
//! **Reactions.** `missing` says what to do when there is no target, `refused` when the target's
//! state or rules refuse: `fail` the delivery, which is then tried again, or `ignore` it.

mod check;
mod document;
mod expression;
mod mistake;
mod model;
mod name;
mod pattern;
mod schema;
mod source;
mod summary;
mod toml;

pub use mistake::{Mistake, Mistakes};
pub use model::{
    Aggregate, Argument, Assignment, Atom, Command, Consumer, Each, Emission, Event, EventKind,
    Expression, Field, Form, Input, Invariant, Kind, Model, Otherwise, Page, Pattern, Queries,
    Reaction, Rule, State, States, Target, Type, Value,
};
pub use schema::json_schema;
pub use source::Source;

use mistake::Report;

/// Reads the files of a model, in any order.
///
/// ```
/// use formwork_model::{Source, read};
///
/// let order = r#"
/// name = "order"
/// [fields]
/// customer = { type = "txt" }
/// [commands.place]
/// creates = true
/// takes = ["customer"]
/// "#;
/// let mistakes = read(&[Source::new("model/order.toml", order)]).unwrap_err();
/// assert_eq!(
///     mistakes.to_string(),
///     "model/order.toml:4:21: there is no type `txt`\n  hint: did you mean `text`?"
/// );
/// ```
///
/// # Errors
/// Every mistake in them.
pub fn read(sources: &[Source]) -> Result<Model, Mistakes> {
    let mut report = Report::new(sources);
    let model = check::model(sources, &mut report);
    report.into_result(model)
}
