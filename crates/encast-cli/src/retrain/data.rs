//! The rows of all tables, each encode once, with when it was observed.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use csv::ByteRecord;
use encast::{PredictionFeatures, PredictionTargets, RequestReader, TableProvenance};

use super::place::Place;
use crate::{
    export::{OBSERVED_AT_COLUMN, Record, Sheet},
    failure::Failure,
    input::Tables,
    output,
    table::{AsCsv, ParquetTable, is_parquet},
    time,
};

/// How far a clock that a moment was read on may be ahead of this one, seconds: a day. A moment beyond is a mistake (another
/// unit, a wrong date), which would make all that follows look old.
const AHEAD: f64 = 86_400.0;

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
    /// Reads tables. Of rows with one id, and of rows without any that are equal, the last one counts, observed at the
    /// earliest moment that one of them tells: what is read again is not new, nor is what a table has that tells none.
    pub fn read(paths: &[PathBuf]) -> Result<Rows, Failure> {
        let mut rows = Rows::default();
        let mut ids: HashMap<String, usize> = HashMap::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut replaced: HashSet<usize> = HashSet::new();
        for path in paths {
            let table = Tables::read(std::slice::from_ref(path))?.table;
            let marks = marks(path)?;
            for ((features, targets), line) in table.features.into_iter().zip(table.targets).zip(table.lines) {
                let mut mark = marks.get(&line).cloned().unwrap_or_default();
                let at = rows.features.len();
                let before = match mark.id {
                    Some(id) => ids.insert(id, at),
                    None => seen.insert(format!("{features:?}{targets:?}"), at),
                };
                if let Some(before) = before {
                    replaced.insert(before);
                    mark.observed_at = mark.observed_at.min(rows.observed_at[before]);
                }
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

    /// When the last one was observed, as far as the tables say.
    pub fn newest(&self) -> Option<i64> {
        self.observed_at.iter().flatten().max().copied()
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
    let latest = time::unix_now().max(time::trained_at()?) as f64 + AHEAD;
    let mut ahead = 0;
    let mut record = ByteRecord::new();
    while let Some(line) = reader.read(&mut record)? {
        let cell = |at: Option<usize>| {
            let text = String::from_utf8_lossy(record.get(at?)?).trim().to_owned();
            Some(text).filter(|text| !text.is_empty())
        };
        let told = cell(moment).and_then(|text| text.parse::<f64>().ok()).filter(|at| at.is_finite());
        ahead += usize::from(told.is_some_and(|at| at > latest));
        let observed_at = told.filter(|at| *at <= latest).map(|at| at as i64);
        marks.insert(line, Mark { id: cell(id), observed_at });
    }
    if ahead > 0 {
        let what = format!("{OBSERVED_AT_COLUMN} of {ahead} rows is more than a day ahead of the clock");
        output::note(&format!("warning: {}: {what}: taken as not known", path.display()));
    }
    Ok(marks)
}

/// Adds what was read from a source to the table that keeps it, so that rows stay that the source forgets. A row that is read
/// again keeps the earliest moment.
pub fn add_to_collected(place: &Place, new: Sheet) -> Result<(), Failure> {
    let path = &place.collected;
    let (mut all, mut new) = (if path.exists() { Sheet::read(path)? } else { Sheet::default() }, new);
    // A source may spell its columns otherwise than the one before.
    all.call_as_usual();
    new.call_as_usual();
    all.append(new);
    let (id, moment) = (all.column("id"), all.column(OBSERVED_AT_COLUMN));
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut rows: Vec<Record> = Vec::new();
    for row in std::mem::take(&mut all.rows) {
        let key = match id.map(|at| row[at].trim()).filter(|id| !id.is_empty()) {
            Some(id) => format!("id {id}"),
            // Without an id the moment is only that of the first sample which was asked for.
            None => {
                row.iter().enumerate().filter(|(at, _)| Some(*at) != moment).map(|(_, c)| format!("{c}\0")).collect()
            }
        };
        match places.get(&key) {
            Some(&at) => {
                rows[at] = match moment {
                    Some(moment) => {
                        let first = earlier(&rows[at][moment], &row[moment]);
                        row.iter().enumerate().map(|(at, cell)| if at == moment { first } else { cell }).collect()
                    }
                    None => row,
                };
            }
            None => {
                places.insert(key, rows.len());
                rows.push(row);
            }
        }
    }
    all.rows = rows;
    // A table that training refuses would stand in the way of every later run.
    all.left_out_by_training(&path.to_string_lossy())?;
    place.write_collected(&all)
}

/// Of two cells the earlier moment; one that tells none is earlier than all.
fn earlier<'a>(one: &'a str, other: &'a str) -> &'a str {
    let moment = |cell: &str| cell.trim().parse::<f64>().unwrap_or(f64::NEG_INFINITY);
    if moment(other) < moment(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &str = "title,id,observed_at,bitrate_kbps,resolution_width,resolution_height,vmaf\n";

    #[test]
    fn each_encode_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let header = COLUMNS;
        let one = write("one.csv", &format!("{header}a,1,100,1000,640,360,80\n\"b\nb\",,,1000,640,360,70\n"));
        let two = write(
            "two.csv",
            &format!("{header}a,1,200,1000,640,360,81\nc,2,300,1000,640,360,60\n\"b\nb\",,,1000,640,360,70\n"),
        );
        let rows = Rows::read(&[one, two]).unwrap();
        let told: Vec<(&str, Option<i64>)> =
            rows.targets.iter().zip(&rows.observed_at).map(|(row, at)| (row.title.as_str(), *at)).collect();
        assert_eq!(told, [("a", Some(100)), ("c", Some(300)), ("b\nb", None)]);
        assert_eq!(rows.targets[0].get(encast::Target::Vmaf), Some(81.0), "the values are those of the last one");
        assert_eq!(rows.excluded["the same encode again"], 2);
        assert_eq!((rows.titles(), rows.newer_than(200), rows.tables.len()), (3, 1, 2));
        assert_eq!(rows.newest(), Some(300));

        // Milliseconds, and an encode that a table without moments has as well: neither is new.
        let odd = write("odd.csv", &format!("{header}a,,1794900000000,1000,640,360,70\nb,,400,2000,640,360,70\n"));
        let bare = write("bare.csv", "title,bitrate_kbps,resolution_width,resolution_height,vmaf\nb,2000,640,360,70\n");
        assert_eq!(Rows::read(std::slice::from_ref(&odd)).unwrap().observed_at, [None, Some(400)]);
        assert_eq!(Rows::read(&[bare, odd]).unwrap().observed_at, [None, None]);
    }

    #[test]
    fn what_is_collected_again_keeps_its_moment() {
        let folder = tempfile::tempdir().unwrap();
        let place = crate::retrain::place::tests::place(folder.path());
        let told = |moment: &str, vmaf: &str| {
            let text = format!("{COLUMNS}a,1,{moment},1000,640,360,{vmaf}\nb,,{moment},1000,640,360,70\n");
            add_to_collected(&place, Sheet::from_csv(text.as_bytes(), "t.csv").unwrap()).unwrap();
            let rows = Sheet::read(&place.collected).unwrap().rows;
            rows.iter().map(|row| [&row[0], &row[1], &row[2], &row[6]].map(str::to_owned)).collect::<Vec<_>>()
        };
        let row = |cells: [&str; 4]| cells.map(str::to_owned);
        told("100.5", "80");
        let later = told("200", "81");
        assert_eq!(later, [row(["a", "1", "100.5", "81"]), row(["b", "", "100.5", "70"])]);
        assert_eq!(told("50", "82")[0], row(["a", "1", "50", "82"]));
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["m.encast.collected.csv"]);
    }

    /// The same source in other spellings, and a row that can't be read: what is there stays.
    #[test]
    fn what_is_collected_can_be_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let place = crate::retrain::place::tests::place(folder.path());
        let add = |text: &str| add_to_collected(&place, Sheet::from_csv(text.as_bytes(), "t.csv").unwrap());
        add(&format!("{COLUMNS}a,1,200,1000,640,360,81\n")).unwrap();
        add("title,id,bitrate_kbps,width,height,fps,vmaf_score,co2_g\nd,9,1000,640,360,25,50,1500\n").unwrap();
        let rows = Rows::read(std::slice::from_ref(&place.collected)).unwrap();
        assert_eq!((rows.features.len(), rows.features[1].frame_rate), (2, Some(25.0)));
        assert_eq!(
            [encast::Target::Vmaf, encast::Target::Co2Kg].map(|of| rows.targets[1].get(of)),
            [Some(50.0), Some(1.5)]
        );
        let before = std::fs::read(&place.collected).unwrap();
        let refused = add(&format!("{COLUMNS}e,10,400,soon,640,360,1\n")).unwrap_err();
        assert!(
            matches!(&refused, Failure::Bad(what) if what.contains("collected.csv:4: bitrate_kbps")),
            "{refused:?}"
        );
        assert!(std::fs::read(&place.collected).unwrap() == before);
    }
}
