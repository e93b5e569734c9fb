//! Samples of many series, put together to encodes: by their `id`, otherwise by all labels and by when values change.

use std::collections::{BTreeMap, BTreeSet};

use super::{families::Family, query::Labels};

/// Labels that tell where a sample was scraped, not which encode it is of.
const OF_THE_SCRAPE: [&str; 2] = ["__name__", "instance"];

/// One encode as it was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Encode {
    pub labels: Labels,
    /// Values by column, in the column's unit.
    pub values: BTreeMap<String, f64>,
    /// Inputs by name of the field.
    pub inputs: BTreeMap<String, f64>,
    /// When it was measured, or first seen; Unix seconds.
    pub seen: f64,
    /// Whether two series of it contradict each other in a label that tells an input.
    pub contradicts: BTreeSet<String>,
}

/// What happened on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    pub series: usize,
    pub samples: usize,
    /// Series that were not there for a while and came back.
    pub gaps: usize,
    /// Encodes with an id whose value of a column changed: the last one counts.
    pub changed: usize,
    /// Samples that are no numbers.
    pub not_finite: usize,
}

/// Equal values of one series, one after the other.
#[derive(Debug, Clone, Copy)]
struct Run {
    value: f64,
    first: f64,
    last: f64,
}

/// Collects samples.
pub struct Encodes {
    step: f64,
    by_id: BTreeMap<String, Encode>,
    /// Runs by label set and column.
    by_labels: BTreeMap<Labels, BTreeMap<String, Vec<Run>>>,
    /// When each series was last seen.
    last_seen: BTreeMap<(String, Labels), f64>,
    observed: BTreeMap<String, f64>,
    inputs: BTreeMap<String, BTreeMap<String, f64>>,
    pub counts: Counts,
}

