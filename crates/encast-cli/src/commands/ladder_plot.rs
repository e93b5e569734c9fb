//! The plot of `encast ladder`: VMAF over the bitrate for each size, the hull with its intervals, and the rungs.

use encast::{CurvePoint, Ladder, NOMINAL};

use crate::plot::{Axis, Chart, Figure, Series};

/// The curve of every size, with its interval where the hull is of this size (everywhere, the bands would hide one
/// another), the hull and the rungs over them.
pub fn figure(made: &Ladder, assurance: Option<f64>) -> Figure {
    let mut series: Vec<Series> = made
        .curves
        .iter()
        .map(|curve| {
            let on_hull = curve.points.iter().filter(|point| point.on_hull);
            Series {
                label: curve.size.to_string(),
                points: curve.points.iter().map(|point| (point.bitrate_kbps, shown(point))).collect(),
                line: true,
                band: on_hull.map(|point| (point.bitrate_kbps, point.vmaf.lower, point.vmaf.upper)).collect(),
                ..Series::default()
            }
        })
        .collect();
    let mut hull: Vec<(f64, f64)> = made
        .curves
        .iter()
        .flat_map(|curve| curve.points.iter().filter(|point| point.on_hull))
        .map(|point| (point.bitrate_kbps, point.assured_vmaf))
        .collect();
    hull.sort_by(|a, b| a.0.total_cmp(&b.0));
    series.push(Series { label: "hull".to_owned(), points: hull, line: true, ..Series::default() });
    let rungs = made.rungs.iter().map(|rung| (rung.bitrate_kbps, rung.assured_vmaf)).collect();
    series.push(Series { label: "rung".to_owned(), points: rungs, dots: true, ..Series::default() });
    let nominal = 100.0 * NOMINAL;
    let y = match assurance {
        None => format!("VMAF; bands: {nominal:.0} % interval"),
        Some(p) => format!("VMAF reached with probability {p}; bands: {nominal:.0} % interval"),
    };
    let chart = Chart { x: Axis::log("bitrate (kbit/s)"), y: Axis::linear(y).to(100.0), series, ..Chart::default() };
    Figure { title: "Bitrate ladder".to_owned(), panels: vec![chart], columns: 1 }
}

/// The curve that rungs are placed by; where a limit is exceeded, a gap.
fn shown(point: &CurvePoint) -> f64 {
    if point.allowed { point.assured_vmaf } else { f64::NAN }
}
