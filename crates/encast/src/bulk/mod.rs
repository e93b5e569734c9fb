//! Scoring tables: chosen targets of many requests, column by column, without allocating for each row.

mod block;
mod groups;
mod inputs;
mod log2;
mod site;

pub use self::inputs::{BulkInputs, Names, Numbers};
use self::{
    block::{BLOCK, Block},
    groups::Groups,
};
use crate::{
    bundle::Model,
    error::{Error, Result},
    options::PredictOptions,
    target::Target,
};

/// Forecasts chosen targets of whole tables. Each value is, bit for bit, what [`predict_with`](crate::predict_with) gives
/// for the row; confidence, recommendation and flags are left out.
///
/// Rows that differ in nothing but bitrate or CRF share most of the work, whatever their order, as long as no more than
/// about a thousand such groups take turns. A scorer serves one thread: make one for each. Making one is cheap.
///
/// ```
/// use encast::{BulkInputs, BulkOutput, Field, Model, Names, Numbers, PredictOptions, Scorer, Target};
///
/// let model = Model::embedded()?;
/// let mut scorer = Scorer::new(&model, &[Target::Vmaf], false, &PredictOptions::default())?;
/// let mut inputs = BulkInputs::new(3);
/// inputs
///     .set(Field::BitrateKbps, Numbers::F64(&[1000.0, 2000.0, 4000.0]))?
///     .set(Field::ResolutionWidth, Numbers::Same(1920.0))?
///     .set(Field::ResolutionHeight, Numbers::Same(1080.0))?
///     .set(Field::FrameRate, Numbers::Same(30.0))?
///     .set_names(Field::Codec, Names::Same("h264"))?;
/// let mut vmaf = [0.0; 3];
/// scorer.score(&inputs, &mut [BulkOutput { value: &mut vmaf, bounds: None }])?;
/// assert!(vmaf[0] < vmaf[1] && vmaf[1] < vmaf[2]);
/// # Ok::<(), encast::Error>(())
/// ```
pub struct Scorer<'m> {
    model: &'m Model,
    targets: Vec<Target>,
    options: PredictOptions,
    groups: Groups<'m>,
    block: Block,
}

/// Where the forecasts of one target go, one a row, in the target's unit; NaN where the row's inputs do not give it.
pub struct BulkOutput<'a> {
    /// The forecasts.
    pub value: &'a mut [f64],
    /// Lower and upper ends of the intervals; needed of a scorer with intervals, ignored of one without.
    pub bounds: Option<(&'a mut [f64], &'a mut [f64])>,
}

impl<'m> Scorer<'m> {
    /// Scores `targets` by a model. Intervals cost several times as much as the forecasts alone. Of the options,
    /// `recommend` is checked and not used; at a site each row is forecast on its own, which takes longer.
    ///
    /// # Errors
    /// Those of [`PredictOptions::check`]; [`Error::NotPredicted`] for a target that the model, the options' profile or
    /// its own, and the site do not give.
    pub fn new(model: &'m Model, targets: &[Target], intervals: bool, options: &PredictOptions) -> Result<Scorer<'m>> {
        options.check()?;
        let learnt = model.targets();
        let has = |target: Target| learnt.contains(&target);
        let mut needed = targets.to_vec();
        for &target in targets {
            let sources = sources(target, model, options);
            if !has(target) && (sources.is_empty() || !sources.iter().all(|&source| has(source))) {
                let reason = "it was not trained on rows that measure it".to_owned();
                return Err(Error::NotPredicted { target, reason });
            }
            needed.extend(sources.iter().filter(|&&source| has(source)));
        }
        needed.sort();
        needed.dedup();
        needed.retain(|&target| has(target));
        let groups = Groups::new(model, needed, intervals);
        Ok(Scorer { model, targets: targets.to_vec(), options: options.clone(), groups, block: Block::new(intervals) })
    }

    /// The targets, in the order of the outputs.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Whether it gives intervals.
    pub fn intervals(&self) -> bool {
        self.block.intervals()
    }

    /// Forecasts every row, and stops at the first that can't be: what stands in the outputs then is of no use.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] of the outputs; [`Error::Row`] with the index of the row and what
    /// [`predict_with`](crate::predict_with) says of it.
    pub fn score(&mut self, inputs: &BulkInputs<'_>, outputs: &mut [BulkOutput<'_>]) -> Result<()> {
        self.run(inputs, outputs, &mut |row, error| Err(error.at_row(row)))
    }

    /// As [`score`](Self::score), but goes on after a row that can't be forecast: its outputs are NaN, and `bad` is told
    /// its index and why.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] of the outputs.
    pub fn score_good(
        &mut self,
        inputs: &BulkInputs<'_>,
        outputs: &mut [BulkOutput<'_>],
        mut bad: impl FnMut(usize, Error),
    ) -> Result<()> {
        self.run(inputs, outputs, &mut |row, error| {
            bad(row, error);
            Ok(())
        })
    }

    fn run(
        &mut self,
        inputs: &BulkInputs<'_>,
        outputs: &mut [BulkOutput<'_>],
        bad: &mut dyn FnMut(usize, Error) -> Result<()>,
    ) -> Result<()> {
        self.check(inputs, outputs)?;
        for from in (0..inputs.rows()).step_by(BLOCK) {
            let rows = from..(from + BLOCK).min(inputs.rows());
            if self.options.site.is_some() {
                site::score(self.model, &self.options, &self.targets, (inputs, rows.clone()), &mut self.block, bad)?;
            } else {
                self.block.score(&mut self.groups, inputs, rows.clone(), &self.options, bad)?;
                self.block.complete(self.model, &self.targets, &self.options, self.groups.targets());
            }
            self.block.put(&self.targets, rows, outputs);
        }
        Ok(())
    }

    fn check(&self, inputs: &BulkInputs<'_>, outputs: &[BulkOutput<'_>]) -> Result<()> {
        let same = |what: &'static str, found: usize, expected: usize| match found == expected {
            true => Ok(()),
            false => Err(Error::LengthMismatch { what, found, expected }),
        };
        same("outputs", outputs.len(), self.targets.len())?;
        for output in outputs {
            same("value", output.value.len(), inputs.rows())?;
            if self.intervals() {
                let (lower, upper) = output.bounds.as_ref().map_or((0, 0), |(lower, upper)| (lower.len(), upper.len()));
                same("lower", lower, inputs.rows())?;
                same("upper", upper, inputs.rows())?;
            }
        }
        Ok(())
    }
}

/// The learnt targets from which another follows where it was not learnt itself; none when nothing gives it.
fn sources(target: Target, model: &Model, options: &PredictOptions) -> &'static [Target] {
    let priced = options.profile.is_some() || model.metadata().profile.is_some();
    match target {
        Target::CpuPercent => &[Target::CpuSeconds, Target::EncodeSeconds],
        Target::EnergyKwh | Target::CostUsd | Target::Co2Kg if priced || options.site.is_some() => {
            &[Target::CpuSeconds]
        }
        Target::EncodeSeconds if options.site.is_some() => &[Target::CpuSeconds],
        _ => &[],
    }
}
