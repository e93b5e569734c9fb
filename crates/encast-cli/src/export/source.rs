//! Where measurements come from, and what became of them.

use std::collections::{BTreeMap, BTreeSet};

use encast::{Field, Progress, Target};
use serde::Serialize;

use super::{
    OBSERVED_AT_COLUMN,
    encodes::{Counts, Encodes},
    families::{Family, INPUTS, MetricArg, OBSERVED_AT, families},
    labels::{self, Reason, Row},
    observations,
    query::{self, Span},
    sheet::Sheet,
};
use crate::{
    failure::Failure,
    http::{self, Client, HttpArgs},
    output,
    progress::Meter,
    reading::{self, Moment},
};

/// What is read of time series when nothing is said: a week.
const USUAL_SPAN: Moment = Moment::Ago(7 * 86_400);

/// The flags that name a source.
#[derive(clap::Args, Debug, Clone)]
pub struct SourceArgs {
    /// VictoriaMetrics or Prometheus, as http://localhost:8428: measurements are read by range queries
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    pub vm_url: Option<String>,
    /// The exporter's store: its /observations, or a file of what it gives, CSV or Parquet
    #[arg(long, value_name = "URL|FILE")]
    pub from: Option<String>,
    /// From when on: a length of time ago (7d, 24h), Unix seconds, or a time as 2026-11-21T01:30:00Z [default: 7d of time
    /// series, all of a store]
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    start: Option<Moment>,
    /// Until when
    #[arg(long, value_name = "WHEN", default_value = "now", value_parser = Moment::parse)]
    end: Moment,
    /// With --vm-url: distance of the moments that are looked at; of each series the last sample of every step counts
    /// [default: the span / 5000, at least 15s]
    #[arg(long, value_name = "LENGTH", value_parser = reading::seconds_argument)]
    step: Option<i64>,
    /// With --vm-url: another series for a column, as vmaf=my_vmaf_score or energy_kwh=job_joules*2.7778e-7; repeatable
    #[arg(long, value_name = "COLUMN=METRIC")]
    metric: Vec<MetricArg>,
    /// With --vm-url: another label, as title=asset; repeatable
    #[arg(long, value_name = "NAME=LABEL", value_parser = label)]
    label: Vec<(String, String)>,
    #[command(flatten)]
    pub http: HttpArgs,
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, label)) if !name.trim().is_empty() && !label.trim().is_empty() => {
            Ok((name.trim().to_owned(), label.trim().to_owned()))
        }
        _ => Err("must be name=label, as title=asset".to_owned()),
    }
}

/// How often the time before a span is looked at, twice as long each time: of an hour, most of a year.
const LOOKS_BACK: usize = 12;

/// Inputs that labels usually tell, beside bitrate, size and title.
const USUAL_LABELS: [&str; 4] = ["frame_rate", "codec", "encoder", "preset"];

/// Columns that stay where no row has a value, so that it is seen to be missing.
pub(super) const EXPECTED: [&str; 9] = [
    "title",
    "bitrate_kbps",
    "resolution_width",
    "resolution_height",
    OBSERVED_AT_COLUMN,
    USUAL_LABELS[0],
    USUAL_LABELS[1],
    USUAL_LABELS[2],
    USUAL_LABELS[3],
];

/// How often something was left out, and one that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub count: usize,
    pub example: String,
}

/// What was read, and what became of it: the contract of `encast export --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Summary {
    /// Address or file, without name and password.
    pub source: String,
    /// Unix seconds.
    pub start: Option<i64>,
    pub end: Option<i64>,
    /// Seconds; of time series.
    pub step: Option<i64>,
    pub series: Option<usize>,
    pub samples: Option<usize>,
    /// Times when a series was not there for more than a step, and came back.
    pub gaps: Option<usize>,
    pub encodes: usize,
    pub rows: usize,
    pub titles: usize,
    /// Rows that have a measured value, by column.
    pub measured: BTreeMap<String, usize>,
    /// Rows that lack an input which some row has, or that names the encode, by column.
    pub missing: BTreeMap<String, usize>,
    /// Encodes that are not in the table, by reason.
    pub left_out: BTreeMap<String, LeftOut>,
    /// Single values that are not in the table, by reason.
    pub left_out_values: BTreeMap<String, LeftOut>,
}

impl Summary {
    pub(super) fn leave_out(&mut self, (reason, example): Reason) {
        count(&mut self.left_out, reason, example, 1);
    }

