//! The rows of all tables, each encode once, with when it was observed.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use csv::ByteRecord;
use encast::{PredictionFeatures, PredictionTargets, RequestReader, TableProvenance};

use crate::{
    export::{OBSERVED_AT_COLUMN, Sheet},
    failure::Failure,
    input::Tables,
    table::{AsCsv, ParquetTable, is_parquet},
};

/// What a table says of a row beside its inputs and values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Mark {
    id: Option<String>,
    observed_at: Option<i64>,
}

/// Rows to train and judge on.
#[derive(Debug, Default)]
pub struct Rows {
    pub features: Vec<PredictionFeatures>,
    pub targets: Vec<PredictionTargets>,
    /// When each was observed; tables of other origin do not say.
    pub observed_at: Vec<Option<i64>>,
    pub tables: Vec<TableProvenance>,
    pub excluded: BTreeMap<String, usize>,
}

impl Rows {
    /// Reads tables. Of rows with one id, and of rows without any that are equal, the last one counts.
    pub fn read(paths: &[PathBuf]) -> Result<Rows, Failure> {
        let mut rows = Rows::default();
        let mut ids: HashMap<String, usize> = HashMap::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut replaced: HashSet<usize> = HashSet::new();
        for path in paths {
            let table = Tables::read(std::slice::from_ref(path))?.table;
            let marks = marks(path)?;
            for ((features, targets), line) in table.features.into_iter().zip(table.targets).zip(table.lines) {
                let mark = marks.get(&line).cloned().unwrap_or_default();
                let at = rows.features.len();
                let before = match mark.id {
                    Some(id) => ids.insert(id, at),
                    None => seen.insert(format!("{features:?}{targets:?}"), at),
                };
                replaced.extend(before);
                rows.features.push(features);
                rows.targets.push(targets);
                rows.observed_at.push(mark.observed_at);
            }
            rows.tables.extend(table.provenance);
            for (reason, count) in table.excluded {
                *rows.excluded.entry(reason).or_default() += count;
            }
        }
        if replaced.is_empty() {
            return Ok(rows);
        }
        rows.excluded.insert("the same encode again".to_owned(), replaced.len());
        Ok(rows.only(|at| !replaced.contains(&at)))
    }

    /// The rows that a condition on their place keeps.
    pub fn only(&self, keep: impl Fn(usize) -> bool) -> Rows {
        let places = || (0..self.features.len()).filter(|&at| keep(at));
        Rows {
            features: places().map(|at| self.features[at].clone()).collect(),
            targets: places().map(|at| self.targets[at].clone()).collect(),
            observed_at: places().map(|at| self.observed_at[at]).collect(),
            tables: self.tables.clone(),
            excluded: self.excluded.clone(),
        }
    }

    /// How many titles there are.
    pub fn titles(&self) -> usize {
        self.targets.iter().map(|row| row.title.as_str()).collect::<HashSet<_>>().len()
    }

    /// Rows that were observed after a moment, Unix seconds.
    pub fn newer_than(&self, moment: i64) -> usize {
        self.observed_at.iter().flatten().filter(|&&at| at > moment).count()
    }
}

/// Ids and moments by line.
fn marks(path: &Path) -> Result<HashMap<u64, Mark>, Failure> {
    let bad = |error: std::io::Error| Failure::of_file(path, error);
    let mut file = File::open(path).map_err(bad)?;
    let parquet = is_parquet(&mut file).map_err(bad)?;
    let source: Box<dyn Read> =
        if parquet { Box::new(AsCsv::new(ParquetTable::open(file, path)?)) } else { Box::new(file) };
    let mut reader = RequestReader::new(source, &path.to_string_lossy())?;
    let column = |name: &str| reader.header().iter().position(|cell| cell.trim_ascii() == name.as_bytes());
    let (id, moment) = (column("id"), column(OBSERVED_AT_COLUMN));
    let mut marks = HashMap::new();
    if id.is_none() && moment.is_none() {
        return Ok(marks);
    }
    let mut record = ByteRecord::new();
    while let Some(line) = reader.read(&mut record)? {
        let cell = |at: Option<usize>| {
            let text = String::from_utf8_lossy(record.get(at?)?).trim().to_owned();
            Some(text).filter(|text| !text.is_empty())
        };
        let observed_at = cell(moment).and_then(|text| text.parse::<f64>().ok()).filter(|at| at.is_finite());
        marks.insert(line, Mark { id: cell(id), observed_at: observed_at.map(|at| at as i64) });
    }
    Ok(marks)
}

