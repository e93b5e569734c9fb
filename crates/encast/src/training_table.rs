//! The model's columns and learning scales of measured rows, to train on them elsewhere.

use crate::{
    columns::derive,
    error::Result,
    features::PredictionFeatures,
    folds::Titles,
    scale,
    target::{PredictionTargets, Scale, Target},
    train,
};

/// One measured row as a model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRow {
    /// The fold that its title belongs to, from 0: the same that [`crate::cross_validate`] deals it to.
    pub fold: u32,
    /// The columns in the order of [`crate::Column::ALL`]; NaN is unknown.
    pub columns: Vec<f32>,
    /// The targets in the order of [`Target::ALL`], on the scales that models learn; `None` is not measured. Amounts that
    /// grow with a job's length are there only where the row says how long it was.
    pub targets: [Option<f64>; Target::COUNT],
}

/// The name of a target on the scale that models learn, such as `log2_encode_seconds_per_megapixel`.
pub fn learning_name(target: Target) -> String {
    match target.scale() {
        Scale::Linear => target.name().to_owned(),
        Scale::Log => format!("log2_{target}"),
        Scale::LogPerMegapixel => format!("log2_{target}_per_megapixel"),
    }
}

/// Measured rows as a model sees them, in their order.
///
/// # Errors
/// [`crate::Error::LengthMismatch`]; [`crate::Error::Row`] for a row with a bad input, a missing title or a bad target.
pub fn training_table(
    features: &[PredictionFeatures],
    targets: &[PredictionTargets],
    folds: usize,
) -> Result<Vec<TrainingRow>> {
    train::check(features, targets)?;
    let titles = Titles::new(targets.iter().map(|row| row.title.as_str()));
    let fold_of_title = titles.folds(folds.max(1), "");
    let row = |(at, (features, measured)): (usize, (&PredictionFeatures, &PredictionTargets))| {
        let columns = derive(features).map_err(|error| error.at_row(at))?.to_vec();
        let mut targets = [None; Target::COUNT];
        for &target in Target::ALL {
            targets[target as usize] = learning_value(target, features, measured).filter(|value| value.is_finite());
        }
        Ok(TrainingRow { fold: fold_of_title[titles.of_row[at] as usize], columns, targets })
    };
    features.iter().zip(targets).enumerate().map(row).collect()
}

/// A measured value on the learning scale, where the row tells all that it takes.
pub(crate) fn learning_value(
    target: Target,
    features: &PredictionFeatures,
    measured: &PredictionTargets,
) -> Option<f64> {
    let timed = target.scale() != Scale::LogPerMegapixel || features.duration_s.is_some();
    let input = if target == Target::BitrateKbps { features.bitrate_kbps } else { None };
    let value = measured.get(target).or(input).filter(|_| timed)?;
    Some(scale::to_learning(target, value, features))
}
