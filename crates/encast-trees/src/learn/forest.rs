//! Random forests: independent trees on drawn rows, and what each row's unseen trees say of it.

use super::forest_params::{ForestValidParams, monotone_of};
use super::grower::{Grower, Shape};
use super::grown::Grown;
use super::histogram::Exact;
use super::parallel::{self, Crew};
use super::random::Random;
use super::sample::{Sample, Table};
use super::split::Limits;
use crate::{Ensemble, Member, TreeError};

/// A fitted random forest.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestFit {
    /// The model: one member for each tree.
    pub ensemble: Ensemble,
    /// For each row of the binned table, the mean over the trees that did not see it (nor, with groups, any row of its
    /// group). `None` for rows outside the sample, and for rows that every tree saw.
    pub out_of_bag: Vec<Option<f64>>,
    out_of_bag_mse: Option<f64>,
}

impl ForestFit {
    /// The weighted mean squared out-of-bag error, in squared units of the target; `None` when no row has an
    /// out-of-bag prediction.
    pub fn out_of_bag_mse(&self) -> Option<f64> {
        self.out_of_bag_mse
    }
}

/// One tree, and which units (rows of the table, or groups) it saw.
struct Planted {
    grown: Grown,
    seen: Vec<u64>,
}

impl ForestValidParams {
    /// Fits a forest.
    ///
    /// `groups` has one number for each row of the binned table (a title's number, say): rows of one group are then
    /// drawn together, so that a tree has seen either all rows of a group or none.
    ///
    /// # Errors
    /// [`TreeError::LengthMismatch`] for targets, weights, groups or monotone constraints,
    /// [`TreeError::IndexOutOfRange`], [`TreeError::NonFiniteTarget`], [`TreeError::InvalidWeight`],
    /// [`TreeError::TooFewRows`], [`TreeError::TooManyRows`], [`TreeError::NoColumns`].
    pub fn fit(&self, sample: &Sample<'_>, groups: Option<&[u32]>) -> Result<ForestFit, TreeError> {
        let table = sample.table(&[])?;
        let columns = sample.binned.columns();
        let units = Units::new(&table, groups, sample.binned.rows())?;
        let shape = Shape {
            max_leaves: self.max_leaves,
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            limits: Limits { min_leaf_rows: self.min_leaf_rows as u32, l2: 0.0 },
            scale: 1.0,
            columns_per_split: self.columns_per_split,
            monotone: monotone_of(&self.monotone, &table.columns, columns)?,
        };
        // Leaves hold what differs from the mean, which keeps the digits of targets that are large but differ little.
        let base = table.mean(0..table.training, |row| table.target(row));
        let pulls: Vec<f64> = table.targets().iter().map(|&target| f64::from(target) - base).collect();
        let all: Vec<u32> = (0..table.columns.len() as u32).collect();
        let planted = parallel::run(
            self.threads,
            self.trees,
            || Grower::<Exact>::new(&table, &shape, &Crew::ALONE),
            |grower, i| {
                let mut random = Random::new(self.seed, i as u64);
                let counts = self.draw(units.count, &mut random);
                grower.entries().clear();
                grower.entries().extend(units.rows(&counts));
                let grown = grower.grow(&all, &pulls, &mut random)?;
                let mut seen = vec![0; units.count.div_ceil(64)];
                for (unit, _) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
                    seen[unit / 64] |= 1u64 << (unit % 64);
                }
                Ok(Planted { grown, seen })
            },
        )?;
        let (out_of_bag, out_of_bag_mse) = self.judge(&table, &units, &planted, base, sample.binned.rows())?;
        let member = |planted: Planted| Member { base, trees: vec![planted.grown.tree] };
        let ensemble = Ensemble::new(columns, planted.into_iter().map(member).collect())?;
        Ok(ForestFit { ensemble, out_of_bag, out_of_bag_mse })
    }

    /// How often each unit is drawn for one tree.
    fn draw(&self, units: usize, random: &mut Random) -> Vec<u32> {
        let mut counts = vec![0; units];
        let draws = ((units as f64 * self.row_share).round() as usize).clamp(1, units);
        if self.bootstrap {
            for _ in 0..draws {
                counts[random.below(units)] += 1;
            }
        } else {
            let (mut taken, mut others) = (Vec::new(), Vec::new());
            random.part(units, draws, &mut taken, &mut others);
            taken.iter().for_each(|&unit| counts[unit as usize] = 1);
        }
        counts
    }

    /// The out-of-bag predictions and their error.
    fn judge(
        &self,
        table: &Table<'_>,
        units: &Units,
        planted: &[Planted],
        base: f64,
        rows: usize,
    ) -> Result<(Vec<Option<f64>>, Option<f64>), TreeError> {
        const CHUNK: usize = 1024;
        let chunks = table.training.div_ceil(CHUNK);
        let predicted = parallel::run(
            self.threads,
            chunks,
            || (),
            |(), chunk| {
                let rows = chunk * CHUNK..((chunk + 1) * CHUNK).min(table.training);
                Ok(rows
                    .map(|row| out_of_bag(table.row(row), units.of[row] as usize, planted, base))
                    .collect::<Vec<_>>())
            },
        )?;
        let mut all = vec![None; rows];
        let (mut errors, mut weights) = (0.0, 0.0);
        for (row, value) in predicted.into_iter().flatten().enumerate() {
            all[table.origin(row) as usize] = value;
            if let Some(value) = value {
                let error: f64 = value - table.target(row);
                errors += table.weight(row) * error * error;
                weights += table.weight(row);
            }
        }
        Ok((all, (weights > 0.0).then(|| errors / weights)))
    }
}

/// The mean over the trees that did not see `unit`, in tree order.
fn out_of_bag(bins: &[u8], unit: usize, planted: &[Planted], base: f64) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0u32);
    for tree in planted.iter().filter(|tree| tree.seen[unit / 64] >> (unit % 64) & 1 == 0) {
        sum += base + f64::from(tree.grown.evaluate(bins));
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// What is drawn: rows, or groups of rows.
struct Units {
    count: usize,
    /// The unit of each row of the table.
    of: Vec<u32>,
}

impl Units {
    fn new(table: &Table<'_>, groups: Option<&[u32]>, rows: usize) -> Result<Self, TreeError> {
        // Without groups, copies of one row of the binned table are one unit: a tree that saw one has seen them all.
        let name = |row: u32| match groups {
            Some(groups) => groups[row as usize],
            None => row,
        };
        if let Some(groups) = groups.filter(|groups| groups.len() != rows) {
            return Err(TreeError::LengthMismatch { name: "groups", expected: rows, found: groups.len() });
        }
        let origins = || (0..table.rows()).map(|row| table.origin(row));
        let mut names: Vec<u32> = origins().map(name).collect();
        names.sort_unstable();
        names.dedup();
        let place = |row: u32| names.partition_point(|&other| other < name(row)) as u32;
        let of = origins().map(place).collect();
        Ok(Self { count: names.len(), of })
    }

    /// The rows of the units that were drawn, as often as they were.
    fn rows<'a>(&'a self, counts: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        let times = |&unit: &u32| counts[unit as usize] as usize;
        self.of.iter().enumerate().flat_map(move |(row, unit)| std::iter::repeat_n(row as u32, times(unit)))
    }
}