/// Adds what was read from a source to the table that keeps it, so that rows stay that the source forgets.
pub fn add_to_collected(path: &Path, new: Sheet) -> Result<(), Failure> {
    let (mut all, mut new) = (if path.exists() { Sheet::read(path)? } else { Sheet::default() }, new);
    // A source may spell its columns otherwise than the one before.
    all.call_as_usual();
    new.call_as_usual();
    all.append(new);
    let (id, moment) = (all.column("id"), all.column(OBSERVED_AT_COLUMN));
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut rows = Vec::new();
    for row in std::mem::take(&mut all.rows) {
        let key = match id.map(|at| row[at].trim()).filter(|id| !id.is_empty()) {
            Some(id) => format!("id {id}"),
            // Without an id the moment is only that of the first sample which was asked for.
            None => {
                row.iter().enumerate().filter(|(at, _)| Some(*at) != moment).map(|(_, c)| format!("{c}\0")).collect()
            }
        };
        match places.get(&key) {
            Some(&at) => rows[at] = row,
            None => {
                places.insert(key, rows.len());
                rows.push(row);
            }
        }
    }
    all.rows = rows;
    // A table that training refuses would stand in the way of every later run.
    all.left_out_by_training(&path.to_string_lossy())?;
    all.write(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encode_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let header = "title,id,observed_at,bitrate_kbps,resolution_width,resolution_height,vmaf\n";
        let one = write("one.csv", &format!("{header}a,1,100,1000,640,360,80\n\"b\nb\",,,1000,640,360,70\n"));
        let two = write(
            "two.csv",
            &format!("{header}a,1,200,1000,640,360,81\nc,2,300,1000,640,360,60\n\"b\nb\",,,1000,640,360,70\n"),
        );
        let rows = Rows::read(&[one, two]).unwrap();
        let told: Vec<(&str, Option<i64>)> =
            rows.targets.iter().zip(&rows.observed_at).map(|(row, at)| (row.title.as_str(), *at)).collect();
        assert_eq!(told, [("a", Some(200)), ("c", Some(300)), ("b\nb", None)]);
        assert_eq!(rows.excluded["the same encode again"], 2);
        assert_eq!((rows.titles(), rows.newer_than(200), rows.tables.len()), (3, 1, 2));

        let kept = folder.path().join("kept.csv");
        for _ in 0..2 {
            add_to_collected(&kept, Sheet::read(&folder.path().join("two.csv")).unwrap()).unwrap();
        }
        assert_eq!(Sheet::read(&kept).unwrap().rows.len(), 3);

        // The same source in other spellings, and a row that can't be read: what is there stays.
        let other = "title,id,bitrate_kbps,width,height,fps,vmaf_score,co2_g\nd,9,1000,640,360,25,50,1500\n";
        let other = Sheet::read(&write("other.csv", other)).unwrap();
        add_to_collected(&kept, other).unwrap();
        let rows = Rows::read(std::slice::from_ref(&kept)).unwrap();
        assert_eq!((rows.features.len(), rows.features[3].frame_rate), (4, Some(25.0)));
        assert_eq!(
            [encast::Target::Vmaf, encast::Target::Co2Kg].map(|of| rows.targets[3].get(of)),
            [Some(50.0), Some(1.5)]
        );
        let before = std::fs::read(&kept).unwrap();
        let broken = Sheet::read(&write("broken.csv", &format!("{header}e,10,400,soon,640,360,1\n"))).unwrap();
        let refused = add_to_collected(&kept, broken).unwrap_err();
        assert!(matches!(&refused, Failure::Bad(what) if what.contains("kept.csv:7: bitrate_kbps")), "{refused:?}");
        assert!(std::fs::read(&kept).unwrap() == before);
    }
}
