//! The encast command.
fn main() {}
