//! What those who run the service may look at and do.

mod config;
mod guard;
mod reload;
mod views;

use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::{Router, middleware as axum_middleware};
use formwork_app::{
    Context, Declaration, Error, Health, Inventory, Live, Module, Policy, Reloads, WireError,
    Wiring,
};
use formwork_domain::BoxFuture;
use tokio::sync::mpsc::{self, UnboundedSender};

pub use config::AdminConfig;

use crate::Routes;
use crate::middleware::{self, Observe, Protect};
use crate::module::{cut, listen};
use crate::server::{Limits, Replacement, Server};

/// How long an answer may take: every affected module may need its time to prepare.
const TIMEOUT: Duration = Duration::from_secs(120);
/// What connections to a port of its own are held to.
const LIMITS: Limits = Limits {
    connections: 64,
    header_timeout: Duration::from_secs(10),
    keep_alive: Duration::from_secs(75),
};

/// Serves what operators may look at and do, under `/admin`, to those who send the token
/// (`authorization: Bearer TOKEN`). Everybody else is answered with 401.
///
/// | | |
/// |---|---|
/// | `GET /admin/config` | every value with its origin, secrets redacted; the entity tag is the generation |
/// | `POST /admin/config/reload` | reloads, and tells how it ended; with `If-Match`, only if that generation is in force, else 412 |
/// | `GET /admin/config/reload` | how reloads stand |
/// | `GET /admin/modules` | modules with versions, needs, services and tasks |
/// | `GET /admin/timeline` | when each module started |
/// | `GET /admin/graph` | what ties the modules, as Mermaid; `?format=dot` for Graphviz |
/// | `GET /admin/health` | components with their messages |
///
/// What a reload refuses is a problem: 422 with every mistake when the configuration is not valid,
/// 409 with the paths when only a restart takes them over or a module could not prepare.
///
/// Add it to the list of modules and configure it under `admin`; without `admin.token` the service
/// does not start. With `admin.listen` it has a port of its own; without, the module needs
/// [`HttpModule`](crate::HttpModule) beside it.
#[derive(Debug, Default)]
pub struct AdminModule {
    wired: Option<Wired>,
    at_work: Option<AtWork>,
}

#[derive(Debug)]
struct Wired {
    config: Live<AdminConfig>,
    router: Router,
}

/// The server of its own.
#[derive(Debug)]
struct AtWork {
    server: Server,
    /// Held so that the server goes on listening.
    _listeners: UnboundedSender<Replacement>,
}

/// What answers are made of.
#[derive(Debug, Clone)]
struct Desk {
    config: Live<AdminConfig>,
    reloads: Arc<Reloads>,
    inventory: Arc<Inventory>,
    health: Health,
}

impl AdminModule {
    /// The module, to be configured under `admin`.
    pub const fn new() -> Self {
        Self {
            wired: None,
            at_work: None,
        }
    }
}

impl Module for AdminModule {
    fn declare(&self) -> Declaration {
        Declaration::new("admin")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<AdminConfig>("admin")
            .needs::<Reloads>()
            .needs::<Inventory>()
            .contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config = wiring.live::<AdminConfig>()?;
        let router = router(Desk {
            config: config.clone(),
            reloads: wiring.get()?,
            inventory: wiring.get()?,
            health: wiring.health(),
        });
        if config.load().listen.is_none() {
            let routes = Routes::new("admin", router.clone()).operational();
            wiring.contribute(Arc::new(routes))?;
        }
        self.wired = Some(Wired { config, router });
        Ok(())
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let Some(wired) = &self.wired else {
                return Err(Error::lifecycle("`admin` was started before it was wired"));
            };
            let Some(address) = wired.config.load().listen else {
                return Ok(());
            };
            let (listener, address) = listen(address).await?;
            let protect = Protect {
                admission: None,
                rate: None,
                timeout: TIMEOUT,
                body_limit: 64 << 10,
            };
            let router = wired.router.clone();
            let router = middleware::around(router, Observe::new(), protect, &[], true);
            let server = Server::new(LIMITS, router, &context.shutdown());
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
            tracing::info!(%address, "listening for operators");
            self.at_work = Some(AtWork {
                server,
                _listeners: listeners,
            });
            Ok(())
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
            match self.at_work.take() {
                Some(at_work) => cut(&at_work.server).await,
                None => Ok(()),
            }
        })
    }
}

fn router(desk: Desk) -> Router {
    Router::new()
        .route("/admin/config", get(views::config))
        .route(
            "/admin/config/reload",
            get(reload::status).post(reload::reload),
        )
        .route("/admin/modules", get(views::modules))
        .route("/admin/timeline", get(views::timeline))
        .route("/admin/graph", get(views::graph))
        .route("/admin/health", get(views::health))
        .route_layer(axum_middleware::from_fn_with_state(
            desk.clone(),
            guard::admit,
        ))
        .with_state(desk)
}
