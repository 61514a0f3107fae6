//! What is left of secrets in memory that was given back.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;

use formwork_config::{Config, Environment, Loader, Secret, Section, Snapshot, Url};

use crate::support::Sources;

const MARKER: &[u8] = b"kanarie5f1d9c2b";

/// Looks through every block that is given back while somebody watches.
pub(crate) struct Watching;

thread_local! {
    /// How many blocks with the marker this thread gave back; `None` while nobody watches.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// How many blocks are given back with the marker in them.
fn left(work: impl FnOnce()) -> usize {
    LEFT.set(Some(0));
    work();
    LEFT.take().expect("it was set above")
}

#[expect(
    unsafe_code,
    reason = "an allocator is unsafe to write; this one passes everything on"
)]
// SAFETY: what is asked for and given back is the system's; a block is read before it is given back.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // What was given back while nobody watched is nobody's secret.
        // SAFETY: as for the caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Ok(Some(count)) = LEFT.try_with(Cell::get) {
            // SAFETY: the block is the caller's until it is given back below, and was all zeros at
            // first, so that every byte of it is one.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            if holds(bytes) {
                LEFT.set(Some(count + 1));
            }
        }
        // SAFETY: as for the caller.
        unsafe { System.dealloc(block, layout) }
    }

    // `realloc` is given: a block that grows is a new one, and the old one is given back.
}

fn holds(bytes: &[u8]) -> bool {
    let mut windows = bytes.windows(MARKER.len());
    windows.any(|window| window == MARKER)
}

fn marker() -> String {
    String::from_utf8(MARKER.to_vec()).expect("it is text")
}

/// Secrets of every shape.
#[derive(Debug, Config)]
#[expect(dead_code, reason = "they are only loaded and dropped")]
struct Vault {
    /// Text.
    password: Option<Secret<String>>,
    /// Several.
    old: Option<Vec<Secret<String>>>,
    /// By name.
    named: Option<BTreeMap<String, Secret<String>>>,
    /// An address.
    url: Option<Url>,
    /// Several addresses.
    hosts: Option<Vec<Url>>,
    /// A form.
    #[config(pattern = "x-.*", length(min = 3))]
    form: Option<Secret<String>>,
}

const PATHS: [&str; 5] = ["password", "old", "named.one", "url", "hosts"];

fn value(path: &str) -> String {
    let marker = marker();
    match path {
        "old" => format!("{marker},more-{marker}"),
        "url" => format!("pg://user:{marker}@host/name?token={marker}"),
        "hosts" => format!("pg://user:{marker}@one,pg://user:{marker}@two"),
        _ => marker,
    }
}

/// Everything that is done with a configuration: loaded, explained, read, compared, loaded again.
fn use_up(loader: Loader) {
    let sections = [Section::of::<Vault>("vault")];
    let loaded: Result<Snapshot, _> = loader.load(&sections);
    if let Ok(snapshot) = &loaded {
        drop(format!("{}{snapshot:?}", snapshot.explain()));
        drop(snapshot.shared::<Vault>("vault"));
        let again = loader.reload(snapshot).expect("it was valid before");
        assert!(snapshot.changes(&again).is_empty());
    }
    drop((loaded, loader));
}

/// The allocator does find what is left.
#[test]
fn what_is_not_overwritten_is_found() {
    let text = marker();
    assert_eq!(left(move || drop(text)), 1);
    let text = marker();
    let grown = left(|| {
        let mut text = text;
        text.reserve(1_000);
        std::mem::forget(text);
    });
    assert_eq!(grown, 1);
    assert_eq!(left(|| drop("kanariekanarie".to_owned())), 0);
}

/// A secret overwrites its memory, whatever it is in: also a clone, and what it was made from.
///
/// Proves: R-049.
#[test]
fn a_secret_leaves_nothing_behind() {
    let secret = Secret::new(marker());
    let left = left(move || {
        let clone = secret.clone();
        assert!(clone == secret);
        let boxed: Box<dyn std::any::Any> = Box::new(secret);
        drop(boxed);
        drop(vec![Some(clone)]);
        let bytes = Secret::new(MARKER.to_vec());
        drop(format!("{bytes:?}"));
        drop(bytes);
        let mut room = String::with_capacity(100);
        room.push_str(std::str::from_utf8(MARKER).expect("it is text"));
        drop(Secret::new(room));
    });
    assert_eq!(left, 0);
}

