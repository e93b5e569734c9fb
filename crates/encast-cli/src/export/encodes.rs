//! Samples of many series, put together to encodes: by their `id`, otherwise by all labels and by when values change.

use std::collections::{BTreeMap, BTreeSet};

use super::{families::Family, query::Labels};

/// The label of a series' name.
const NAME: &str = "__name__";
/// Where a sample was scraped: an encode with an id may be scraped in several places.
const SCRAPED_AT: &str = "instance";

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
    /// Since when it was there: before what was read, perhaps.
    since: f64,
}

/// Column and series.
type Series = (String, String);

/// An encode with an id.
#[derive(Debug, Default)]
struct Named {
    encode: Encode,
    /// When each column was last seen, and its value there.
    latest: BTreeMap<String, (f64, f64)>,
    changed: bool,
}

/// Collects samples.
pub struct Encodes {
    step: f64,
    by_id: BTreeMap<String, Named>,
    /// Runs by label set.
    by_labels: BTreeMap<Labels, BTreeMap<Series, Vec<Run>>>,
    /// When each series was last seen.
    last_seen: BTreeMap<(String, Labels), f64>,
    /// The earliest and the latest moment that an encode is said to be measured at.
    observed: BTreeMap<String, (f64, f64)>,
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
        let points = points.into_iter().map(|(at, value)| (at, value * family.factor));
        let (id, labels) = identity(labels);
        let Some(id) = id else {
            let runs = self.by_labels.entry(labels).or_default().entry(series(family)).or_default();
            for (at, value) in points {
                match runs.last_mut() {
                    Some(run) if run.value == value => run.last = run.last.max(at),
                    _ => runs.push(Run { value, first: at, last: at, since: at }),
                }
            }
            return;
        };
        let Named { encode, latest, changed } = self.by_id.entry(id).or_default();
        for (name, value) in labels {
            match encode.labels.get(&name) {
                // Two scrapes of one exporter differ in what their servers add.
                Some(other) if *other != value && super::labels::tells_an_input(&name) => {
                    encode.contradicts.insert(name);
                }
                _ => {
                    encode.labels.insert(name, value);
                }
            }
        }
        for (at, value) in points {
            if encode.seen == 0.0 || at < encode.seen {
                encode.seen = at;
            }
            let before = latest.get(&family.column).copied();
            if before.is_some_and(|(_, before)| before != value) {
                self.counts.changed += 1;
                *changed = true;
            }
            // Series of several scrapes are read one after the other: the last value in time counts.
            if before.is_none_or(|(last, _)| at >= last) {
                latest.insert(family.column.clone(), (at, value));
            }
        }
    }

    /// Whether something of a family was there at a moment already for which nothing tells when it was measured: it may
    /// be older than all that was read.
    pub fn may_be_older(&self, family: &Family, moment: f64) -> bool {
        let named = |(id, named): (&String, &Named)| {
            named.encode.seen <= moment && named.latest.contains_key(&family.column) && !self.observed.contains_key(id)
        };
        let first = |runs: &BTreeMap<Series, Vec<Run>>| runs.get(&series(family))?.first().map(|run| run.since);
        self.by_id.iter().any(named) || self.by_labels.values().filter_map(first).any(|since| since <= moment)
    }

    /// Takes samples of a series from before a moment at which it was there, in order of time: they tell how old an
    /// encode is, nothing else.
    pub fn add_earlier(&mut self, family: &Family, labels: &Labels, points: &[(f64, f64)], moment: f64) {
        let (id, labels) = identity(labels);
        let mut points = points.iter().filter(|(_, value)| value.is_finite()).map(|(at, v)| (*at, v * family.factor));
        if let Some(id) = id {
            if let (Some(named), Some((at, _))) = (self.by_id.get_mut(&id), points.next()) {
                named.encode.seen = named.encode.seen.min(at);
            }
            return;
        }
        let runs = self.by_labels.get_mut(&labels).and_then(|columns| columns.get_mut(&series(family)));
        let Some(run) = runs.and_then(|runs| runs.first_mut()).filter(|run| run.since <= moment) else { return };
        for (at, _) in points.rev().take_while(|(_, value)| *value == run.value) {
            run.since = at;
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
            let (first, last) = self.observed.entry(id).or_insert((at, at));
            (*first, *last) = (first.min(at), last.max(at));
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
        for (id, Named { mut encode, latest, changed }) in self.by_id {
            encode.values = latest.into_iter().map(|(column, (_, value))| (column, value)).collect();
            encode.inputs = self.inputs.get(&id).cloned().unwrap_or_default();
            if let Some(&(first, last)) = self.observed.get(&id) {
                // Values that changed were measured anew.
                encode.seen = if changed { last } else { first };
            }
            all.push(encode);
        }
        for (labels, columns) in self.by_labels {
            all.extend(split(&labels, &columns, self.step));
        }
        all.sort_by(|a, b| a.seen.total_cmp(&b.seen));
        (all, self.counts)
    }
}

