//! The form in which an event travels: CloudEvents 1.0, structured JSON.

use std::fmt;

use formwork_domain::{Delivery, Id, Operation, TenantId, Timestamp};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// An integration event with all that is needed to route, order and deduplicate it.
///
/// ```
/// use formwork_domain::{Operation, Timestamp};
/// use formwork_outbox::Envelope;
///
/// let mut envelope = Envelope::new(
///     "order.placed",
///     1,
///     "order",
///     [7; 16],
///     1,
///     serde_json::json!({ "total": 1250 }),
/// );
/// envelope.stamp("shop", [9; 16], &Operation::new(Timestamp::from_micros(0)));
///
/// let read = Envelope::from_json(envelope.to_json().as_bytes())?;
/// assert_eq!(read, envelope);
/// assert_eq!(read.source, "/shop/order");
/// assert!(Envelope::from_json(b"{\"id\": 3}").is_err());
/// # Ok::<(), formwork_outbox::EnvelopeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Identifies the message; stable over every retry and replay. The hyphenated form of a
    /// UUIDv7 where this runtime wrote it.
    pub id: String,
    /// Where it comes from: `/{service}/{aggregate}`.
    pub source: String,
    /// What happened: `{aggregate}.{action}`, such as `order.placed`. CloudEvents calls it `type`.
    pub event: String,
    /// The version of the schema of `data`.
    pub version: u16,
    /// The identifier of the aggregate it happened to.
    pub subject: String,
    /// When it happened.
    pub time: Timestamp,
    /// Whose it is, in a service that works for several tenants. CloudEvents has no attribute for
    /// it: it travels as the extension `tenantid`.
    pub tenant: Option<TenantId>,
    /// Messages with the same key are delivered in order. The aggregate's identifier, that of a
    /// tenant under the tenant: what blocks the one never blocks another.
    pub partition_key: String,
    /// The number of the event among those of its aggregate.
    pub sequence: u64,
    /// Ties together everything that follows from one request.
    pub correlation: Option<String>,
    /// The identifier of the event that caused this one.
    pub causation: Option<String>,
    /// The W3C trace context it belongs to.
    pub trace_parent: Option<String>,
    /// What happened in detail: JSON, kept as it was written.
    pub data: Box<RawValue>,
}

impl Envelope {
    /// An event of an aggregate, not yet stamped: [`stamp`](Self::stamp) gives it its identifier,
    /// its time and its context when the transaction records it.
    pub fn new(
        event: &str,
        version: u16,
        aggregate: &str,
        aggregate_id: [u8; 16],
        sequence: u64,
        data: serde_json::Value,
    ) -> Self {
        let subject = Id::<()>::from_bytes(aggregate_id).to_string();
        Self {
            id: Id::<()>::from_bytes([0; 16]).to_string(),
            source: format!("/{aggregate}"),
            event: event.to_owned(),
            version,
            partition_key: subject.clone(),
            subject,
            time: Timestamp::from_micros(0),
            tenant: None,
            sequence,
            correlation: None,
            causation: None,
            trace_parent: None,
            data: to_raw_value(&data).expect("a JSON value has a text"),
        }
    }

    /// Gives it its identifier and what it takes from the change it belongs to. Called once, by
    /// the transaction that records it.
    pub fn stamp(&mut self, service: &str, id: [u8; 16], operation: &Operation) {
        self.id = Id::<()>::from_bytes(id).to_string();
        self.source = format!("/{service}{}", self.source);
        self.time = operation.at;
        self.tenant.clone_from(&operation.tenant);
        if let Some(tenant) = &operation.tenant {
            // No tenant holds a `/`: what follows is as it was written.
            self.partition_key = format!("{tenant}/{}", self.partition_key);
        }
        self.correlation.clone_from(&operation.correlation);
        self.causation.clone_from(&operation.causation);
        self.trace_parent.clone_from(&operation.trace_parent);
    }

