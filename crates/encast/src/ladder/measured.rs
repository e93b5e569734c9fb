//! What was measured of one source and encoder: a curve a size, their convex hull, and ladders realised on them.

use std::collections::BTreeMap;

use super::{
    bd_rate::rising,
    hull::{Candidate, hull},
    interpolate::Pchip,
    rungs::{Steps, by_steps},
    sizes::Size,
};

/// A measured curve.
struct MeasuredCurve {
    size: Size,
    /// Bitrates from the lowest to the highest.
    range: (f64, f64),
    /// VMAF over the logarithm of the bitrate.
    curve: Pchip,
}

/// The measured curves of one source and encoder.
pub(super) struct Measured {
    curves: Vec<MeasuredCurve>,
    /// Bitrate and VMAF of the vertices of the convex hull, over the logarithm of the bitrate; both rise.
    pub hull: Vec<(f64, f64)>,
}

/// A rung as it was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Realised {
    pub bitrate_kbps: f64,
    pub vmaf: f64,
    /// The bitrate lay outside of what was measured of this size; then its nearest end stands for it.
    pub clamped: bool,
}

impl Measured {
    /// From points: size, bitrate, VMAF. `None` when they make no curve, or a hull of one point.
    pub(super) fn of(points: &[(Size, f64, f64)]) -> Option<Measured> {
        let mut by_size: BTreeMap<(u64, Size), Vec<(f64, f64)>> = BTreeMap::new();
        for &(size, bitrate, vmaf) in points {
            by_size.entry((size.pixels(), size)).or_default().push((bitrate, vmaf));
        }
        let curves: Vec<MeasuredCurve> = by_size
            .into_iter()
            .filter_map(|((_, size), points)| {
                let points = rising(&points);
                let range = (points.first()?.0, points.last()?.0);
                let of_log: Vec<(f64, f64)> = points.iter().map(|(rate, vmaf)| (rate.log2(), *vmaf)).collect();
                Some(MeasuredCurve { size, range, curve: Pchip::through(&of_log)? })
            })
            .collect();
        let all: Vec<(f64, f64)> = points.iter().map(|&(_, bitrate, vmaf)| (bitrate, vmaf)).collect();
        let hull = convex_hull(&rising(&all));
        (!curves.is_empty() && hull.len() >= 2).then_some(Measured { curves, hull })
    }

    /// The sizes that have a curve, from the smallest.
    pub(super) fn sizes(&self) -> Vec<Size> {
        self.curves.iter().map(|curve| curve.size).collect()
    }

    /// What was measured at a size (or, where there is no such, that with the nearest number of lines) and bitrate.
    pub(super) fn realise(&self, size: Size, bitrate_kbps: f64) -> Option<Realised> {
        let away = |curve: &MeasuredCurve| (f64::from(curve.size.height) / f64::from(size.height)).log2().abs();
        let of_size = self.curves.iter().min_by(|a, b| away(a).total_cmp(&away(b)))?;
        let at = bitrate_kbps.clamp(of_size.range.0, of_size.range.1);
        Some(Realised { bitrate_kbps: at, vmaf: of_size.curve.at(at.log2()), clamped: at != bitrate_kbps })
    }

    /// The ladder that is placed on the measured curves as one is on forecast ones: what a perfect forecast would get.
    pub(super) fn ladder(&self, grid: &[f64], steps: &Steps) -> Vec<(Size, f64)> {
        let value = |curve: &MeasuredCurve, bitrate: f64| {
            (curve.range.0..=curve.range.1).contains(&bitrate).then(|| curve.curve.at(bitrate.log2()))
        };
        let values: Vec<Vec<Option<f64>>> =
            self.curves.iter().map(|curve| grid.iter().map(|&bitrate| value(curve, bitrate)).collect()).collect();
        let rung = |candidate: &Candidate| (self.curves[candidate.curve].size, candidate.bitrate_kbps);
        by_steps(&hull(grid, &values, Some((steps.bottom, steps.top))), steps).iter().map(rung).collect()
    }

    /// How much more bitrate a rung has than the hull at its VMAF, as a share; `None` below the hull.
    pub(super) fn excess(&self, rung: &Realised) -> Option<f64> {
        let after = self.hull.iter().position(|(_, vmaf)| *vmaf >= rung.vmaf)?;
        if after == 0 {
            return (self.hull[0].1 == rung.vmaf).then(|| rung.bitrate_kbps / self.hull[0].0 - 1.0);
        }
        let ((low, from), (high, to)) = (self.hull[after - 1], self.hull[after]);
        let share = (rung.vmaf - from) / (to - from);
        let at = low.ln() + share * (high.ln() - low.ln());
        Some(rung.bitrate_kbps / at.exp() - 1.0)
    }
}

/// The upper convex hull of points that rise in both, over the logarithm of the first.
fn convex_hull(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for &(rate, vmaf) in points {
        while let [.., a, b] = hull.as_slice() {
            let slope = |p: (f64, f64), q: (f64, f64)| (q.1 - p.1) / (q.0 / p.0).log2();
            if slope(*a, *b) > slope(*b, (rate, vmaf)) {
                break;
            }
            hull.pop();
        }
        hull.push((rate, vmaf));
    }
    hull
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Size = Size { width: 640, height: 360 };
    const LARGE: Size = Size { width: 1280, height: 720 };

    fn measured() -> Measured {
        let small = [(100.0, 30.0), (200.0, 50.0), (400.0, 60.0), (800.0, 62.0)];
        let large = [(200.0, 20.0), (400.0, 55.0), (800.0, 80.0), (1600.0, 90.0)];
        let of = |size: Size, points: [(f64, f64); 4]| points.map(|(rate, vmaf)| (size, rate, vmaf));
        Measured::of(&[of(LARGE, large), of(SMALL, small)].concat()).unwrap()
    }

    #[test]
    fn the_hull_is_convex_and_rungs_lie_on_or_below_it() {
        let measured = measured();
        assert_eq!(measured.sizes(), [SMALL, LARGE]);
        assert_eq!(measured.hull, [(100.0, 30.0), (200.0, 50.0), (800.0, 80.0), (1600.0, 90.0)]);
        let rung = measured.realise(SMALL, 400.0).unwrap();
        assert_eq!(rung, Realised { bitrate_kbps: 400.0, vmaf: 60.0, clamped: false });
        // The hull has 60 a third of the way from 200 to 800, on the logarithm.
        let excess = 400.0 / (200.0 * 4f64.powf(1.0 / 3.0)) - 1.0;
        assert!((measured.excess(&rung).unwrap() - excess).abs() < 1e-12);
        assert!(measured.realise(LARGE, 50.0).unwrap().clamped);
        assert_eq!(measured.realise(Size { width: 960, height: 540 }, 800.0).unwrap().vmaf, 80.0);
        assert_eq!(measured.excess(&Realised { bitrate_kbps: 90.0, vmaf: 10.0, clamped: false }), None);
    }

    #[test]
    fn a_perfect_forecast_stays_near_the_hull() {
        let grid: Vec<f64> = (0..=128).map(|i| 100.0 * (f64::from(i) / 32.0).exp2()).collect();
        let ladder = measured().ladder(&grid, &Steps { step: 6.0, ratio: 1.2, top: 95.0, bottom: 40.0 });
        assert!(ladder.len() >= 6, "{ladder:?}");
        assert_eq!(ladder.last(), Some(&(LARGE, 1600.0)));
        assert!(ladder.iter().any(|(size, _)| *size == SMALL));
    }
}
