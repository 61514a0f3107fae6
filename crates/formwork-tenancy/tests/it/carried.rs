//! The tenant goes where the work goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get as on_get;
use formwork_app::{Context, Declaration, Error, Module, Policy, SystemClock, WireError, Wiring};
use formwork_domain::{BoxFuture, Operation, Outcome, RepositoryError, TenantId, Timestamp};
use formwork_http::{OperationContext, Problem, Routes};
use formwork_outbox::{
    Claim, ConsumersModule, Envelope, Handler, HandlerError, IdempotencyStore,
    InProcessBrokerModule, InboxStore, MemoryStore, OutboxStore, PollingModule, RelayModule,
};
use formwork_telemetry::PrometheusModule;
use formwork_tenancy::http::CurrentTenant;
use formwork_tenancy::{MemoryTenants, Tenancy, Tenant, TenantSource, TenantStatus};
use formwork_test::{CountingIdentifiers, eventually};

use crate::support::{Files, PATIENCE, Shop, get, id, with_http};

const OUTCOME: Outcome = Outcome {
    id: [1; 16],
    version: 1,
};

const CONFIG: &str = "[tenant-resolution]\nstrategies = [\"header\"]\ntrusted = [\"127.0.0.1\"]\n\
     [tenancy.tenants]\nacme = {}\numbrella = {}";

fn event(name: &str, sequence: u64) -> Envelope {
    Envelope::new(name, 1, "order", [7; 16], sequence, serde_json::json!({}))
}

/// In the framework this design descends from, whoever derives a context from that of a request
/// (with a timeout, for a task) gets one that has lost the tenant. A value cannot be lost.
///
/// Proves: R-038.
/// Shows a part of: R-005.
#[tokio::test]
async fn derived_work_keeps_the_tenant_however_deep() {
    fn deep(tenant: Tenant, depth: u32) -> BoxFuture<'static, TenantId> {
        Box::pin(async move {
            if depth == 0 {
                return tenant.id().clone();
            }
            let derived = tokio::time::timeout(PATIENCE, deep(tenant, depth - 1));
            tokio::spawn(derived)
                .await
                .expect("the task")
                .expect("in time")
        })
    }
    let files = Files::new(CONFIG);
    let work = async |CurrentTenant(tenant): CurrentTenant| {
        let here = tenant.clone();
        let blocking = tokio::task::spawn_blocking(move || here.key("orders").to_string());
        let blocking = blocking.await.unwrap_or_default();
        format!("{} {blocking}", deep(tenant, 5).await)
    };
    let app = with_http(files.app(), Router::new().route("/work", on_get(work)));
    let running = app.start().await.expect("a start");
    // Many at the same time, on the same threads.
    let asked = (0..40).map(|number| {
        let name = if number % 2 == 0 { "acme" } else { "umbrella" };
        let running = &running;
        async move { (name, get(running, "/work", &[("x-tenant-id", name)]).await) }
    });
    let asked: Vec<_> = asked.collect();
    for answer in asked {
        let (name, answer) = answer.await;
        assert_eq!(answer.brief(), format!("200 {name} {name}/orders"));
    }
    running.stop().await.expect("a clean stop");
}

/// Keeps events and hands them on: the adapters and the reactions of a service.
struct Adapters {
    store: Arc<MemoryStore>,
    payments: Arc<Mutex<Vec<String>>>,
}

impl Module for Adapters {
    fn declare(&self) -> Declaration {
        Declaration::new("adapters")
            .needs::<Tenancy>()
            .provides::<dyn OutboxStore>()
            .provides::<dyn InboxStore>()
            .provides::<dyn IdempotencyStore>()
            .contributes::<dyn Handler>()
            .contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        wiring.provide::<dyn OutboxStore>(Arc::clone(&self.store) as _)?;
        wiring.provide::<dyn InboxStore>(Arc::clone(&self.store) as _)?;
        wiring.provide::<dyn IdempotencyStore>(Arc::clone(&self.store) as _)?;
        let tenancy = wiring.get::<Tenancy>()?;
        for (consumer, subject) in [
            ("payment.request", "order.placed"),
            ("ledger.note", "payment.requested"),
        ] {
            wiring.contribute::<dyn Handler>(Arc::new(Reaction {
                consumer,
                subject: [subject],
                tenancy: Arc::clone(&tenancy),
                store: Arc::clone(&self.store),
                payments: Arc::clone(&self.payments),
            }))?;
        }
        let router = Router::new()
            .route("/place", on_get(place))
            .with_state(Arc::clone(&self.store));
        wiring.contribute(Arc::new(Routes::new("place", router)))
    }
}

async fn place(
    State(store): State<Arc<MemoryStore>>,
    context: OperationContext,
) -> Result<&'static str, Problem> {
    let operation = context.operation("order.place", &(), Timestamp::from_micros(1));
    store.record(&operation, vec![event("order.placed", 1)], OUTCOME)?;
    Ok("placed")
}

