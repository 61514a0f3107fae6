//! What is registered, looked at from within and from outside.

use std::sync::{Arc, Mutex};

use formwork_app::{Inventory, Policy};

use crate::support::{Journal, app, link, module};

trait Port: Send + Sync {}

/// Modules, services, scopes, versions, order, start durations, tasks, as data: what an admin
/// endpoint prints.
///
/// Proves: R-037.
#[tokio::test]
async fn what_is_registered_is_data() {
    let journal = Journal::default();
    let kept: Arc<Mutex<Option<Arc<Inventory>>>> = Arc::default();
    let keeper = Arc::clone(&kept);
    let admin = module("admin", &journal)
        .declare(|it| {
            it.version("1.2.3")
                .minimum_core("0.1.0")
                .needs::<Inventory>()
                .wants::<dyn Port>()
                .collects::<u8>()
        })
        .wire(move |wiring| {
            let inventory = wiring.get::<Inventory>()?;
            assert!(inventory.modules().is_empty(), "not everything is wired");
            *keeper.lock().expect("nobody panics") = Some(inventory);
            Ok(())
        })
        .hook(|context| {
            context.tasks().spawn("poll", Policy::StopProcess, {
                let shutdown = context.shutdown();
                move || {
                    let shutdown = shutdown.clone();
                    async move {
                        shutdown.cancelled().await;
                        Ok(())
                    }
                }
            });
        });
    let running = app()
        .module(admin)
        .module(link("store", &[], &journal))
        .start();
    let running = running.await.expect("the application starts");
    let inventory = kept.lock().expect("nobody panics").take();
    let inventory = inventory.expect("it was wired");
    assert_eq!(inventory.modules(), running.modules());
    assert!(inventory.modules().iter().all(|it| it.start.is_some()));
    assert_eq!(inventory.graph(), Some(running.graph()));

    let mut json = serde_json::to_value(inventory.modules()).expect("it is plain data");
    for module in json.as_array_mut().expect("a list") {
        let start = module["start_ms"].take();
        assert!(start.as_f64().expect("a number") >= 0.0);
    }
    insta::assert_snapshot!(format!("{json:#}"), @r#"
    [
      {
        "name": "admin",
        "instance": null,
        "version": "1.2.3",
        "minimum_core": "0.1.0",
        "prefix": null,
        "level": 0,
        "start_ms": null,
        "tasks": [
          "poll"
        ],
        "services": [],
        "needs": [
          "Inventory"
        ],
        "wants": [
          "dyn Port"
        ],
        "collects": [
          "u8"
        ],
        "contributes": [],
        "decorates": []
      },
      {
        "name": "store",
        "instance": null,
        "version": "0.0.0",
        "minimum_core": null,
        "prefix": null,
        "level": 0,
        "start_ms": null,
        "tasks": [],
        "services": [
          {
            "service": "dyn Named",
            "name": "store",
            "scope": "global",
            "priority": 0,
            "decorated_by": []
          }
        ],
        "needs": [],
        "wants": [],
        "collects": [],
        "contributes": [],
        "decorates": []
      }
    ]
    "#);
    let own: Vec<_> = inventory
        .own_services()
        .into_iter()
        .map(|it| it.service)
        .collect();
    assert!(own.contains(&"dyn Clock".to_owned()), "{own:?}");
    running.stop().await.expect("the application stops");
}
