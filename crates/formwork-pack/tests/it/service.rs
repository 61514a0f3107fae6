//! A pack in a service.
