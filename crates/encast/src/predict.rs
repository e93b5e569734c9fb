//! From a request to an answer: the best-informed model of each target, intervals, confidence, flags; one request without allocating, many together.

use std::cell::OnceCell;

use encast_trees::Rows;

use crate::{
    anchored::AnchoredCurve,
    bundle::Model,
    cell::Cell,
    columns::{Row, derive},
    confidence::{Distance, confidence, distance},
    correction::Correction,
    error::{Error, Result},
    features::PredictionFeatures,
    field::{Field, FieldSet},
    options::{Given, PredictOptions},
    result::{Estimate, PredictionResult},
    scale, smallest_bitrate,
    smooth::{Along, Shared},
    target::Target,
    variant::{Forecast, Known, Variant},
};

/// Forecasts one encode, with the default options.
///
/// # Errors
/// As [`predict_with`].
pub fn predict(features: &PredictionFeatures, model: &Model) -> Result<PredictionResult> {
    predict_with(features, model, &PredictOptions::default())
}

/// Forecasts one encode.
///
/// # Errors
/// Those of [`PredictionFeatures::check`] and [`PredictOptions::check`]; when the model can forecast nothing at all
/// from what is given, [`Error::MissingField`] (a CRF without a codec) or [`Error::NotPredicted`].
pub fn predict_with(
    features: &PredictionFeatures,
    model: &Model,
    options: &PredictOptions,
) -> Result<PredictionResult> {
    features.check()?;
    options.check()?;
    let asked = Asked::new(features, model, options)?;
    asked.answer(&asked.forecasts(), options)
}

/// Forecasts many encodes, in order.
///
/// # Errors
/// As [`predict_with`], wrapped in [`crate::Error::Row`] with the index of the first bad request; or
/// [`crate::Error::OutOfMemory`].
pub fn predict_batch(
    features: &[PredictionFeatures],
    model: &Model,
    options: &PredictOptions,
) -> Result<Vec<PredictionResult>> {
    options.check()?;
    let mut answers = Vec::new();
    Error::reserve(&mut answers, features.len(), "answers")?;
    for (chunk, features) in features.chunks(CHUNK).enumerate() {
        let asked = features
            .iter()
            .enumerate()
            .map(|(row, features)| {
                let asked = features.check().and_then(|()| Asked::new(features, model, options));
                asked.map_err(|error| error.at_row(chunk * CHUNK + row))
            })
            .collect::<Result<Vec<_>>>()?;
        let forecasts = forecasts_of_many(&asked)?;
        for (row, (asked, forecasts)) in asked.iter().zip(&forecasts).enumerate() {
            let answer = asked.answer(forecasts, options);
            answers.push(answer.map_err(|error| error.at_row(chunk * CHUNK + row))?);
        }
    }
    Ok(answers)
}

/// Requests of a batch that are forecast together.
const CHUNK: usize = 256;

/// The forecasts of many requests: model by model, each over all requests that it answers.
fn forecasts_of_many<'a>(asked: &[Asked<'a>]) -> Result<Vec<Forecasts<'a>>> {
    let mut all = vec![[None; Target::COUNT]; asked.len()];
    let (mut rows, mut values, mut means, mut spreads) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for &target in Target::ALL {
        let variants: Vec<_> = asked.iter().map(|asked| asked.variant(target)).collect();
        let mut left: Vec<usize> = (0..asked.len()).filter(|&row| variants[row].is_some()).collect();
        while let Some(variant) = left.first().and_then(|&row| variants[row]) {
            let same = |row: &usize| variants[*row].is_some_and(|other| std::ptr::eq(other, variant));
            rows.clear();
            rows.extend(left.iter().copied().filter(same));
            left.retain(|row| !same(row));
            values.clear();
            let columns = variant.flat.columns();
            rows.iter().for_each(|&row| values.extend_from_slice(&asked[row].row[..columns]));
            means.resize(rows.len(), 0.0);
            spreads.resize(rows.len(), 0.0);
            let table = Rows::new(&values, columns)?;
            variant.flat.predict_batch_with_spread(table, &mut means, &mut spreads)?;
            for ((&row, &value), &spread) in rows.iter().zip(&means).zip(&spreads) {
                all[row][target as usize] = Some(asked[row].of_trees(variant, (value, spread)));
            }
        }
    }
    Ok(all)
}

