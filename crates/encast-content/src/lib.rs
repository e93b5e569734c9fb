//! Complexity of video content: luma frames in, SI, TI, E, h, L and scene cuts out, in one pass and constant memory.
//!
//! [`Analyzer`] takes frames from memory, [`Y4mReader`] reads them from a stream; `docs/content.md` gives the formulas.
//!
//! ```
//! use encast_content::{Analyzer, Luma};
//!
//! let mut analyzer = Analyzer::new(64, 48, 8, Some(25.0))?;
//! for n in 0..10_u8 {
//!     let samples: Vec<u8> = (0..64 * 48).map(|i| (i as u8).wrapping_mul(n)).collect();
//!     analyzer.push(&Luma::Eight { samples: &samples, stride: 64 })?;
//! }
//! let summary = analyzer.finish()?;
//! assert_eq!(summary.clip.frames, 10);
//! assert_eq!(summary.clip.duration_s, Some(0.4));
//! # Ok::<(), encast_content::ContentError>(())
//! ```
#![deny(unsafe_code)]

mod analyzer;
pub mod cuts;
mod dct;
mod error;
mod pixels;
mod plane;
mod simd;
mod stats;
mod strip;
mod summary;
mod workers;
mod y4m;

pub use analyzer::{Analyzer, FrameComplexity};
pub use dct::frequency_weight;
pub use error::ContentError;
pub use plane::{BIT_DEPTHS, LARGEST_PLANE, LARGEST_SIDE, Luma, SMALLEST_SIDE};
pub use simd::Instructions;
pub use stats::Statistics;
pub use summary::{Complexity, MOST_CUTS, MOST_SEGMENTS, Segmentation, Summary};
pub use y4m::{Frame, Y4mHeader, Y4mReader};
