//! Piecewise cubic Hermite interpolation that keeps monotone data monotone (Fritsch and Butland, 1984): PCHIP.

/// A curve through points.
pub(super) struct Pchip {
    x: Vec<f64>,
    y: Vec<f64>,
    slope: Vec<f64>,
}

impl Pchip {
    /// Through at least two points whose x rises strictly; `None` otherwise.
    pub(super) fn through(points: &[(f64, f64)]) -> Option<Pchip> {
        if points.len() < 2 || points.windows(2).any(|pair| pair[1].0 <= pair[0].0) {
            return None;
        }
        let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let width: Vec<f64> = x.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let chord: Vec<f64> = y.windows(2).zip(&width).map(|(pair, width)| (pair[1] - pair[0]) / width).collect();
        let last = x.len() - 1;
        let slope = (0..=last)
            .map(|i| match i {
                _ if last == 1 => chord[0],
                0 => end_slope(width[0], width[1], chord[0], chord[1]),
                i if i == last => end_slope(width[i - 1], width[i - 2], chord[i - 1], chord[i - 2]),
                i if chord[i - 1] * chord[i] <= 0.0 => 0.0,
                i => {
                    let (before, after) = (2.0 * width[i] + width[i - 1], width[i] + 2.0 * width[i - 1]);
                    (before + after) / (before / chord[i - 1] + after / chord[i])
                }
            })
            .collect();
        Some(Pchip { x, y, slope })
    }

    /// The value at x; beyond the ends that of the end.
    pub(super) fn at(&self, x: f64) -> f64 {
        let last = self.x.len() - 1;
        let x = x.clamp(self.x[0], self.x[last]);
        let i = self.x.partition_point(|&known| known <= x).clamp(1, last) - 1;
        let width = self.x[i + 1] - self.x[i];
        let t = (x - self.x[i]) / width;
        let (u, v) = (1.0 - t, t);
        let (from, to) = (u * u * (1.0 + 2.0 * v), v * v * (1.0 + 2.0 * u));
        from * self.y[i] + to * self.y[i + 1] + width * (u * u * v * self.slope[i] - v * v * u * self.slope[i + 1])
    }

    /// The integral from `low` to `high`, within the ends.
    pub(super) fn integral(&self, low: f64, high: f64) -> f64 {
        let inner = self.x.iter().copied().filter(|&x| x > low && x < high);
        let cuts: Vec<f64> = [low].into_iter().chain(inner).chain([high]).collect();
        // Simpson's rule is exact for cubics.
        let part = |pair: &[f64]| {
            let middle = (pair[0] + pair[1]) / 2.0;
            (pair[1] - pair[0]) / 6.0 * (self.at(pair[0]) + 4.0 * self.at(middle) + self.at(pair[1]))
        };
        cuts.windows(2).map(part).sum()
    }
}

/// The slope at an end by three points, bent back where it would overshoot.
fn end_slope(near: f64, far: f64, chord: f64, next: f64) -> f64 {
    let slope = ((2.0 * near + far) * chord - near * next) / (near + far);
    if slope * chord <= 0.0 {
        0.0
    } else if chord * next <= 0.0 && slope.abs() > 3.0 * chord.abs() {
        3.0 * chord
    } else {
        slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of SciPy 1's PchipInterpolator.
    #[test]
    fn values_and_integrals_of_a_reference() {
        let curve = Pchip::through(&[(0.0, 0.0), (1.0, 2.0), (2.5, 2.5), (3.0, 6.0), (7.0, 6.0), (8.0, 9.0)]).unwrap();
        for (x, y) in [(0.3, 0.7862), (1.7, 2.213837037037037), (2.9, 5.648), (5.0, 6.0), (7.5, 7.05), (9.0, 9.0)] {
            assert!((curve.at(x) - y).abs() < 1e-12, "{x}: {}", curve.at(x));
        }
        assert!((curve.integral(0.5, 7.7) - 35.008409444444446).abs() < 1e-12);
        assert!(Pchip::through(&[(1.0, 1.0)]).is_none() && Pchip::through(&[(1.0, 1.0), (1.0, 2.0)]).is_none());
        assert_eq!(Pchip::through(&[(1.0, 1.0), (3.0, 2.0)]).unwrap().at(2.0), 1.5);
    }
}
