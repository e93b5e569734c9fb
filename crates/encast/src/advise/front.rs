//! The Pareto front of points of which less is better on both axes.

/// For each point whether no other is as good on both axes and better on one. A NaN counts as the worst.
pub(super) fn front(points: &[(f64, f64)]) -> Vec<bool> {
    let rank = |value: f64| if value.is_nan() { f64::INFINITY } else { value };
    let points: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (rank(x), rank(y))).collect();
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| points[a].0.total_cmp(&points[b].0).then(points[a].1.total_cmp(&points[b].1)));
    let mut on_front = vec![false; points.len()];
    let mut last: Option<(f64, f64)> = None;
    for at in order {
        // In this order, whoever dominates a point stands before it, and the lowest so far is the last on the front.
        let point = points[at];
        if last.is_none_or(|last| point.1 < last.1 || point == last) {
            on_front[at] = true;
            last = Some(point);
        }
    }
    on_front
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn by_hand() {
        let points =
            [(1.0, 9.0), (2.0, 5.0), (2.0, 5.0), (2.0, 6.0), (3.0, 5.0), (4.0, 1.0), (f64::NAN, 0.5), (5.0, f64::NAN)];
        assert_eq!(front(&points), [true, true, true, false, false, true, true, false]);
        assert_eq!(front(&[]), [false; 0]);
    }

    proptest! {
        #[test]
        fn no_member_is_dominated_and_all_others_are(points in proptest::collection::vec((0u8..12, 0u8..12), 0..40)) {
            let points: Vec<(f64, f64)> = points.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
            for (at, on_front) in front(&points).into_iter().enumerate() {
                let (x, y) = points[at];
                let dominated = points.iter().any(|&(a, b)| a <= x && b <= y && (a < x || b < y));
                prop_assert_eq!(on_front, !dominated);
            }
        }
    }
}
