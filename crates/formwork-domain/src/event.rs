//! What happened, as the domain says it.

/// Who an event is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// This process only, best effort: live updates.
    Domain,
    /// Other aggregates and other services, guaranteed: through the outbox.
    Integration,
}

/// Something that happened to an aggregate. Named in the past tense.
pub trait DomainEvent {
    /// The name, `{aggregate}.{action}`, such as `order.placed`.
    fn name(&self) -> &'static str;

    /// The version of the event's schema, from 1.
    fn version(&self) -> u16;

    /// Who it is for.
    fn kind(&self) -> EventKind;
}
