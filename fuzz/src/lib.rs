//! What the fuzz targets share. The library is used through its public API alone; what
//! its signatures would keep a fuzzer from is forged by [`forge`].

pub mod account;
pub mod browser;
pub mod forge;
pub mod json;
pub mod site;
pub mod tamper;
pub mod time;
