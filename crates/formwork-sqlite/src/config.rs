//! How a database is opened.

use std::path::PathBuf;
use std::time::Duration;

use formwork_config::{ByteSize, Config};

/// The SQLite database.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct SqliteConfig {
    /// The file. Its folder is created.
    #[config(default = "data/app.db")]
    pub path: PathBuf,
    /// When a commit returns.
    #[config(default = "full", dynamic)]
    pub synchronous: Synchronous,
    /// How long to wait for the writer, and for other processes.
    #[config(default = "5s", range(min = "1ms", max = "5m"), dynamic)]
    pub busy_timeout: Duration,
    /// How many connections read at a time.
    #[config(default = 4, range(min = 1, max = 1024), dynamic)]
    pub readers: u32,
    /// How much of the file each connection keeps in memory.
    #[config(default = "1MiB", range(min = "64KiB", max = "1GiB"), dynamic)]
    pub cache: ByteSize,
    /// The logical partitions of the outbox: at most so many workers share it. Can only be changed
    /// while the outbox is empty.
    #[config(default = 32, range(min = 1, max = 4096))]
    pub partitions: u16,
}

/// When a commit returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum Synchronous {
    /// When it is on the disk: it survives a power failure.
    Full,
    /// When the operating system has it: it survives a crash of the process, not of the machine.
    Normal,
}

impl SqliteConfig {
    /// The defaults, for the file at this path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
            readers: 4,
            cache: ByteSize::bytes(1 << 20),
            partitions: 32,
        }
    }
}
