//! The columns of an encode table: what each name means, and what a row's cells say.

use std::collections::BTreeMap;

use csv::ByteRecord;

use crate::{
    codec::{Codec, Encoder},
    error::{Error, Result},
    features::PredictionFeatures,
    field::Field,
    target::{PredictionTargets, Target},
};

/// What a column of the file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Meaning {
    Title,
    Codec,
    Encoder,
    Preset,
    Machine,
    /// How the rate was controlled: tells of the passes.
    RateControl,
    Input(Field),
    /// A measured value, and what to multiply it with.
    Measured(Target, Milli),
    Ignored,
}

/// A factor in thousandths, so that meanings can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Milli(u32);

const AS_IT_IS: Milli = Milli(1000);

/// Other spellings that are read.
const SPELLINGS: &[(&str, Meaning)] = &[
    ("instance", Meaning::Machine),
    ("width", Meaning::Input(Field::ResolutionWidth)),
    ("height", Meaning::Input(Field::ResolutionHeight)),
    ("fps", Meaning::Input(Field::FrameRate)),
    ("si", Meaning::Input(Field::SiMean)),
    ("ti", Meaning::Input(Field::TiMean)),
    ("vmaf_score", Meaning::Measured(Target::Vmaf, AS_IT_IS)),
    ("psnr_score", Meaning::Measured(Target::Psnr, AS_IT_IS)),
    ("psnr_db", Meaning::Measured(Target::Psnr, AS_IT_IS)),
    ("ssim_score", Meaning::Measured(Target::Ssim, AS_IT_IS)),
    ("cpu_utilization_pct", Meaning::Measured(Target::CpuPercent, AS_IT_IS)),
    ("co2_g", Meaning::Measured(Target::Co2Kg, Milli(1))),
];

fn meaning(name: &str) -> Meaning {
    match name {
        "title" => Meaning::Title,
        "codec" => Meaning::Codec,
        "encoder" => Meaning::Encoder,
        "preset" => Meaning::Preset,
        "machine" => Meaning::Machine,
        "rate_control" => Meaning::RateControl,
        _ => {
            let spelling = SPELLINGS.iter().find(|(spelling, _)| *spelling == name).map(|&(_, meaning)| meaning);
            // The bitrate is an input that is measured too: it is read as an input.
            let input = || Field::from_name(name).map(Meaning::Input);
            let measured = || Target::from_name(name).ok().map(|target| Meaning::Measured(target, AS_IT_IS));
            spelling.or_else(input).or_else(measured).unwrap_or(Meaning::Ignored)
        }
    }
}

/// What a column tells of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputColumn {
    /// An input.
    Field(Field),
    /// How the rate was controlled: see [`passes_of`].
    RateControl,
}

/// The columns of one file.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    meanings: Vec<(Meaning, String)>,
}

/// Why a row cannot be used: the column to blame where there is one, and what is wrong.
pub(super) struct Unusable {
    pub field: Option<String>,
    pub reason: String,
    /// A cell cannot be read at all; otherwise it says something that cannot be used.
    pub malformed: bool,
}

impl Unusable {
    fn of(error: Error) -> Unusable {
        Unusable { field: None, reason: error.to_string(), malformed: false }
    }
}

impl Columns {
    pub(super) fn of(header: &ByteRecord, file: &str) -> Result<Columns> {
        let refuse = |field: &str, reason: String| {
            Err(Error::Table { file: file.to_owned(), line: 1, field: Some(field.to_owned()), reason })
        };
        let mut meanings: Vec<(Meaning, String)> = Vec::new();
        for (at, name) in header.iter().enumerate() {
            let Ok(name) = std::str::from_utf8(name) else {
                return refuse(&format!("column {}", at + 1), "its name is not UTF-8".to_owned());
            };
            let name = name.trim_start_matches('\u{feff}').trim();
            let found = meaning(name);
            let twice = meanings.iter().find(|(other, _)| *other == found && found != Meaning::Ignored);
            if let Some((_, other)) = twice {
                return refuse(name, format!("stands twice: '{other}' means the same"));
            }
            meanings.push((found, name.to_owned()));
        }
        let columns = Columns { meanings };
        for field in [Field::ResolutionWidth, Field::ResolutionHeight] {
            if !columns.has(Meaning::Input(field)) {
                return refuse(field.name(), "the column is missing".to_owned());
            }
        }
        Ok(columns)
    }

