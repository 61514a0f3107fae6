use formwork_app::{Declaration, Module};

pub(crate) struct Greeter;

impl Module for Greeter {
    fn declare(&self) -> Declaration {
        Declaration::new("greeter").version(env!("CARGO_PKG_VERSION"))
    }
}
