//! The base: the bytes last generated, in one compressed file named by its hash.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sha2::{Digest as _, Sha256};

use crate::tree::{Class, Tree, path_mistake, sha256};

/// Where packs are kept in a project.
const FOLDER: &str = ".formwork/base";

const MAGIC: &[u8; 8] = b"FWPACK3\n";
/// The quickest: a pack is written with every change, and its size hardly matters.
const LEVEL: Compression = Compression::new(1);
const EXECUTABLE: u8 = 1;
/// Written once and then left alone: only the hash is kept.
const SEED: u8 = 2;
/// Compressed by itself, in the table.
const OWN: u8 = 4;
/// No project is this large; a damaged length must not fill the memory.
const LARGEST: u64 = 1 << 30;

/// A file as it was generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseFile {
    /// Of a file that is written once: the hash of what was written then.
    pub bytes: Vec<u8>,
    pub class: Class,
    pub executable: bool,
}

/// The bytes last generated, by path. Of files that are written once only the hash is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base {
    pub files: BTreeMap<String, BaseFile>,
}

/// A pack that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    #[error("the pack is damaged: its hash is {found}, its name says {expected}")]
    Hash { expected: String, found: String },
    #[error("the pack is damaged: {reason}")]
    Damaged { reason: &'static str },
    #[error("the pack has the path `{path}`, which cannot be in a project: {reason}")]
    Path { path: String, reason: &'static str },
}

/// A pack and its name.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Where the pack of that name is in a project.
pub(crate) fn path(name: &str) -> String {
    format!("{FOLDER}/{name}.pack")
}

/// Compresses a file as packs do, ahead of time: for files that go into many packs as they are.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), LEVEL);
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing into memory cannot fail")
}

/// Packs what was generated. Equal trees give equal packs.
///
/// A table of files comes first, then the bytes of all of them in one compressed stream, except for those that
/// `compressed` has by path: these stand in the table as they are. Of files that are written once `seeds` has the
/// hash, where they were written by an earlier run.
pub(crate) fn pack(
    tree: &Tree,
    compressed: &BTreeMap<String, Cow<'static, [u8]>>,
    seeds: &BTreeMap<String, Vec<u8>>,
) -> Packed {
    let mut bytes = MAGIC.to_vec();
    bytes.extend((tree.len() as u32).to_le_bytes());
    let mut stream = ZlibEncoder::new(Vec::new(), LEVEL);
    for (path, entry) in tree.iter() {
        let seed = entry.class == Class::Seed;
        let written = match seeds.get(path) {
            _ if !seed => Vec::new(),
            Some(hash) => hash.clone(),
            None => fingerprint(&entry.bytes),
        };
        let content: &[u8] = if seed { &written } else { &entry.bytes };
        let own = compressed.get(path).filter(|_| !seed);
        let length = own.map_or(content.len(), |own| own.len());
        let mut flags = u8::from(entry.executable) * EXECUTABLE;
        flags |= u8::from(seed) * SEED;
        flags |= u8::from(own.is_some()) * OWN;
        bytes.extend((path.len() as u32).to_le_bytes());
        bytes.extend((length as u32).to_le_bytes());
        bytes.push(flags);
        bytes.extend(path.as_bytes());
        match own {
            Some(own) => bytes.extend(&**own),
            None => stream
                .write_all(content)
                .expect("writing into memory cannot fail"),
        }
    }
    let stream = stream.finish().expect("writing into memory cannot fail");
    bytes.extend(stream);
    Packed {
        name: sha256(&bytes),
        bytes,
    }
}

/// The base that packing a tree and reading the pack would give.
pub(crate) fn base_of(tree: &Tree) -> Base {
    let files = tree.iter().map(|(path, entry)| {
        let file = BaseFile {
            bytes: match entry.class {
                Class::Managed => entry.bytes.clone(),
                Class::Seed => fingerprint(&entry.bytes),
            },
            class: entry.class,
            executable: entry.executable,
        };
        (path.to_owned(), file)
    });
    Base {
        files: files.collect(),
    }
}

