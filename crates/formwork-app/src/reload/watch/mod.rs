//! Reloads when a file changes or SIGHUP comes.

mod fingerprint;
mod places;
mod watcher;

use std::sync::Arc;
use std::time::Duration;

use formwork_config::Config;
use formwork_domain::BoxFuture;
use tokio_util::sync::CancellationToken;

use fingerprint::Fingerprint;
use watcher::Watcher;

use super::{Live, Reloads, Trigger};
use crate::{Context, Declaration, Error, Module, Policy, WireError, Wiring};

/// What makes a running service read its configuration again.
#[derive(Debug, Clone, Config)]
pub struct ConfigReloadConfig {
    /// How changed files are noticed. SIGHUP always is.
    #[config(default = "events")]
    pub watch: Watch,
    /// How often files are looked at: what the system does not tell, as on some network file
    /// systems, is noticed after so long.
    #[config(default = "5s", range(min = "10ms", max = "1h"), dynamic)]
    pub poll: Duration,
}

/// How changed files are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum Watch {
    /// By what the system tells, and by looking at them from time to time.
    Events,
    /// By looking at them from time to time.
    Poll,
    /// Not at all.
    Off,
}

/// Reloads the configuration when one of its files changes, and on SIGHUP.
///
/// Add it to the list of modules; it is configured under `config-reload` and needs nothing. Every
/// file and directory the configuration is read from is watched through the directory it lies in,
/// so that files which editors replace and links which Kubernetes retargets count as changed.
///
/// ```
/// use formwork_app::{App, ConfigReloadModule, ServiceInfo};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App::new(ServiceInfo::new("shop", "1.0.0")).module(ConfigReloadModule::new());
/// app.start().await?.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ConfigReloadModule {
    wired: Option<Wired>,
}

#[derive(Debug, Clone)]
struct Wired {
    reloads: Arc<Reloads>,
    config: Live<ConfigReloadConfig>,
}

impl ConfigReloadModule {
    /// The module, to be configured under `config-reload`.
    pub const fn new() -> Self {
        Self { wired: None }
    }
}

impl Module for ConfigReloadModule {
    fn declare(&self) -> Declaration {
        Declaration::new("config-reload")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<ConfigReloadConfig>("config-reload")
            .needs::<Reloads>()
            // From early on a SIGHUP must not end the process.
            .starts_first()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        self.wired = Some(Wired {
            reloads: wiring.get()?,
            config: wiring.live()?,
        });
        Ok(())
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            let Some(wired) = &self.wired else {
                return Err(Error::lifecycle(
                    "reloads were started before they were wired",
                ));
            };
            listen(wired, context)?;
            let how = wired.config.load().watch;
            if how != Watch::Off {
                // Now: what other modules read at their start may change as soon as they have.
                let mut look = Some(Look::of(&wired.reloads, how).await?);
                let (wired, ending) = (wired.clone(), context.shutdown());
                context.tasks().spawn("watch", Policy::restart(), move || {
                    watch(wired.clone(), look.take(), ending.clone())
                });
            }
            Ok(())
        })
    }
}

/// Reloads on SIGHUP.
#[cfg(unix)]
fn listen(wired: &Wired, context: &Context) -> Result<(), Error> {
    use tokio::signal::unix::{SignalKind, signal};

    let hangups = signal(SignalKind::hangup())
        .map_err(|error| Error::lifecycle("could not listen for SIGHUP").because(error))?;
    let mut hangups = Some(hangups);
    let (reloads, ending) = (Arc::clone(&wired.reloads), context.shutdown());
    context
        .tasks()
        .spawn("signals", Policy::StopProcess, move || {
            let (hangups, reloads, ending) = (hangups.take(), Arc::clone(&reloads), ending.clone());
            async move {
                let Some(mut hangups) = hangups else {
                    return Ok(());
                };
                while let Some(Some(())) = ending.run_until_cancelled(hangups.recv()).await {
                    reloads.request(Trigger::Signal);
                }
                Ok(())
            }
        });
    Ok(())
}

#[cfg(not(unix))]
fn listen(_wired: &Wired, _context: &Context) -> Result<(), Error> {
    Ok(())
}

/// Reloads when what the configuration is read from has changed.
async fn watch(wired: Wired, look: Option<Look>, ending: CancellationToken) -> Result<(), Error> {
    let Wired { reloads, config } = wired;
    let watch = config.load().watch;
    let mut look = match look {
        Some(look) => look,
        None => Look::of(&reloads, watch).await?,
    };
    // What changed between the first load and here, nobody has told.
    let stale = blocking({
        let reloads = Arc::clone(&reloads);
        move || reloads.is_stale()
    });
    if stale.await? {
        reloads.request(Trigger::File);
    }
    loop {
        let told = tokio::select! {
            () = ending.cancelled() => return Ok(()),
            () = look.watcher.changed() => true,
            () = tokio::time::sleep(config.load().poll) => false,
        };
        if told || fingerprint(&reloads).await? != look.fingerprint {
            look = Look::of(&reloads, watch).await?;
            // Only now: what changes until here is read by this reload, what changes from here on
            // is told by the new watcher. Asked for before, a change in between would be told to
            // the old one, which nobody listens to any more.
            reloads.request(Trigger::File);
        }
    }
}

/// How the sources look now, and what tells when that changes.
struct Look {
    watcher: Watcher,
    fingerprint: Fingerprint,
}

impl Look {
    async fn of(reloads: &Arc<Reloads>, watch: Watch) -> Result<Self, Error> {
        let snapshot = reloads.current();
        blocking(move || Self {
            // Watched first, so that what changes after the look is told.
            watcher: match watch {
                Watch::Events => Watcher::of(snapshot.sources()),
                Watch::Poll | Watch::Off => Watcher::blind(),
            },
            fingerprint: Fingerprint::of(snapshot.sources()),
        })
        .await
    }
}

async fn fingerprint(reloads: &Arc<Reloads>) -> Result<Fingerprint, Error> {
    let snapshot = reloads.current();
    blocking(move || Fingerprint::of(snapshot.sources())).await
}

/// Runs what may wait for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::lifecycle("could not look at the configuration").because(error))
}
