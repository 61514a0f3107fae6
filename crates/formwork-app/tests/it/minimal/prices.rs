use std::sync::Arc;

use formwork_app::{Declaration, Module, WireError, Wiring};
use formwork_config::Config;

/// Prices.
#[derive(Config)]
struct PricesConfig {
    /// What is added to every price, in percent.
    #[config(default = 19, range(max = 100))]
    tax: u32,
}

/// Prices with tax.
pub(crate) struct Prices {
    tax: u64,
}

impl Prices {
    pub(crate) fn gross(&self, net: u64) -> u64 {
        net + net * self.tax / 100
    }
}

pub(crate) struct PricesModule;

impl Module for PricesModule {
    fn declare(&self) -> Declaration {
        Declaration::new("prices")
            .version(env!("CARGO_PKG_VERSION"))
            .minimum_core("0.1.0")
            .config::<PricesConfig>("prices")
            .provides::<Prices>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config: PricesConfig = wiring.config()?;
        let tax = config.tax.into();
        wiring.provide(Arc::new(Prices { tax }))
    }
}

mod tests {
    use formwork_app::{App, ServiceInfo};
    use formwork_config::Loader;

    use super::*;

    #[tokio::test]
    async fn tax_is_added() {
        let app = App::new(ServiceInfo::new("shop", "1.0.0"))
            .config(Loader::new("shop").with_value("prices.tax", "7"))
            .module(PricesModule);
        let running = app.start().await.expect("the application starts");
        let prices = running.get::<Prices>().expect("prices are provided");
        assert_eq!(prices.gross(1_000), 1_070);
        running.stop().await.expect("the application stops");
    }
}
