//! The hull of curves: the best one at each bitrate, never going back to a smaller size.

/// A point of the hull.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Which curve, from the smallest size.
    pub curve: usize,
    /// Which bitrate of the grid.
    pub at: usize,
    pub bitrate_kbps: f64,
    pub value: f64,
}

/// What a point that is not allowed counts: worse than any other.
const NOT_ALLOWED: f64 = -1e6;

/// The hull of curves over a grid of bitrates, `values[curve][bitrate]`, by dynamic programming: of all choices of a
/// curve at each bitrate that never go back, the one with the greatest sum of values; of equal ones the smaller size.
/// `count` is the range of values that counts: what lies outside counts as its nearest end. Bitrates where nothing is allowed
/// are left out.
pub(super) fn hull(grid: &[f64], values: &[Vec<Option<f64>>], count: Option<(f64, f64)>) -> Vec<Candidate> {
    let (low, high) = count.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let worth = |curve: usize, at: usize| values[curve][at].map_or(NOT_ALLOWED, |value| value.clamp(low, high));
    // The best sum of each curve at each bitrate, and the curve that it came from.
    let mut sums = vec![0.0; values.len()];
    let mut from: Vec<Vec<usize>> = Vec::with_capacity(grid.len());
    for at in 0..grid.len() {
        let mut best = 0;
        let came: Vec<usize> = (0..values.len())
            .map(|curve| {
                if sums[curve] > sums[best] {
                    best = curve;
                }
                best
            })
            .collect();
        sums = (0..values.len()).map(|curve| sums[came[curve]] + worth(curve, at)).collect();
        from.push(came);
    }
    let mut curve = (0..values.len()).fold(0, |best, curve| if sums[curve] > sums[best] { curve } else { best });
    let mut path = Vec::with_capacity(grid.len());
    for at in (0..grid.len()).rev() {
        if let Some(value) = values.get(curve).and_then(|values| values[at]) {
            path.push(Candidate { curve, at, bitrate_kbps: grid[at], value });
        }
        curve = from[at].get(curve).copied().unwrap_or(0);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(values: &[Vec<Option<f64>>], count: Option<(f64, f64)>) -> Vec<usize> {
        let grid: Vec<f64> = (0..values[0].len()).map(|at| 100.0 * (at + 1) as f64).collect();
        hull(&grid, values, count).iter().map(|candidate| candidate.curve).collect()
    }

    fn all(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn the_best_curve_without_going_back() {
        let small = all(&[40.0, 50.0, 60.0, 65.0, 66.0]);
        let large = all(&[20.0, 45.0, 61.0, 80.0, 90.0]);
        assert_eq!(sizes(&[small.clone(), large.clone()], None), [0, 0, 1, 1, 1]);
        // A flicker back to the small size is not followed.
        let flicker = all(&[20.0, 50.5, 59.5, 80.0, 90.0]);
        assert_eq!(sizes(&[small.clone(), flicker], None), [0, 0, 0, 1, 1]);
        // What lies above the top does not decide.
        let late = all(&[95.5, 95.5, 95.5, 95.5, 99.0]);
        let early = all(&[95.0, 95.0, 96.0, 96.0, 96.0]);
        assert_eq!(sizes(&[early.clone(), late.clone()], Some((40.0, 95.0))), [0; 5]);
        assert_eq!(sizes(&[late, early], None)[..2], [0, 0]);
        // A gap is left out, and all of them give nothing.
        let gap = vec![None, Some(30.0), None, None, None];
        assert_eq!(sizes(&[small, gap.clone()], None), [0; 5]);
        assert_eq!(sizes(&[gap.clone(), gap], None), [0]);
    }

    #[test]
    fn no_other_choice_is_better() {
        // All choices that never go back, by brute force.
        let mut state = 7u64;
        let mut random = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / (1u64 << 31) as f64
        };
        for _ in 0..200 {
            let values: Vec<Vec<Option<f64>>> = (0..3).map(|_| all(&[(); 5].map(|()| random() * 100.0))).collect();
            let sum =
                |sizes: &[usize]| sizes.iter().enumerate().map(|(at, &size)| values[size][at].unwrap()).sum::<f64>();
            let found = sizes(&values, None);
            assert!(found.windows(2).all(|pair| pair[0] <= pair[1]));
            for first in 0..=5 {
                for second in first..=5 {
                    let other: Vec<usize> =
                        (0..5).map(|at| usize::from(at >= first) + usize::from(at >= second)).collect();
                    assert!(sum(&found) >= sum(&other) - 1e-9);
                }
            }
        }
    }
}
