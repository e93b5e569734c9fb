//! A table that goes out as text cells: CSV, or Parquet with numbers as numbers.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{
    failure::Failure,
    output::{self, Replacement},
    table::{AsCsv, Cells, ParquetTable, ParquetWriter, is_parquet, named_parquet, number_column, text_column},
};

/// Columns that hold text even where all of their cells look like numbers.
const TEXTS: [&str; 13] = [
    "title",
    "config",
    "id",
    "codec",
    "encoder",
    "preset",
    "machine",
    "rate_control",
    "model_version",
    "vmaf_model",
    "probe_recipe",
    "job",
    "host",
];

/// Rows of cells; an empty cell is unknown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sheet {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// Reads a table of any columns, CSV or Parquet.
    pub fn read(path: &Path) -> Result<Sheet, Failure> {
        let bad = |error: io::Error| Failure::of_file(path, error);
        let mut file = File::open(path).map_err(bad)?;
        if file.metadata().map_err(bad)?.is_dir() {
            return Err(Failure::of_file(path, "is a folder"));
        }
        let name = path.to_string_lossy();
        match is_parquet(&mut file).map_err(bad)? {
            true => Sheet::from_csv(AsCsv::new(ParquetTable::open(file, path)?), &name),
            false => Sheet::from_csv(file, &name),
        }
    }

    /// Reads a CSV of any columns; errors name it.
    pub fn from_csv(from: impl Read, name: &str) -> Result<Sheet, Failure> {
        let bad = |error: csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            Failure::Bad(format!("{name}:{line}: {error}"))
        };
        let mut reader = csv::Reader::from_reader(from);
        let header = reader.headers().map_err(bad)?;
        let columns = header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        let rows = reader.records().map(|row| row.map(|row| row.iter().map(str::to_owned).collect()));
        Ok(Sheet { columns, rows: rows.collect::<Result<_, _>>().map_err(bad)? })
    }

    /// Where a column stands.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Takes columns away in which no row has a value, but those that are named.
    pub fn drop_empty(&mut self, keep: &[&str]) {
        let used = |at: usize| keep.contains(&self.columns[at].as_str()) || self.rows.iter().any(|r| !r[at].is_empty());
        let used: Vec<bool> = (0..self.columns.len()).map(used).collect();
        let retain = |cells: &mut Vec<String>| {
            let mut at = 0;
            cells.retain(|_| {
                at += 1;
                used[at - 1]
            });
        };
        retain(&mut self.columns);
        self.rows.iter_mut().for_each(retain);
    }

    /// Adds the rows of another table below; columns are found by name.
    pub fn append(&mut self, other: Sheet) {
        let place = |name: &String| match self.columns.iter().position(|column| column == name) {
            Some(at) => at,
            None => {
                self.columns.push(name.clone());
                self.columns.len() - 1
            }
        };
        let places: Vec<usize> = other.columns.iter().map(place).collect();
        let width = self.columns.len();
        self.rows.iter_mut().for_each(|row| row.resize(width, String::new()));
        for cells in other.rows {
            let mut row = vec![String::new(); width];
            for (at, cell) in places.iter().zip(cells) {
                row[*at] = cell;
            }
            self.rows.push(row);
        }
    }

    /// As CSV.
    pub fn csv(&self, into: impl Write) -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_writer(into);
        writer.write_record(&self.columns)?;
        self.rows.iter().try_for_each(|row| writer.write_record(row))?;
        Ok(writer.flush()?)
    }

    /// Writes the table: Parquet when the name says so, otherwise CSV; `-` is standard output.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        if path == Path::new("-") {
            let mut text = Vec::new();
            self.csv(&mut text).map_err(|error| Failure::Bad(format!("writing CSV: {error}")))?;
            return output::print_text(&String::from_utf8_lossy(&text));
        }
        let mut file = Replacement::of(path)?;
        if named_parquet(path) {
            return self.parquet(file, path)?.finish();
        }
        self.csv(&mut file).map_err(|error| Failure::of_file(path, error))?;
        file.finish()
    }

    fn parquet(&self, into: Replacement, path: &Path) -> Result<Replacement, Failure> {
        let failure = |error| Failure::of_file(path, error);
        let numbers: Vec<Option<Vec<f64>>> = (0..self.columns.len()).map(|at| self.numbers(at)).collect();
        let kinds = self.columns.iter().zip(&numbers);
        let kinds =
            kinds.map(|(name, numbers)| if numbers.is_some() { number_column(name) } else { text_column(name) });
        let kinds = kinds.collect::<Result<Vec<_>, _>>().map_err(failure)?;
        let mut writer = ParquetWriter::new(kinds, self.columns.len(), into).map_err(failure)?;
        let cells = numbers.into_iter().enumerate().map(|(at, numbers)| match numbers {
            Some(numbers) => Cells::of_numbers(numbers),
            None => Cells::of_texts(self.rows.iter().map(|row| row[at].as_bytes())),
        });
        writer.write(self.rows.len(), cells.collect()).map_err(failure)?;
        writer.finish().map_err(failure)
    }

    /// The cells of a column as numbers, NaN where unknown; `None` for a column of text.
    fn numbers(&self, at: usize) -> Option<Vec<f64>> {
        let number = |row: &Vec<String>| match row[at].trim() {
            "" => Some(f64::NAN),
            text => text.parse::<f64>().ok(),
        };
        let text = TEXTS.contains(&self.columns[at].as_str());
        (!text).then(|| self.rows.iter().map(number).collect())?
    }
}

/// Where a table goes by default of a subcommand's flag: `-` needs no place.
pub fn check_place(path: &PathBuf) -> Result<(), Failure> {
    if path == Path::new("-") { Ok(()) } else { output::check_place(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(columns: &[&str], rows: &[&[&str]]) -> Sheet {
        let texts = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        Sheet { columns: texts(columns), rows: rows.iter().map(|row| texts(row)).collect() }
    }

    #[test]
    fn tables_are_joined_by_column_name() {
        let mut one = sheet(&["title", "vmaf"], &[&["a", "1"]]);
        one.append(sheet(&["psnr", "title"], &[&["40", "b"]]));
        assert_eq!(one, sheet(&["title", "vmaf", "psnr"], &[&["a", "1", ""], &["b", "", "40"]]));
        one.append(sheet(&["ssim"], &[]));
        one.drop_empty(&[]);
        assert_eq!(one.columns, ["title", "vmaf", "psnr"]);
    }

    #[test]
    fn ids_that_look_like_numbers_stay_text_in_parquet() {
        let table = sheet(&["title", "id", "vmaf"], &[&["a", "007", "93.5"], &["b", "", ""]]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        table.write(&path).unwrap();
        let file = std::fs::File::open(&path).unwrap();
        let mut text = String::new();
        let mut read = crate::table::AsCsv::new(crate::table::ParquetTable::open(file, &path).unwrap());
        std::io::Read::read_to_string(&mut read, &mut text).unwrap();
        assert_eq!(text, "title,id,vmaf\na,007,93.5\nb,,\n");
    }
}
