//! The C ABI of encast.
