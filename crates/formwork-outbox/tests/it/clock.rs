//! The time of the machine.

use std::time::{SystemTime, UNIX_EPOCH};

use formwork_domain::{Clock, Timestamp};

pub(crate) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("the present is after 1970");
        Timestamp::from_micros(since.as_micros() as i64)
    }
}
