//! The folder the servers live in, and the account they run under.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// An unprivileged account.
#[derive(Debug, Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

/// The folder with packages, data and logs.
///
/// It is `.services` in the repository, unless we are root and the unprivileged account a server
/// must run under cannot get there; then it is a folder of this repository's own among the
/// temporary files.
#[derive(Debug)]
pub(super) struct Home {
    folder: PathBuf,
    /// Set when we are root: PostgreSQL refuses to run as root.
    account: Option<Account>,
}

impl Home {
    pub(super) fn find(root: &Path) -> Result<Self> {
        let us = own_user()?;
        let mut home = Self {
            folder: root.join(".services"),
            account: None,
        };
        if us == 0 {
            home.account = Some(unprivileged()?);
            if !home.reachable() {
                home.folder = std::env::temp_dir().join(name_for(root));
                fs::create_dir_all(&home.folder)
                    .with_context(|| format!("could not create `{}`", home.folder.display()))?;
                ensure!(
                    fs::symlink_metadata(&home.folder)?.uid() == us && home.reachable(),
                    "`{}` is not a folder of ours that other accounts can reach",
                    home.folder.display()
                );
            }
        }
        Ok(home)
    }

    /// Where packages are unpacked.
    pub(super) fn packages(&self) -> PathBuf {
        self.folder.join("packages")
    }

    /// Where a service keeps its data. Also what its processes are known by.
    pub(super) fn data(&self, service: &str) -> PathBuf {
        self.folder.join(service)
    }

    /// What a service prints.
    pub(super) fn log(&self, service: &str) -> PathBuf {
        self.folder.join(format!("{service}.log"))
    }

    /// Creates a folder that belongs to the account the servers run under.
    pub(super) fn create(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)
            .and_then(|()| match self.account {
                Some(account) => chown(folder, Some(account.user), Some(account.group)),
                None => Ok(()),
            })
            .with_context(|| format!("could not create `{}`", folder.display()))
    }

    /// A command under the account the servers run under.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null());
        // Settings of the caller's clients must not reach the servers.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        command
    }

    fn reachable(&self) -> bool {
        let mut command = Command::new("test");
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        command
            .arg("-x")
            .arg(&self.folder)
            .current_dir("/")
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// The user this process acts as.
fn own_user() -> Result<u32> {
    Ok(fs::metadata("/proc/self")
        .context("could not read `/proc/self`: the services need Linux")?
        .uid())
}

/// The account of PostgreSQL where there is one, that of nobody elsewhere.
fn unprivileged() -> Result<Account> {
    let accounts = fs::read_to_string("/etc/passwd").context("could not read `/etc/passwd`")?;
    for wanted in ["postgres", "nobody"] {
        for line in accounts.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            if let [name, _, user, group, ..] = fields[..]
                && name == wanted
                && let (Ok(user), Ok(group)) = (user.parse(), group.parse())
            {
                return Ok(Account { user, group });
            }
        }
    }
    bail!("running as root, and found neither `postgres` nor `nobody` in `/etc/passwd`")
}

fn name_for(root: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    root.hash(&mut hasher);
    format!("formwork-services-{:016x}", hasher.finish())
}
