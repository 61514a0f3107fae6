//! The module: configuration, routes of all others, one server.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use formwork_app::{
    Commit, Context, Declaration, Error, Module, Policy, Provision, Reload, WireError, Wiring,
};
use formwork_domain::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::assembly::Carried;
use crate::config::HttpConfig;
use crate::middleware::{Gates, describe_metrics};
use crate::server::{Limits, Replacement, Server};
use crate::{Gate, Routes, ServerAddress, assembly};

/// Serves the [`Routes`] of all modules at one address.
///
/// Everything in its configuration may change while it runs. Connections stay open and requests
/// in flight are finished as they were begun. When the address changes, connections to the old one
/// end after the request they are working on, at the latest after `app.drain-timeout`; the new one
/// must be another port, or an address that does not include the old one.
#[derive(Debug, Default)]
pub struct HttpModule {
    wired: Option<Wired>,
    at_work: Option<AtWork>,
}

#[derive(Debug)]
struct Wired {
    config: HttpConfig,
    routes: Vec<Arc<Routes>>,
    gates: Gates,
    address: Arc<ServerAddress>,
}

#[derive(Debug)]
struct AtWork {
    server: Server,
    carried: Arc<Mutex<Carried>>,
    listeners: UnboundedSender<Replacement>,
}

impl HttpModule {
    /// The module, to be configured under `http`.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Module for HttpModule {
    fn declare(&self) -> Declaration {
        Declaration::new("http")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<HttpConfig>("http")
            .collects::<Routes>()
            .collects::<dyn Gate>()
            .offers(Provision::of::<ServerAddress>().extra())
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config: HttpConfig = wiring.config()?;
        let routes = wiring.all::<Routes>();
        assembly::check(&routes)
            .map_err(|clash| Error::validation("two modules claim one route").because(clash))?;
        let gates = Gates::new(wiring.all::<dyn Gate>());
        let address = Arc::new(ServerAddress::default());
        wiring.provide(Arc::clone(&address))?;
        self.wired = Some(Wired {
            config,
            routes,
            gates,
            address,
        });
        Ok(())
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let Some(wired) = &self.wired else {
                return Err(Error::lifecycle(
                    "the HTTP server was started before it was wired",
                ));
            };
            let config = &wired.config;
            describe_metrics();
            let carried = Carried::default().with_rate_of(config);
            let router = assembly::assemble(&wired.routes, &wired.gates, config, &carried);
            let (listener, address) = listen(config.listen).await?;
            let server = Server::new(Limits::of(config), router, &context.shutdown());
            let (listeners, replacements) = mpsc::unbounded_channel();
            let mut once = Some((server.clone(), listener, replacements));
            context
                .tasks()
                .spawn("accept", Policy::StopProcess, move || {
                    let parts = once.take();
                    async move {
                        if let Some((server, listener, replacements)) = parts {
                            server.serve(listener, replacements).await;
                        }
                        Ok(())
                    }
                });
            wired.address.set(address);
            tracing::info!(%address, "listening");
            self.at_work = Some(AtWork {
                server,
                carried: Arc::new(Mutex::new(carried)),
                listeners,
            });
            Ok(())
        })
    }

    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        Box::pin(async move {
            let (Some(wired), Some(at_work)) = (&self.wired, &self.at_work) else {
                return Ok(None);
            };
            let config = reload.config::<HttpConfig>()?;
            let bound = match reload.changes("listen") {
                true => Some(listen(config.listen).await?),
                false => None,
            };
            let AtWork {
                server, listeners, ..
            } = at_work;
            let present = at_work.carried.lock();
            let present = present.unwrap_or_else(PoisonError::into_inner).clone();
            let carried = present.with_rate_of(&config);
            let router = assembly::assemble(&wired.routes, &wired.gates, &config, &carried);
            let (server, listeners) = (server.clone(), listeners.clone());
            let (address_known, slot) = (Arc::clone(&wired.address), Arc::clone(&at_work.carried));
            let patience = reload.drain_timeout();
            let commit = move || {
                server.tune(Limits::of(&config), router);
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = carried;
                if let Some((listener, address)) = bound {
                    // Refused only when the server has drained: then nobody listens any more.
                    let _ = listeners.send(Replacement { listener, patience });
                    address_known.set(address);
                    tracing::info!(%address, "listening");
                }
            };
            Ok(Some(Box::new(commit) as Box<dyn Commit>))
        })
    }

    fn drain<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            if let Some(at_work) = &self.at_work {
                at_work.server.drain().await;
            }
            Ok(())
        })
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            let Some(at_work) = self.at_work.take() else {
                return Ok(());
            };
            cut(&at_work.server).await
        })
    }
}

/// Ends a server, whatever it is doing.
pub(crate) async fn cut(server: &Server) -> Result<(), Error> {
    match server.cut().await {
        0 => Ok(()),
        1 => Err(Error::lifecycle("cut off 1 request")),
        cut => Err(Error::lifecycle(format!("cut off {cut} requests"))),
    }
}

/// Binds the address that is configured as `listen`.
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let bound = match TcpListener::bind(address).await {
        Ok(listener) => listener.local_addr().map(|address| (listener, address)),
        Err(error) => Err(error),
    };
    bound.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another process listens there: stop it, or choose another address"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 are reserved: choose another one, or grant the right to use it"
            }
            io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address: choose one of its own"
            }
            _ => "choose another address",
        };
        Error::config(format!("cannot listen on `{address}`"))
            .because(error)
            .hint(advice)
            .setting("listen")
    })
}