/// On its way from its source to the typed field, and when all of that goes, no secret is left in
/// memory that was given back: from variables, named and mounted files, the program and JSON and
/// TOML files; neither when it is right nor when it is refused.
///
/// Proves: R-049.
#[test]
fn loading_leaves_no_secret_behind() {
    let plain = |path: &str| format!("SHOP__VAULT__{}", path.to_uppercase().replace('.', "__"));
    let mut kinds: Vec<(&str, Sources, Environment, bool)> = Vec::new();
    let all = |layer: &dyn Fn(Sources, &str, &str) -> Sources| {
        let sources = Sources::new().file("secrets/.keep", "");
        PATHS
            .iter()
            .fold(sources, |sources, path| layer(sources, path, &value(path)))
    };
    let mounted = all(&|it, path, value| it.file(&format!("secrets/vault.{path}"), value));
    kinds.push(("mounted", mounted.secrets(), Environment::default(), true));
    let named = all(&|it, path, value| it.file(&format!("named/{path}"), value));
    let names = PATHS.map(|path| {
        let file = named.path(&format!("named/{path}"));
        (format!("{}_FILE", plain(path)), file.display().to_string())
    });
    kinds.push(("named", named, Environment::of(names), true));
    let variables = Environment::of(PATHS.map(|path| (plain(path), value(path))));
    kinds.push(("variables", Sources::new(), variables, true));
    let marker = marker();
    let toml = format!(
        "[vault]\npassword = \"{marker}\"\nold = [\"{marker}\"]\nnamed.one = \"{marker}\"\nurl = \"{}\"\n",
        value("url")
    );
    let json = format!(
        r#"{{"vault": {{"password": "{marker}", "old": ["{marker}\u0041{marker}\n{marker}", "x"], "url": "{}"}}}}"#,
        value("url")
    );
    let with = |name: &str, text: &str| Sources::new().file(name, text);
    let files = [
        ("TOML", with("config/default.toml", &toml), true),
        ("JSON", with("config/default.json", &json), true),
        // Refused: for the form, for the type, for a key, for its syntax.
        (
            "a form",
            with("config/default.toml", &format!("vault.form = \"{marker}\"")),
            false,
        ),
        (
            "a type",
            with(
                "config/default.json",
                &format!(r#"{{"vault": {{"password": ["{marker}"]}}}}"#),
            ),
            false,
        ),
        (
            "a key",
            with(
                "config/default.toml",
                &format!("vault.pasword = \"{marker}\""),
            ),
            false,
        ),
        (
            "syntax",
            with(
                "config/default.json",
                &format!(r#"{{"vault": {{"password": "{marker}"#),
            ),
            false,
        ),
        (
            "no address",
            with("config/default.toml", &format!("vault.url = \"{marker}\"")),
            false,
        ),
    ];
    let files = files.map(|(name, sources, valid)| (name, sources, Environment::default(), valid));
    kinds.extend(files);
    let mut leaks = Vec::new();
    for (kind, sources, environment, valid) in kinds {
        let loader = sources.loader().with_environment(environment);
        let loaded = loader.load(&[Section::of::<Vault>("vault")]);
        assert_eq!(loaded.is_ok(), valid, "{kind}: {loaded:?}");
        drop(loaded);
        leaks.push((kind, left(move || use_up(loader))));
    }
    let program = PATHS.iter().fold(Loader::new("shop"), |loader, path| {
        loader.with_value(format!("vault.{path}"), value(path))
    });
    let program = program.with_environment(Environment::default());
    leaks.push(("the program", left(move || use_up(program))));
    leaks.retain(|(_, count)| *count > 0);
    assert_eq!(leaks, []);
}
