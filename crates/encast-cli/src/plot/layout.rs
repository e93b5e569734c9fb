//! Where everything of a figure stands.

use super::{
    Axis, Chart, Figure,
    legend::Legend,
    scale::Scale,
    shape::{Anchor, GRID, INK, Look, Scene, Shape},
    text::Font,
};

/// How much of a band's colour is seen.
pub const BAND: f64 = 0.2;
/// Of vertical marks.
pub const MARK_WIDTH: f64 = 1.2;
const MARGIN: f64 = 16.0;
const TITLE: f64 = 17.0;
const PANEL_TITLE: f64 = 14.0;
const LABEL: f64 = 12.5;
const NUMBER: f64 = 11.5;
/// Between charts.
const GAP: f64 = 14.0;
/// Charts beside one another, at most.
const MOST_COLUMNS: usize = 8;
/// Other fonts, in SVG, may be wider.
const SLACK: f64 = 1.06;

/// A rectangle.
#[derive(Clone, Copy)]
struct Place {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// Lays a figure out.
pub fn scene(figure: &Figure, font: &Font) -> Scene {
    let columns = figure.columns.clamp(1, MOST_COLUMNS).min(figure.panels.len().max(1));
    let alone = figure.panels.len() <= 1;
    let (cell, plot) = match columns {
        1 if alone => (900.0, 440.0),
        1 => (900.0, 130.0),
        _ => (540.0, 300.0),
    };
    let width = columns as f64 * cell + (columns - 1) as f64 * GAP + 2.0 * MARGIN;
    let mut shapes = Vec::new();
    let mut top = MARGIN;
    if !figure.title.is_empty() {
        let text = font.shortened(&figure.title, TITLE, (width - 2.0 * MARGIN) / SLACK);
        let place = (MARGIN, top + TITLE * 0.8);
        shapes.push(Shape::Text { place, text, size: TITLE, anchor: Anchor::Start, upwards: false });
        top += TITLE + 9.0;
    }
    let legend = Legend::of(figure);
    let height = legend.draw((MARGIN, top), width - 2.0 * MARGIN, font, &mut shapes);
    top += if height > 0.0 { height + 12.0 } else { 4.0 };

    let shared = columns == 1 && !alone && figure.panels.windows(2).all(|pair| pair[0].x == pair[1].x);
    let drawn: Vec<Drawn> = figure
        .panels
        .iter()
        .map(|chart| {
            let over = if shared { figure.panels.as_slice() } else { std::slice::from_ref(chart) };
            Drawn::of(chart, over, cell, plot, font)
        })
        .collect();
    let widest = drawn.iter().map(|one| one.numbers).fold(0.0, f64::max);
    for (row, charts) in drawn.chunks(columns).enumerate() {
        let last = (row + 1) * columns >= drawn.len();
        let titled = charts.iter().any(|one| !one.chart.title.is_empty());
        let title = if titled { PANEL_TITLE + 8.0 } else { 0.0 };
        let below = if shared && !last { 0.0 } else { NUMBER + LABEL + 18.0 };
        for (column, one) in charts.iter().enumerate() {
            let left = MARGIN + column as f64 * (cell + GAP);
            // One below another, their axes align.
            let numbers = if columns == 1 { widest } else { one.numbers };
            let place = Place {
                left: left + LABEL + 10.0 + numbers + 8.0,
                top: top + title,
                right: left + cell - 12.0,
                bottom: top + title + plot,
            };
            one.draw(place, left, below > 0.0, &legend, font, &mut shapes);
        }
        top += title + plot + below + if last { 0.0 } else { GAP };
    }
    let title = if figure.title.is_empty() {
        figure.panels.iter().map(|chart| chart.title.as_str()).collect::<Vec<_>>().join(", ")
    } else {
        figure.title.clone()
    };
    Scene { title, width, height: top + MARGIN, shapes }
}

/// A chart with its scales.
struct Drawn<'a> {
    chart: &'a Chart,
    x: Scale,
    y: Scale,
    /// How wide the numbers of the y axis are.
    numbers: f64,
}

