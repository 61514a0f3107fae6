//! What the crate promises, shown at its boundary.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod conformance;
mod log;
mod prometheus;

/// Runs a test in a process of its own, where what a process has one of is its alone: the
/// subscriber, the recorder. Returns whether this is that process.
fn alone(test: &str) -> bool {
    const ALONE: &str = "FORMWORK_TELEMETRY_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args([test, "--exact", "--nocapture"]).env(ALONE, "1");
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    false
}
