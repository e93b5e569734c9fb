//! How much longer each machine of a table takes than the others, from the encodes that they share.

use std::collections::{BTreeMap, HashMap};

use crate::{
    features::PredictionFeatures,
    field::Field,
    machines::{MachineFactors, Machines},
    scale,
    target::{PredictionTargets, Target},
};

/// Rounds of alternating between cells and machines; crossed tables are there after a few.
const ROUNDS: usize = 40;

/// Names of machines are compared within cells: rows that differ in nothing but the machine, then rows alike in encoder,
/// preset and size, then all rows.
#[derive(Clone, Copy)]
enum Alike {
    Encode,
    Settings,
    All,
}

/// For each encode that both measured its title, and the octaves that it takes more here than there. Encodes are the same that
/// differ in nothing but where they ran; of several rows of one the mean counts.
pub(crate) fn beside(
    here: (&[PredictionFeatures], &[PredictionTargets]),
    there: (&[PredictionFeatures], &[PredictionTargets]),
    target: Target,
) -> Vec<(String, f64)> {
    let rows = |(features, targets): (&[PredictionFeatures], &[PredictionTargets])| {
        let mut cells: BTreeMap<(String, u64), (f64, f64)> = BTreeMap::new();
        for (features, targets) in features.iter().zip(targets) {
            let Some(value) = targets.get(target).filter(|&value| value > 0.0) else { continue };
            let row = Timed { features, title: &targets.title, machine: "", value: value.log2() };
            let sum = cells.entry((targets.title.clone(), cell(&row, Alike::Encode))).or_default();
            *sum = (sum.0 + row.value, sum.1 + 1.0);
        }
        cells
    };
    let there = rows(there);
    let mean = |(sum, count): (f64, f64)| sum / count;
    rows(here).into_iter().filter_map(|(key, sum)| Some((key.0.clone(), mean(sum) - mean(*there.get(&key)?)))).collect()
}

/// The factors of the machines that the rows name; the reference is the one with the most rows.
pub(super) fn machines(features: &[PredictionFeatures], targets: &[PredictionTargets]) -> Machines {
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for name in features.iter().filter_map(|row| row.machine.as_deref()) {
        *rows.entry(name).or_default() += 1;
    }
    // Of equally many rows the first name: `max_by_key` would take the last.
    let reference = rows.iter().rev().max_by_key(|&(_, count)| count).map(|(&name, _)| name.to_owned());
    let mut machines = Machines { reference: reference.clone(), known: BTreeMap::new() };
    let Some(reference) = reference else { return machines };
    for (&name, &rows) in &rows {
        machines.known.insert(name.to_owned(), MachineFactors { rows, factors: BTreeMap::new() });
    }
    for &target in Target::ALL.iter().filter(|target| target.depends_on_machine()) {
        let offsets = offsets(features, targets, target);
        let Some(&at) = offsets.get(reference.as_str()) else { continue };
        for (name, offset) in offsets {
            if let Some(machine) = machines.known.get_mut(name) {
                machine.factors.insert(target, (offset - at).exp2());
            }
        }
    }
    machines
}

/// One measured row: its machine, and its value on the learning scale.
struct Timed<'a> {
    features: &'a PredictionFeatures,
    title: &'a str,
    machine: &'a str,
    value: f64,
}

/// Octaves of each machine over an arbitrary zero.
fn offsets<'a>(
    features: &'a [PredictionFeatures],
    targets: &'a [PredictionTargets],
    target: Target,
) -> BTreeMap<&'a str, f64> {
    let rows: Vec<Timed> = features
        .iter()
        .zip(targets)
        .filter_map(|(features, targets)| {
            let value = targets.get(target).filter(|&value| value > 0.0 && features.duration_s.is_some())?;
            let value = scale::to_learning(target, value, features);
            Some(Timed { features, title: &targets.title, machine: features.machine.as_deref()?, value })
        })
        .collect();
    let mut offsets: BTreeMap<&str, f64> = rows.iter().map(|row| (row.machine, 0.0)).collect();
    // Machines that cells join move as one from then on.
    let mut part: BTreeMap<&str, usize> = offsets.keys().enumerate().map(|(at, &name)| (name, at)).collect();
    for alike in [Alike::Encode, Alike::Settings, Alike::All] {
        let cells: Vec<u64> = rows.iter().map(|row| cell(row, alike)).collect();
        let values: Vec<(usize, u64, f64)> = rows
            .iter()
            .zip(&cells)
            .map(|(row, &cell)| (part[row.machine], cell, row.value - offsets[row.machine]))
            .collect();
        let moved = two_way(&values);
        for (name, offset) in &mut offsets {
            *offset += moved[&part[name]];
        }
        let joined = joined(&values);
        part.values_mut().for_each(|part| *part = joined[part]);
        if part.values().all(|first| part.values().next() == Some(first)) {
            break;
        }
    }
    offsets
}