impl<'a> Drawn<'a> {
    /// The x axis covers what all of `over` hold.
    fn of(chart: &'a Chart, over: &[Chart], cell: f64, plot: f64, font: &Font) -> Drawn<'a> {
        let length = cell - 90.0;
        let clear_across = |places: &[(f64, &str)]| {
            places.windows(2).all(|pair| {
                let halves = (font.width(pair[0].1, NUMBER) + font.width(pair[1].1, NUMBER)) / 2.0 * SLACK;
                (pair[1].0 - pair[0].0) * length >= halves + 10.0
            })
        };
        let clear_up =
            |places: &[(f64, &str)]| places.windows(2).all(|pair| (pair[1].0 - pair[0].0) * plot >= NUMBER + 4.0);
        let x = Scale::over(&chart.x, over.iter().flat_map(across), 12, false, clear_across);
        let y = Scale::over(&chart.y, up(chart), ((plot / 28.0) as usize).min(12), true, clear_up);
        let numbers = y.ticks.iter().map(|(_, text)| font.width(text, NUMBER) * SLACK).fold(0.0, f64::max);
        Drawn { chart, x, y, numbers }
    }

    fn draw(&self, at: Place, left: f64, below: bool, legend: &Legend<'_>, font: &Font, shapes: &mut Vec<Shape>) {
        if !self.chart.title.is_empty() {
            let text = font.shortened(&self.chart.title, PANEL_TITLE, (at.right - at.left) / SLACK);
            let place = (at.left, at.top - 8.0);
            shapes.push(Shape::Text { place, text, size: PANEL_TITLE, anchor: Anchor::Start, upwards: false });
        }
        self.axes(at, left, below, font, shapes);
        let spot = |x: f64, y: f64| {
            (at.left + self.x.share(x) * (at.right - at.left), at.bottom - self.y.share(y) * (at.bottom - at.top))
        };
        for marks in &self.chart.marks {
            let Look { colour, dash, .. } = legend.look_of_marks(marks.of.as_deref());
            for x in marks.at.iter().filter(|x| self.chart.x.holds(**x)) {
                let x = spot(*x, f64::NAN).0;
                let points = vec![(x, at.bottom), (x, at.top)];
                shapes.push(Shape::Line { points, colour, width: MARK_WIDTH, dash });
            }
        }
        for series in &self.chart.series {
            let whole = series.band.iter().filter(|(x, low, high)| self.holds(*x, *low) && self.holds(*x, *high));
            let (lower, mut upper): (Vec<_>, Vec<_>) =
                whole.map(|(x, low, high)| (spot(*x, *low), spot(*x, *high))).unzip();
            upper.reverse();
            let corners = [lower, upper].concat();
            if corners.len() >= 4 {
                shapes.push(Shape::Area { corners, colour: legend.look(&series.label).colour, opacity: BAND });
            }
        }
        // Dense lines are thinner, all of a chart alike.
        let most = self.chart.series.iter().map(|series| series.points.len()).max().unwrap_or(0);
        let width = if most > 200 { 1.3 } else { 2.0 };
        for series in &self.chart.series {
            let look = legend.look(&series.label);
            for part in series.points.split(|(x, y)| !self.holds(*x, *y)) {
                let points: Vec<(f64, f64)> = part.iter().map(|(x, y)| spot(*x, *y)).collect();
                // What a line alone would not show: one point.
                if series.dots || (series.line && points.len() == 1) {
                    shapes.extend(points.iter().map(|point| look.dot(*point)));
                }
                if series.line && points.len() > 1 {
                    shapes.push(Shape::Line { points, colour: look.colour, width, dash: look.dash });
                }
            }
        }
    }

    fn holds(&self, x: f64, y: f64) -> bool {
        self.chart.x.holds(x) && self.chart.y.holds(y)
    }

    fn axes(&self, at: Place, left: f64, below: bool, font: &Font, shapes: &mut Vec<Shape>) {
        let line = |points: Vec<(f64, f64)>, colour| Shape::Line { points, colour, width: 1.0, dash: &[] };
        for (value, text) in &self.x.ticks {
            let x = at.left + self.x.share(*value) * (at.right - at.left);
            shapes.push(line(vec![(x, at.top), (x, at.bottom)], GRID));
            if below {
                shapes.push(line(vec![(x, at.bottom), (x, at.bottom + 4.0)], INK));
                let place = (x, at.bottom + 7.0 + NUMBER * 0.8);
                shapes.push(number(place, text, Anchor::Middle));
            }
        }
        for (value, text) in &self.y.ticks {
            let y = at.bottom - self.y.share(*value) * (at.bottom - at.top);
            shapes.push(line(vec![(at.left, y), (at.right, y)], GRID));
            shapes.push(number((at.left - 7.0, y + NUMBER * 0.36), text, Anchor::End));
        }
        shapes.push(line(vec![(at.left, at.top), (at.left, at.bottom), (at.right, at.bottom)], INK));
        let label = |axis: &Axis, place, most: f64, upwards| {
            let text = font.shortened(&axis.label, LABEL, most / SLACK);
            Shape::Text { place, text, size: LABEL, anchor: Anchor::Middle, upwards }
        };
        let middle = ((at.left + at.right) / 2.0, (at.top + at.bottom) / 2.0);
        shapes.push(label(&self.chart.y, (left + LABEL, middle.1), at.bottom - at.top + 16.0, true));
        if below {
            let place = (middle.0, at.bottom + NUMBER + LABEL + 11.0);
            shapes.push(label(&self.chart.x, place, at.right - at.left, false));
        }
    }
}

fn number(place: (f64, f64), text: &str, anchor: Anchor) -> Shape {
    Shape::Text { place, text: text.to_owned(), size: NUMBER, anchor, upwards: false }
}

fn across(chart: &Chart) -> impl Iterator<Item = f64> {
    let series = chart.series.iter();
    series
        .flat_map(|series| series.points.iter().map(|point| point.0).chain(series.band.iter().map(|band| band.0)))
        .chain(chart.marks.iter().flat_map(|marks| marks.at.iter().copied()))
}

fn up(chart: &Chart) -> impl Iterator<Item = f64> {
    let series = chart.series.iter();
    series.flat_map(|series| {
        let ends = series.band.iter().flat_map(|band| [band.1, band.2]);
        series.points.iter().map(|point| point.1).chain(ends)
    })
}
