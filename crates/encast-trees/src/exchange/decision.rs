//! What a split of another library decides, as ranges of single-precision numbers: exact for every finite input.

/// Categories above this are not exact in single precision.
pub(super) const MOST_CATEGORIES: u32 = 1 << 24;

/// Which way a row goes at a split: ranges of its value, each ending at an inclusive bound, and a way for missing values.
///
/// Bounds rise and neighbouring ranges go different ways. With no bound at all every number goes `last`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decision {
    /// Upper end of a range, and whether it goes left.
    pub ranges: Vec<(f32, bool)>,
    /// Whether what is above all bounds goes left.
    pub last: bool,
    /// Whether a missing value goes left.
    pub missing: bool,
}

impl Decision {
    /// From ranges in rising order; joins neighbours that go the same way.
    pub(super) fn of_ranges(ranges: impl IntoIterator<Item = (Option<f32>, bool)>, last: bool, missing: bool) -> Self {
        let mut joined: Vec<(f32, bool)> = Vec::with_capacity(1);
        for (end, left) in ranges {
            // A range that ends below every number, or before it begins, is empty.
            let Some(end) = end else { continue };
            match joined.last_mut() {
                Some((before, _)) if end <= *before => (),
                Some((before, way)) if *way == left => *before = end,
                _ => joined.push((end, left)),
            }
        }
        while joined.last().is_some_and(|&(_, left)| left == last) {
            joined.pop();
        }
        if joined.is_empty() && missing != last {
            // Only missing values go the other way. (An infinite value does, too: no column holds one.)
            return Decision { ranges: vec![(f32::MAX, last)], last: missing, missing };
        }
        Decision { ranges: joined, last, missing }
    }

    /// Up to a bound one way, above it the other; `None` is a bound below every number.
    pub(super) fn up_to(bound: Option<f32>, left: bool, missing: bool) -> Self {
        Decision::of_ranges([(bound, left)], !left, missing)
    }

    /// `from..to` for each of some rising ranges goes `left`, everything else the other way. `from` is in the range when
    /// `closed`, `to` never is.
    pub(super) fn within(ranges: impl IntoIterator<Item = (f32, bool, f32)>, left: bool, missing: bool) -> Self {
        let ends = ranges.into_iter().flat_map(|(from, closed, to)| {
            let before = if closed { below(from) } else { Some(zero(from)) };
            [(before, !left), (below(to), left)]
        });
        Decision::of_ranges(ends, !left, missing)
    }
}

/// The largest finite single-precision number that is not above `value`; `None` where there is none. So `x <= value` and
/// `x <= at_most(value)` decide alike for every finite `x` of single precision.
pub(super) fn at_most(value: f64) -> Option<f32> {
    let near = value as f32;
    let near = if f64::from(near) > value { near.next_down() } else { near };
    (near >= f32::MIN).then(|| zero(near.min(f32::MAX)))
}

/// The largest finite single-precision number below `value`; `None` where there is none.
pub(super) fn below(value: f32) -> Option<f32> {
    let near = value.next_down();
    (near >= f32::MIN).then(|| zero(near))
}

/// Both zeros are equal to every comparison: one of them is enough.
fn zero(value: f32) -> f32 {
    value + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes_left(decision: &Decision, x: f32) -> bool {
        if x.is_nan() {
            return decision.missing;
        }
        decision.ranges.iter().find(|(end, _)| x <= *end).map_or(decision.last, |&(_, left)| left)
    }

    fn numbers() -> Vec<f32> {
        let tiny = f32::from_bits(1);
        let mut all = vec![0.0, -0.0, tiny, -tiny, f32::MIN_POSITIVE, 1e-35, -1e-35, 1.0, -1.0, 0.1, 84.3, f32::MAX];
        all.extend([f32::MIN, 16_777_216.0, 3.4e38, 1e-44]);
        let near: Vec<f32> = all.iter().flat_map(|x| [x.next_down(), x.next_up()]).filter(|x| x.is_finite()).collect();
        all.extend(near);
        all
    }

    #[test]
    fn bounds_decide_as_double_precision_does() {
        let mut bounds: Vec<f64> = numbers().into_iter().map(f64::from).collect();
        let between: Vec<f64> = bounds.iter().flat_map(|b| [b.next_up(), b.next_down(), b * 1.000_000_01]).collect();
        bounds.extend(between);
        bounds.extend([f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, f64::MIN_POSITIVE, -5e-324]);
        for &bound in &bounds {
            let decision = Decision::up_to(at_most(bound), true, false);
            for &x in &numbers() {
                assert_eq!(goes_left(&decision, x), f64::from(x) <= bound, "{x:e} <= {bound:e}");
            }
        }
    }

    #[test]
    fn strict_bounds_decide_as_comparisons_do() {
        for bound in numbers().into_iter().chain([f32::INFINITY, f32::NEG_INFINITY]) {
            for missing in [false, true] {
                let decision = Decision::up_to(below(bound), true, missing);
                assert!(decision.ranges.iter().all(|(end, _)| end.is_finite()));
                for &x in &numbers() {
                    assert_eq!(goes_left(&decision, x), x < bound, "{x:e} < {bound:e}");
                }
                assert_eq!(goes_left(&decision, f32::NAN), missing);
            }
        }
    }

    #[test]
    fn ranges_that_touch_are_one() {
        let decision = Decision::within([(1.0, true, 2.0), (2.0, true, 3.0), (5.0, true, 6.0)], true, false);
        assert_eq!(decision.ranges.len(), 4, "{decision:?}");
        for (x, left) in [(0.9, false), (1.0, true), (2.0, true), (2.99, true), (3.0, false), (5.5, true), (6.0, false)]
        {
            assert_eq!(goes_left(&decision, x), left, "{x}");
        }
        assert!(Decision::within([], true, false).ranges.is_empty());
    }
}