/// The id, if there is one, and the labels that tell encodes apart. Without an id the place of the scrape is one of them:
/// two places may encode alike.
fn identity(labels: &Labels) -> (Option<String>, Labels) {
    let id = labels.get("id").filter(|id| !id.is_empty()).cloned();
    let tells = |name: &str| name != NAME && (id.is_none() || name != SCRAPED_AT);
    let labels = labels.iter().filter(|(name, _)| tells(name)).map(|(name, value)| (name.clone(), value.clone()));
    let labels = labels.collect();
    (id, labels)
}

fn series(family: &Family) -> Series {
    (family.column.clone(), family.metric.clone())
}

/// The encodes of one label set: a new one begins when the value of a column changes, and after a time without any. Columns
/// that keep their value and are still there belong to it, too.
fn split(labels: &Labels, columns: &BTreeMap<Series, Vec<Run>>, step: f64) -> Vec<Encode> {
    let mut starts: Vec<(f64, &String, Run)> =
        columns.iter().flat_map(|((column, _), runs)| runs.iter().map(move |run| (run.first, column, *run))).collect();
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut found: Vec<Encode> = Vec::new();
    let mut current: BTreeMap<&String, Run> = BTreeMap::new();
    for &(at, column, run) in &starts {
        let changes = current.get(column).is_some_and(|before| before.value != run.value);
        let begun_now = found.last().is_some_and(|encode| encode.seen == at);
        let away = current.values().all(|run| at - run.last > 1.5 * step);
        if away {
            current.clear();
        }
        current.insert(column, run);
        if found.is_empty() || away || (changes && !begun_now) {
            let still = |(name, run): (&&String, &Run)| (run.last >= at).then(|| ((*name).clone(), run.value));
            let values = current.iter().filter_map(still).collect();
            found.push(Encode { labels: labels.clone(), values, seen: at, ..Encode::default() });
        } else if let Some(encode) = found.last_mut() {
            encode.values.insert(column.clone(), run.value);
        }
    }
    // What was there before all that was read began with the last change before.
    let next = found.get(1).map_or(f64::INFINITY, |encode| encode.seen);
    if let Some(first) = found.first_mut() {
        let of_it = starts.iter().filter(|(at, ..)| *at < next).map(|(.., run)| run.since);
        first.seen = of_it.filter(|since| *since <= first.seen).reduce(f64::max).unwrap_or(first.seen);
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
    fn what_is_scraped_in_two_places_is_one_encode_only_with_an_id() {
        let place = |instance: &str, id: &str| labels(&[("title", "t"), ("instance", instance), ("id", id)]);
        let mut encodes = Encodes::new(10);
        let vmaf = of("qoe_vmaf_score");
        encodes.add(&vmaf, &place("a", ""), &points(&[(10, 90.0), (20, 90.0), (30, 90.0)]));
        encodes.add(&vmaf, &place("b", ""), &points(&[(10, 80.0), (20, 90.0)]));
        encodes.add(&vmaf, &place("c", ""), &points(&[(10, 85.0), (20, 85.0)]));
        // The last value in time counts, whichever series is read last, and the moment goes with it.
        encodes.add(&vmaf, &place("a", "x"), &points(&[(10, 70.0), (40, 71.0)]));
        encodes.add(&vmaf, &place("b", "x"), &points(&[(10, 70.0), (30, 70.0)]));
        let moment = |instance: &str, at: f64, encodes: &mut Encodes| {
            encodes.add_moment(&place(instance, "x"), &[(40.0, at)]);
            encodes.add_moment(&place(instance, "y"), &[(40.0, at)]);
        };
        encodes.add(&vmaf, &place("a", "y"), &points(&[(10, 60.0), (40, 60.0)]));
        moment("a", 35.0, &mut encodes);
        moment("b", 5.0, &mut encodes);
        let mut told: Vec<(f64, f64)> = encodes.finish().0.iter().map(|e| (e.values["vmaf"], e.seen)).collect();
        told.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(told, [(60.0, 5.0), (71.0, 35.0), (80.0, 10.0), (85.0, 10.0), (90.0, 10.0), (90.0, 20.0)]);
    }

    #[test]
    fn values_apart_in_time_are_of_two_encodes() {
        let mut encodes = Encodes::new(10);
        let set = labels(&[("title", "t")]);
        encodes.add(&of("qoe_vmaf_score"), &set, &points(&[(10, 90.0), (20, 90.0)]));
        encodes.add(&of("qoe_psnr_score"), &set, &points(&[(1000, 35.0), (1010, 35.0)]));
        // One that is scraped a step later still belongs to it.
        encodes.add(&of("qoe_ssim_score"), &set, &points(&[(1020, 0.9)]));
        let (found, _) = encodes.finish();
        let values =
            |at: usize| found[at].values.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>();
        assert_eq!(found.len(), 2);
        assert_eq!((values(0), found[0].seen), (vec![("vmaf", 90.0)], 10.0));
        assert_eq!((values(1), found[1].seen), (vec![("psnr", 35.0), ("ssim", 0.9)], 1000.0));
    }

    #[test]
    fn what_was_there_before_is_as_old_as_it_is() {
        let (vmaf, psnr, ssim) = (of("qoe_vmaf_score"), of("qoe_psnr_score"), of("qoe_ssim_score"));
        let set = labels(&[("title", "t")]);
        let (named, told) = (labels(&[("title", "t"), ("id", "a")]), labels(&[("title", "t"), ("id", "b")]));
        let mut encodes = Encodes::new(10);
        for family in [&vmaf, &psnr] {
            encodes.add(family, &set, &points(&[(110, 90.0), (120, 90.0)]));
        }
        encodes.add(&ssim, &told, &points(&[(110, 0.5)]));
        encodes.add_moment(&told, &[(110.0, 7.0)]);
        assert!(encodes.may_be_older(&vmaf, 110.0) && encodes.may_be_older(&psnr, 110.0));
        assert!(!encodes.may_be_older(&vmaf, 100.0), "it began after the first moment");
        assert!(!encodes.may_be_older(&ssim, 110.0), "its moment is told");
        encodes.add(&ssim, &named, &points(&[(110, 0.5)]));
        assert!(encodes.may_be_older(&ssim, 110.0));
        encodes.add_earlier(&vmaf, &set, &points(&[(20, 90.0), (30, 80.0), (40, 90.0), (100, 90.0)]), 110.0);
        encodes.add_earlier(&psnr, &set, &points(&[(20, 90.0), (100, 90.0)]), 110.0);
        encodes.add_earlier(&ssim, &named, &points(&[(50, 0.4), (100, 0.5)]), 110.0);
        encodes.add_earlier(&vmaf, &labels(&[("title", "gone")]), &points(&[(50, 1.0)]), 110.0);
        let (found, counts) = encodes.finish();
        let told: Vec<f64> = found.iter().map(|encode| encode.seen).collect();
        assert_eq!(told, [7.0, 40.0, 50.0], "VMAF changed last, so the encode without an id began then");
        assert_eq!(counts.samples, 7, "what is before counts for nothing else");
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
