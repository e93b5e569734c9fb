//! The exporter's store of observations, by its address or as a file of what it gave.

use std::{
    collections::HashMap,
    io::{Seek, SeekFrom},
    path::Path,
};

use encast::Target;

use super::{
    OBSERVED_AT_COLUMN,
    record::Record,
    sheet::Sheet,
    source::{EXPECTED, Summary},
};
use crate::{
    failure::Failure,
    http::{self, Client, HttpArgs},
};

/// Reads observations of a span of time. Of rows with the same id the last one counts.
pub fn collect(from: &str, http: &HttpArgs, start: i64, end: i64) -> Result<(Sheet, Summary), Failure> {
    let (sheet, source) = match http::is_url(from) {
        true => (download(from, http, start)?, http::shown(from)),
        false => (Sheet::read(Path::new(from))?, from.to_owned()),
    };
    if sheet.column("title").is_none() {
        return Err(Failure::Bad(format!("{source}:1: title: the column is missing: every row names its source")));
    }
    let mut summary =
        Summary { source, start: Some(start), end: Some(end), encodes: sheet.rows.len(), ..Summary::default() };
    let sheet = chosen(sheet, start, end, &mut summary)?;
    summary.look_at(&sheet);
    Ok((sheet, summary))
}

fn download(url: &str, http: &HttpArgs, start: i64) -> Result<Sheet, Failure> {
    let bad = |what: String| Failure::Bad(format!("{}: {what}", http::shown(url)));
    let asked = match url.contains('?') {
        true => url.to_owned(),
        false => format!("{url}?since={start}&format=csv"),
    };
    let client = Client::new(&asked, http)?;
    // On the disk: a store may be larger than the memory that is free.
    let mut file = tempfile::tempfile().map_err(|error| bad(error.to_string()))?;
    let bytes = client.download(&asked, &mut file).map_err(|trouble| bad(trouble.to_string()))?;
    file.set_len(bytes).and_then(|()| file.seek(SeekFrom::Start(0))).map_err(|error| bad(error.to_string()))?;
    Sheet::from_csv(file, &http::shown(url))
}

/// The rows of the span with something measured, one for each id; and what training would leave out of them.
fn chosen(sheet: Sheet, start: i64, end: i64, summary: &mut Summary) -> Result<Sheet, Failure> {
    let (id, at) = (sheet.column("id"), sheet.column(OBSERVED_AT_COLUMN));
    let title = sheet.column("title");
    // The bitrate stands there as an input, too.
    let measured = |name: &String| Target::from_name(name).is_ok_and(|target| target != Target::BitrateKbps);
    let targets: Vec<usize> = (0..sheet.columns.len()).filter(|&at| measured(&sheet.columns[at])).collect();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut rows: Vec<Record> = Vec::new();
    for row in sheet.rows {
        let cell = |at: Option<usize>| at.map_or("", |at| row[at].trim());
        let name = if cell(id).is_empty() { cell(title).to_owned() } else { cell(id).to_owned() };
        let moment = match cell(at) {
            "" => None,
            text => match text.parse::<f64>().ok().filter(|moment| moment.is_finite()) {
                Some(moment) => Some(moment as i64),
                None => {
                    summary.leave_out((format!("{OBSERVED_AT_COLUMN} is not Unix seconds"), text.to_owned()));
                    continue;
                }
            },
        };
        if moment.is_some_and(|moment| !(start..=end).contains(&moment)) {
            summary.leave_out(("observed at another time than asked for".to_owned(), name));
        } else if cell(title).is_empty() {
            summary.leave_out(("no title".to_owned(), name));
        } else if !targets.iter().any(|&at| !row[at].trim().is_empty()) {
            summary.leave_out(("nothing measured".to_owned(), name));
        } else {
            let id = cell(id).to_owned();
            match places.get(&id).filter(|_| !id.is_empty()) {
                Some(&place) => {
                    rows[place] = row;
                    summary.leave_out(("the same id again (the last one counts)".to_owned(), name));
                }
                None => {
                    places.insert(id, rows.len());
                    rows.push(row);
                }
            }
        }
    }
    let mut sheet = Sheet { columns: sheet.columns, rows };
    if sheet.rows.is_empty() {
        return Ok(sheet);
    }
    // A store has a column for all there is.
    sheet.drop_empty(&[&EXPECTED[..], &["id", "crf"]].concat());
    // They stay: the table is what was observed. Training names them again.
    for (reason, times) in sheet.left_out_by_training(&summary.source)? {
        let left = super::source::LeftOut { count: times, example: "rows that train would leave out".to_owned() };
        summary.left_out_values.insert(reason, left);
    }
    Ok(sheet)
}
