//! From a request to an answer: the best-informed model of each target, intervals, confidence, flags. No allocation but for a preset's error text.

use crate::{
    bundle::Model,
    columns::{Row, derive},
    confidence::{Distance, Reach, confidence, distance},
    error::Result,
    features::PredictionFeatures,
    field::{Field, FieldSet},
    options::{Given, PredictOptions},
    recommend::{Recommendation, search},
    result::{Estimate, PredictionResult},
    scale,
    target::Target,
    variant::{Known, Variant},
};

/// Forecasts one encode, with the default options.
///
/// # Errors
/// Those of [`PredictionFeatures::check`].
pub fn predict(features: &PredictionFeatures, model: &Model) -> Result<PredictionResult> {
    predict_with(features, model, &PredictOptions::default())
}

/// Forecasts one encode.
///
/// # Errors
/// Those of [`PredictionFeatures::check`] and [`crate::RecommendOptions::check`].
pub fn predict_with(
    features: &PredictionFeatures,
    model: &Model,
    options: &PredictOptions,
) -> Result<PredictionResult> {
    features.check()?;
    options.check()?;
    Asked::new(features, model)?.answer(options)
}

/// Forecasts many encodes, in order.
///
/// # Errors
/// As [`predict_with`], wrapped in [`crate::Error::Row`] with the index of the first bad request.
pub fn predict_batch(
    features: &[PredictionFeatures],
    model: &Model,
    options: &PredictOptions,
) -> Result<Vec<PredictionResult>> {
    options.check()?;
    let one = |(row, features): (usize, &PredictionFeatures)| {
        let answer = features.check().and_then(|()| Asked::new(features, model)?.answer(options));
        answer.map_err(|error| error.at_row(row))
    };
    features.iter().enumerate().map(one).collect()
}

/// A checked request, its columns, and where it lies relative to the training.
pub(crate) struct Asked<'a> {
    pub features: &'a PredictionFeatures,
    pub model: &'a Model,
    pub row: Row,
    pub known: Known,
    pub distance: Distance,
    megapixels: f64,
}

