//! Everything measured of one strip: 32 rows of a frame, one row of blocks.

use crate::{
    dct::{self, BLOCK, Folded, Tables},
    pixels::{self, DifferenceSums, GradientSums},
    plane::{Rows, Sample},
};

/// Sums over one strip.
#[derive(Clone, Copy, Default)]
pub struct StripSums {
    pub gradients: GradientSums,
    pub differences: DifferenceSums,
    /// The largest sample; only of 16-bit samples.
    pub largest: i32,
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
    /// The previous frame, without gaps.
    pub before: Option<&'a [T]>,
    /// Which row of blocks.
    pub index: usize,
    pub blocks: &'a mut [BlockFigures],
    pub sums: &'a mut StripSums,
}

impl<T: Sample> Strip<'_, T> {
    /// Measures; inlined into one function for each instruction set.
    #[inline(always)]
    pub fn measure(&mut self, tables: &Tables) {
        let (top, width, height) = (self.index * BLOCK, self.plane.width, self.plane.height);
        let bottom = (top + BLOCK).min(height);
        let mut sums = StripSums::default();
        for y in top..bottom {
            let row = self.plane.row(y);
            if size_of::<T>() > 1 {
                for &sample in row {
                    sums.largest = sums.largest.max(sample.into());
                }
            }
            if y > 0 && y + 1 < height {
                pixels::gradients(self.plane.row(y - 1), row, self.plane.row(y + 1), &mut sums.gradients);
            }
            if let Some(before) = self.before {
                pixels::differences(row, &before[y * width..][..width], &mut sums.differences);
            }
        }
        *self.sums = sums;
        let mut folded = Folded::new();
        for (x, figures) in self.blocks.iter_mut().enumerate() {
            *figures = block(&self.plane, x * BLOCK, top, &mut folded, tables);
        }
    }
}

/// One block; beyond the picture its last column and row go on.
#[inline(always)]
fn block<T: Sample>(plane: &Rows<T>, left: usize, top: usize, folded: &mut Folded, tables: &Tables) -> BlockFigures {
    let mut samples = [[T::default(); BLOCK]; BLOCK];
    let width = (plane.width - left).min(BLOCK);
    for (y, to) in samples.iter_mut().enumerate() {
        let from = &plane.row((top + y).min(plane.height - 1))[left..];
        if let Some(whole) = from.first_chunk::<BLOCK>() {
            *to = *whole;
        } else {
            to.fill(from[width - 1]);
            to[..width].copy_from_slice(&from[..width]);
        }
    }
    let mut sum = 0_i32;
    for row in &samples {
        for &sample in row {
            let sample: i32 = sample.into();
            sum += sample;
        }
    }
    let area = (BLOCK * BLOCK) as i32;
    // Close to the mean and whole: what is left is small and still exact.
    let offset = (sum + area / 2) / area;
    for (y, row) in samples.iter().enumerate() {
        folded.set(y, row, offset);
    }
    BlockFigures { energy: dct::energy(folded, tables), mean: sum as f32 / area as f32 }
}
