//! Parquet a chunk of rows at a time: only the columns asked for, page by page, without arrow.

use std::{
    cell::Cell,
    fs::File,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::Once,
};

use parquet::{
    basic::{ConvertedType, LogicalType},
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::DataType,
    errors::ParquetError,
    file::{reader::FileReader, serialized_reader::SerializedFileReader},
    schema::types::{ColumnDescPtr, TypePtr},
};

use super::cells::{Cells, Values};
use crate::failure::Failure;

/// A Parquet file that is read.
pub struct ParquetTable {
    reader: SerializedFileReader<File>,
    path: PathBuf,
    columns: Vec<ParquetColumn>,
    /// Columns with lists or groups in them, which are not read.
    pub nested: Vec<String>,
    /// Places among `columns`.
    wanted: Vec<usize>,
    group: usize,
    /// Readers of the columns wanted in the row group at hand, and the rows that are left in it.
    open: Vec<ColumnReader>,
    left: usize,
}

/// A column that can be read.
#[derive(Clone)]
pub struct ParquetColumn {
    pub name: String,
    /// Its type, as it would be written again.
    pub kind: TypePtr,
    /// Of decimals.
    pub scale: i32,
    pub unsigned: bool,
    leaf: usize,
    nullable: bool,
}

impl ParquetTable {
    /// Reads the metadata.
    pub fn open(file: File, path: &Path) -> Result<ParquetTable, Failure> {
        let reader = guarded(path, || SerializedFileReader::new(file))?;
        let (mut columns, mut nested) = (Vec::new(), Vec::new());
        for (leaf, column) in reader.metadata().file_metadata().schema_descr().columns().iter().enumerate() {
            match readable(leaf, column) {
                Some(column) => columns.push(column),
                None => {
                    let name = column.path().parts().first().cloned().unwrap_or_default();
                    if !nested.contains(&name) {
                        nested.push(name);
                    }
                }
            }
        }
        let wanted = (0..columns.len()).collect();
        let (path, group, open, left) = (path.to_owned(), 0, Vec::new(), 0);
        Ok(ParquetTable { reader, path, columns, nested, wanted, group, open, left })
    }

    pub fn columns(&self) -> &[ParquetColumn] {
        &self.columns
    }

    /// Rows in the file, by its metadata.
    pub fn rows(&self) -> usize {
        usize::try_from(self.reader.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Reads only these columns, in this order.
    pub fn want(&mut self, columns: Vec<usize>) {
        self.wanted = columns;
    }

    /// The next rows, at most so many, column by column; `None` at the end.
    pub fn next(&mut self, most: usize) -> Result<Option<(usize, Vec<Cells>)>, Failure> {
        let path = self.path.clone();
        guarded(&path, || self.read(most))
    }

    fn read(&mut self, most: usize) -> Result<Option<(usize, Vec<Cells>)>, ParquetError> {
        while self.left == 0 {
            if self.group >= self.reader.num_row_groups() {
                return Ok(None);
            }
            let group = self.reader.get_row_group(self.group)?;
            self.group += 1;
            self.left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            let open = |&at: &usize| group.get_column_reader(self.columns[at].leaf);
            self.open = self.wanted.iter().map(open).collect::<Result<_, _>>()?;
        }
        let rows = most.min(self.left);
        let mut chunk = Vec::with_capacity(self.open.len());
        for (reader, &at) in self.open.iter_mut().zip(&self.wanted) {
            chunk.push(cells(reader, rows, self.columns[at].nullable)?);
        }
        self.left -= rows;
        Ok(Some((rows, chunk)))
    }
}

/// What is needed to read a column that is neither nested nor of a type without use.
fn readable(leaf: usize, column: &ColumnDescPtr) -> Option<ParquetColumn> {
    use parquet::basic::Type;
    let flat = column.max_rep_level() == 0 && column.max_def_level() <= 1 && column.path().parts().len() == 1;
    if !flat || column.physical_type() == Type::INT96 {
        return None;
    }
    let decimal = matches!(column.logical_type_ref(), Some(LogicalType::Decimal { .. }))
        || column.converted_type() == ConvertedType::DECIMAL;
    let unsigned = matches!(
        column.converted_type(),
        ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64
    );
    let scale = if decimal { column.type_scale() } else { 0 };
    let nullable = column.max_def_level() == 1;
    let (name, kind) = (column.name().to_owned(), column.self_type_ptr());
    Some(ParquetColumn { name, kind, scale, unsigned, leaf, nullable })
}

fn cells(reader: &mut ColumnReader, rows: usize, nullable: bool) -> Result<Cells, ParquetError> {
    let (values, known) = match reader {
        ColumnReader::BoolColumnReader(reader) => of_type(reader, rows, nullable, Values::Bool)?,
        ColumnReader::Int32ColumnReader(reader) => of_type(reader, rows, nullable, Values::Int32)?,
        ColumnReader::Int64ColumnReader(reader) => of_type(reader, rows, nullable, Values::Int64)?,
        ColumnReader::FloatColumnReader(reader) => of_type(reader, rows, nullable, Values::Float)?,
        ColumnReader::DoubleColumnReader(reader) => of_type(reader, rows, nullable, Values::Double)?,
        ColumnReader::ByteArrayColumnReader(reader) => of_type(reader, rows, nullable, Values::Text)?,
        ColumnReader::FixedLenByteArrayColumnReader(reader) => of_type(reader, rows, nullable, Values::Fixed)?,
        ColumnReader::Int96ColumnReader(_) => return Err(ParquetError::NYI("columns of INT96".to_owned())),
    };
    Ok(Cells { values, known: known.filter(|known| known.contains(&0)) })
}

type Read = (Values, Option<Vec<i16>>);

fn of_type<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    nullable: bool,
    into: fn(Vec<T::T>) -> Values,
) -> Result<Read, ParquetError> {
    let (mut values, mut known) = (Vec::with_capacity(rows), nullable.then(|| Vec::with_capacity(rows)));
    let mut done = 0;
    while done < rows {
        let (more, _, _) = reader.read_records(rows - done, known.as_mut(), None, &mut values)?;
        if more == 0 {
            return Err(ParquetError::EOF(format!("a column ends {} rows before its row group", rows - done)));
        }
        done += more;
    }
    let expected = known.as_ref().map_or(rows, |known| known.iter().filter(|&&known| known == 1).count());
    if done != rows || values.len() != expected || known.as_ref().is_some_and(|known| known.len() != rows) {
        return Err(ParquetError::General("a column has other rows than its row group".to_owned()));
    }
    Ok((into(values), known))
}

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Runs something of the `parquet` crate, which may panic on damaged files: the one place where this is caught.
fn guarded<T>(path: &Path, work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, Failure> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !READING.get() {
                before(info);
            }
        }));
    });
    READING.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    READING.set(false);
    match done {
        Ok(result) => result.map_err(|error| Failure::of_file(path, error)),
        Err(_) => Err(Failure::of_file(path, "is damaged: it cannot be read as Parquet")),
    }
}