    /// Warnings, one line each.
    pub fn warn(&self) {
        for (reason, left) in &self.left_out {
            output::note(&format!("warning: left out {} encodes: {reason}, as {}", left.count, left.example));
        }
        for (reason, left) in &self.left_out_values {
            output::note(&format!("warning: left out {} values: {reason}, as {}", left.count, left.example));
        }
        for (column, count) in &self.missing {
            output::note(&format!("warning: {count} of {} rows have no {column}", self.rows));
        }
        if let Some(gaps) = self.gaps.filter(|&gaps| gaps > 0) {
            output::note(&format!("warning: {gaps} gaps: a series was not there for more than a step, and came back"));
        }
    }

    /// Counts what the rows of a finished table have and lack.
    pub fn look_at(&mut self, sheet: &Sheet) {
        self.rows = sheet.rows.len();
        let title = sheet.column("title");
        let titles: BTreeSet<&str> = sheet.rows.iter().filter_map(|row| Some(&row[title?])).collect();
        self.titles = titles.len();
        for (at, column) in sheet.columns.iter().enumerate() {
            let known = sheet.rows.iter().filter(|row| !row[at].is_empty()).count();
            let rate = ["bitrate_kbps", "crf"].contains(&column.as_str());
            // A store has columns for all there is; what no row knows is missing only where labels usually tell it.
            let expected = known > 0 || USUAL_LABELS.contains(&column.as_str());
            if Target::from_name(column).is_ok() && !rate && known > 0 {
                self.measured.insert(column.clone(), known);
            } else if Field::from_name(column).is_some() && !rate && known < self.rows && expected {
                self.missing.insert(column.clone(), self.rows - known);
            }
        }
    }
}

fn count(into: &mut BTreeMap<String, LeftOut>, reason: String, example: String, times: usize) {
    into.entry(reason).or_insert(LeftOut { count: 0, example }).count += times;
}

impl SourceArgs {
    /// Whether a source is named.
    pub fn is_named(&self) -> bool {
        self.vm_url.is_some() || self.from.is_some()
    }

    /// Reads the source, at a given present.
    pub fn collect(&self, now: i64, quiet: bool) -> Result<(Sheet, Summary), Failure> {
        let start = self.start.unwrap_or(if self.vm_url.is_some() { USUAL_SPAN } else { Moment::At(0) });
        let (start, end) = (start.unix(now), self.end.unix(now));
        if start >= end {
            return Err(Failure::Bad(format!("--start = {start}: must be before --end = {end} (Unix seconds)")));
        }
        match (&self.vm_url, &self.from) {
            (Some(url), _) => self.of_series(url, start, end, now, quiet),
            (None, Some(from)) => observations::collect(from, &self.http, start, end),
            (None, None) => Err(Failure::Bad("no source: give --vm-url URL or --from URL|FILE".to_owned())),
        }
    }

    /// Labels of the deployment by the usual names that they stand for.
    fn labels(&self) -> Result<BTreeMap<String, String>, Failure> {
        let mut labels = BTreeMap::new();
        for (name, label) in &self.label {
            if let Some(other) = labels.insert(name.clone(), label.clone()).filter(|other| other != label) {
                return Err(Failure::Bad(format!("--label {name}: is given twice, as {other} and as {label}")));
            }
        }
        Ok(labels)
    }

    fn of_series(&self, url: &str, start: i64, end: i64, now: i64, quiet: bool) -> Result<(Sheet, Summary), Failure> {
        // A moment to come would be that of samples from before it.
        let end = end.min(now);
        if start >= end {
            return Err(Failure::Bad(format!("--start = {start}: must be before now = {end} (Unix seconds)")));
        }
        let labels = self.labels()?;
        let client = Client::new(url, &self.http)?;
        let step = self.step.unwrap_or_else(|| Span::usual_step(start, end));
        let span = Span { start, end, step };
        let families = families(&self.metric);
        let mut encodes = Encodes::new(step);
        let meter = Meter::start("reading series", "queries", quiet);
        let total = span.queries() * (families.len() + 2);
        let mut done = 0;
        let mut asked = || {
            done += 1;
            meter.report(Progress { done, total });
        };
        let mut read = || {
            for family in &families {
                query::each_series(&client, url, &family.metric, span, &mut asked, &mut |labels, points| {
                    encodes.add(family, labels, points);
                })?;
            }
            query::each_series(&client, url, INPUTS, span, &mut asked, &mut |l, p| encodes.add_input(l, p))?;
            query::each_series(&client, url, OBSERVED_AT, span, &mut asked, &mut |l, p| encodes.add_moment(l, p))?;
            families.iter().try_for_each(|family| look_back(&client, url, family, span, &mut encodes))
        };
        let read = read();
        meter.finish(read.is_ok());
        read.map_err(|trouble| Failure::Bad(format!("{}: {trouble}", http::shown(url))))?;
        let (found, counts) = encodes.finish();
        let mut summary = summary(url, span, found.len(), &counts);
        let mut rows = Vec::new();
        for encode in &found {
            let mut dropped = Vec::new();
            match labels::row(encode, &labels, &mut |reason| dropped.push(reason)) {
                Ok(row) => {
                    dropped.into_iter().for_each(|(why, what)| count(&mut summary.left_out_values, why, what, 1));
                    let bitrate = row.target_bitrate_kbps.is_some() || encode.values.contains_key("bitrate_kbps");
                    if bitrate || families.iter().any(|f| f.measured && row.values.contains_key(&f.column)) {
                        rows.push(row);
                    } else {
                        summary.leave_out(("nothing measured".to_owned(), name_of(&row)));
                    }
                }
                Err(reason) => summary.leave_out(reason),
            }
        }
        let sheet = sheet_of(&rows);
        summary.look_at(&sheet);
        Ok((sheet, summary))
    }
}

