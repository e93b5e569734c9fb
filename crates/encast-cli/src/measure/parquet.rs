//! The encode table as Parquet: the columns of the CSV with their types, and nulls for what is not known.

use std::{path::Path, sync::Arc};

use ::parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};

use super::row::Row;
use crate::{failure::Failure, output::Replacement, time};

/// Rows of one row group.
const GROUP: usize = 100_000;

/// A column's type and where its values are in a row.
enum Column {
    Text(fn(&Row) -> Option<&str>),
    Real(fn(&Row) -> Option<f64>),
    Whole(fn(&Row) -> Option<i64>),
    /// Milliseconds since 1970, UTC.
    Time(fn(&Row) -> Option<i64>),
}

macro_rules! columns {
    ($($kind:ident $field:ident),* $(,)?) => { &[$((stringify!($field), columns!(@$kind $field))),*] };
    (@text $field:ident) => { Column::Text(|row| Some(row.$field.as_str()).filter(|text| !text.is_empty())) };
    (@maybe $field:ident) => { Column::Text(|row| row.$field.as_deref()) };
    (@real $field:ident) => { Column::Real(|row| row.$field) };
    (@whole $field:ident) => { Column::Whole(|row| row.$field.map(|value| value as i64)) };
    (@time $field:ident) => { Column::Time(|row| time::unix_of(&row.$field).map(|seconds| seconds * 1000)) };
}

const COLUMNS: &[(&str, Column)] = columns![
    text title,
    maybe title_kind,
    text clip,
    text engine,
    text codec,
    text encoder,
    text preset,
    text rate_control,
    real crf,
    real target_bitrate_kbps,
    real bitrate_kbps,
    whole resolution_width,
    whole resolution_height,
    real frame_rate,
    real frame_drop,
    whole source_width,
    whole source_height,
    real source_frame_rate,
    whole bit_depth,
    whole frames,
    real duration_s,
    whole threads,
    real si_mean,
    real si_std,
    real ti_mean,
    real ti_std,
    real spatial_energy,
    real temporal_energy,
    real luminance,
    real motion_intensity,
    real static_share,
    real probe_bitrate_kbps,
    real probe_psnr,
    real probe_vmaf,
    real probe_cpu_seconds,
    maybe probe_recipe,
    text vmaf_model,
    real vmaf,
    real vmaf_harmonic_mean,
    real vmaf_p5,
    real psnr,
    real ssim,
    real encode_seconds,
    real cpu_seconds,
    real peak_memory_mb,
    real energy_kwh,
    real own_cores_shared,
    real other_cores_busy,
    text engine_version,
    text encoder_version,
    text cpu_model,
    whole cpu_cores,
    text host,
    time measured_at,
    text job,
    text status,
    maybe error,
];

/// Writes the rows; the file is replaced as a whole or not at all.
pub fn write(rows: &[Row], path: &Path) -> Result<(), Failure> {
    let into = Replacement::of(path)?;
    write_rows(rows, into).map_err(|error| Failure::of_file(path, error))?.finish()
}

fn write_rows(rows: &[Row], into: Replacement) -> Result<Replacement, ParquetError> {
    let schema = Arc::new(parse_message_type(&schema())?);
    // Of the codecs that every reader knows, the one whose crate is small and MIT licensed.
    let properties = WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .set_created_by(concat!("encast version ", env!("CARGO_PKG_VERSION")).to_owned());
    let mut writer = SerializedFileWriter::new(into, schema, Arc::new(properties.build()))?;
    for group in rows.chunks(GROUP) {
        let mut into = writer.next_row_group()?;
        for (_, column) in COLUMNS {
            match column {
                Column::Text(of) => add::<ByteArrayType, _>(&mut into, group, |row| of(row).map(ByteArray::from))?,
                Column::Real(of) => add::<DoubleType, _>(&mut into, group, of)?,
                Column::Whole(of) | Column::Time(of) => add::<Int64Type, _>(&mut into, group, of)?,
            }
        }
        into.close()?;
    }
    writer.into_inner()
}

fn schema() -> String {
    let field = |(name, column): &(&str, Column)| match column {
        Column::Text(_) => format!("optional binary {name} (STRING);"),
        Column::Real(_) => format!("optional double {name};"),
        Column::Whole(_) => format!("optional int64 {name};"),
        Column::Time(_) => format!("optional int64 {name} (TIMESTAMP(MILLIS,true));"),
    };
    format!("message encodes {{ {} }}", COLUMNS.iter().map(field).collect::<String>())
}

/// Writes one column of a row group.
fn add<T: DataType, W: std::io::Write + Send>(
    into: &mut SerializedRowGroupWriter<'_, W>,
    rows: &[Row],
    of: impl Fn(&Row) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = rows.iter().map(of).collect();
    let known: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    let mut column = into.next_column()?.ok_or_else(|| ParquetError::General("a column too many".to_owned()))?;
    column.typed::<T>().write_batch(&values, Some(&known), None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use ::parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::Field,
    };

    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, Row::columns(), "every column of the table, in its order");
        let full = Row {
            title: "Ä \"b\"".to_owned(),
            crf: Some(23.5),
            resolution_width: Some(1920),
            bit_depth: Some(8),
            vmaf: Some(93.251),
            measured_at: "2026-11-21T01:31:00Z".to_owned(),
            status: "ok".to_owned(),
            ..Row::default()
        };
        let failed = Row { status: "failed".to_owned(), error: Some("why".to_owned()), ..Row::default() };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        std::fs::write(&path, "the old one").unwrap();
        write(&[full, failed], &path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing but the file is left");
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2);
        let cell =
            |row: usize, name: &str| rows[row].get_column_iter().find(|(other, _)| *other == name).unwrap().1.clone();
        assert_eq!(cell(0, "title"), Field::Str("Ä \"b\"".to_owned()));
        assert_eq!(cell(0, "crf"), Field::Double(23.5));
        assert_eq!(cell(0, "resolution_width"), Field::Long(1920));
        assert_eq!(cell(0, "bit_depth"), Field::Long(8));
        assert_eq!(cell(0, "vmaf"), Field::Double(93.251));
        assert_eq!(cell(0, "measured_at"), Field::TimestampMillis(1_795_224_660_000));
        assert_eq!(cell(0, "error"), Field::Null);
        assert_eq!((cell(1, "title"), cell(1, "crf"), cell(1, "measured_at")), (Field::Null, Field::Null, Field::Null));
        assert_eq!(cell(1, "error"), Field::Str("why".to_owned()));
        write(&[], &path).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0, "a table without rows is one, too");
    }
}
