//! The plot of `encast advise`: size or VMAF over the ranked quantity, all proposals and the Pareto front.

use encast::{Advice, Proposal, Quantity};

use super::advise::Asked;
use crate::plot::{Axis, Chart, Figure, Series};

/// A dot for each proposal, one label for each encoder and preset (its sizes share it), and the front as a line.
pub fn figure(advice: &Advice, asked: &Asked<'_>) -> Figure {
    let by = advice.ranked_by;
    let place = |one: &Proposal| {
        let value = |quantity: Quantity| quantity.of(one).map_or(f64::NAN, |estimate| estimate.value);
        (value(by), advice.against.map_or(one.assured_vmaf, value))
    };
    let mut front: Vec<(f64, f64)> = advice.front().map(place).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut series = vec![Series { label: "Pareto front".to_owned(), points: front, line: true, ..Series::default() }];
    for one in &advice.proposals {
        let label = one.setup.encoder_and_preset();
        match series.iter_mut().skip(1).find(|series| series.label == label) {
            Some(series) => series.points.push(place(one)),
            None => series.push(Series { label, points: vec![place(one)], dots: true, ..Series::default() }),
        }
    }
    series[1..].sort_by(|a, b| a.label.cmp(&b.label));
    let axis = |quantity: Quantity| Axis::log(format!("{} ({})", quantity.name(), quantity.unit()));
    let y = match advice.against {
        Some(quantity) => axis(quantity),
        None => Axis::linear("VMAF (0-100)").to(100.0),
    };
    let goal = match asked.options.target_vmaf {
        Some(target) => format!("Ways to VMAF {target}"),
        None => "The best VMAF within the limits".to_owned(),
    };
    let title = match &asked.title {
        Some(title) => format!("{goal}: {title}"),
        None => goal,
    };
    let chart = Chart { x: axis(by), y, series, ..Chart::default() };
    Figure { title, panels: vec![chart], columns: 1 }
}