/// Finds out how old the encodes are that were there when a span began: the time before is looked at as long as they are
/// there.
fn look_back(
    client: &Client,
    url: &str,
    family: &Family,
    span: Span,
    encodes: &mut Encodes,
) -> Result<(), http::Trouble> {
    let mut span = span;
    for _ in 0..LOOKS_BACK {
        let begun = span.begun();
        let Some(before) = span.before().filter(|_| encodes.may_be_older(family, begun)) else { break };
        query::each_series(client, url, &family.metric, before, &mut || (), &mut |labels, points| {
            encodes.add_earlier(family, labels, points, begun);
        })?;
        span = before;
    }
    Ok(())
}

fn name_of(row: &Row) -> String {
    if row.id.is_empty() { row.title.clone() } else { row.id.clone() }
}

fn summary(url: &str, span: Span, encodes: usize, counts: &Counts) -> Summary {
    let mut summary = Summary {
        source: http::shown(url),
        start: Some(span.start),
        end: Some(span.end),
        step: Some(span.step),
        series: Some(counts.series),
        samples: Some(counts.samples),
        gaps: Some(counts.gaps),
        encodes,
        ..Summary::default()
    };
    for (times, reason) in [
        (counts.not_finite, "samples that are no finite numbers"),
        (counts.changed, "earlier values of an encode whose value changed (the last one counts)"),
    ] {
        if times > 0 {
            count(&mut summary.left_out_values, reason.to_owned(), "NaN or a superseded value".to_owned(), times);
        }
    }
    summary
}

/// The rows as a table, with the columns that some row knows.
fn sheet_of(rows: &[Row]) -> Sheet {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let mut columns: Vec<String> = ["title", "config", "id"].map(str::to_owned).to_vec();
    columns.extend(Field::ALL.iter().map(|field| field.name().to_owned()));
    columns.push("target_bitrate_kbps".to_owned());
    let values: BTreeSet<&String> = rows.iter().flat_map(|row| row.values.keys()).collect();
    let values: Vec<&String> = Target::ALL
        .iter()
        .filter_map(|target| values.iter().find(|name| **name == target.name()))
        .chain(values.iter().filter(|name| Target::from_name(name).is_err()))
        .copied()
        .collect();
    columns.extend(values.iter().map(|name| (*name).clone()));
    columns.push(OBSERVED_AT_COLUMN.to_owned());
    let cells = |row: &Row| {
        let features = &row.features;
        let mut cells = vec![row.title.clone(), row.config.clone(), row.id.clone()];
        cells.extend(Field::ALL.iter().map(|&field| match field {
            Field::Codec => features.codec.map(|codec| codec.to_string()).unwrap_or_default(),
            Field::Encoder => features.encoder.map(|encoder| encoder.to_string()).unwrap_or_default(),
            Field::Preset => features.preset.clone().unwrap_or_default(),
            Field::Machine => features.machine.clone().unwrap_or_default(),
            _ => number(features.get(field)),
        }));
        cells.push(number(row.target_bitrate_kbps));
        cells.extend(values.iter().map(|name| number(row.values.get(*name).copied())));
        cells.push(row.observed_at.to_string());
        cells.iter().collect()
    };
    let mut sheet = Sheet { columns, rows: rows.iter().map(cells).collect() };
    sheet.drop_empty(&EXPECTED);
    sheet
}
