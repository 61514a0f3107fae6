//! A changed configuration taken over by a running application.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod pipeline;
mod process;
mod requests;
mod support;
mod told;
mod watch;