/// Additive model of cell and part: the parts' terms, of mean 0 over parts.
fn two_way(values: &[(usize, u64, f64)]) -> HashMap<usize, f64> {
    let mut parts: HashMap<usize, f64> = values.iter().map(|&(part, ..)| (part, 0.0)).collect();
    for _ in 0..ROUNDS {
        let mut cells: HashMap<u64, (f64, f64)> = HashMap::new();
        for &(part, cell, value) in values {
            let sum = cells.entry(cell).or_default();
            *sum = (sum.0 + value - parts[&part], sum.1 + 1.0);
        }
        let mut next: HashMap<usize, (f64, f64)> = HashMap::new();
        for &(part, cell, value) in values {
            let (sum, count) = cells[&cell];
            let of_part = next.entry(part).or_default();
            *of_part = (of_part.0 + value - sum / count, of_part.1 + 1.0);
        }
        for (part, (sum, count)) in next {
            parts.insert(part, sum / count);
        }
    }
    parts
}

/// For each part the least one that a chain of shared cells joins it with.
fn joined(values: &[(usize, u64, f64)]) -> HashMap<usize, usize> {
    let mut least: HashMap<usize, usize> = values.iter().map(|&(part, ..)| (part, part)).collect();
    loop {
        let mut of_cell: HashMap<u64, usize> = HashMap::new();
        for &(part, cell, _) in values {
            let at = least[&part];
            of_cell.entry(cell).and_modify(|found| *found = at.min(*found)).or_insert(at);
        }
        let mut changed = false;
        for &(part, cell, _) in values {
            let at = of_cell[&cell];
            if let Some(found) = least.get_mut(&part).filter(|found| at < **found) {
                (*found, changed) = (at, true);
            }
        }
        if !changed {
            return least;
        }
    }
}

/// Rows of one cell are compared.
fn cell(row: &Timed, alike: Alike) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    let features = row.features;
    let octaves = |value: Option<f64>, steps: f64| value.map(|value| (value.log2() * steps).round() as i64);
    match alike {
        Alike::All => return 0,
        Alike::Settings => octaves(Some(features.resolution_width * features.resolution_height), 1.0).hash(&mut hasher),
        Alike::Encode => {
            row.title.hash(&mut hasher);
            // A measured bitrate differs a little from machine to machine.
            octaves(features.bitrate_kbps, 4.0).hash(&mut hasher);
            for &field in Field::ALL.iter().filter(|&&field| field != Field::BitrateKbps && field != Field::Threads) {
                features.get(field).map(f64::to_bits).hash(&mut hasher);
            }
        }
    }
    (features.codec_known().map(|codec| codec as u8), &features.preset).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(title: &str, machine: &str, height: f64, seconds: f64) -> (PredictionFeatures, PredictionTargets) {
        let mut features = PredictionFeatures::new(1000.0, 640.0, height, 25.0, 0.0, 0.5);
        (features.machine, features.duration_s) = (Some(machine.to_owned()), Some(10.0));
        let mut targets = PredictionTargets::of_title(title);
        targets.set(Target::EncodeSeconds, Some(seconds));
        (features, targets)
    }

    fn of(rows: Vec<(PredictionFeatures, PredictionTargets)>) -> Machines {
        let (features, targets): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        machines(&features, &targets)
    }

    #[test]
    fn machines_are_compared_on_the_encodes_that_they_share() {
        // b is three times as slow as a, but was given the small sizes; c only ever met b.
        let mut rows = vec![row("x", "a", 360.0, 1.0), row("x", "b", 360.0, 3.0), row("y", "b", 360.0, 6.0)];
        rows.extend([row("y", "c", 360.0, 1.5), row("z", "a", 1080.0, 50.0), row("w", "a", 1080.0, 70.0)]);
        let found = of(rows);
        assert_eq!(found.reference.as_deref(), Some("a"));
        for (name, factor) in [("a", 1.0), ("b", 3.0), ("c", 0.75)] {
            let learnt = found.factor(name, Target::EncodeSeconds).unwrap_or(f64::NAN);
            assert!((learnt / factor - 1.0).abs() < 1e-3, "{name}: {learnt} instead of {factor}");
        }
        assert_eq!(found.factor("a", Target::CpuSeconds), None);
    }

    #[test]
    fn machines_without_a_shared_encode_are_compared_by_alike_ones() {
        let rows = vec![row("x", "a", 360.0, 1.0), row("y", "a", 1080.0, 5.0), row("z", "b", 360.0, 2.0)];
        assert!((of(rows).factor("b", Target::EncodeSeconds).unwrap_or(f64::NAN) - 2.0).abs() < 1e-6);
    }
}
