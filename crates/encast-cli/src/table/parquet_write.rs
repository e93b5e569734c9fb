//! Parquet that goes out: rows are gathered to row groups, each written column by column.

use std::sync::Arc;

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical},
    data_type::{
        BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type,
    },
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::{ColumnPath, Type, TypePtr},
};

use super::cells::{Cells, Values};
use crate::output::Replacement;

/// Rows of a row group, about.
const GROUP: usize = 131_072;

/// A Parquet file that is written.
pub struct ParquetWriter {
    writer: SerializedFileWriter<Replacement>,
    /// What is not written yet.
    cells: Vec<Cells>,
    rows: usize,
}

impl ParquetWriter {
    /// A file with these columns, of which those from `added` on hardly repeat a value.
    pub fn new(columns: Vec<TypePtr>, added: usize, into: Replacement) -> Result<ParquetWriter, ParquetError> {
        let names: Vec<String> = columns[added..].iter().map(|column| column.name().to_owned()).collect();
        let schema = Type::group_type_builder("schema").with_fields(columns).build()?;
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::LZ4_RAW)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_created_by(concat!("encast version ", env!("CARGO_PKG_VERSION")).to_owned());
        for name in names {
            // A dictionary would be built, and thrown away.
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
        }
        let writer = SerializedFileWriter::new(into, Arc::new(schema), Arc::new(properties.build()))?;
        Ok(ParquetWriter { writer, cells: Vec::new(), rows: 0 })
    }

    /// Takes rows; all calls give the same columns.
    pub fn write(&mut self, rows: usize, cells: Vec<Cells>) -> Result<(), ParquetError> {
        if self.cells.is_empty() {
            self.cells = cells;
        } else {
            self.cells.iter_mut().zip(cells).for_each(|(into, more)| into.append(more));
        }
        self.rows += rows;
        if self.rows >= GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let cells = std::mem::take(&mut self.cells);
        if std::mem::take(&mut self.rows) == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for cells in &cells {
            let known = cells.known.as_deref();
            match &cells.values {
                Values::Bool(values) => put::<BoolType>(&mut group, values, known)?,
                Values::Int32(values) => put::<Int32Type>(&mut group, values, known)?,
                Values::Int64(values) => put::<Int64Type>(&mut group, values, known)?,
                Values::Float(values) => put::<FloatType>(&mut group, values, known)?,
                Values::Double(values) => put::<DoubleType>(&mut group, values, known)?,
                Values::Text(values) => put::<ByteArrayType>(&mut group, values, known)?,
                Values::Fixed(values) => put::<FixedLenByteArrayType>(&mut group, values, known)?,
            }
        }
        group.close()?;
        Ok(())
    }

    /// Writes what is left, and the end of the file.
    pub fn finish(mut self) -> Result<Replacement, ParquetError> {
        self.flush()?;
        self.writer.into_inner()
    }
}

fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Replacement>,
    values: &[T::T],
    known: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.ok_or_else(|| ParquetError::General("a column too many".to_owned()))?;
    let all;
    let known = match known {
        Some(known) => known,
        None => {
            all = vec![1; values.len()];
            &all
        }
    };
    column.typed::<T>().write_batch(values, Some(known), None)?;
    column.close()
}

/// A column of numbers.
pub fn number_column(name: &str) -> Result<TypePtr, ParquetError> {
    let column = Type::primitive_type_builder(name, Physical::DOUBLE).with_repetition(Repetition::OPTIONAL);
    Ok(Arc::new(column.build()?))
}

/// A column of texts.
pub fn text_column(name: &str) -> Result<TypePtr, ParquetError> {
    let column = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::String));
    Ok(Arc::new(column.build()?))
}

/// A column as it was, but with unknown values allowed.
pub fn same_column(kind: &Type) -> Result<TypePtr, ParquetError> {
    let about = kind.get_basic_info();
    let column = Type::primitive_type_builder(kind.name(), kind.get_physical_type())
        .with_repetition(Repetition::OPTIONAL)
        .with_converted_type(about.converted_type())
        .with_logical_type(about.logical_type_ref().cloned());
    let column = match kind {
        Type::PrimitiveType { type_length, scale, precision, .. } => {
            column.with_length(*type_length).with_scale(*scale).with_precision(*precision)
        }
        Type::GroupType { .. } => column,
    };
    Ok(Arc::new(column.build()?))
}
