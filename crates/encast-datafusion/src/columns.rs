//! Arguments of a call as columns of the scorer: numbers as they are, names by codes.

use datafusion_common::{
    DataFusionError, Result, ScalarValue,
    arrow::{
        array::{Array, ArrayRef, AsArray, Float64Array, UInt32Array},
        compute::cast,
        datatypes::{DataType, Float64Type, UInt32Type},
    },
};
use datafusion_expr::ColumnarValue;
use encast::{BulkInputs, Field, Names, Numbers};

/// The columns of one call.
pub(crate) struct Columns {
    rows: usize,
    numbers: Vec<(Field, Column<Float64Array>)>,
    names: Vec<(Field, Column<Coded>)>,
}

/// Codes, and the names that they stand for.
type Coded = (Vec<u32>, Vec<String>);

/// One a row, or one for all.
enum Column<T> {
    Each(T),
    Number(f64),
    Name(String),
}

impl Columns {
    pub(crate) fn new(rows: usize) -> Columns {
        Columns { rows, numbers: Vec::new(), names: Vec::new() }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Takes an argument.
    pub(crate) fn put(&mut self, field: Field, argument: &ColumnarValue) -> Result<()> {
        match argument {
            ColumnarValue::Scalar(scalar) if scalar.is_null() => Ok(()),
            ColumnarValue::Scalar(scalar) if field.is_name() => {
                let ScalarValue::Utf8(Some(name)) = scalar.cast_to(&DataType::Utf8)? else { return Ok(()) };
                self.names.push((field, Column::Name(name)));
                Ok(())
            }
            ColumnarValue::Scalar(scalar) => {
                let ScalarValue::Float64(Some(number)) = scalar.cast_to(&DataType::Float64)? else { return Ok(()) };
                self.numbers.push((field, Column::Number(number)));
                Ok(())
            }
            ColumnarValue::Array(array) if field.is_name() => {
                self.names.push((field, Column::Each(coded(array)?)));
                Ok(())
            }
            ColumnarValue::Array(array) => {
                let numbers = cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone();
                self.numbers.push((field, Column::Each(with_nan(numbers))));
                Ok(())
            }
        }
    }

    /// Lends the columns.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&BulkInputs<'_>) -> encast::Result<T>) -> encast::Result<T> {
        let texts: Vec<Vec<&str>> = self
            .names
            .iter()
            .map(|(_, column)| match column {
                Column::Each((_, names)) => names.iter().map(String::as_str).collect(),
                _ => Vec::new(),
            })
            .collect();
        let mut inputs = BulkInputs::new(self.rows);
        for (field, column) in &self.numbers {
            match column {
                Column::Each(numbers) => inputs.set(*field, Numbers::F64(numbers.values()))?,
                Column::Number(number) => inputs.set(*field, Numbers::Same(*number))?,
                Column::Name(_) => &mut inputs,
            };
        }
        for ((field, column), names) in self.names.iter().zip(&texts) {
            match column {
                Column::Each((codes, _)) => inputs.set_names(*field, Names::Coded { codes, names })?,
                Column::Name(name) => inputs.set_names(*field, Names::Same(name))?,
                Column::Number(_) => &mut inputs,
            };
        }
        work(&inputs)
    }
}

/// NaN in place of NULL.
fn with_nan(numbers: Float64Array) -> Float64Array {
    match numbers.null_count() {
        0 => numbers,
        _ => numbers.iter().map(|number| Some(number.unwrap_or(f64::NAN))).collect(),
    }
}

/// Codes and names of an array of text, dictionary or not.
fn coded(array: &ArrayRef) -> Result<Coded> {
    let kind = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
    // Other texts first become plain text, as not every kind becomes a dictionary at once.
    let plain = match array.data_type() {
        DataType::Dictionary(_, _) => cast(array, &kind),
        _ => cast(array, &DataType::Utf8).and_then(|text| cast(&text, &kind)),
    }?;
    let dictionary = plain.as_dictionary::<UInt32Type>();
    let values = dictionary
        .values()
        .as_string_opt::<i32>()
        .ok_or_else(|| DataFusionError::Execution("a name that is no text".to_owned()))?;
    let code = |key: u32| if values.is_null(key as usize) { Names::UNKNOWN } else { key };
    let keys: &UInt32Array = dictionary.keys();
    let codes = keys.iter().map(|key| key.map_or(Names::UNKNOWN, code)).collect();
    Ok((codes, values.iter().map(|name| name.unwrap_or_default().to_owned()).collect()))
}
