//! What a table gives the scorer: a column of numbers or of names for each input that it has.

use crate::{
    codec::{Codec, Encoder},
    error::{Error, Result},
    features::PredictionFeatures,
    field::Field,
};

/// A column of numbers in the unit of its field. NaN is unknown.
#[derive(Debug, Clone, Copy)]
pub enum Numbers<'a> {
    /// One number a row.
    F64(&'a [f64]),
    /// One number a row; each counts as the `f64` of the same value.
    F32(&'a [f32]),
    /// The same number in every row.
    Same(f64),
}

impl Numbers<'_> {
    #[inline]
    pub(super) fn at(&self, row: usize) -> f64 {
        match self {
            Numbers::F64(values) => values[row],
            Numbers::F32(values) => f64::from(values[row]),
            Numbers::Same(value) => *value,
        }
    }

    fn len(&self) -> Option<usize> {
        match self {
            Numbers::F64(values) => Some(values.len()),
            Numbers::F32(values) => Some(values.len()),
            Numbers::Same(_) => None,
        }
    }
}

/// A column of names: of codecs, encoders, presets or machines.
#[derive(Debug, Clone, Copy)]
pub enum Names<'a> {
    /// One code a row: the place of its name in `names`, or [`Names::UNKNOWN`].
    Coded {
        /// Codes, one a row.
        codes: &'a [u32],
        /// What the codes stand for.
        names: &'a [&'a str],
    },
    /// The same name in every row.
    Same(&'a str),
}

impl<'a> Names<'a> {
    /// The code of a row whose name is not known.
    pub const UNKNOWN: u32 = u32::MAX;

    pub(super) fn at(&self, row: usize) -> Option<&'a str> {
        match self {
            Names::Coded { codes, names } => names.get(codes[row] as usize).copied(),
            Names::Same(name) => Some(name),
        }
    }
}

/// The fields that hold names, in the order of [`BulkInputs::names`].
pub(super) const NAMED: [Field; 4] = [Field::Codec, Field::Encoder, Field::Preset, Field::Machine];

/// The inputs of many requests, column by column. A field without a column is unknown in every row.
#[derive(Debug, Clone)]
pub struct BulkInputs<'a> {
    rows: usize,
    pub(super) numbers: [Option<Numbers<'a>>; Field::COUNT],
    pub(super) names: [Option<Names<'a>>; NAMED.len()],
}

impl<'a> BulkInputs<'a> {
    /// Of so many rows of which nothing is known yet.
    pub fn new(rows: usize) -> Self {
        BulkInputs { rows, numbers: [None; Field::COUNT], names: [None; NAMED.len()] }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Gives the column of a numeric field. Values are checked when they are scored.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when there are not as many numbers as rows; [`Error::InvalidField`] for a field of
    /// names.
    pub fn set(&mut self, field: Field, numbers: Numbers<'a>) -> Result<&mut Self> {
        if field.is_name() {
            return Err(Error::invalid(field, "a column of numbers", "a column of names"));
        }
        self.check_length(field, numbers.len())?;
        self.numbers[field as usize] = Some(numbers);
        Ok(self)
    }

    /// Gives the column of a field of names: codec, encoder, preset or machine.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when there are not as many codes as rows; [`Error::InvalidField`] for a numeric field,
    /// and for a code that no name has.
    pub fn set_names(&mut self, field: Field, names: Names<'a>) -> Result<&mut Self> {
        let Some(place) = NAMED.iter().position(|&named| named == field) else {
            return Err(Error::invalid(field, "a column of names", "a column of numbers"));
        };
        if let Names::Coded { codes, names } = names {
            self.check_length(field, Some(codes.len()))?;
            let most = names.len() as u32;
            if let Some(code) = codes.iter().find(|&&code| code >= most && code != Names::UNKNOWN) {
                return Err(Error::invalid(field, format!("code {code}"), format!("a code below {most}")));
            }
        }
        self.names[place] = Some(names);
        Ok(self)
    }

    /// Makes a field unknown in every row.
    pub fn clear(&mut self, field: Field) -> &mut Self {
        match NAMED.iter().position(|&named| named == field) {
            Some(place) => self.names[place] = None,
            None => self.numbers[field as usize] = None,
        }
        self
    }

    fn check_length(&self, field: Field, found: Option<usize>) -> Result<()> {
        match found {
            Some(found) if found != self.rows => {
                Err(Error::LengthMismatch { what: field.name(), found, expected: self.rows })
            }
            _ => Ok(()),
        }
    }

    /// A number of a row; NaN when it is unknown.
    #[inline]
    pub(super) fn number(&self, field: Field, row: usize) -> f64 {
        self.numbers[field as usize].map_or(f64::NAN, |numbers| numbers.at(row))
    }

    /// The request that a row makes, not yet checked against bounds. `into` is used again and again: what it holds of fields
    /// without a column stays.
    ///
    /// # Errors
    /// [`Error::UnknownName`] of a codec or encoder.
    pub fn request(&self, row: usize, into: &mut PredictionFeatures) -> Result<()> {
        for (&field, numbers) in Field::ALL.iter().zip(&self.numbers) {
            if let Some(numbers) = numbers {
                into.set(field, Some(numbers.at(row)).filter(|value| !value.is_nan()));
            }
        }
        let name = |place: usize| self.names[place].and_then(|names| names.at(row));
        if self.names[0].is_some() {
            into.codec = name(0).map(Codec::from_name).transpose()?;
        }
        if self.names[1].is_some() {
            into.encoder = name(1).map(Encoder::from_name).transpose()?;
        }
        if self.names[2].is_some() {
            keep(&mut into.preset, name(2));
        }
        if self.names[3].is_some() {
            keep(&mut into.machine, name(3));
        }
        Ok(())
    }
}

/// Takes a name over, without allocating where there was one before.
fn keep(place: &mut Option<String>, name: Option<&str>) {
    match (place.as_mut(), name) {
        (Some(text), Some(name)) => {
            text.clear();
            text.push_str(name);
        }
        (_, name) => *place = name.map(str::to_owned),
    }
}
