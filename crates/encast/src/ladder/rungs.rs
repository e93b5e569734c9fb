//! Rungs on a hull: by steps of VMAF, or at given bitrates.

use super::{Dropped, hull::Candidate};

/// How rungs are placed by VMAF.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Steps {
    pub step: f64,
    /// Least ratio of the bitrates of two rungs.
    pub ratio: f64,
    pub top: f64,
    pub bottom: f64,
}

/// The points of a hull that are better than all cheaper ones.
fn undominated(path: &[Candidate]) -> Vec<Candidate> {
    let mut best = f64::NEG_INFINITY;
    path.iter()
        .filter(|candidate| {
            let better = candidate.value > best;
            best = best.max(candidate.value);
            better
        })
        .copied()
        .collect()
}

/// The cheapest point that reaches the top, or the best one; then downwards, each time the best point that is at least
/// a step of VMAF and the ratio of bitrates below, as long as it reaches the bottom.
pub(super) fn by_steps(path: &[Candidate], steps: &Steps) -> Vec<Candidate> {
    let points = undominated(path);
    let top = points.iter().find(|point| point.value >= steps.top).or(points.last());
    let mut rungs: Vec<Candidate> = Vec::new();
    let mut next = top.copied();
    while let Some(rung) = next.filter(|rung| rung.value >= steps.bottom) {
        rungs.push(rung);
        let below = |point: &&Candidate| {
            point.value <= rung.value - steps.step && point.bitrate_kbps * steps.ratio <= rung.bitrate_kbps
        };
        next = points.iter().rev().find(below).copied();
    }
    rungs.reverse();
    rungs
}

/// The hull at each of these bitrates, which are all on its grid; what a cheaper rung equals, or what is not allowed, is dropped.
pub(super) fn at_bitrates(path: &[Candidate], bitrates: &[f64]) -> (Vec<Candidate>, Vec<(f64, Dropped)>) {
    let mut wanted = bitrates.to_vec();
    wanted.sort_by(f64::total_cmp);
    wanted.dedup();
    let (mut rungs, mut dropped): (Vec<Candidate>, _) = (Vec::new(), Vec::new());
    for bitrate in wanted {
        match path.iter().find(|candidate| candidate.bitrate_kbps == bitrate) {
            None => dropped.push((bitrate, Dropped::OverLimit)),
            Some(point) if rungs.last().is_some_and(|below| point.value <= below.value) => {
                dropped.push((bitrate, Dropped::Dominated));
            }
            Some(point) => rungs.push(*point),
        }
    }
    (rungs, dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(values: &[f64]) -> Vec<Candidate> {
        let point = |(at, &value)| Candidate { curve: 0, at, bitrate_kbps: 100.0 * (at + 1) as f64, value };
        values.iter().enumerate().map(point).collect()
    }

    fn rungs(values: &[f64], step: f64, top: f64, bottom: f64) -> Vec<f64> {
        let steps = Steps { step, ratio: 1.0, top, bottom };
        by_steps(&path(values), &steps).iter().map(|rung| rung.value).collect()
    }

    #[test]
    fn steps_keep_their_distance() {
        let values = [35.0, 41.0, 41.0, 50.0, 49.0, 55.0, 61.0, 80.0, 94.0, 96.0, 96.0, 98.0];
        assert_eq!(rungs(&values, 6.0, 95.0, 40.0), [41.0, 55.0, 61.0, 80.0, 96.0]);
        assert_eq!(rungs(&values, 6.0, 99.0, 40.0).last(), Some(&98.0));
        assert_eq!(rungs(&values, 30.0, 95.0, 0.0), [61.0, 96.0]);
        assert_eq!(rungs(&values, 6.0, 99.0, 98.5), [0.0; 0]);
        assert_eq!(rungs(&[], 6.0, 95.0, 40.0), [0.0; 0]);
    }

    #[test]
    fn a_jump_makes_no_two_rungs() {
        let steps = Steps { step: 6.0, ratio: 1.2, top: 95.0, bottom: 40.0 };
        // Bitrates 100 to 900: 800 is too near to 900, and 700 not.
        let rungs = by_steps(&path(&[41.0, 42.0, 50.0, 51.0, 60.0, 61.0, 70.0, 80.0, 95.0]), &steps);
        let bitrates: Vec<f64> = rungs.iter().map(|rung| rung.bitrate_kbps).collect();
        assert_eq!(bitrates, [200.0, 400.0, 500.0, 700.0, 900.0]);
    }

    #[test]
    fn given_bitrates_are_kept_or_dropped() {
        let mut path = path(&[35.0, 41.0, 41.0, 40.0, 55.0]);
        path.remove(0);
        let (rungs, dropped) = at_bitrates(&path, &[500.0, 100.0, 200.0, 300.0, 400.0, 200.0]);
        assert_eq!(rungs.iter().map(|rung| rung.bitrate_kbps).collect::<Vec<_>>(), [200.0, 500.0]);
        use Dropped::{Dominated, OverLimit};
        assert_eq!(dropped, [(100.0, OverLimit), (300.0, Dominated), (400.0, Dominated)]);
    }
}