impl Encodes {
    /// `step`: seconds between two samples of a series.
    pub fn new(step: i64) -> Encodes {
        Encodes {
            step: step as f64,
            by_id: BTreeMap::new(),
            by_labels: BTreeMap::new(),
            last_seen: BTreeMap::new(),
            observed: BTreeMap::new(),
            inputs: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// Takes samples of a series, in order of time.
    pub fn add(&mut self, family: &Family, labels: &Labels, points: &[(f64, f64)]) {
        let Some(points) = self.finite(&family.metric, labels, points) else { return };
        let id = labels.get("id").filter(|id| !id.is_empty());
        let labels: Labels =
            labels.iter().filter(|(name, _)| !OF_THE_SCRAPE.contains(&name.as_str())).map(copied).collect();
        let Some(id) = id else {
            let runs = self.by_labels.entry(labels).or_default().entry(family.column.clone()).or_default();
            for (at, value) in points {
                let value = value * family.factor;
                match runs.last_mut() {
                    Some(run) if run.value == value => run.last = at,
                    _ => runs.push(Run { value, first: at, last: at }),
                }
            }
            return;
        };
        let encode = self.by_id.entry(id.clone()).or_default();
        for (name, value) in &labels {
            match encode.labels.get(name) {
                // Two scrapes of one exporter differ in what their servers add.
                Some(other) if other != value && super::labels::tells_an_input(name) => {
                    encode.contradicts.insert(name.clone());
                }
                _ => {
                    encode.labels.insert(name.clone(), value.clone());
                }
            }
        }
        for (at, value) in points {
            let value = value * family.factor;
            if encode.seen == 0.0 || at < encode.seen {
                encode.seen = at;
            }
            if encode.values.insert(family.column.clone(), value).is_some_and(|before| before != value) {
                self.counts.changed += 1;
            }
        }
    }

    /// Takes samples of an input of the encode that the labels' `id` names.
    pub fn add_input(&mut self, labels: &Labels, points: &[(f64, f64)]) {
        let (Some(id), Some(field)) = (labels.get("id"), labels.get("field")) else { return };
        let (id, field) = (id.clone(), field.clone());
        if let Some((_, value)) = self.finite(super::families::INPUTS, labels, points).and_then(|p| p.last().copied()) {
            self.inputs.entry(id).or_default().insert(field, value);
        }
    }

    /// Takes the moments when an encode was measured.
    pub fn add_moment(&mut self, labels: &Labels, points: &[(f64, f64)]) {
        let Some(id) = labels.get("id").cloned() else { return };
        if let Some((_, at)) = self.finite(super::families::OBSERVED_AT, labels, points).and_then(|p| p.last().copied())
        {
            self.observed.insert(id, at);
        }
    }

    /// The samples that are numbers; counts.
    fn finite(&mut self, metric: &str, labels: &Labels, points: &[(f64, f64)]) -> Option<Vec<(f64, f64)>> {
        let finite: Vec<(f64, f64)> = points.iter().copied().filter(|(_, value)| value.is_finite()).collect();
        self.counts.samples += points.len();
        self.counts.not_finite += points.len() - finite.len();
        let (first, last) = (finite.first()?.0, finite.last()?.0);
        let wide = 1.5 * self.step;
        self.counts.gaps += finite.windows(2).filter(|pair| pair[1].0 - pair[0].0 > wide).count();
        match self.last_seen.insert((metric.to_owned(), labels.clone()), last) {
            None => self.counts.series += 1,
            Some(before) if first - before > wide => self.counts.gaps += 1,
            Some(_) => {}
        }
        Some(finite)
    }

    /// The encodes, the oldest first.
    pub fn finish(self) -> (Vec<Encode>, Counts) {
        let mut all = Vec::new();
        for (id, mut encode) in self.by_id {
            encode.inputs = self.inputs.get(&id).cloned().unwrap_or_default();
            encode.seen = self.observed.get(&id).copied().unwrap_or(encode.seen);
            all.push(encode);
        }
        for (labels, columns) in self.by_labels {
            all.extend(split(&labels, &columns));
        }
        all.sort_by(|a, b| a.seen.total_cmp(&b.seen));
        (all, self.counts)
    }
}

fn copied((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

/// The encodes of one label set: a new one begins when the value of a column changes. Columns that keep their value and
/// are still there belong to it, too.
fn split(labels: &Labels, columns: &BTreeMap<String, Vec<Run>>) -> Vec<Encode> {
    let mut starts: Vec<(f64, &String, Run)> =
        columns.iter().flat_map(|(column, runs)| runs.iter().map(move |run| (run.first, column, *run))).collect();
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut found: Vec<Encode> = Vec::new();
    let mut current: BTreeMap<&String, Run> = BTreeMap::new();
    for (at, column, run) in starts {
        let changes = current.get(column).is_some_and(|before| before.value != run.value);
        let begun_now = found.last().is_some_and(|encode| encode.seen == at);
        current.insert(column, run);
        if found.is_empty() || (changes && !begun_now) {
            let still = |(name, run): (&&String, &Run)| (run.last >= at).then(|| ((*name).clone(), run.value));
            let values = current.iter().filter_map(still).collect();
            found.push(Encode { labels: labels.clone(), values, seen: at, ..Encode::default() });
        } else if let Some(encode) = found.last_mut() {
            encode.values.insert(column.clone(), run.value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::families::families;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn points(values: &[(i64, f64)]) -> Vec<(f64, f64)> {
        values.iter().map(|&(at, value)| (at as f64, value)).collect()
    }

    fn of(metric: &str) -> Family {
        families(&[]).into_iter().find(|family| family.metric == metric).unwrap()
    }

    #[test]
    fn encodes_with_an_id_are_one_row_each() {
        let mut encodes = Encodes::new(10);
        let one = labels(&[("__name__", "x"), ("id", "a"), ("title", "t"), ("fps", "30"), ("instance", "one:9505")]);
        let two = labels(&[("__name__", "x"), ("id", "a"), ("title", "t"), ("fps", "30"), ("instance", "two:9505")]);
        encodes.add(&of("qoe_vmaf_score"), &one, &points(&[(10, 90.0), (20, 90.0), (60, 91.0)]));
        encodes.add(&of("qoe_psnr_score"), &two, &points(&[(10, f64::NAN), (20, 40.0)]));
        encodes.add_input(&labels(&[("id", "a"), ("field", "duration_s")]), &points(&[(10, 60.0)]));
        encodes.add_moment(&labels(&[("id", "a")]), &points(&[(10, 5.0)]));
        let (found, counts) = encodes.finish();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].values, [("psnr".to_owned(), 40.0), ("vmaf".to_owned(), 91.0)].into());
        assert_eq!((found[0].inputs["duration_s"], found[0].seen), (60.0, 5.0));
        assert!(found[0].contradicts.is_empty(), "the scraped instance is no input");
        assert_eq!(counts, Counts { series: 4, samples: 7, gaps: 1, changed: 1, not_finite: 1 });

        let mut encodes = Encodes::new(10);
        encodes.add(&of("qoe_vmaf_score"), &one, &points(&[(10, 90.0)]));
        let other = labels(&[("id", "a"), ("title", "t"), ("fps", "60")]);
        encodes.add(&of("qoe_psnr_score"), &other, &points(&[(10, 40.0)]));
        assert_eq!(encodes.finish().0[0].contradicts, ["fps".to_owned()].into());
    }

    #[test]
    fn without_an_id_an_encode_ends_where_a_value_changes() {
        let mut encodes = Encodes::new(10);
        let set = labels(&[("config", "c"), ("fps", "30")]);
        // Three encodes; the second has the PSNR of the first; then nothing for a while, and the third goes on.
        let vmaf = [(10, 90.0), (20, 90.0), (30, 80.0), (40, 80.0), (50, 70.0), (90, 70.0)];
        let psnr = [(10, 40.0), (20, 40.0), (30, 40.0), (40, 40.0), (50, 35.0), (90, 35.0)];
        // In two answers of the server, as if the span was asked for in pieces.
        for part in [0..3, 3..6] {
            encodes.add(&of("qoe_vmaf_score"), &set, &points(&vmaf[part.clone()]));
            encodes.add(&of("qoe_psnr_score"), &set, &points(&psnr[part]));
        }
        let (found, counts) = encodes.finish();
        let told: Vec<(f64, f64, f64)> = found.iter().map(|e| (e.seen, e.values["vmaf"], e.values["psnr"])).collect();
        assert_eq!(told, [(10.0, 90.0, 40.0), (30.0, 80.0, 40.0), (50.0, 70.0, 35.0)]);
        assert_eq!((counts.series, counts.gaps), (2, 2));
    }
}
