//! The smallest modules, as somebody would write them, each a file of its own.

mod greeter;
mod prices;

use crate::support::app;

/// One that only starts, and one with configuration, a service and its test.
///
/// Shows a part of: R-001.
#[test]
fn minimal_modules_are_short() {
    let lines = |file: &str| file.lines().count();
    let greeter = lines(include_str!("greeter.rs"));
    assert!(greeter <= 11, "{greeter} lines");
    let prices = lines(include_str!("prices.rs"));
    assert!(prices <= 75, "{prices} lines");
}

/// A module states its name, version, oldest core, configuration, what it provides, needs and would
/// like; modules that know nothing of each other make one application.
///
/// Proves: R-001.
#[tokio::test]
async fn modules_of_different_versions_make_one_application() {
    minimal_modules_are_short();
    let journal = crate::support::Journal::default();
    let till = crate::support::module("till", &journal).declare(|it| {
        it.version("7.3.1")
            .needs::<prices::Prices>()
            .wants::<dyn formwork_domain::Clock>()
    });
    let app = app()
        .module(till)
        .module(greeter::Greeter)
        .module(prices::PricesModule);
    let prefixes: Vec<_> = app
        .sections()
        .iter()
        .map(|section| section.prefix().to_owned())
        .collect();
    assert_eq!(prefixes, ["app", "prices"]);
    let running = app.start().await.expect("the application starts");
    let rows: Vec<_> = running
        .modules()
        .iter()
        .map(|it| {
            let provides: Vec<_> = it.services.iter().map(|it| it.service.clone()).collect();
            let list = |texts: &[String]| match texts {
                [] => "nothing".to_owned(),
                texts => texts.join(", "),
            };
            format!(
                "{} {} core {} config {} provides {} needs {} wants {}",
                it.name,
                it.version,
                it.minimum_core.as_deref().unwrap_or("any"),
                it.prefix.as_deref().unwrap_or("-"),
                list(&provides),
                list(&it.needs),
                list(&it.wants),
            )
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    greeter 0.1.0 core any config - provides nothing needs nothing wants nothing
    prices 0.1.0 core 0.1.0 config prices provides Prices needs nothing wants nothing
    till 7.3.1 core any config - provides nothing needs Prices wants dyn Clock
    ");
    running.stop().await.expect("the application stops");
}
