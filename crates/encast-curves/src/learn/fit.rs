//! From a sample to curves, and to a forecast of each row by curves that had not seen its group.

use super::{lengths::Lengths, sample::Sample, sample::Standardized, weights::Basis};
use crate::{
    error::CurveError,
    model::{Curves, Direction, MAX_CENTRES},
};

/// Most centres of the kernel where nothing else is asked for.
pub const CENTRES: usize = 120;
/// Steps of the search for the kernel's lengths where nothing else is asked for.
pub const STEPS: usize = 80;
/// Rows that one step looks at where nothing else is asked for.
pub const ROWS_PER_STEP: usize = 480;
/// Most rows of a group that the weights are learnt from where nothing else is asked for.
pub const ROWS_PER_GROUP: usize = 24;

/// A step looks at so many rows where there are as many.
const LEAST_ROWS_PER_STEP: usize = 64;
/// Rows for each centre, at least.
const ROWS_PER_CENTRE: usize = 10;

/// How curves are learnt. Setters check nothing; [`CurveParams::fit`] does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveParams {
    direction: Direction,
    centres: usize,
    steps: usize,
    rows_per_step: usize,
    rows_per_group: usize,
    seed: u64,
}

/// What a fit gives.
#[derive(Debug, Clone)]
pub struct CurveFit {
    /// Learnt from all rows.
    pub curves: Curves,
    /// For each row: the forecast of curves that were learnt without its group. The kernel's lengths, a dozen numbers,
    /// were chosen with it.
    pub unseen: Vec<f64>,
    /// The groups' numbers in rising order, each with the curves that were learnt without it.
    pub without: Vec<(u32, Curves)>,
}

impl CurveParams {
    /// The defaults, for curves that run this way.
    pub fn new(direction: Direction) -> CurveParams {
        CurveParams {
            direction,
            centres: CENTRES,
            steps: STEPS,
            rows_per_step: ROWS_PER_STEP,
            rows_per_group: ROWS_PER_GROUP,
            seed: 1,
        }
    }

    /// Most centres of the kernel, 1 to [`MAX_CENTRES`]. Default [`CENTRES`].
    pub fn centres(mut self, centres: usize) -> Self {
        self.centres = centres;
        self
    }

    /// Steps of the search for the kernel's lengths, 0 to 1000. Default [`STEPS`].
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// Rows that one step looks at, 20 to 2000; time goes with the cube. Default [`ROWS_PER_STEP`].
    pub fn rows_per_step(mut self, rows: usize) -> Self {
        self.rows_per_step = rows;
        self
    }

    /// Most rows of a group that the weights are learnt from, 2 to 500. Default [`ROWS_PER_GROUP`].
    pub fn rows_per_group(mut self, rows: usize) -> Self {
        self.rows_per_group = rows;
        self
    }

    /// Chooses the rows of the steps. Default 1.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Learns the curves of a sample.
    ///
    /// # Errors
    /// [`CurveError`]: a parameter out of its range, a sample that is too small, of unequal lengths or not finite, rates
    /// or targets that are all the same.
    pub fn fit(&self, sample: &Sample) -> Result<CurveFit, CurveError> {
        self.check()?;
        let standardized = Standardized::new(sample, self.direction)?;
        // Few rows pin down few numbers: what looks at more of them only takes longer.
        let rows = standardized.rows();
        let per_step = self.rows_per_step.min((rows / 2).max(LEAST_ROWS_PER_STEP));
        let lengths = Lengths::start(sample.columns).search(&standardized, per_step, self.steps, self.seed);
        let basis = Basis::new(&standardized, &lengths, self.centres.min((rows / ROWS_PER_CENTRE).max(1)));
        let weights = basis.solve(self.rows_per_group)?;
        let curves = basis.curves(&weights.all);
        curves.check()?;
        let mut unseen = vec![0.0; sample.targets.len()];
        let mut without = Vec::with_capacity(standardized.groups.len());
        for (rows, weights) in standardized.groups.iter().zip(&weights.without) {
            let curves = basis.curves(weights);
            for &row in rows {
                let inputs = &sample.inputs[row * sample.columns..(row + 1) * sample.columns];
                unseen[row] = curves.curve(inputs).at(sample.rates[row]);
            }
            without.extend(rows.first().map(|&row| (sample.groups[row], curves)));
        }
        Ok(CurveFit { curves, unseen, without })
    }

    fn check(&self) -> Result<(), CurveError> {
        let within = |name, value: usize, low: usize, high: usize, bound| match (low..=high).contains(&value) {
            true => Ok(()),
            false => Err(CurveError::ParameterOutOfRange { name, value: value as f64, bound }),
        };
        within("centres", self.centres, 1, MAX_CENTRES, "1 to 128")?;
        within("steps", self.steps, 0, 1000, "0 to 1000")?;
        within("rows_per_step", self.rows_per_step, 20, 2000, "20 to 2000")?;
        within("rows_per_group", self.rows_per_group, 2, 500, "2 to 500")
    }
}
