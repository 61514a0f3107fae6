//! Structured logs and Prometheus metrics for a service.
//!
//! [`LogModule`] writes what is logged with `tracing` to standard output, as JSON or text. With
//! the feature `prometheus`, `PrometheusModule` serves what is measured with `metrics`, and
//! `HealthMetricsModule` adds the health of the application.
//!
//! ```
//! use formwork_app::{App, ServiceInfo};
//! use formwork_telemetry::{LogFilter, LogModule};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let running = App::new(ServiceInfo::new("shop", "1.0.0"))
//!     .map_config(|loader| loader.with_value("log.level", "off"))
//!     .module(LogModule::new())
//!     .start()
//!     .await?;
//! running.get::<LogFilter>()?.set("warn,shop=debug")?;
//! running.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # When something goes wrong
//! Neither ever fails what it watches: a line that cannot be written is lost, a figure the system
//! does not tell is left out. What *is* refused, before anything starts, is a level that is none
//! and a second recorder of metrics.
//!
//! # What is not promised
//! What is logged before [`LogModule`] is wired is lost. Spans are written with the fields they
//! are given: keep secrets out of them.
#![warn(missing_docs)]

mod log;
#[cfg(feature = "prometheus")]
mod prometheus;

pub use log::{LogConfig, LogFilter, LogFormat, LogModule, ParseFilterError};
#[cfg(feature = "prometheus")]
pub use prometheus::{HealthMetricsModule, PrometheusModule};
