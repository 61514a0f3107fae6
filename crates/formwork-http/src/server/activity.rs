//! What a connection is doing: nothing, reading the head of a request, or working on one.
//!
//! hyper's own timeout for heads arms a timer for every request and counts the pause between two
//! requests as reading. Here the connection tells apart the two, and touches its one timer only
//! when something changed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Between two requests.
    Idle,
    /// A request has begun to arrive, or the first is waited for.
    Head,
    /// A request is worked on, until the last byte of its answer is handed over.
    Busy,
}

/// The phase of a connection, after so many changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Now {
    pub(super) phase: Phase,
    changes: u64,
}

/// What one connection is doing, told from wherever it is noticed.
#[derive(Debug)]
pub(super) struct Activity(AtomicU64);

impl Activity {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(Phase::Head as u64))
    }

    pub(super) fn now(&self) -> Now {
        let value = self.0.load(Ordering::Relaxed);
        let phase = match value & 3 {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Busy,
        };
        let changes = value >> 2;
        Now { phase, changes }
    }

    fn set(&self, phase: Phase) {
        // Everything that tells is driven by the connection's own task: there is no race.
        let changes = self.now().changes.wrapping_add(1);
        self.0.store(changes << 2 | phase as u64, Ordering::Relaxed);
    }
}

/// One request being worked on, until it is dropped.
#[derive(Debug)]
pub(super) struct Flight {
    activity: Arc<Activity>,
    in_flight: Arc<AtomicUsize>,
}

impl Flight {
    pub(super) fn start(activity: &Arc<Activity>, in_flight: &Arc<AtomicUsize>) -> Self {
        activity.set(Phase::Busy);
        in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            activity: Arc::clone(activity),
            in_flight: Arc::clone(in_flight),
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.activity.set(Phase::Idle);
    }
}

/// The body of an answer; its request is in flight until it is dropped.
#[derive(Debug)]
pub(super) struct FlightBody {
    pub(super) body: Body,
    pub(super) _flight: Flight,
}

impl HttpBody for FlightBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that notices the first byte of a request.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) stream: TcpStream,
    pub(super) activity: Arc<Activity>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before && self.activity.now().phase == Phase::Idle {
            self.activity.set(Phase::Head);
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