    /// Reads `data` as a `T`.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.data.get())
    }

    /// The circumstances of a change that answers this event: its context and its tenant are
    /// continued, and the delivery is recorded with the change so that it is applied once.
    pub fn operation(&self, consumer: &str, part: u32, at: Timestamp) -> Operation {
        Operation {
            tenant: self.tenant.clone(),
            correlation: self.correlation.clone(),
            causation: Some(self.id.clone()),
            trace_parent: self.trace_parent.clone(),
            delivery: Some(Delivery {
                consumer: consumer.to_owned(),
                message: self.id.clone(),
                part,
            }),
            ..Operation::new(at)
        }
    }

    /// The CloudEvents 1.0 JSON of it.
    pub fn to_json(&self) -> String {
        let wire = Wire {
            specversion: "1.0",
            id: &self.id,
            source: &self.source,
            event: &self.event,
            subject: &self.subject,
            time: self.time.to_string(),
            datacontenttype: "application/json",
            dataschema: format!("{SCHEMA_PREFIX}{}:{}", self.event, self.version),
            tenantid: self.tenant.as_ref().map(TenantId::as_str),
            partitionkey: &self.partition_key,
            sequence: format!("{:020}", self.sequence),
            correlationid: self.correlation.as_deref(),
            causationid: self.causation.as_deref(),
            traceparent: self.trace_parent.as_deref(),
            data: &self.data,
        };
        serde_json::to_string(&wire).expect("texts and valid JSON have a JSON form")
    }

    /// Reads the CloudEvents 1.0 JSON of an event. Attributes it does not know are ignored;
    /// those it knows must all be right.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_json(json: &[u8]) -> Result<Self, EnvelopeError> {
        let attributes: Attributes =
            serde_json::from_slice(json).map_err(|error| EnvelopeError {
                reasons: vec![format!("expected a JSON object: {error}")],
            })?;
        Reading {
            attributes: attributes.0,
            reasons: Vec::new(),
        }
        .envelope()
    }
}

impl PartialEq for Envelope {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
            && self.source == other.source
            && self.event == other.event
            && self.version == other.version
            && self.subject == other.subject
            && self.time == other.time
            && self.tenant == other.tenant
            && self.partition_key == other.partition_key
            && self.sequence == other.sequence
            && self.correlation == other.correlation
            && self.causation == other.causation
            && self.trace_parent == other.trace_parent
            && self.data.get() == other.data.get()
    }
}

/// A text that is no envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeError {
    /// Everything that is wrong with it.
    pub reasons: Vec<String>,
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an event: {}", self.reasons.join("; "))
    }
}

impl std::error::Error for EnvelopeError {}

/// What stands before `{event}:{version}` in `dataschema`.
const SCHEMA_PREFIX: &str = "urn:event:";

#[derive(Serialize)]
struct Wire<'a> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    event: &'a str,
    subject: &'a str,
    time: String,
    datacontenttype: &'a str,
    dataschema: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenantid: Option<&'a str>,
    partitionkey: &'a str,
    sequence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlationid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    data: &'a RawValue,
}

