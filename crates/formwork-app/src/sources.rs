//! The process's clock and identifiers, behind the domain's ports.

use std::time::{SystemTime, UNIX_EPOCH};

use formwork_domain::{Clock, Identifiers, Timestamp};

/// The time of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |m| -m),
        };
        Timestamp::from_micros(micros)
    }
}

/// UUIDs of version 7: unique, and in the order they were made within a process.
#[derive(Debug, Clone, Copy, Default)]
pub struct UuidV7;

impl Identifiers for UuidV7 {
    fn next(&self) -> [u8; 16] {
        uuid::Uuid::now_v7().into_bytes()
    }
}
