//! How much memory the process uses, and how much it may use.

use std::fs;

use formwork_config::ByteSize;

/// The share of the memory there is, in percent, beyond which a process is about to be ended by
/// the system.
const SHARE: u64 = 95;

/// What the process holds of the memory of the machine; `None` where the system does not tell.
pub(crate) fn resident() -> Option<ByteSize> {
    field(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

/// What a process may use when nobody says: 95 % of what its container, or else the machine, has.
pub(crate) fn most() -> Option<ByteSize> {
    // Version 2 of control groups, then version 1. Inside a container, its own is the root.
    let group = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let group = group.iter().find_map(|file| {
        let text = fs::read_to_string(file).ok()?;
        // "max" is no number.
        text.trim().parse().ok()
    });
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.and_then(|text| field(&text, "MemTotal:"));
    share(group, machine.map(ByteSize::as_u64))
}

fn share(group: Option<u64>, machine: Option<u64>) -> Option<ByteSize> {
    let least = group.into_iter().chain(machine).min()?;
    Some(ByteSize::bytes(least / 100 * SHARE))
}

/// The value of a line `Name:   123 kB`.
fn field(text: &str, name: &str) -> Option<ByteSize> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(ByteSize::bytes(kibibytes.saturating_mul(1024)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let status = "Name:\tshop\nVmHWM:\t    9000 kB\nVmRSS:\t    1024 kB\nThreads:\t4\n";
        assert_eq!(field(status, "VmRSS:"), Some(ByteSize::bytes(1 << 20)));
        assert_eq!(field(status, "VmSwap:"), None);
        assert_eq!(field(status, "Threads:"), None);
    }

    #[test]
    fn the_smaller_of_container_and_machine_counts() {
        let of = |group, machine| share(group, machine).map(ByteSize::as_u64);
        assert_eq!(of(Some(1_000), Some(10_000)), Some(950));
        // What a group of version 1 says when it has no limit.
        assert_eq!(of(Some(i64::MAX as u64), Some(10_000)), Some(9_500));
        assert_eq!(of(None, Some(10_000)), Some(9_500));
        assert_eq!(of(None, None), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_less_than_it_may() {
        let (resident, most) = (resident().expect("known"), most().expect("known"));
        assert!(resident > ByteSize::bytes(0) && resident < most);
    }
}