/// Answers one event with another, in the tenant of the first.
struct Reaction {
    consumer: &'static str,
    subject: [&'static str; 1],
    tenancy: Arc<Tenancy>,
    store: Arc<MemoryStore>,
    payments: Arc<Mutex<Vec<String>>>,
}

impl Handler for Reaction {
    fn consumer(&self) -> &str {
        self.consumer
    }

    fn subjects(&self) -> &[&str] {
        &self.subject
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let operation = envelope.operation(self.consumer, 0, Timestamp::from_micros(2));
            let tenant = self
                .tenancy
                .enter(self.consumer, operation.tenant.as_ref())
                .map_err(|error| HandlerError::Poison(error.into()))?
                .expect("the guard is strict");
            let next = match self.consumer {
                "payment.request" => vec![event("payment.requested", 2)],
                _ => Vec::new(),
            };
            self.store.record(&operation, next, OUTCOME)?;
            let mut payments = self.payments.lock().expect("not poisoned");
            payments.push(format!("{} {}", self.consumer, tenant.id()));
            Ok(())
        })
    }
}

/// From the request over the outbox and a first reaction to a second one; and what has no tenant
/// gets nowhere.
///
/// Proves: R-038.
/// Shows a part of: R-005.
#[tokio::test]
async fn the_tenant_reaches_outbox_rows_events_and_reactions_to_reactions() {
    let files = Files::new(CONFIG);
    let store = MemoryStore::new(
        "shop",
        Arc::new(SystemClock),
        Arc::new(CountingIdentifiers::new()),
    );
    let store = Arc::new(store);
    let payments: Arc<Mutex<Vec<String>>> = Arc::default();
    let app = with_http(files.app(), Router::new())
        .module(RelayModule::new())
        .module(ConsumersModule::new())
        .module(InProcessBrokerModule::new())
        .module(PollingModule::new())
        .module(PrometheusModule::new())
        .module(Adapters {
            store: Arc::clone(&store),
            payments: Arc::clone(&payments),
        });
    let running = app.start().await.expect("a start");
    for tenant in ["acme", "umbrella"] {
        let placed = get(&running, "/place", &[("x-tenant-id", tenant)]).await;
        assert_eq!(placed.brief(), "200 placed");
    }
    assert_eq!(
        get(&running, "/place", &[]).await.brief(),
        "400 tenant-missing"
    );
    let mut expected = vec![
        "ledger.note acme",
        "ledger.note umbrella",
        "payment.request acme",
        "payment.request umbrella",
    ];
    expected.sort_unstable();
    eventually(
        "every reaction to every tenant's event",
        PATIENCE,
        async || {
            let mut payments = payments.lock().expect("not poisoned").clone();
            payments.sort_unstable();
            payments == expected
        },
    )
    .await;

    // An event without a tenant: the guard keeps it out, and it is kept for whoever looks into it.
    let nobody = Operation::new(Timestamp::from_micros(3));
    store
        .record(&nobody, vec![event("order.placed", 9)], OUTCOME)
        .expect("recorded");
    eventually("it is given up", PATIENCE, async || {
        store.dead(0, 10).await.is_ok_and(|dead| dead.len() == 1)
    })
    .await;
    assert_eq!(payments.lock().expect("not poisoned").len(), 4);

    let metrics = get(&running, "/metrics", &[]).await.body;
    assert!(
        metrics.contains("http_server_request_duration"),
        "{metrics}"
    );
    for tenant in ["acme", "umbrella"] {
        assert!(!metrics.contains(tenant), "metrics carry no tenant");
    }
    running.stop().await.expect("a clean stop");
}

/// A task of the application has the tenant of the operation it was given: there is no other way to
/// one.
///
/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn a_job_is_for_the_tenant_of_its_operation() {
    for (operation, expected) in [
        (
            Operation::new(Timestamp::from_micros(0)).for_tenant(id("acme")),
            "acme/expire",
        ),
        (
            Operation::new(Timestamp::from_micros(0)),
            "`orders.expire` needs a tenant, and none was named",
        ),
    ] {
        let files = Files::new("[tenancy.tenants]\nacme = {}");
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&log);
        let worker = Worker::new(move |context, tenancy| {
            let (operation, lines) = (operation.clone(), Arc::clone(&lines));
            let tasks = context.tasks();
            tasks.spawn("job", Policy::Once, move || {
                let (operation, lines) = (operation.clone(), Arc::clone(&lines));
                let tenancy = Arc::clone(&tenancy);
                async move {
                    let entered = tenancy.enter("orders.expire", operation.tenant.as_ref());
                    let line = match entered {
                        Ok(tenant) => tenant.map_or_else(String::new, |it| it.key("expire").into()),
                        Err(error) => error.to_string(),
                    };
                    lines.lock().expect("not poisoned").push(line);
                    Ok(())
                }
            });
        });
        let app = files.app().module(Shop(None)).module(worker);
        let running = app.start().await.expect("a start");
        eventually("the job is done", PATIENCE, async || {
            *log.lock().expect("not poisoned") == [expected]
        })
        .await;
        running.stop().await.expect("a clean stop");
    }
}