/// A checked request, its columns, and where it lies relative to the training.
pub(crate) struct Asked<'a> {
    pub features: &'a PredictionFeatures,
    pub model: &'a Model,
    pub row: Row,
    pub known: Known,
    pub distance: Distance,
    /// Probability that the intervals promise.
    pub level: f64,
    pub cell: Cell,
    pub megapixels: f64,
    /// The machine that its times are of, where the model was taught it.
    machine: Option<&'a str>,
    correction: &'a Correction,
    shared: Shared,
    /// The curves of the model of VMAF from a bitrate: forecast and search share them.
    quality: OnceCell<Option<Along<'a>>>,
}

/// The model that answers a target of a request that knows these groups.
pub(crate) fn variant<'m>(
    model: &'m Model,
    features: &PredictionFeatures,
    known: Known,
    target: Target,
) -> Option<&'m Variant> {
    // A bitrate that is given is not forecast.
    if target == Target::BitrateKbps && features.bitrate_kbps.is_some() {
        return None;
    }
    let given = |given: Given, there: bool| if there { model.best(target, given, known) } else { None };
    given(Given::Bitrate, features.bitrate_kbps.is_some()).or_else(|| given(Given::Crf, features.crf.is_some()))
}

/// What makes an estimate of a forecast, besides the forecast itself.
pub(crate) struct Surroundings {
    pub cell: Cell,
    /// Probability that the interval promises.
    pub level: f64,
    /// Distance from the trained range.
    pub away: f64,
    /// What machine and correction add, on the learning scale.
    pub shift: f64,
    pub megapixels: f64,
}

/// A forecast as an estimate, its interval widened for distance.
pub(crate) fn estimate(forecast: &Forecast, at: &Surroundings) -> Estimate {
    let (lower, upper) = forecast.around(at.cell);
    let (below, above) = forecast.variant.calibration.levels.two_sided(at.level);
    let wider = 1.0 + at.away;
    let around = (lower * below * wider, upper * above * wider);
    scale::estimate(forecast.variant.key.target, forecast.value + at.shift, around, at.megapixels)
}

pub(crate) type Forecasts<'a> = [Option<Forecast<'a>>; Target::COUNT];

