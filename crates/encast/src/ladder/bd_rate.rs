//! Bjøntegaard's rate difference of two rate–quality curves.

use super::interpolate::Pchip;

/// How much more bitrate the tested curve needs for the same quality than the reference, as a share: 0.05 is 5 % more.
///
/// Points are bitrate and quality, in any order; a point with no more quality than a cheaper one is left out. The
/// logarithm of the bitrate is interpolated over the quality by piecewise cubics (PCHIP, as in the common test conditions
/// of JCT-VC and JVET), and the difference is averaged over the range of quality that both cover: G. Bjøntegaard,
/// *Calculation of average PSNR differences between RD-curves*, VCEG-M33, 2001; *Improvements of the BD-PSNR model*,
/// VCEG-AI11, 2008. `None` when a curve has fewer than two such points, or they have no range in common.
pub fn bd_rate(reference: &[(f64, f64)], tested: &[(f64, f64)]) -> Option<f64> {
    let (reference, tested) = (rising(reference), rising(tested));
    let low = reference.first()?.1.max(tested.first()?.1);
    let high = reference.last()?.1.min(tested.last()?.1);
    if high <= low {
        return None;
    }
    let integral = |points: &[(f64, f64)]| {
        let of_quality: Vec<(f64, f64)> = points.iter().map(|(rate, quality)| (*quality, rate.ln())).collect();
        Some(Pchip::through(&of_quality)?.integral(low, high))
    };
    Some(((integral(&tested)? - integral(&reference)?) / (high - low)).exp() - 1.0)
}

/// The points in order of the bitrate, each of more quality than the one before.
pub(super) fn rising(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<(f64, f64)> = points.iter().copied().filter(|(rate, q)| *rate > 0.0 && q.is_finite()).collect();
    // Of two points at one bitrate the better one comes first.
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let mut best = f64::NEG_INFINITY;
    sorted.retain(|(_, quality)| {
        let better = *quality > best;
        best = best.max(*quality);
        better
    });
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the Python package bjontegaard 1.3.0, `method='pchip'`.
    #[test]
    fn values_of_a_reference() {
        let a = [(9487.76, 96.037), (4593.60, 91.182), (2486.44, 84.651), (1358.24, 75.313)];
        let b = [(8701.23, 95.41), (4331.90, 90.77), (2319.73, 84.91), (1243.42, 74.95)];
        let c = [(500.0, 41.2), (900.0, 55.0), (1800.0, 69.9), (4000.0, 82.2), (9000.0, 90.3), (20000.0, 94.9)];
        assert!((bd_rate(&a, &b).unwrap() - -0.0562990037001061).abs() < 1e-12);
        assert!((bd_rate(&c, &a).unwrap() - -0.5102934476683592).abs() < 1e-12);
        assert_eq!(bd_rate(&a, &a), Some(0.0));
        // Twice the bitrate is 100 % more, and what is dominated does not count.
        let mut twice: Vec<(f64, f64)> = a.iter().map(|(rate, quality)| (2.0 * rate, *quality)).collect();
        twice.push((30_000.0, 60.0));
        assert!((bd_rate(&a, &twice).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(bd_rate(&a, &a[..1]), None);
        assert_eq!(bd_rate(&a, &[(100.0, 10.0), (200.0, 20.0)]), None);
    }
}
