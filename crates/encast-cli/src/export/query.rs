//! Range queries to Prometheus and VictoriaMetrics, in pieces that the server answers.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::http::{Client, Trouble, shown};

/// Steps that are asked for at once: far below the limits of servers (11 000), so that answers stay small.
const STEPS: i64 = 2000;

/// Seconds: a series that is scraped less often is not there between two scrapes, to Prometheus.
const SLOWEST_SCRAPE: i64 = 300;

/// A span of time and the distance of the moments at which it is looked at; seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: i64,
    pub end: i64,
    pub step: i64,
}

impl Span {
    /// The step for a span: so that there are at most 5000, and at least 15 seconds.
    pub fn usual_step(start: i64, end: i64) -> i64 {
        ((end - start + 4999) / 5000).max(15)
    }

    /// The time before it, twice as long, looked at in steps that are usual for it; none before 1970.
    pub fn before(self) -> Option<Span> {
        let start = self.start.saturating_sub((self.end - self.start).saturating_mul(2)).max(0);
        let step = self.step.max(Span::usual_step(start, self.start));
        (start < self.start).then_some(Span { start, end: self.start, step })
    }

    /// What is there at this moment may have been there before the span: it was scraped once by then.
    pub fn begun(self) -> f64 {
        (self.start + self.step.max(SLOWEST_SCRAPE)) as f64
    }

    /// Pieces of at most so many steps, and the rest that is no whole step. Each looks back over its first step, so
    /// together they see every sample after `start` up to `end`, and none after it.
    fn pieces(self, steps: i64) -> impl Iterator<Item = Span> {
        let (whole, rest) = ((self.end - self.start) / self.step, (self.end - self.start) % self.step);
        let (first, last) = (self.start + self.step, self.start + whole * self.step);
        let width = self.step * steps;
        let pieces = (0..).map(move |piece| first + piece * width).take_while(move |&start| start <= last);
        pieces
            .map(move |start| Span { start, end: (start + width - self.step).min(last), step: self.step })
            .chain((rest > 0).then_some(Span { start: self.end, end: self.end, step: rest }))
    }

    /// How many queries a series needs.
    pub fn queries(self) -> usize {
        self.pieces(STEPS).count()
    }
}

/// Labels of a series, with its name as `__name__`.
pub type Labels = BTreeMap<String, String>;

/// Takes labels and samples (Unix seconds, value) of a series, in order of time.
pub type Take<'a> = dyn FnMut(&Labels, &[(f64, f64)]) + 'a;

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    error: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    metric: Labels,
    values: Vec<(f64, String)>,
}

/// Asks for a series over a span, piece by piece.
pub fn each_series(
    client: &Client,
    base: &str,
    metric: &str,
    span: Span,
    asked: &mut dyn FnMut(),
    take: &mut Take,
) -> Result<(), Trouble> {
    let url = format!("{}/api/v1/query_range", base.trim_end_matches('/'));
    for piece in span.pieces(STEPS) {
        one_piece(client, &url, metric, piece, take)?;
        asked();
    }
    Ok(())
}

fn one_piece(client: &Client, url: &str, metric: &str, piece: Span, take: &mut Take) -> Result<(), Trouble> {
    // The last sample of each step, however short it was there: an instant selector would look back five minutes, or
    // not far enough.
    let query = format!("last_over_time({metric}[{}s])", piece.step);
    let (start, end, step) = (piece.start.to_string(), piece.end.to_string(), piece.step.to_string());
    // VictoriaMetrics would move the moments, and answer from before what was written late.
    let form = [("query", query.as_str()), ("start", &start), ("end", &end), ("step", &step), ("nocache", "1")];
    let answer = match client.post(url, &form) {
        // Servers have limits of their own on points, samples and memory: less is asked for at once.
        Err(Trouble::Status { code: 400 | 422 | 503, text }) if piece.end > piece.start && is_limit(&text) => {
            let steps = (piece.end - piece.start) / piece.step + 1;
            let middle = piece.start + steps / 2 * piece.step;
            one_piece(client, url, metric, Span { end: middle - piece.step, ..piece }, take)?;
            return one_piece(client, url, metric, Span { start: middle, ..piece }, take);
        }
        answer => answer?,
    };
    let unread = |what: String| Trouble::NoAnswer(format!("{metric}: the answer of {} {what}", shown(url)));
    let answer: Answer =
        serde_json::from_slice(&answer).map_err(|error| unread(format!("is not that of Prometheus's API: {error}")))?;
    let data = match answer.data {
        Some(data) if answer.status == "success" && data.kind == "matrix" => data,
        Some(data) if answer.status == "success" => return Err(unread(format!("is a {}, not a matrix", data.kind))),
        _ => return Err(unread(format!("is an error: {}", answer.error))),
    };
    let mut points = Vec::new();
    for series in data.result {
        points.clear();
        points.extend(series.values.iter().filter_map(|(at, value)| Some((*at, value.parse::<f64>().ok()?))));
        take(&series.metric, &points);
    }
    Ok(())
}

/// Whether a refusal is about how much was asked for.
fn is_limit(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["points", "resolution", "too many", "samples", "memory", "exceed"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_span_once() {
        for (start, end, step) in [(0, 100, 15), (0, 15, 15), (7, 8, 60), (1000, 604_800 + 1000, 15), (0, 90, 30)] {
            let span = Span { start, end, step };
            for steps in [1, 2, 7, STEPS] {
                // What each query sees: after one moment, up to another.
                let seen: Vec<(i64, i64)> = span
                    .pieces(steps)
                    .flat_map(|piece| {
                        assert!((piece.end - piece.start) / piece.step < steps);
                        let moments = (piece.start..=piece.end).step_by(piece.step as usize);
                        moments.map(|at| (at - piece.step, at)).collect::<Vec<_>>()
                    })
                    .collect();
                assert_eq!(seen[0], (start, (start + step).min(end)));
                assert!(seen.windows(2).all(|pair| pair[0].1 == pair[1].0), "each moment once");
                assert!(seen.iter().all(|(from, to)| to - from <= step));
                assert_eq!(seen[seen.len() - 1].1, end, "{span:?}");
            }
        }
        let day = Span { start: 1_000_000, end: 1_086_400, step: 18 };
        assert_eq!(day.before(), Some(Span { start: 827_200, end: 1_000_000, step: 35 }));
        assert_eq!(Span { start: 100, ..day }.before().map(|before| before.start), Some(0));
        assert_eq!(Span { start: 0, ..day }.before(), None);
        assert_eq!(day.begun(), 1_000_300.0);
        assert_eq!(Span::usual_step(0, 86_400), 18);
        assert_eq!(Span::usual_step(0, 3600), 15);
    }
}
