//! Times binning and boosting on a table from a file, in a process of its own; `benches/speed/training.py` runs it
//! beside LightGBM.
//!
//! `training FILE ROWS HELD_OUT COLUMNS LEAVES TREES THREADS`: the file holds, as little-endian f32, the features of
//! ROWS rows, their targets, then the features and targets of HELD_OUT rows. Prints one JSON object: seconds, bytes by
//! which binning and training raised the peak memory of the process, the error on the rows held out, and a number that
//! is the same for the same model only.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::{error::Error, fs, io::Read, time::Instant};

use encast_trees::{BinnedRows, BoostingParams, Ensemble, FlatEnsemble, Rows, Sample};

/// Bytes of this process under `name` in /proc/self/status; 0 where there is none.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).map_or(0, |kib| kib * 1024)
}

/// The next `count` numbers of a file.
fn numbers(file: &mut impl Read, count: usize) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut numbers = Vec::with_capacity(count);
    let mut bytes = [0; 1 << 16];
    while numbers.len() < count {
        let length = ((count - numbers.len()) * 4).min(bytes.len());
        file.read_exact(&mut bytes[..length])?;
        let (chunks, _) = bytes[..length].as_chunks::<4>();
        numbers.extend(chunks.iter().map(|&number| f32::from_le_bytes(number)));
    }
    Ok(numbers)
}

fn fingerprint(ensemble: &Ensemble) -> u64 {
    let mut hasher = DefaultHasher::new();
    for member in ensemble.members() {
        member.base.to_bits().hash(&mut hasher);
        for node in member.trees.iter().flat_map(|tree| tree.nodes()) {
            (node.value.to_bits(), node.right, node.column, node.missing_left).hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, numeric @ ..] = arguments.as_slice() else { return Err("no file".into()) };
    let numeric: Vec<usize> = numeric.iter().map(|number| number.parse()).collect::<Result<_, _>>()?;
    let &[rows, held_out, columns, leaves, trees, threads] = numeric.as_slice() else {
        return Err("usage: training FILE ROWS HELD_OUT COLUMNS LEAVES TREES THREADS".into());
    };
    let mut file = fs::File::open(file)?;
    let values = numbers(&mut file, rows * columns)?;
    let targets = numbers(&mut file, rows)?;
    let (others, truth) = (numbers(&mut file, held_out * columns)?, numbers(&mut file, held_out)?);
    let params = BoostingParams::new().trees(trees).learning_rate(0.1).max_leaves(leaves).min_leaf_rows(20);
    let params = params.row_share(1.0).threads(threads).seed(1).check()?;

    // Makes the peak start at what is held now.
    fs::write("/proc/self/clear_refs", "5").ok();
    let before = memory("VmRSS:");
    let start = Instant::now();
    let binned = BinnedRows::with_threads(Rows::new(&values, columns)?, 255, threads)?;
    let binning = start.elapsed().as_secs_f64();
    let peak_binning = memory("VmHWM:").saturating_sub(before);
    let sample = Sample { binned: &binned, targets: &targets, weights: None, rows: None, columns: None };
    let ensemble = params.fit(&sample, None)?.ensemble;
    let seconds = start.elapsed().as_secs_f64();
    let peak = memory("VmHWM:").saturating_sub(before);

    let mut predicted = vec![0.0; held_out];
    FlatEnsemble::new(&ensemble).predict_batch(Rows::new(&others, columns)?, &mut predicted)?;
    let squared: f64 = predicted.iter().zip(&truth).map(|(a, &b)| (a - f64::from(b)).powi(2)).sum();
    println!(
        "{{\"seconds\":{seconds},\"binning\":{binning},\"peak\":{peak},\"peak_binning\":{peak_binning},\"rmse\":{},\"model\":\"{:016x}\"}}",
        (squared / held_out as f64).sqrt(),
        fingerprint(&ensemble)
    );
    Ok(())
}