/// The members of the JSON object in the order they were written, so that repeated ones show.
struct Attributes(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Attributes(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

struct Reading {
    attributes: Vec<(String, Box<RawValue>)>,
    reasons: Vec<String>,
}

impl Reading {
    fn envelope(mut self) -> Result<Envelope, EnvelopeError> {
        self.names();
        if let Some(version) = self.text("specversion")
            && version != "1.0"
        {
            self.wrong(format!("`specversion` is `{version}`, expected `1.0`"));
        }
        if let Some(kind) = self.optional("datacontenttype")
            && kind.split(';').next().map(str::trim) != Some("application/json")
        {
            self.wrong(format!(
                "`datacontenttype` is `{kind}`, expected `application/json`"
            ));
        }
        if self.take("data_base64").is_some() {
            self.wrong("`data_base64` is not supported, expected JSON in `data`".to_owned());
        }
        let id = self.text("id");
        let source = self.text("source");
        let event = self.text("type");
        let subject = self.text("subject");
        let time = self.parsed("time", |text| text.parse().ok(), "an RFC 3339 instant");
        let version = self.parsed(
            "dataschema",
            |text| {
                let (schema, version) = text.strip_prefix(SCHEMA_PREFIX)?.rsplit_once(':')?;
                let version = version.parse().ok().filter(|version| *version > 0)?;
                Some((schema.to_owned(), version))
            },
            "`urn:event:{type}:{version}`",
        );
        if let (Some((schema, _)), Some(event)) = (&version, &event)
            && schema != event
        {
            self.wrong(format!(
                "`dataschema` is for `{schema}`, expected it to be for `{event}`"
            ));
        }
        let tenant = self.tenant();
        let partition_key = self.text("partitionkey");
        let sequence = self.parsed("sequence", |text| text.parse().ok(), "a number");
        let correlation = self.optional("correlationid");
        let causation = self.optional("causationid");
        let trace_parent = self.optional("traceparent");
        let data = self.take("data");

        match (
            (id, source, event, subject),
            (time, version, partition_key, sequence),
        ) {
            (
                (Some(id), Some(source), Some(event), Some(subject)),
                (Some(time), Some((_, version)), Some(partition_key), Some(sequence)),
            ) if self.reasons.is_empty() => Ok(Envelope {
                id,
                source,
                event,
                version,
                subject,
                time,
                tenant,
                partition_key,
                sequence,
                correlation,
                causation,
                trace_parent,
                data: data.unwrap_or_else(|| {
                    RawValue::from_string("null".to_owned()).expect("`null` is JSON")
                }),
            }),
            _ => Err(EnvelopeError {
                reasons: self.reasons,
            }),
        }
    }

    /// Names consist of lower-case letters and digits, and occur once.
    fn names(&mut self) {
        let mut wrong = Vec::new();
        for (index, (name, _)) in self.attributes.iter().enumerate() {
            let plain = |symbol: u8| symbol.is_ascii_lowercase() || symbol.is_ascii_digit();
            if name != "data_base64" && (name.is_empty() || !name.bytes().all(plain)) {
                wrong.push(format!(
                    "`{name}` is no attribute name, expected lower-case letters and digits"
                ));
            }
            if self.attributes[..index]
                .iter()
                .any(|(other, _)| other == name)
            {
                wrong.push(format!("`{name}` occurs twice"));
            }
        }
        self.reasons.extend(wrong);
    }

    fn tenant(&mut self) -> Option<TenantId> {
        let text = self.optional("tenantid")?;
        match text.parse() {
            Ok(tenant) => Some(tenant),
            Err(error) => {
                self.wrong(format!("`tenantid` is `{text}`: {error}"));
                None
            }
        }
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let text = self.optional(name);
        if text.is_none() && !self.reasons.iter().any(|reason| names(reason, name)) {
            self.wrong(format!("`{name}` is missing"));
        }
        text
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.wrong(format!("`{name}` is `{text}`, expected {expected}"));
        }
        value
    }

    fn optional(&mut self, name: &str) -> Option<String> {
        let raw = self.take(name)?;
        match serde_json::from_str::<String>(raw.get()) {
            Ok(text) if !text.is_empty() => Some(text),
            _ => {
                self.wrong(format!(
                    "`{name}` is {raw}, expected a text that is not empty"
                ));
                None
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<Box<RawValue>> {
        let index = self
            .attributes
            .iter()
            .position(|(other, _)| other == name)?;
        Some(self.attributes.swap_remove(index).1)
    }

    fn wrong(&mut self, reason: String) {
        self.reasons.push(reason);
    }
}

/// Whether a reason is already about the attribute.
fn names(reason: &str, name: &str) -> bool {
    reason
        .strip_prefix('`')
        .and_then(|rest| rest.strip_prefix(name))
        .is_some_and(|rest| rest.starts_with('`'))
}
