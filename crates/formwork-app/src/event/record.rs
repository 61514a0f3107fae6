//! One thing that happened, as a CloudEvents 1.0 record.

use std::borrow::Cow;
use std::sync::Arc;

use formwork_domain::Timestamp;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::Value;

/// Something that happened in the application: a CloudEvents 1.0 record.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// Identifies the event; a UUIDv7, hyphenated.
    pub id: String,
    /// Where it comes from: `/{service}`.
    pub source: String,
    /// What happened, such as [`formwork.module.started`](super::kind::MODULE_STARTED).
    /// CloudEvents calls it `type`.
    pub kind: Cow<'static, str>,
    /// What it happened to: a module, a component, a job.
    pub subject: String,
    /// When it happened.
    pub time: Timestamp,
    /// The process it happened in, told apart from others of the same service. An extension
    /// attribute of CloudEvents.
    pub instance: Arc<str>,
    /// The number of the event in its process, from 1 and without gaps: an observer sees from it
    /// what it missed. An extension attribute of CloudEvents.
    pub sequence: u64,
    /// What happened in detail. Never holds secrets.
    pub data: Value,
}

impl Event {
    /// The CloudEvents 1.0 JSON of it, in one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and JSON values have a JSON form")
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut event = serializer.serialize_struct("Event", 10)?;
        event.serialize_field("specversion", "1.0")?;
        event.serialize_field("id", &self.id)?;
        event.serialize_field("source", &self.source)?;
        event.serialize_field("type", &self.kind)?;
        event.serialize_field("subject", &self.subject)?;
        event.serialize_field("time", &self.time.to_string())?;
        event.serialize_field("datacontenttype", "application/json")?;
        event.serialize_field("instance", &*self.instance)?;
        // As text, which sorts as the number does: CloudEvents attributes have no 64-bit integers.
        event.serialize_field("sequence", &format!("{:020}", self.sequence))?;
        event.serialize_field("data", &self.data)?;
        event.end()
    }
}