impl<'a> Asked<'a> {
    /// # Errors
    /// Of the names in the request, and [`Error::Contradiction`] for a machine that is not the site's.
    pub(crate) fn new(
        features: &'a PredictionFeatures,
        model: &'a Model,
        options: &'a PredictOptions,
    ) -> Result<Asked<'a>> {
        let row = derive(features)?;
        Ok(Asked {
            features,
            model,
            known: model.known(&row, features.codec_known().is_some()),
            row,
            distance: distance(features, model, options.site.is_some()),
            level: options.level,
            cell: Cell::of_request(features),
            megapixels: features.megapixels(),
            machine: machine(features, model, options)?,
            correction: &options.correction,
            shared: Shared::default(),
            quality: OnceCell::new(),
        })
    }

    /// The model that answers a target: from the bitrate where there is one and a model for it, else from the CRF.
    pub(crate) fn variant(&self, target: Target) -> Option<&'a Variant> {
        variant(self.model, self.features, self.known, target)
    }

    /// A forecast as an estimate, its interval widened for distance.
    pub(crate) fn estimate_of(&self, forecast: &Forecast) -> Estimate {
        let (level, away, cell, megapixels) = (self.level, self.distance.sum, self.cell, self.megapixels);
        let shift = self.shift(forecast.variant.key.target);
        estimate(forecast, &Surroundings { cell, level, away, shift, megapixels })
    }

    /// A value of the learning scale in the target's unit, on the request's machine.
    pub(crate) fn in_unit(&self, target: Target, value: f64) -> f64 {
        scale::from_learning(target, value + self.shift(target), self.megapixels)
    }

    /// The value, in the target's unit, that is exceeded with this probability (0.5–1), widened for distance.
    pub(crate) fn lower_bound(&self, forecast: &Forecast, probability: f64) -> f64 {
        let (lower, _) = forecast.around(self.cell);
        let reach = lower * forecast.variant.calibration.levels.lower(probability) * (1.0 + self.distance.sum);
        let target = forecast.variant.key.target;
        scale::from_learning(target, forecast.value + reach + self.shift(target), self.megapixels)
    }

    /// What machine and correction add to a target on the learning scale; exactly 0 where neither changes it.
    pub(crate) fn shift(&self, target: Target) -> f64 {
        self.model.metadata().machines.shift(self.machine, target) + self.corrected_by(target, self.features)
    }

    /// What the correction adds to a target of a request, which may be an anchor of this one.
    pub(crate) fn corrected_by(&self, target: Target, features: &PredictionFeatures) -> f64 {
        self.correction.get(target, features.codec_known())
    }

    /// What the models of this request have in common.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn into_shared(self) -> Shared {
        self.shared
    }

    /// The curves of the model of VMAF from a bitrate that answers this request.
    pub(crate) fn quality(&self, variant: &'a Variant) -> Option<&Along<'a>> {
        self.quality.get_or_init(|| variant.along(&self.row, &self.shared)).as_ref()
    }

    /// The forecast of a model whose trees were asked already.
    fn of_trees(&self, variant: &'a Variant, trees: (f64, f64)) -> Forecast<'a> {
        if variant.key.target == Target::Vmaf && variant.key.given == Given::Bitrate {
            return variant.forecast(&self.row, (self.quality(variant), &self.shared), trees);
        }
        let smooth = variant.smooth.as_ref();
        variant.blended(trees, smooth.and_then(|smooth| smooth.answer(&self.shared, &self.row, trees.0)))
    }

    /// The forecast of a model, without what anchors say.
    pub(crate) fn learnt(&self, variant: &'a Variant) -> Forecast<'a> {
        self.of_trees(variant, variant.flat.predict_with_spread(&self.row))
    }

    /// The forecasts of all targets, one by one.
    pub(crate) fn forecasts(&self) -> Forecasts<'a> {
        let mut forecasts = [None; Target::COUNT];
        for &target in Target::ALL {
            forecasts[target as usize] = self.variant(target).map(|variant| self.learnt(variant));
        }
        forecasts
    }

    /// The answer that these forecasts make.
    fn answer(&self, forecasts: &Forecasts<'a>, options: &PredictOptions) -> Result<PredictionResult> {
        if forecasts.iter().all(Option::is_none) {
            return Err(self.why_nothing());
        }
        let anchored;
        let forecasts = match self.features.anchors.is_empty() {
            true => forecasts,
            false => {
                anchored = self.anchored(forecasts)?;
                &anchored
            }
        };
        let mut result = PredictionResult { out_of_range: self.distance.out_of_range, ..Default::default() };
        let mut used = FieldSet::EMPTY;
        let mut quality = None;
        for forecast in forecasts.iter().flatten() {
            let (variant, target) = (forecast.variant, forecast.variant.key.target);
            used = used.union(variant.fields);
            result.estimates[target as usize] = Some(self.estimate_of(forecast));
            quality.get_or_insert(forecast);
        }
        self.add_resources(&mut result, options);
        let estimates = result.estimates;
        let value = |target: Target| estimates[target as usize].map(|estimate| estimate.value);
        result.predicted_vmaf = value(Target::Vmaf);
        result.predicted_psnr = value(Target::Psnr);
        result.predicted_cost_usd = value(Target::CostUsd);
        result.predicted_co2_kg = value(Target::Co2Kg);
        let bitrate = self.features.bitrate_kbps.or(value(Target::BitrateKbps));
        result.bandwidth_mbps = bitrate.map(|kbps| kbps / 1000.0);
        result.size_mb = bitrate.map(|kbps| kbps * self.features.duration_or_default() / 8000.0);
        result.confidence = quality.map_or(0.0, |forecast| {
            confidence(forecast, self.cell, self.distance, self.features.frame_drop.unwrap_or(0.0))
        });
        if let Some(found) = smallest_bitrate::in_answer(self, options)? {
            result.recommended_bitrate_kbps = found.reached;
            result.target_unreachable = found.reached.is_none();
            result.best_reachable_vmaf = found.best_vmaf;
        }
        result.ignored = self.ignored(used, options.site.is_some());
        Ok(result)
    }

    /// The forecasts, sharpened by the request's anchors.
    fn anchored(&self, forecasts: &Forecasts<'a>) -> Result<Forecasts<'a>> {
        let mut sharpened = *forecasts;
        for forecast in sharpened.iter_mut().flatten() {
            *forecast = self.sharpen(*forecast)?;
        }
        Ok(sharpened)
    }

    /// A forecast, sharpened by the anchors that say something of it.
    fn sharpen(&self, forecast: Forecast<'a>) -> Result<Forecast<'a>> {
        let point = AnchoredCurve::of(self, forecast.variant)?.and_then(|curve| curve.at_request());
        Ok(point.map_or(forecast, |point| point.sharpen(forecast)))
    }

    /// The forecast of a model for the request, with what its anchors say.
    pub(crate) fn forecast_by(&self, variant: &'a Variant) -> Result<Forecast<'a>> {
        let forecast = self.learnt(variant);
        if self.features.anchors.is_empty() { Ok(forecast) } else { self.sharpen(forecast) }
    }

    /// Why no target can be forecast for this request.
    pub(crate) fn why_nothing(&self) -> Error {
        let by_crf = self.features.bitrate_kbps.is_none();
        if by_crf && self.features.codec_known().is_none() {
            let needed = "a CRF is on the encoder's own scale: give codec or encoder, or bitrate_kbps";
            return Error::MissingField { field: Field::Codec.name(), needed };
        }
        let (given, other) = if by_crf { ("crf", "bitrate_kbps") } else { ("bitrate_kbps", "crf") };
        let target = self.model.targets().first().copied().unwrap_or(Target::Vmaf);
        let reason = format!("it was not trained on rows that give {given}; give {other}");
        Error::NotPredicted { target, reason }
    }

    /// Given inputs that no forecast used. What only scales the answer is used by it, what follows from another input
    /// (the codec from its encoder) is used with it, and a frame drop counts in the confidence.
    fn ignored(&self, mut used: FieldSet, at_site: bool) -> FieldSet {
        used.insert(Field::DurationS);
        used.insert(Field::FrameDrop);
        used.insert(Field::ResolutionWidth);
        used.insert(Field::ResolutionHeight);
        used.insert(Field::Machine);
        if at_site {
            used.insert(Field::Threads);
        }
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
                Field::Codec | Field::Encoder | Field::Preset | Field::Machine => {
                    !self.distance.out_of_range.contains(field)
                }
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

/// The machine of the request or of the site, where the model was taught it.
fn machine<'a>(
    features: &'a PredictionFeatures,
    model: &'a Model,
    options: &'a PredictOptions,
) -> Result<Option<&'a str>> {
    let machines = &model.metadata().machines;
    let asked = features.machine.as_deref();
    let Some(site) = options.site.as_ref().map(|site| site.machine().name.as_str()) else {
        asked.map_or(Ok(()), |machine| machines.check_name(machine))?;
        return Ok(asked);
    };
    match asked {
        Some(machine) if machine != site => Err(Error::Contradiction {
            field: Field::Machine.name(),
            value: machine.to_owned(),
            other: format!("site.machine = {site}"),
        }),
        _ => Ok(machines.check_name(site).is_ok().then_some(site)),
    }
}
