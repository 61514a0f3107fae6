//! A bound on the memory of this process while templates of strangers are rendered.
//!
//! What such a template writes and prints is counted, but not the texts it joins on the way. When it asks for more than
//! there is, the process ends; nothing was written then.

#[cfg(unix)]
pub(crate) use self::unix::Bound;

#[cfg(unix)]
mod unix {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// Bytes of memory. Rendering all of our own features takes a tenth of it.
    const LIMIT: u64 = 1 << 30;

    /// The bound, until this is dropped.
    #[derive(Debug)]
    pub(crate) struct Bound {
        before: Rlimit,
    }

    impl Bound {
        /// Where the system refuses, or has a lower bound, it stays as it is.
        pub(crate) fn set() -> Self {
            let before = getrlimit(Resource::Data);
            let current = before.current.map_or(LIMIT, |bound| bound.min(LIMIT));
            let _ = setrlimit(
                Resource::Data,
                Rlimit {
                    current: Some(current),
                    maximum: before.maximum,
                },
            );
            Self { before }
        }
    }

    impl Drop for Bound {
        fn drop(&mut self) {
            let Rlimit { current, maximum } = self.before;
            let _ = setrlimit(Resource::Data, Rlimit { current, maximum });
        }
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct Bound;

#[cfg(not(unix))]
impl Bound {
    pub(crate) fn set() -> Self {
        Self
    }
}
