//! The health of the application as gauges, read when they are asked for.

use std::fmt::{self, Write};
use std::sync::Arc;

use formwork_app::{Component, Declaration, Health, Module, Status, WireError, Wiring};

/// Adds the health of the application to what
/// [`PrometheusModule`](crate::PrometheusModule) serves:
///
/// - `health_component_status{component, required}`: 1 healthy, 0.5 degraded, 0 unhealthy. There
///   is no sample while the status is not known.
/// - `health_ready`: 1 when the service takes work, else 0.
///
/// They are written from the last report while Prometheus fetches: always as current as `/health`,
/// and no dependency is asked.
#[derive(Debug, Default)]
pub struct HealthMetricsModule(());

impl HealthMetricsModule {
    /// The module; there is nothing to configure.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Module for HealthMetricsModule {
    fn declare(&self) -> Declaration {
        Declaration::new("health-metrics")
            .version(env!("CARGO_PKG_VERSION"))
            .contributes::<HealthGauges>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let health = wiring.health();
        wiring.contribute(Arc::new(HealthGauges { health }))
    }
}

/// What is read for every scrape.
#[derive(Debug)]
pub(super) struct HealthGauges {
    health: Health,
}

impl HealthGauges {
    /// Appends the gauges.
    pub(super) fn render(&self, text: &mut String) {
        let report = self.health.report();
        write(text, &report.components, self.health.ready()).expect("a string takes every text");
    }
}

fn write(text: &mut String, components: &[Arc<Component>], ready: bool) -> fmt::Result {
    writeln!(
        text,
        "# HELP health_component_status How well a component works: 1 healthy, 0.5 degraded, 0 unhealthy.\n\
         # TYPE health_component_status gauge"
    )?;
    for component in components {
        let value = match component.status {
            Status::Healthy => 1.0,
            Status::Degraded => 0.5,
            Status::Unhealthy => 0.0,
            Status::Unknown => continue,
        };
        let (name, required) = (Label(&component.name), component.required);
        writeln!(
            text,
            "health_component_status{{component=\"{name}\",required=\"{required}\"}} {value}"
        )?;
    }
    writeln!(
        text,
        "\n\
         # HELP health_ready Whether the service takes work: 1 or 0.\n\
         # TYPE health_ready gauge\n\
         health_ready {}\n",
        u8::from(ready)
    )
}

/// The value of a label, escaped.
struct Label<'a>(&'a str);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|symbol| match symbol {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            symbol => f.write_char(symbol),
        })
    }
}

#[cfg(test)]
mod tests {
    use formwork_domain::Timestamp;

    use super::*;

    fn component(name: &str, status: Status, required: bool) -> Arc<Component> {
        Arc::new(Component {
            name: name.to_owned(),
            status,
            required,
            message: None,
            since: Timestamp::from_micros(0),
            latency: None,
        })
    }

    #[test]
    fn what_is_not_known_has_no_sample_and_names_are_escaped() {
        let components = [
            component("broker", Status::Unhealthy, true),
            component("cache", Status::Degraded, false),
            component("database", Status::Healthy, true),
            component("mail", Status::Unknown, false),
            component("a \"b\"\\\n", Status::Healthy, false),
        ];
        let mut text = String::new();
        write(&mut text, &components, false).unwrap();
        assert_eq!(
            text,
            r#"# HELP health_component_status How well a component works: 1 healthy, 0.5 degraded, 0 unhealthy.
# TYPE health_component_status gauge
health_component_status{component="broker",required="true"} 0
health_component_status{component="cache",required="false"} 0.5
health_component_status{component="database",required="true"} 1
health_component_status{component="a \"b\"\\\n",required="false"} 1

# HELP health_ready Whether the service takes work: 1 or 0.
# TYPE health_ready gauge
health_ready 0

"#
        );
    }
}