/// What is kept of a file that is written once.
pub(crate) fn fingerprint(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// Reads a pack whose name (its hash) is known.
pub(crate) fn unpack(name: &str, bytes: &[u8]) -> Result<Base, PackError> {
    let found = sha256(bytes);
    if found != name {
        return Err(PackError::Hash {
            expected: name.to_owned(),
            found,
        });
    }
    let damaged = |reason| PackError::Damaged { reason };
    let mut rest = bytes
        .strip_prefix(MAGIC)
        .ok_or(damaged("it does not start like one"))?;
    let count = length(&mut rest)?;
    let mut room = LARGEST;
    let mut decompress = |compressed: &[u8]| {
        let mut bytes = Vec::new();
        ZlibDecoder::new(compressed)
            .take(room)
            .read_to_end(&mut bytes)
            .map_err(|_| damaged("a file cannot be decompressed"))?;
        room = room.saturating_sub(bytes.len() as u64);
        Ok(bytes)
    };
    let mut base = Base::default();
    let mut streamed = Vec::new();
    for _ in 0..count {
        let path_length = length(&mut rest)?;
        let length = length(&mut rest)?;
        let flags = take(&mut rest, 1)?[0];
        let path = std::str::from_utf8(take(&mut rest, path_length)?)
            .map_err(|_| damaged("a path is not text"))?;
        if let Some(reason) = path_mistake(path) {
            return Err(PackError::Path {
                path: path.to_owned(),
                reason,
            });
        }
        let bytes = if flags & OWN == 0 {
            streamed.push((path, length));
            Vec::new()
        } else {
            decompress(take(&mut rest, length)?)?
        };
        let file = BaseFile {
            bytes,
            class: if flags & SEED == 0 {
                Class::Managed
            } else {
                Class::Seed
            },
            executable: flags & EXECUTABLE != 0,
        };
        base.files.insert(path.to_owned(), file);
    }
    if base.files.len() != count {
        return Err(damaged("it has a file twice"));
    }
    let stream = decompress(rest)?;
    let mut stream = stream.as_slice();
    for (path, length) in streamed {
        let bytes = take(&mut stream, length)?.to_vec();
        if let Some(file) = base.files.get_mut(path) {
            file.bytes = bytes;
        }
    }
    if !stream.is_empty() {
        return Err(damaged("it has more than its files"));
    }
    Ok(base)
}

fn take<'b>(rest: &mut &'b [u8], length: usize) -> Result<&'b [u8], PackError> {
    let (taken, after) = rest.split_at_checked(length).ok_or(PackError::Damaged {
        reason: "it ends in the middle of a file",
    })?;
    *rest = after;
    Ok(taken)
}

fn length(rest: &mut &[u8]) -> Result<usize, PackError> {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(take(rest, 4)?);
    Ok(u32::from_le_bytes(bytes) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Entry;

    fn tree() -> Tree {
        let mut tree = Tree::default();
        for (path, text, class) in [
            ("a.txt", "alpha", Class::Managed),
            ("bin/run", "#!/bin/sh\n", Class::Managed),
            ("Cargo.lock", "version = 4\n", Class::Seed),
        ] {
            tree.insert(
                path.to_owned(),
                Entry {
                    bytes: text.as_bytes().to_vec(),
                    class,
                    features: vec!["core".to_owned()],
                    executable: path == "bin/run",
                },
            );
        }
        tree
    }

    /// Shows a part of: C-30.
    #[test]
    fn a_pack_gives_back_what_was_packed_and_is_named_by_its_content() {
        let packed = pack(&tree(), &BTreeMap::new(), &BTreeMap::new());
        let again = pack(&tree(), &BTreeMap::new(), &BTreeMap::new());
        assert_eq!((&packed.name, &packed.bytes), (&again.name, &again.bytes));
        let base = unpack(&packed.name, &packed.bytes).expect("the pack is sound");
        assert_eq!(base.files.len(), 3);
        assert_eq!(base.files["a.txt"].bytes, b"alpha");
        assert!(base.files["bin/run"].executable);
        assert_eq!(base.files["Cargo.lock"].class, Class::Seed);
        assert_eq!(
            base.files["Cargo.lock"].bytes,
            fingerprint(b"version = 4\n")
        );
    }

    /// Shows a part of: C-30.
    #[test]
    fn every_damaged_byte_is_noticed() {
        let packed = pack(&tree(), &BTreeMap::new(), &BTreeMap::new());
        for index in 0..packed.bytes.len() {
            let mut bytes = packed.bytes.clone();
            bytes[index] ^= 1;
            let error = unpack(&packed.name, &bytes).expect_err("a byte is wrong");
            assert!(matches!(error, PackError::Hash { .. }));
            // Even under the name of the damaged bytes nothing is read past the end.
            let _ = unpack(&sha256(&bytes), &bytes);
        }
        for end in 0..packed.bytes.len() {
            let bytes = &packed.bytes[..end];
            assert!(unpack(&sha256(bytes), bytes).is_err() || end == packed.bytes.len());
        }
    }

    #[test]
    fn files_compressed_ahead_of_time_are_read_back_like_the_others() {
        let plain = pack(&tree(), &BTreeMap::new(), &BTreeMap::new());
        let ahead = BTreeMap::from([("a.txt".to_owned(), Cow::Owned(compress(b"alpha")))]);
        let mixed = pack(&tree(), &ahead, &BTreeMap::new());
        let read = |packed: &Packed| unpack(&packed.name, &packed.bytes).expect("a sound pack");
        assert_eq!(read(&plain), read(&mixed));
        for end in 0..mixed.bytes.len() {
            let bytes = &mixed.bytes[..end];
            assert!(unpack(&sha256(bytes), bytes).is_err(), "{end}");
        }
    }
}
