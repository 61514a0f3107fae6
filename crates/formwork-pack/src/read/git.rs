//! A pack in a git repository, at a commit. Objects are read as they are stored: nothing is checked out, so that
//! neither hooks nor filters nor links have a part in it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;
use std::{env, fs};

use crate::collect::{Collector, Kind};
use crate::pack::SIGNATURE;
use crate::{Limits, Manifest, Pack, PackError, Reason};

/// The commit a revision is: a branch, a tag, a commit, or what the repository calls `HEAD`.
pub(crate) fn commit(url: &str, rev: &str, limits: &Limits) -> Result<String, PackError> {
    Ok(Repository::fetch(url, rev, limits)?.commit)
}

/// The pack at a commit.
pub(crate) fn git(url: &str, rev: &str, from: &str, limits: &Limits) -> Result<Pack, PackError> {
    let repository = Repository::fetch(url, rev, limits)?;
    let mut collector = Collector::new(limits);
    repository.read(&mut collector)?;
    let (files, reasons) = collector.finish();
    Pack::assemble(files, reasons).map_err(|reasons| PackError::Refused {
        from: from.to_owned(),
        reasons,
    })
}

/// A repository with one commit in it, for a moment.
struct Repository<'a> {
    url: &'a str,
    folder: tempfile::TempDir,
    commit: String,
    limits: &'a Limits,
}

impl<'a> Repository<'a> {
    fn fetch(url: &'a str, rev: &str, limits: &'a Limits) -> Result<Self, PackError> {
        for (name, text) in [("repository", url), ("revision", rev)] {
            if text.starts_with('-') || text.is_empty() || text.chars().any(char::is_control) {
                return Err(PackError::Fetch {
                    at: url.to_owned(),
                    message: format!("`{text}` is no {name}"),
                });
            }
        }
        let folder = tempfile::tempdir().map_err(|source| PackError::Write {
            path: env::temp_dir(),
            source,
        })?;
        let mut repository = Self {
            url,
            folder,
            commit: String::new(),
            limits,
        };
        repository.run(&["init", "--quiet", "--bare", "."])?;
        // Most servers give out any commit; those that do not give out their branches and tags.
        let one = ["fetch", "--quiet", "--depth=1", "--no-tags", "--", url, rev];
        let mut found = repository.run(&one).map(|_| "FETCH_HEAD".to_owned());
        if found.is_err() && is_commit(rev) {
            let all = [
                "fetch",
                "--quiet",
                "--",
                url,
                "+refs/heads/*:refs/heads/*",
                "+refs/tags/*:refs/tags/*",
            ];
            found = repository.run(&all).map(|_| rev.to_owned());
        }
        let name = format!("{}^{{commit}}", found?);
        let commit = repository.run(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ])?;
        repository.commit = String::from_utf8_lossy(&commit).trim().to_owned();
        Ok(repository)
    }

    /// Everything the pack may be made of.
    fn read(&self, collector: &mut Collector<'_>) -> Result<(), PackError> {
        let list = self.run(&[
            "ls-tree",
            "-r",
            "-z",
            "--long",
            "--full-tree",
            &self.commit,
            "--",
            Manifest::PATH,
            SIGNATURE,
            "features",
        ])?;
        for line in list
            .split(|byte| *byte == 0)
            .filter(|line| !line.is_empty())
        {
            let tab = line.iter().position(|byte| *byte == b'\t');
            let (head, path) = line.split_at(tab.unwrap_or(line.len()));
            let path = path.get(1..).unwrap_or_default();
            let head = String::from_utf8_lossy(head);
            let mut words = head.split_whitespace();
            let (mode, _, object, size) = (words.next(), words.next(), words.next(), words.next());
            let kind = match mode {
                Some("100644" | "100755") => Kind::File,
                Some("120000") => Kind::Other("a symbolic link"),
                Some("160000") => Kind::Other("another repository"),
                _ => Kind::Other("neither a file nor a folder"),
            };
            let size: u64 = size.and_then(|size| size.parse().ok()).unwrap_or_default();
            let mut content: Box<dyn Read> = Box::new(io::empty());
            if kind == Kind::File && size <= self.limits.file {
                let bytes = self.run(&["cat-file", "blob", object.unwrap_or_default()])?;
                content = Box::new(io::Cursor::new(bytes));
            }
            if !collector.take(path, kind, size, &mut content) {
                break;
            }
        }
        Ok(())
    }

    /// Runs git in the repository, as long as that stays within bounds.
    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, PackError> {
        let failed = |message: String| PackError::Fetch {
            at: self.url.to_owned(),
            message,
        };
        let cannot_run = |error: io::Error| failed(format!("cannot run `git`: {error}"));
        let mut child = Command::new("git")
            .args([
                "-c",
                "core.hooksPath=/dev/null",
                "-c",
                "core.fsmonitor=false",
            ])
            .args(["-c", "core.quotePath=false", "-c", "gc.auto=0"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "file:https:ssh")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(cannot_run)?;
        let limit = self.limits.repository;
        let stdout = collect(child.stdout.take(), limit);
        let stderr = collect(child.stderr.take(), 1 << 16);
        let status = self.wait(&mut child).map_err(cannot_run)?;
        let stdout = stdout.join().unwrap_or_default();
        let stderr = stderr.join().unwrap_or_default();
        match status {
            None => Err(PackError::Refused {
                from: format!("repository {}", self.url),
                reasons: vec![Reason::Total { limit }],
            }),
            Some(status) if status.success() => Ok(stdout),
            Some(status) => {
                let text = String::from_utf8_lossy(&stderr).into_owned();
                let text = text.trim().lines().last().unwrap_or_default().to_owned();
                let text = if text.is_empty() {
                    status.to_string()
                } else {
                    text
                };
                Err(failed(format!("git {}: {text}", arguments[0])))
            }
        }
    }

    /// Waits for git; ends it when it takes more room than a pack could need.
    fn wait(&self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if size(self.folder.path()) > self.limits.repository {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}

/// Reads a pipe to its end, and keeps no more than `limit` bytes of it.
fn collect(pipe: Option<impl Read + Send + 'static>, limit: u64) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.by_ref().take(limit).read_to_end(&mut bytes);
            // A program that is not listened to waits for ever.
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
        bytes
    })
}

fn size(folder: &Path) -> u64 {
    let mut total = 0;
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                total += metadata.len();
            }
        }
    }
    total
}

fn is_commit(rev: &str) -> bool {
    matches!(rev.len(), 40 | 64) && rev.bytes().all(|byte| byte.is_ascii_hexdigit())
}
