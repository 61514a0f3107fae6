//! What a piece of code opens and spawns.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use tokio::runtime::Handle;

/// What the process has open and the runtime has running.
#[derive(Debug, Clone)]
pub(super) struct Usage {
    /// By number, what it is. Empty where the system does not tell.
    files: BTreeMap<String, PathBuf>,
    tasks: usize,
}

impl Usage {
    pub(super) fn now() -> Self {
        let entries = fs::read_dir("/proc/self/fd").into_iter().flatten();
        let files = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            // The listing itself is one of them, and gone when it is asked for.
            let target = fs::read_link(entry.path()).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), target))
        });
        Self {
            files: files
                .filter(|(_, target)| !target.ends_with("fd"))
                .collect(),
            tasks: tasks(),
        }
    }

    /// What there is now that was not there before, in words.
    pub(super) fn growth(&self) -> Vec<String> {
        let now = Self::now();
        let new = now.files.iter();
        let new = new.filter(|(number, target)| self.files.get(*number) != Some(*target));
        let mut growth: Vec<String> = new
            .map(|(_, target)| format!("opens `{}`", target.display()))
            .collect();
        if now.tasks > self.tasks {
            growth.push("spawns a task".to_owned());
        }
        growth
    }
}

/// How many tasks the runtime has.
pub(super) fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
