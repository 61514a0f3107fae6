//! Names of files, aggregates and types.

use super::Checker;
use crate::document::{Aggregate, Field, Value};
use crate::name::{self, Names, Use, pascal};
use crate::source::{Source, Spanned};

/// Modules and folders the generated service has anyway.
const MODULES: &str =
    "app body events health lib main messaging outbox persistence ports shared support tests";

/// Variables that stand beside the one an aggregate is named after.
const VARIABLES: &str =
    "data envelopes event events expected id key now operation outcome row version";

/// Tables that the database has anyway.
const TABLES: &str = "idempotency inbox migrations outbox outbox-dead outbox-leases outbox-workers";

/// Types that are in scope where values and commands are.
const TYPES: &str = "Aggregate Box BoxFuture DomainError DomainEvent Err EventKind Filters Id \
    Identifiers Money MoneyBody MoneyData MoneyError None Ok Operation OperationLog Option Outcome \
    RepositoryError Result Run Some String Timestamp UseCaseError Vec Version Violation Violations";

/// Types that are in scope where aggregates are: in storage, in messages and on the API.
const ADAPTERS: &str = "Arc BTreeMap Bound Clock Created Cursor Database Entries Envelope Handler \
    HandlerError IdempotencyKey IfMatch Json MemoryStore Mutex MutexGuard OperationContext \
    OutcomeBody Page PageBody PageQuery PageRequest PathId PoisonError Problem Query QueryBuilder \
    Router Row RowError SortKey Sqlite SqliteRow State StoredOperations SystemTime Uuid Versioned";

/// Traits that are in scope where values are.
const TRAITS: &str = "Clone Copy Debug Default Display Drop Eq From Deserialize FromStr Hash Into Iterator Ord \
    Send Serialize Sync ToOwned ToString TryFrom Write";

/// What every aggregate has a type for, after its own name.
const SUFFIXES: &str = "id state event snapshot repository commands queries filter sort view reactions api body change";

impl Checker<'_, '_> {
    pub(super) fn names(&mut self, sources: &[Source], documents: &[Aggregate], shared: &[Value]) {
        let mut aggregates = Names::reserving("the service's module", MODULES.split_whitespace());
        for variable in VARIABLES.split(' ') {
            aggregates.reserve("the service's variable", variable);
        }
        for table in TABLES.split_whitespace() {
            aggregates.reserve("the service's table", table);
        }
        let reserved = [TYPES, ADAPTERS, TRAITS]
            .into_iter()
            .flat_map(str::split_whitespace);
        let mut types = Names::reserving("the type", reserved);
        for document in documents {
            let source = &sources[document.name.span.file];
            name::check("aggregate", &document.name, Use::Variable, self.report);
            if document.name.value != source.stem() {
                self.report.hint(
                    document.name.span,
                    format!(
                        "the aggregate `{}` is described in a file called `{}`",
                        document.name.value,
                        source.path.rsplit('/').next().unwrap_or(&source.path)
                    ),
                    format!("call the file `{}.toml`", document.name.value),
                );
            }
            aggregates.take("aggregate", &document.name, self.report);
            types.take("aggregate", &document.name, self.report);
            let plural = self.plural(document);
            if plural.value == document.name.value {
                self.report.hint(
                    plural.span,
                    format!("the plural of `{}` is the same word", plural.value),
                    "give another `plural`, such as `…-list`",
                );
            } else {
                name::check("plural", &plural, Use::Variable, self.report);
                aggregates.take("plural", &plural, self.report);
            }
        }
        for document in documents {
            for suffix in SUFFIXES.split(' ') {
                let own = format!("{}-{suffix}", document.name.value);
                types.reserve("the type", &own);
            }
            for value in shared.iter().chain(&document.values) {
                for suffix in ["body", "data"] {
                    types.reserve("the type", &format!("{}-{suffix}", value.name.value));
                }
            }
            for event in &document.events {
                let data = format!("{}-{}-data", document.name.value, event.name.value);
                types.reserve("the type", &data);
                let full = Spanned {
                    value: format!("{}-{}", document.name.value, event.name.value),
                    span: event.name.span,
                };
                types.take("event type", &full, self.report);
            }
        }
        let own = documents.iter().flat_map(|document| &document.values);
        for value in shared.iter().chain(own) {
            name::check("value", &value.name, Use::Type, self.report);
            types.take("value", &value.name, self.report);
        }
        for document in documents {
            for field in inline_enums(document) {
                types.take("enum", &field.name, self.report);
            }
            self.commands(document, shared);
        }
    }

    /// Checks that what a command takes can have a type of the command's name.
    fn commands(&mut self, document: &Aggregate, shared: &[Value]) {
        let mut types = Names::reserving("the type", TYPES.split_whitespace());
        types.reserve("the aggregate", &document.name.value);
        for suffix in SUFFIXES.split(' ') {
            types.reserve("the type", &format!("{}-{suffix}", document.name.value));
        }
        for value in shared.iter().chain(&document.values) {
            types.reserve("the value", &value.name.value);
        }
        for field in inline_enums(document) {
            types.reserve("the enum", &field.name.value);
        }
        for event in &document.events {
            let full = format!("{}-{}", document.name.value, event.name.value);
            types.reserve("the event type", &full);
        }
        for command in &document.commands {
            types.take("command", &command.name, self.report);
        }
    }

    /// The plural that is given, or the usual one.
    pub(super) fn plural(&self, document: &Aggregate) -> Spanned<String> {
        document.plural.clone().unwrap_or_else(|| Spanned {
            value: name::plural(&document.name.value),
            span: document.name.span,
        })
    }
}

/// What an event's type is called.
pub(super) fn past(aggregate: &str, event: &str) -> String {
    pascal(&format!("{aggregate}-{event}"))
}

/// The fields and inputs at which an enum is written out.
fn inline_enums(document: &Aggregate) -> impl Iterator<Item = &Field> {
    let inputs = document.commands.iter().flat_map(|command| &command.inputs);
    document.fields.iter().chain(inputs).filter(|field| {
        field
            .kind
            .as_ref()
            .is_some_and(|kind| kind.kind.value == "enum")
    })
}