/// A forecast, the model that made it, and how far its members disagree.
pub(crate) struct Forecast<'a> {
    pub variant: &'a Variant,
    pub estimate: Estimate,
    spread: f64,
    half_width: f64,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(features: &'a PredictionFeatures, model: &'a Model) -> Result<Asked<'a>> {
        let row = derive(features)?;
        Ok(Asked {
            features,
            model,
            known: Known::of_row(&row),
            row,
            distance: distance(features, model),
            megapixels: features.megapixels(),
        })
    }

    /// The forecast of a target, from the bitrate where there is one and a model for it, else from the CRF.
    pub(crate) fn forecast(&self, target: Target) -> Option<Forecast<'a>> {
        let given = |given: Given, there: bool| {
            if there { self.model.best(target, given, self.known) } else { None }
        };
        let variant = given(Given::Bitrate, self.features.bitrate_kbps.is_some())
            .or_else(|| given(Given::Crf, self.features.crf.is_some()))?;
        Some(self.forecast_by(variant, &self.row, self.distance.sum))
    }

    /// The forecast of one model for these columns, its interval widened for distance.
    pub(crate) fn forecast_by(&self, variant: &'a Variant, row: &Row, distance: f64) -> Forecast<'a> {
        let (value, spread) = variant.flat.predict_with_spread(row);
        let (lower, upper) = variant.calibration.around(value);
        let wider = 1.0 + distance;
        let estimate = scale::estimate(variant.key.target, value, (lower * wider, upper * wider), self.megapixels);
        Forecast { variant, estimate, spread, half_width: (upper - lower) / 2.0 }
    }

    fn answer(&self, options: &PredictOptions) -> Result<PredictionResult> {
        let mut result = PredictionResult { out_of_range: self.distance.out_of_range, ..Default::default() };
        let mut used = FieldSet::EMPTY;
        let mut reach = None;
        for &target in Target::ALL {
            // A bitrate that is given is not forecast.
            if target == Target::BitrateKbps && self.features.bitrate_kbps.is_some() {
                continue;
            }
            let Some(forecast) = self.forecast(target) else {
                continue;
            };
            used = used.union(forecast.variant.fields);
            result.estimates[target as usize] = Some(forecast.estimate);
            reach.get_or_insert(Reach {
                target,
                half_width: forecast.half_width,
                spread: forecast.spread,
                typical_spread: forecast.variant.calibration.spread,
            });
        }
        self.add_costs(&mut result, options);
        let estimates = result.estimates;
        let value = |target: Target| estimates[target as usize].map(|estimate| estimate.value);
        result.predicted_vmaf = value(Target::Vmaf);
        result.predicted_psnr = value(Target::Psnr);
        result.predicted_cost_usd = value(Target::CostUsd);
        result.predicted_co2_kg = value(Target::Co2Kg);
        let bitrate = self.features.bitrate_kbps.or(value(Target::BitrateKbps));
        result.bandwidth_mbps = bitrate.map(|kbps| kbps / 1000.0);
        result.size_mb = bitrate.map(|kbps| kbps * self.features.duration_or_default() / 8000.0);
        result.confidence =
            reach.map_or(0.0, |reach| confidence(reach, self.distance, self.features.frame_drop.unwrap_or(0.0)));
        match search(self, &options.recommend) {
            Some(Recommendation::Reached { bitrate_kbps, .. }) => result.recommended_bitrate_kbps = Some(bitrate_kbps),
            Some(Recommendation::Unreachable { best, .. }) => {
                result.target_unreachable = true;
                result.best_reachable_vmaf = Some(best.value);
            }
            None => (),
        }
        result.ignored = self.ignored(used);
        Ok(result)
    }

    /// Energy, cost and carbon of the CPU time, where they were not learnt and a profile says how.
    fn add_costs(&self, result: &mut PredictionResult, options: &PredictOptions) {
        let profile = options.profile.as_ref().or(self.model.metadata().profile.as_ref());
        let (Some(profile), Some(cpu)) = (profile, result.estimate(Target::CpuSeconds)) else {
            return;
        };
        let [value, lower, upper] = [cpu.value, cpu.lower, cpu.upper].map(|s| profile.of_cpu_seconds(s));
        let derived = [
            (Target::EnergyKwh, value.energy_kwh, lower.energy_kwh, upper.energy_kwh),
            (Target::CostUsd, value.cost_usd, lower.cost_usd, upper.cost_usd),
            (Target::Co2Kg, value.co2_kg, lower.co2_kg, upper.co2_kg),
        ];
        for (target, value, lower, upper) in derived {
            result.estimates[target as usize].get_or_insert(Estimate { value, lower, upper });
        }
    }

    /// Given inputs that no forecast used. What only scales the answer is used by it, what follows from another input
    /// (the codec from its encoder) is used with it, and a frame drop counts in the confidence.
    fn ignored(&self, mut used: FieldSet) -> FieldSet {
        used.insert(Field::DurationS);
        used.insert(Field::FrameDrop);
        used.insert(Field::ResolutionWidth);
        used.insert(Field::ResolutionHeight);
        if self.features.bitrate_kbps.is_some() {
            used.insert(Field::BitrateKbps);
        }
        if used.contains(Field::Codec) {
            used.insert(Field::Encoder);
        }
        // TI says what motion says, and the other way round.
        if used.contains(Field::TiMean) || used.contains(Field::MotionIntensity) {
            used.insert(Field::MotionIntensity);
            used.insert(Field::TiMean);
        }
        // What was the same in all training rows and is the same here was heeded, though no tree looks at it.
        for field in self.features.given().iter() {
            let constant = match field {
                Field::Codec | Field::Encoder | Field::Preset => !self.distance.out_of_range.contains(field),
                _ => self.model.ranges[field as usize]
                    .is_some_and(|(min, max)| min == max && self.features.get(field) == Some(min)),
            };
            if constant && !self.model.fields_seen.contains(field) {
                used.insert(field);
            }
        }
        self.features.given().without(used)
    }
}
