//! How others speak to E-commerce: routes, bodies and status codes.
//!
//! Bodies become values of the domain at the door; nothing past it sees a request.

pub mod http;
