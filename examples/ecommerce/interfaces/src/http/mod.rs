//! The REST API.

pub mod body;
pub mod openapi;
pub mod order;
pub mod payment;
pub mod shipment;
pub mod stock_item;

/// Method and path of every operation of the API.
pub const OPERATIONS: &[(&str, &str)] = &[
    ("GET", "/api/orders"),
    ("GET", "/api/orders/{id}"),
    ("POST", "/api/orders"),
    ("POST", "/api/orders/{id}/cancel"),
    ("GET", "/api/payments"),
    ("GET", "/api/payments/{id}"),
    ("POST", "/api/payments/{id}/capture"),
    ("POST", "/api/payments/{id}/decline"),
    ("GET", "/api/shipments"),
    ("GET", "/api/shipments/{id}"),
    ("POST", "/api/shipments/{id}/dispatch"),
    ("POST", "/api/shipments/{id}/deliver"),
    ("GET", "/api/stock-items"),
    ("GET", "/api/stock-items/{id}"),
    ("POST", "/api/stock-items"),
    ("POST", "/api/stock-items/{id}/receive"),
    ("POST", "/api/stock-items/{id}/write-off"),
];
