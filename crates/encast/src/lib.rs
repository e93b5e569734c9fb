//! encast
