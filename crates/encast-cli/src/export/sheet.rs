//! A table that goes out as text cells: CSV, or Parquet with numbers as numbers.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use csv::StringRecord;
use encast::{EncodeTable, Error, MAX_ROW_BYTES, usual_column};

use super::record::Record;
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

/// Rows that are looked at together as training would: their text and what they say are held in memory.
const LOOKED_AT: usize = 10_000;

/// Rows of cells; an empty cell is unknown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sheet {
    pub columns: Vec<String>,
    pub rows: Vec<Record>,
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
        let (mut rows, mut read) = (Vec::new(), StringRecord::new());
        while reader.read_record(&mut read).map_err(bad)? {
            if read.as_slice().len() > MAX_ROW_BYTES {
                let line = read.position().map_or(1, csv::Position::line);
                return Err(Failure::Bad(format!("{name}:{line}: the row is longer than {MAX_ROW_BYTES} bytes")));
            }
            rows.push(read.iter().collect());
        }
        Ok(Sheet { columns, rows })
    }

    /// Where a column stands.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Takes columns away in which no row has a value, but those that are named.
    pub fn drop_empty(&mut self, keep: &[&str]) {
        let used = |at: usize| keep.contains(&self.columns[at].as_str()) || self.rows.iter().any(|r| !r[at].is_empty());
        let used: Vec<bool> = (0..self.columns.len()).map(used).collect();
        if used.iter().all(|&used| used) {
            return;
        }
        let mut at = 0..;
        self.columns.retain(|_| at.next().is_some_and(|at| used[at]));
        for row in &mut self.rows {
            *row = row.iter().zip(&used).filter_map(|(cell, &used)| used.then_some(cell)).collect();
        }
    }

    /// Calls columns that training reads by their usual names, with values in the usual unit: `fps` becomes `frame_rate`,
    /// `co2_g` `co2_kg`. Of columns that mean the same, the first one that says something counts in each row.
    pub fn call_as_usual(&mut self) {
        let usual: Vec<(String, f64)> = self
            .columns
            .iter()
            .map(|name| usual_column(name))
            .map(|(name, factor)| (name.to_owned(), factor))
            .collect();
        let mut columns: Vec<String> = Vec::new();
        let mut places = Vec::new();
        for (name, _) in &usual {
            let place = columns.iter().position(|column| column == name).unwrap_or(columns.len());
            if place == columns.len() {
                columns.push(name.clone());
            }
            places.push(place);
        }
        if columns == self.columns {
            return;
        }
        for row in &mut self.rows {
            let mut cells = vec![Cow::Borrowed(""); columns.len()];
            for ((&place, (_, factor)), cell) in places.iter().zip(&usual).zip(row.iter()) {
                if cells[place].trim().is_empty() {
                    cells[place] = times(cell, *factor);
                }
            }
            *row = cells.iter().collect();
        }
        self.columns = columns;
    }

    /// Adds the rows of another table below; columns are found by name.
    pub fn append(&mut self, other: Sheet) {
        let before = self.columns.len();
        let place = |name: &String| match self.columns.iter().position(|column| column == name) {
            Some(at) => at,
            None => {
                self.columns.push(name.clone());
                self.columns.len() - 1
            }
        };
        let places: Vec<usize> = other.columns.iter().map(place).collect();
        let width = self.columns.len();
        if width > before {
            let new = || std::iter::repeat_n("", width - before);
            self.rows.iter_mut().for_each(|row| *row = row.iter().chain(new()).collect());
        }
        if places.iter().copied().eq(0..width) {
            self.rows.extend(other.rows);
            return;
        }
        for row in other.rows {
            let mut cells = vec![""; width];
            for (&place, cell) in places.iter().zip(row.iter()) {
                cells[place] = cell;
            }
            self.rows.push(cells.iter().collect());
        }
    }

    /// What training would leave out of the table: reasons, and how often. A table that it would refuse is an error.
    pub fn left_out_by_training(&self, name: &str) -> Result<BTreeMap<String, usize>, Failure> {
        let lines = |text: &[u8]| text.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let csv = |rows: &[Record]| {
            let mut text = Vec::new();
            write_csv(&self.columns, rows, &mut text).map_err(|error| Failure::Bad(format!("writing CSV: {error}")))?;
            Ok::<_, Failure>(text)
        };
        let header = lines(&csv(&[])?);
        let (mut before, mut excluded) = (0, BTreeMap::new());
        // Piece by piece, for a store may be large; the lines of errors are those of the whole table.
        for rows in self.rows.chunks(LOOKED_AT) {
            let text = csv(rows)?;
            let table = EncodeTable::from_reader(&text[..], name).map_err(|error| match error {
                Error::Table { file, line, field, reason } if line > header => {
                    Error::Table { file, line: line + before, field, reason }
                }
                other => other,
            })?;
            for (reason, count) in table.excluded {
                *excluded.entry(reason).or_default() += count;
            }
            before += lines(&text) - header;
        }
        Ok(excluded)
    }

    /// As CSV.
    pub fn csv(&self, into: impl Write) -> Result<(), csv::Error> {
        write_csv(&self.columns, &self.rows, into)
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
        let number = |row: &Record| match row[at].trim() {
            "" => Some(f64::NAN),
            text => text.parse::<f64>().ok(),
        };
        let text = TEXTS.contains(&self.columns[at].as_str());
        (!text).then(|| self.rows.iter().map(number).collect())?
    }
}

fn write_csv(columns: &[String], rows: &[Record], into: impl Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(into);
    writer.write_record(columns)?;
    rows.iter().try_for_each(|row| writer.write_record(row.iter()))?;
    Ok(writer.flush()?)
}

/// A cell in another unit; what is no number stays as it is.
fn times(cell: &str, factor: f64) -> Cow<'_, str> {
    match cell.trim().parse::<f64>() {
        Ok(value) if factor != 1.0 => Cow::Owned((value * factor).to_string()),
        _ => Cow::Borrowed(cell),
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
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        Sheet { columns, rows: rows.iter().map(|row| row.iter().collect()).collect() }
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
    fn columns_are_called_as_usual() {
        let mut table = sheet(
            &["title", "fps", "co2_g", "note", "frame_rate", "instance"],
            &[&["a", "30", "1500", "x", "", "m"], &["b", "", "", "y", "25", ""], &["c", "x", "", "", "24", ""]],
        );
        table.call_as_usual();
        let usual = sheet(
            &["title", "frame_rate", "co2_kg", "note", "machine"],
            &[&["a", "30", "1.5", "x", "m"], &["b", "25", "", "y", ""], &["c", "x", "", "", ""]],
        );
        assert_eq!(table, usual);
    }

    #[test]
    fn what_training_refuses_is_named_by_its_line_in_the_whole_table() {
        let mut table = sheet(
            &["title", "bitrate_kbps", "resolution_width", "resolution_height", "vmaf"],
            &[&["a", "1000", "640", "360", "80"], &["b\nb", "1000", "640", "36000000", "80"]],
        );
        table.rows = table.rows.iter().cycle().take(2 * LOOKED_AT).cloned().collect();
        let excluded = table.left_out_by_training("t").unwrap();
        assert_eq!(excluded.values().copied().collect::<Vec<_>>(), [LOOKED_AT]);
        table.rows.push(["a", "soon", "640", "360", "80"].iter().collect());
        let error = table.left_out_by_training("t").unwrap_err();
        // One line of the header, and three of each pair.
        let line = format!("t:{}: bitrate_kbps", 3 * LOOKED_AT + 2);
        assert!(matches!(&error, Failure::Bad(what) if what.starts_with(&line)), "{error:?}");
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