/// One that runs once, and one that runs again and again until its tenant is gone: what each leaves
/// in the outbox is its tenant's.
///
/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn tasks_of_tenants_work_for_their_tenant_every_time() {
    let directory = Arc::new(MemoryTenants::new());
    let names = ["acme", "umbrella"];
    for name in names {
        directory.set(id(name), TenantStatus::Active);
    }
    let store = MemoryStore::new(
        "shop",
        Arc::new(SystemClock),
        Arc::new(CountingIdentifiers::new()),
    );
    let store = Arc::new(store);
    let outbox = Arc::clone(&store);
    let worker = Worker::new(move |context, tenancy| {
        for name in names {
            for (task, again) in [("greet", false), ("expire", true)] {
                let (tenancy, outbox) = (Arc::clone(&tenancy), Arc::clone(&outbox));
                let shutdown = context.shutdown();
                let tasks = context.tasks();
                tasks.spawn_for(&id(name), task, Policy::Once, move |tenant| {
                    let (tenancy, outbox) = (Arc::clone(&tenancy), Arc::clone(&outbox));
                    let shutdown = shutdown.clone();
                    let rounds = async move {
                        // Until the tenant is not served any more.
                        while let Ok(tenant) = tenancy.tenant(&tenant) {
                            let operation = tenant.operation(Timestamp::from_micros(4));
                            let event = event(&format!("order.{task}"), 1);
                            outbox.record(&operation, vec![event], OUTCOME)?;
                            if !again {
                                break;
                            }
                            tokio::time::sleep(Duration::from_millis(2)).await;
                        }
                        Ok::<_, RepositoryError>(())
                    };
                    async move {
                        let done = shutdown.run_until_cancelled(rounds).await;
                        let failed = |error| Error::dependency("could not record").because(error);
                        done.unwrap_or(Ok(())).map_err(failed)
                    }
                });
            }
        }
    });
    let files = Files::new("[tenancy]\nrefresh = \"1d\"");
    let running = files
        .app()
        .provide::<dyn TenantSource>(Arc::clone(&directory) as _)
        .module(Shop(None))
        .module(worker)
        .start()
        .await
        .expect("a start");

    let key = |tenant: &str, event: &str| (Some(id(tenant)), event.to_owned());
    let many = async |tenant: &str, than: usize| {
        let rows = rows(&store).await;
        rows.get(&key(tenant, "order.expire"))
            .is_some_and(|count| *count > than)
    };
    eventually("several rounds of both", PATIENCE, async || {
        many("acme", 3).await && many("umbrella", 3).await
    })
    .await;

    assert!(directory.remove(&id("acme")));
    let tenancy = running.get::<Tenancy>().expect("the tenants");
    tenancy.refresh().await.expect("an answer");
    let tasks = || running.modules().into_iter().flat_map(|it| it.tasks);
    eventually("its task ends by itself", PATIENCE, async || {
        !tasks().any(|task| task.ends_with("@acme"))
    })
    .await;
    let so_far = rows(&store).await[&key("umbrella", "order.expire")];
    eventually("the other's goes on", PATIENCE, async || {
        many("umbrella", so_far).await
    })
    .await;
    running.stop().await.expect("a clean stop");

    let counts = rows(&store).await;
    let keys: Vec<_> = counts.keys().cloned().collect();
    let expected =
        names.map(|name| ["expire", "greet"].map(|it| key(name, &format!("order.{it}"))));
    assert_eq!(keys, expected.concat());
    for name in names {
        assert_eq!(counts[&key(name, "order.greet")], 1, "once for {name}");
    }
}

/// How many rows of each tenant and event wait in the outbox.
async fn rows(store: &MemoryStore) -> BTreeMap<(Option<TenantId>, String), usize> {
    let claim = Claim {
        worker: "reader".to_owned(),
        lease: Duration::from_secs(600),
    };
    let claimed = store.claim(&claim).await.expect("the partitions");
    let rows = store.fetch(&claimed.leases, usize::MAX).await;
    let mut counts = BTreeMap::new();
    for row in rows.expect("the rows") {
        let key = (row.envelope.tenant, row.envelope.event);
        *counts.entry(key).or_insert(0) += 1;
    }
    counts
}

type Spawn = dyn Fn(&Context, Arc<Tenancy>) + Send + Sync;

/// Spawns tasks at its start.
struct Worker {
    spawn: Box<Spawn>,
    tenancy: Option<Arc<Tenancy>>,
}

impl Worker {
    fn new(spawn: impl Fn(&Context, Arc<Tenancy>) + Send + Sync + 'static) -> Self {
        Self {
            spawn: Box::new(spawn),
            tenancy: None,
        }
    }
}

impl Module for Worker {
    fn declare(&self) -> Declaration {
        Declaration::new("worker").needs::<Tenancy>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        self.tenancy = Some(wiring.get::<Tenancy>()?);
        Ok(())
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        (self.spawn)(context, self.tenancy.take().expect("wired"));
        Box::pin(std::future::ready(Ok(())))
    }
}
