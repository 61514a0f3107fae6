//! The figures of the process, read when they are asked for. Linux only: elsewhere there are none.

use std::fmt::Write;
use std::fs;

/// What the kernel counts processor time in, for every architecture Linux runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Appends what `/proc` says about this process. What cannot be read is left out.
pub(super) fn render(text: &mut String) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(stat) = Stat::parse(&stat) {
        metric(
            text,
            "process_cpu_seconds_total",
            "counter",
            "Processor time used, in user and kernel mode.",
            stat.cpu_ticks as f64 / TICKS_PER_SECOND,
        );
        let kernel = fs::read_to_string("/proc/stat").unwrap_or_default();
        if let Some(boot) = number_after(&kernel, "btime") {
            metric(
                text,
                "process_start_time_seconds",
                "gauge",
                "When the process started, in seconds since 1970.",
                boot as f64 + stat.start_ticks as f64 / TICKS_PER_SECOND,
            );
        }
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for (name, key, help) in [
        (
            "process_resident_memory_bytes",
            "VmRSS:",
            "Memory the process occupies.",
        ),
        (
            "process_virtual_memory_bytes",
            "VmSize:",
            "Address space the process has reserved.",
        ),
    ] {
        if let Some(kilobytes) = number_after(&status, key) {
            metric(text, name, "gauge", help, kilobytes as f64 * 1_024.0);
        }
    }
    if let Some(threads) = number_after(&status, "Threads:") {
        let help = "Threads of the process.";
        metric(text, "process_threads", "gauge", help, threads as f64);
    }
    if let Ok(entries) = fs::read_dir("/proc/self/fd") {
        // One of them is the listing itself.
        let open = entries.count().saturating_sub(1);
        let help = "Open file descriptors.";
        metric(text, "process_open_fds", "gauge", help, open as f64);
    }
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(limit) = number_after(&limits, "Max open files") {
        let help = "How many file descriptors may be open.";
        metric(text, "process_max_fds", "gauge", help, limit as f64);
    }
}

/// What is used of `/proc/self/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    start_ticks: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The second field is the name in parentheses, which may hold anything; the third follows.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: number(14)?.checked_add(number(15)?)?,
            start_ticks: number(22)?,
        })
    }
}

/// The first number of the line that begins with `key`.
fn number_after(text: &str, key: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(key))?
        .split_ascii_whitespace()
        .next()?
        .parse()
        .ok()
}

fn metric(text: &mut String, name: &str, kind: &str, help: &str, value: f64) {
    writeln!(
        text,
        "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
    )
    .expect("a string takes every text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_does_not_confuse() {
        let text = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0 20 0 4 0 900 1000 11 0";
        let expected = Stat {
            cpu_ticks: 42,
            start_ticks: 900,
        };
        assert_eq!(Stat::parse(text), Some(expected));
        for wrong in ["", "7 (a", "7 (a) S", "7 (a) S x x x x x x x x x x x x x"] {
            assert_eq!(Stat::parse(wrong), None, "{wrong}");
        }
        assert_eq!(
            number_after("Max open files   1024  4096 files", "Max open files"),
            Some(1024)
        );
        assert_eq!(
            number_after("Max open files   unlimited", "Max open files"),
            None
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_knows_itself() {
        let mut text = String::new();
        render(&mut text);
        for name in [
            "process_cpu_seconds_total",
            "process_start_time_seconds",
            "process_resident_memory_bytes",
            "process_virtual_memory_bytes",
            "process_threads",
            "process_open_fds",
            "process_max_fds",
        ] {
            let line = text
                .lines()
                .find(|line| line.starts_with(&format!("{name} ")));
            let value: f64 = line.unwrap().split_once(' ').unwrap().1.parse().unwrap();
            assert!(value >= 0.0, "{line:?}");
        }
    }
}
