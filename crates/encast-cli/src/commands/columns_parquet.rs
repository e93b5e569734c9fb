//! The table of `encast columns` as Parquet: columns in single precision, as models see them, targets in double.

use std::{path::Path, sync::Arc};

use ::parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use encast::{Column, learning_name};

use super::columns::Written;
use crate::{failure::Failure, output::Replacement};

/// Writes the rows; the file is replaced as a whole or not at all.
pub fn write(written: &Written, path: &Path) -> Result<(), Failure> {
    let into = Replacement::of(path)?;
    write_rows(written, into).map_err(|error| Failure::of_file(path, error))?.finish()
}

fn write_rows(written: &Written, into: Replacement) -> Result<Replacement, ParquetError> {
    let columns = Column::ALL.iter().map(|column| format!("optional float {};", column.name()));
    let targets = written.targets.iter().map(|&target| format!("optional double target_{};", learning_name(target)));
    let fields: String = columns.chain(targets).collect();
    let schema = format!("message columns {{ required binary title (STRING); required int32 fold; {fields} }}");
    let properties = WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .set_created_by(concat!("encast version ", env!("CARGO_PKG_VERSION")).to_owned());
    let mut writer =
        SerializedFileWriter::new(into, Arc::new(parse_message_type(&schema)?), Arc::new(properties.build()))?;
    let mut group = writer.next_row_group()?;
    let titles: Vec<ByteArray> = written.titles.iter().map(|&title| ByteArray::from(title)).collect();
    add::<ByteArrayType, _>(&mut group, &titles, None)?;
    let folds: Vec<i32> = written.rows.iter().map(|row| row.fold as i32).collect();
    add::<Int32Type, _>(&mut group, &folds, None)?;
    for at in 0..Column::COUNT {
        let cells = written.rows.iter().map(|row| Some(row.columns[at]).filter(|value| !value.is_nan()));
        add_known::<FloatType, _>(&mut group, cells.collect())?;
    }
    for &target in &written.targets {
        add_known::<DoubleType, _>(&mut group, written.rows.iter().map(|row| row.targets[target as usize]).collect())?;
    }
    group.close()?;
    writer.into_inner()
}

/// Writes one column in which values may be missing.
fn add_known<T: DataType, W: std::io::Write + Send>(
    into: &mut SerializedRowGroupWriter<'_, W>,
    cells: Vec<Option<T::T>>,
) -> Result<(), ParquetError> {
    let known: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    add::<T, W>(into, &values, Some(&known))
}

fn add<T: DataType, W: std::io::Write + Send>(
    into: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    known: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = into.next_column()?.ok_or_else(|| ParquetError::General("a column too many".to_owned()))?;
    column.typed::<T>().write_batch(values, known, None)?;
    column.close()
}
