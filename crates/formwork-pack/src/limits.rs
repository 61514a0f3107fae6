//! How much a pack may be.

/// Bounds on one pack. Our own features, all of them, stay below a tenth of the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Files and folders.
    pub entries: usize,
    /// Bytes of one file.
    pub file: u64,
    /// Bytes of all files, and of everything an archive holds once it is unpacked.
    pub total: u64,
    /// Bytes of an archive or an index as it is fetched.
    pub fetched: u64,
    /// Bytes a git repository may take on disk while a commit is fetched from it.
    pub repository: u64,
    /// Steps of a path.
    pub depth: usize,
    /// Bytes of a path.
    pub path: usize,
    /// How many times its own size an archive may unpack to, once it unpacked to more than a mebibyte.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self {
            entries: 4_000,
            file: MIB,
            total: 32 * MIB,
            fetched: 16 * MIB,
            repository: 256 * MIB,
            depth: 16,
            path: 240,
            ratio: 100,
        }
    }
}
