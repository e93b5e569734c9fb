//! Y4M streams: the header, and the luma of each frame.

mod header;
mod reader;

pub use header::Y4mHeader;
pub use reader::{Frame, Y4mReader};
