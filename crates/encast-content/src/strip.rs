//! Everything measured of one strip: 32 rows of a frame, one row of blocks.

use std::array::from_fn;

use crate::{
    dct::{self, BLOCK, Tables, Workspace},
    pixels::{self, DifferenceSums, GradientSums},
    plane::{Rows, Sample},
    simd::Isa,
};

/// Sums over one strip.
#[derive(Clone, Copy, Default)]
pub struct StripSums {
    pub gradients: GradientSums,
    pub differences: DifferenceSums,
}

/// Energy and mean of one block.
#[derive(Clone, Copy, Default)]
pub struct BlockFigures {
    /// Sum of weighted magnitudes, of samples as coded.
    pub energy: f32,
    /// Mean sample as coded.
    pub mean: f32,
}

/// One strip of one frame, with the place for its results.
pub struct Strip<'a, T> {
    pub plane: Rows<'a, T>,
    /// The strip of the previous frame, without gaps; it becomes this frame's.
    pub before: &'a mut [T],
    /// Whether there is no previous frame.
    pub first: bool,
    /// Which row of blocks.
    pub index: usize,
    pub blocks: &'a mut [BlockFigures],
    pub sums: &'a mut StripSums,
}

impl<T: Sample> Strip<'_, T> {
    /// Measures; inlined into one function for each instruction set.
    #[inline(always)]
    pub fn measure<S: Isa>(&mut self, isa: S, tables: &Tables) {
        let (top, width, height) = (self.index * BLOCK, self.plane.width, self.plane.height);
        let bottom = (top + BLOCK).min(height);
        let mut sums = StripSums::default();
        // Row by row first: that is the order in which memory arrives fastest.
        for (y, before) in (top..bottom).zip(self.before.chunks_exact_mut(width)) {
            if self.first {
                before.copy_from_slice(self.plane.row(y));
            } else {
                pixels::differences(isa, self.plane.row(y), before, &mut sums.differences);
            }
        }
        let (first, last) = (top.max(1), bottom.min(height - 1));
        if first < last {
            pixels::gradients(isa, &self.plane, first, last, &mut sums.gradients);
        }
        *self.sums = sums;
        // Beyond the picture its last row goes on, and its last column.
        let rows: [&[T]; BLOCK] = from_fn(|y| self.plane.row((top + y).min(height - 1)));
        let mut work = Workspace::new();
        for (x, figures) in self.blocks.iter_mut().enumerate() {
            let left = x * BLOCK;
            let (wide, wide_rows);
            let (rows, left) = if left + BLOCK <= width {
                (&rows, left)
            } else {
                wide = rows.map(|row| -> [T; BLOCK] { from_fn(|i| row[(left + i).min(width - 1)]) });
                wide_rows = wide.each_ref().map(|row| &row[..]);
                (&wide_rows, 0)
            };
            let (energy, sum) = dct::energy(isa, rows, left, tables, &mut work);
            *figures = BlockFigures { energy, mean: sum / (BLOCK * BLOCK) as f32 };
        }
    }
}
