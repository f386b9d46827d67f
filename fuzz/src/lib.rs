//! Shared by the fuzz targets. They use the library's public API only. A fuzzer cannot guess
//! the library's signatures, so [`forge`] signs its inputs.

pub mod account;
pub mod browser;
pub mod forge;
pub mod json;
pub mod site;
pub mod tamper;
pub mod time;
