//! The forecast at one rate setting of a request: the one way in which searches, ladders and comparisons ask the model.

use std::cell::OnceCell;

use crate::{
    assurance::lower_bound,
    bundle::Model,
    error::{Error, Result},
    features::PredictionFeatures,
    options::{Given, PredictOptions},
    predict::{Asked, variant},
    recommend::Limit,
    result::Estimate,
    smooth::{Along, Shared},
    target::Target,
    variant::Forecast,
};

/// What is forecast at one setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub setting: f64,
    pub vmaf: Estimate,
    /// What is held against a target: the lower bound of the assurance, or the forecast.
    pub assured: f64,
    /// What is limited, by the number of the limit; `None` where it is not.
    pub limited: [Option<f64>; Limit::COUNT],
}

/// A request whose one rate setting moves. What does not move with it is found once: the curves of its models.
pub(crate) struct Line<'a> {
    features: PredictionFeatures,
    given: Given,
    model: &'a Model,
    options: &'a PredictOptions,
    shared: Shared,
    /// The curves of the model of each target.
    curves: Vec<OnceCell<Option<Along<'a>>>>,
}

impl<'a> Line<'a> {
    /// Checks the request and the options; the request's own bitrate and CRF are not looked at.
    pub(crate) fn new(
        features: &PredictionFeatures,
        model: &'a Model,
        given: Given,
        options: &'a PredictOptions,
    ) -> Result<Line<'a>> {
        features.check_values()?;
        options.check()?;
        let features = PredictionFeatures { bitrate_kbps: None, crf: None, ..features.clone() };
        let curves = Target::ALL.iter().map(|_| OnceCell::new()).collect();
        Ok(Line { features, given, model, options, shared: Shared::default(), curves })
    }

    /// The request at a setting.
    pub(crate) fn request(&mut self, setting: f64) -> &PredictionFeatures {
        match self.given {
            Given::Bitrate => self.features.bitrate_kbps = Some(setting),
            Given::Crf => self.features.crf = Some(setting),
        }
        &self.features
    }

    /// The forecast of a target for the request as it is; `None` without a model of it.
    fn forecast<'b>(&self, asked: &Asked<'b>, target: Target) -> Option<Result<Forecast<'b>>>
    where
        'a: 'b,
    {
        let variant = variant(self.model, &self.features, asked.known, target)?;
        if !self.features.anchors.is_empty() {
            return Some(asked.forecast_by(variant));
        }
        let curves = self.curves[target as usize].get_or_init(|| variant.along(&asked.row, &self.shared));
        let trees = variant.flat.predict_with_spread(&asked.row);
        Some(Ok(variant.forecast(&asked.row, (curves.as_ref(), &self.shared), trees)))
    }

    /// The forecast at a setting.
    ///
    /// # Errors
    /// [`Error::NotPredicted`] and [`Error::MissingField`] when the model forecasts no VMAF from this rate setting, or
    /// not what is limited.
    pub(crate) fn at(&mut self, setting: f64) -> Result<Point> {
        let (model, options, given) = (self.model, self.options, self.given);
        self.request(setting);
        let asked = Asked::new(&self.features, model, options)?;
        let Some(forecast) = self.forecast(&asked, Target::Vmaf) else {
            return Err(no_vmaf(&asked, given));
        };
        let forecast = forecast?;
        let limits = &options.recommend;
        let mut limited = [None; Limit::COUNT];
        for limit in Limit::ALL.into_iter().filter(|limit| limit.allowed(limits).is_some()) {
            let target = limit.target();
            let forecast = self.amount(&asked, target).ok_or_else(|| Error::NotPredicted {
                target,
                reason: format!("it can't be limited; train on rows with {target}, or name a profile for costs"),
            })?;
            limited[limit as usize] = Some(forecast);
        }
        Ok(Point {
            setting,
            vmaf: asked.estimate_of(&forecast),
            assured: lower_bound(&asked, &forecast, limits.assurance),
            limited,
        })
    }

    /// The forecast bitrate at a setting, kbit/s; `None` when the model forecasts none.
    pub(crate) fn bitrate(&mut self, setting: f64) -> Result<Option<f64>> {
        let (model, options) = (self.model, self.options);
        self.request(setting);
        let asked = Asked::new(&self.features, model, options)?;
        Ok(self.amount(&asked, Target::BitrateKbps))
    }

    /// The forecast of an amount, in its unit; what was not learnt follows from the rest by a site or a profile.
    fn amount<'b>(&self, asked: &Asked<'b>, target: Target) -> Option<f64>
    where
        'a: 'b,
    {
        let behind: &[Target] = match self.options.site {
            Some(_) => BEHIND_SITE,
            None => &[Target::CpuSeconds],
        };
        let mut estimates = [None; Target::COUNT];
        for &target in behind.iter().chain([&target]) {
            let forecast = self.forecast(asked, target).and_then(Result::ok);
            estimates[target as usize] = forecast.map(|forecast| asked.estimate_of(&forecast));
        }
        asked.complete(&mut estimates, self.options);
        estimates[target as usize].map(|estimate| estimate.value)
    }
}

/// What a site's chain starts from.
const BEHIND_SITE: &[Target] =
    &[Target::CpuSeconds, Target::EncodeSeconds, Target::PeakMemoryMb, Target::EnergyKwh, Target::BitrateKbps];

fn no_vmaf(asked: &Asked, given: Given) -> Error {
    if given == Given::Crf && asked.features.codec_known().is_none() {
        return asked.why_nothing();
    }
    let rate = match given {
        Given::Bitrate => Target::BitrateKbps.name(),
        Given::Crf => "crf",
    };
    Error::NotPredicted {
        target: Target::Vmaf,
        reason: format!("no model of it from a {given} was trained; train on rows with {rate} and vmaf"),
    }
}
