//! The cells of one column of a chunk, with the types of Parquet.

use std::{collections::HashMap, io::Write};

use parquet::data_type::{ByteArray, FixedLenByteArray};

use encast::Names;

/// Values of the rows where they are known, in order.
pub enum Values {
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Text(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

/// One column.
pub struct Cells {
    pub values: Values,
    /// 1 for each row whose value is known, 0 for the others; `None` when all are.
    pub known: Option<Vec<i16>>,
}

impl Cells {
    /// Numbers, of which those that are NaN are unknown.
    pub fn of_numbers(numbers: Vec<f64>) -> Cells {
        if !numbers.iter().any(|number| number.is_nan()) {
            return Cells { values: Values::Double(numbers), known: None };
        }
        let known = numbers.iter().map(|number| i16::from(!number.is_nan())).collect();
        let values = numbers.into_iter().filter(|number| !number.is_nan()).collect();
        Cells { values: Values::Double(values), known: Some(known) }
    }

    /// Texts, of which those that are empty are unknown.
    pub fn of_texts<T: AsRef<[u8]>>(texts: impl Iterator<Item = T>) -> Cells {
        let (mut values, mut known) = (Vec::new(), Vec::new());
        for text in texts {
            let text = text.as_ref();
            known.push(i16::from(!text.is_empty()));
            if !text.is_empty() {
                values.push(ByteArray::from(text.to_vec()));
            }
        }
        Cells { values: Values::Text(values), known: Some(known) }
    }

    /// The numbers, one a row, NaN where unknown; `None` when the column holds no numbers. Whole numbers are divided by
    /// ten to the power of `scale`, and count from 0 when they are `unsigned`.
    pub fn numbers(&self, scale: i32, unsigned: bool) -> Option<Vec<f64>> {
        let divisor = 10f64.powi(scale);
        let whole = |value: i64| if scale == 0 { value as f64 } else { value as f64 / divisor };
        Some(match &self.values {
            Values::Bool(_) | Values::Text(_) => return None,
            Values::Int32(values) if unsigned => self.spread(values, |&value| whole(i64::from(value as u32))),
            Values::Int32(values) => self.spread(values, |&value| whole(i64::from(value))),
            Values::Int64(values) if unsigned => self.spread(values, |&value| value as u64 as f64 / divisor),
            Values::Int64(values) => self.spread(values, |&value| whole(value)),
            Values::Float(values) => self.spread(values, |&value| f64::from(value)),
            Values::Double(values) => self.spread(values, |&value| value),
            Values::Fixed(values) => self.spread(values, |value| big_endian(value.data()) / divisor),
        })
    }

    /// As they read as text: decimals with their point, and what only fits without a sign as what it is.
    pub fn plain(self, scale: i32, unsigned: bool) -> Cells {
        let below_zero = match &self.values {
            Values::Int32(values) => values.iter().any(|&value| value < 0),
            Values::Int64(values) => values.iter().any(|&value| value < 0),
            _ => false,
        };
        let numbers = if scale != 0 || unsigned && below_zero { self.numbers(scale, unsigned) } else { None };
        numbers.map_or(self, Cells::of_numbers)
    }

    fn spread<T>(&self, values: &[T], of: impl Fn(&T) -> f64) -> Vec<f64> {
        let Some(known) = &self.known else { return values.iter().map(of).collect() };
        let mut values = values.iter();
        let number = |&known: &i16| if known == 0 { f64::NAN } else { values.next().map_or(f64::NAN, &of) };
        known.iter().map(number).collect()
    }

    /// Codes and names of a column of names, one code a row. Empty is unknown.
    pub fn coded(&self) -> Result<(Vec<u32>, Vec<String>), String> {
        let mut coder = Coder::default();
        let codes: Vec<u32> = match &self.values {
            Values::Text(values) => values.iter().map(|value| coder.code(value.data())).collect::<Result<_, _>>()?,
            Values::Int32(values) => {
                values.iter().map(|value| coder.code(value.to_string().as_bytes())).collect::<Result<_, _>>()?
            }
            Values::Int64(values) => {
                values.iter().map(|value| coder.code(value.to_string().as_bytes())).collect::<Result<_, _>>()?
            }
            _ => return Err("holds no text".to_owned()),
        };
        let Some(known) = &self.known else { return Ok((codes, coder.names)) };
        let mut codes = codes.into_iter();
        let code = |&known: &i16| if known == 0 { None } else { codes.next() }.unwrap_or(Names::UNKNOWN);
        Ok((known.iter().map(code).collect(), coder.names))
    }

    /// Writes the cells as text, one after the other: `put` takes each with its row.
    pub fn texts(&self, mut put: impl FnMut(usize, &[u8])) {
        let (mut at, mut text) = (0, Vec::new());
        let rows = self.known.as_ref().map_or(self.len(), Vec::len);
        for row in 0..rows {
            if self.known.as_ref().is_some_and(|known| known[row] == 0) {
                put(row, b"");
                continue;
            }
            text.clear();
            // Writing to memory does not fail.
            let _ = match &self.values {
                Values::Bool(values) => write!(text, "{}", values[at]),
                Values::Int32(values) => write!(text, "{}", values[at]),
                Values::Int64(values) => write!(text, "{}", values[at]),
                Values::Float(values) if values[at].is_nan() => Ok(()),
                Values::Float(values) => write!(text, "{}", values[at]),
                Values::Double(values) if values[at].is_nan() => Ok(()),
                Values::Double(values) => write!(text, "{}", values[at]),
                Values::Text(values) => text.write_all(values[at].data()),
                Values::Fixed(values) => values[at].data().iter().try_for_each(|byte| write!(text, "{byte:02x}")),
            };
            put(row, &text);
            at += 1;
        }
    }

    /// How many values there are.
    fn len(&self) -> usize {
        match &self.values {
            Values::Bool(values) => values.len(),
            Values::Int32(values) => values.len(),
            Values::Int64(values) => values.len(),
            Values::Float(values) => values.len(),
            Values::Double(values) => values.len(),
            Values::Text(values) => values.len(),
            Values::Fixed(values) => values.len(),
        }
    }

    /// Appends the cells of the rows that follow; both are of one column.
    pub fn append(&mut self, other: Cells) {
        if self.known.is_some() || other.known.is_some() {
            let (before, more) = (self.len(), other.len());
            let known = self.known.get_or_insert_with(|| vec![1; before]);
            known.extend(other.known.unwrap_or_else(|| vec![1; more]));
        }
        match (&mut self.values, other.values) {
            (Values::Bool(values), Values::Bool(more)) => values.extend(more),
            (Values::Int32(values), Values::Int32(more)) => values.extend(more),
            (Values::Int64(values), Values::Int64(more)) => values.extend(more),
            (Values::Float(values), Values::Float(more)) => values.extend(more),
            (Values::Double(values), Values::Double(more)) => values.extend(more),
            (Values::Text(values), Values::Text(more)) => values.extend(more),
            (Values::Fixed(values), Values::Fixed(more)) => values.extend(more),
            _ => (),
        }
    }
}

/// A whole number of any length, as Parquet keeps long decimals.
fn big_endian(bytes: &[u8]) -> f64 {
    let negative = bytes.first().is_some_and(|&byte| byte >= 0x80);
    let magnitude = |byte: u8| f64::from(if negative { !byte } else { byte });
    let value = bytes.iter().fold(0.0, |value, &byte| value * 256.0 + magnitude(byte));
    if negative { -value - 1.0 } else { value }
}

/// Gives names their codes.
#[derive(Default)]
struct Coder {
    names: Vec<String>,
    codes: HashMap<Vec<u8>, u32>,
    /// Where the texts seen last stand: texts of one dictionary stand in one place, which is quicker to compare.
    places: Vec<(*const u8, usize, u32)>,
}

impl Coder {
    fn code(&mut self, text: &[u8]) -> Result<u32, String> {
        let (start, length) = (text.as_ptr(), text.len());
        if let Some(&(_, _, code)) = self.places.iter().find(|place| (place.0, place.1) == (start, length)) {
            return Ok(code);
        }
        let code = match self.codes.get(text) {
            Some(&code) => code,
            None => {
                let name = std::str::from_utf8(text).map_err(|_| "holds a text that is not UTF-8".to_owned())?.trim();
                let code = match (name.is_empty(), self.names.iter().position(|known| known == name)) {
                    (true, _) => Names::UNKNOWN,
                    (_, Some(at)) => at as u32,
                    _ => {
                        self.names.push(name.to_owned());
                        self.names.len() as u32 - 1
                    }
                };
                self.codes.insert(text.to_vec(), code);
                code
            }
        };
        if self.places.len() == 16 {
            self.places.clear();
        }
        self.places.push((start, length, code));
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_and_unsigned_numbers_read_as_what_they_are() {
        let texts = |cells: Cells, scale: i32, unsigned: bool| {
            let mut texts = Vec::new();
            cells.plain(scale, unsigned).texts(|_, text| texts.push(String::from_utf8_lossy(text).into_owned()));
            texts
        };
        let cells = || Cells { values: Values::Int32(vec![2997, -5]), known: Some(vec![1, 0, 1]) };
        assert_eq!(texts(cells(), 2, false), ["29.97", "", "-0.05"]);
        assert_eq!(texts(cells(), 0, false), ["2997", "", "-5"]);
        assert_eq!(texts(cells(), 0, true), ["2997", "", "4294967291"]);
        let long = Cells { values: Values::Int64(vec![9_007_199_254_740_993]), known: None };
        assert_eq!(texts(long, 0, true), ["9007199254740993"]);
        let fixed = |bytes: [u8; 3]| Values::Fixed(vec![FixedLenByteArray::from(bytes.to_vec())]);
        assert_eq!(texts(Cells { values: fixed([0, 11, 181]), known: None }, 2, false), ["29.97"]);
        assert_eq!(texts(Cells { values: fixed([255, 255, 251]), known: None }, 2, false), ["-0.05"]);
    }
}