    pub(super) fn input(&self, column: usize) -> Option<InputColumn> {
        match self.meanings.get(column)?.0 {
            Meaning::Codec => Some(InputColumn::Field(Field::Codec)),
            Meaning::Encoder => Some(InputColumn::Field(Field::Encoder)),
            Meaning::Preset => Some(InputColumn::Field(Field::Preset)),
            Meaning::Machine => Some(InputColumn::Field(Field::Machine)),
            Meaning::Input(field) => Some(InputColumn::Field(field)),
            Meaning::RateControl => Some(InputColumn::RateControl),
            Meaning::Title | Meaning::Measured(..) | Meaning::Ignored => None,
        }
    }

    pub(super) fn has(&self, meaning: Meaning) -> bool {
        self.meanings.iter().any(|(found, _)| *found == meaning)
    }

    /// The cells that are not empty and mean something, with their column's name.
    fn cells<'a>(
        &'a self,
        record: &'a ByteRecord,
    ) -> impl Iterator<Item = std::result::Result<(Meaning, &'a str, &'a str), Unusable>> {
        let meant = self.meanings.iter().zip(record).filter(|((meaning, _), _)| *meaning != Meaning::Ignored);
        meant.filter_map(|((meaning, name), cell)| match std::str::from_utf8(cell).map(str::trim) {
            Ok("") => None,
            Ok(text) => Some(Ok((*meaning, name.as_str(), text))),
            Err(_) => Some(Err(malformed(name, "not UTF-8".to_owned()))),
        })
    }

    /// The request of a row, not yet checked against bounds.
    pub(super) fn request(&self, record: &ByteRecord) -> std::result::Result<PredictionFeatures, Unusable> {
        let mut features = PredictionFeatures::default();
        for cell in self.cells(record) {
            let (meaning, name, text) = cell?;
            match meaning {
                Meaning::Codec => features.codec = Some(Codec::from_name(text).map_err(Unusable::of)?),
                Meaning::Encoder => features.encoder = Some(Encoder::from_name(text).map_err(Unusable::of)?),
                Meaning::Preset => features.preset = Some(text.to_owned()),
                Meaning::Machine => features.machine = Some(text.to_owned()),
                Meaning::RateControl => features.passes = features.passes.or(passes_of(text)),
                Meaning::Input(field) => {
                    features.set(field, Some(number(name, text)?));
                }
                Meaning::Title | Meaning::Measured(..) | Meaning::Ignored => (),
            }
        }
        Ok(features)
    }

    /// The measured values and the title of a row. A value that is not finite or out of bounds is left out and counted.
    pub(super) fn measured(
        &self,
        record: &ByteRecord,
        excluded: &mut BTreeMap<String, usize>,
    ) -> std::result::Result<PredictionTargets, Unusable> {
        let mut targets = PredictionTargets::default();
        for cell in self.cells(record) {
            let (meaning, name, text) = cell?;
            match meaning {
                Meaning::Title => targets.title = text.to_owned(),
                Meaning::Measured(target, Milli(factor)) => {
                    let value = number(name, text)? * f64::from(factor) / 1000.0;
                    let (lowest, highest) = target.bounds();
                    if value.is_finite() && (lowest..=highest).contains(&value) {
                        targets.set(target, Some(value));
                    } else {
                        *excluded.entry(format!("value of {target} not finite or out of bounds")).or_default() += 1;
                    }
                }
                _ => (),
            }
        }
        Ok(targets)
    }
}

/// What a column of an encode table is usually called, and what its values are multiplied with to be in the usual unit:
/// `fps` is `frame_rate`, and grams, `co2_g`, are thousandths of `co2_kg`. A column that is not read keeps its name.
pub fn usual_column(name: &str) -> (&str, f64) {
    match meaning(name) {
        Meaning::Title => ("title", 1.0),
        Meaning::Codec => ("codec", 1.0),
        Meaning::Encoder => ("encoder", 1.0),
        Meaning::Preset => ("preset", 1.0),
        Meaning::Machine => ("machine", 1.0),
        Meaning::RateControl => ("rate_control", 1.0),
        Meaning::Input(field) => (field.name(), 1.0),
        Meaning::Measured(target, Milli(factor)) => (target.name(), f64::from(factor) / 1000.0),
        Meaning::Ignored => (name, 1.0),
    }
}

/// Passes of the ways of rate control that `encast measure` writes; others may be anything, and count as unknown.
pub fn passes_of(rate_control: &str) -> Option<f64> {
    match rate_control {
        "crf" | "cqp" | "abr" => Some(1.0),
        "abr2" => Some(2.0),
        _ => None,
    }
}

fn malformed(name: &str, reason: String) -> Unusable {
    Unusable { field: Some(name.to_owned()), reason, malformed: true }
}

fn number(name: &str, text: &str) -> std::result::Result<f64, Unusable> {
    text.parse().map_err(|_| malformed(name, format!("'{text}' is not a number")))
}
