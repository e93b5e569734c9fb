//! `--require`: bounds that figures must keep, as `vmaf.r2=0.85` or `content:vmaf.mae<=9.3`.

use std::str::FromStr;

use encast::{Given, Target, TargetFigures, Tier, TierFigures};
use serde::Serialize;

/// Figures that must be at least the bound.
const AT_LEAST: [&str; 6] = ["r2", "r2_log", "within_2", "within_half_db", "coverage", "title_coverage_min"];
/// Figures that must be at most the bound.
const AT_MOST: [&str; 6] = ["mae", "rmse", "mape", "median_ape", "mae_log2", "mean_width"];

/// One bound on one figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    text: String,
    /// The tier that the gate asks for.
    pub tier: Option<Tier>,
    /// The rate setting that the gate asks for.
    pub given: Option<Given>,
    target: Target,
    metric: &'static str,
    at_least: bool,
    bound: f64,
}

/// How a gate came out.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// The gate as it was written.
    gate: String,
    /// The figure; null when there is none.
    value: Option<f64>,
    /// Whether the bound is kept.
    pub passed: bool,
    #[serde(skip)]
    told: String,
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Gate, String> {
        let form = || "must be [tier:][given:]target.metric=value, as vmaf.r2=0.85 or content:vmaf.mae<=9.3".to_owned();
        let (name, sign, bound) = split_at_sign(text).ok_or_else(form)?;
        let (prefixes, figure) = name.rsplit_once(':').map_or((None, name), |(before, figure)| (Some(before), figure));
        let (mut tier, mut given) = (None, None);
        for prefix in prefixes.iter().flat_map(|p| p.split(':')) {
            if let Ok(found) = Tier::from_name(prefix) {
                tier = Some(found);
            } else {
                given = Some(Given::from_name(prefix).map_err(|_| {
                    format!("unknown prefix '{prefix}': known are settings, content, probe, anchor, bitrate, crf")
                })?);
            }
        }
        let (target, metric) = figure.split_once('.').ok_or_else(form)?;
        let target = Target::from_name(target).map_err(|error| error.to_string())?;
        let known = AT_LEAST.iter().map(|m| (*m, true)).chain(AT_MOST.iter().map(|m| (*m, false)));
        let (metric, at_least) = known.clone().find(|(known, _)| *known == metric).ok_or_else(|| {
            let names: Vec<&str> = known.map(|(name, _)| name).collect();
            format!("unknown metric '{metric}': known are {}", names.join(", "))
        })?;
        match (sign, at_least) {
            ("<=", true) => {
                return Err(format!("{metric} is at least its bound: write {metric}=… or {metric}>=…"));
            }
            (">=", false) => {
                return Err(format!("{metric} is at most its bound: write {metric}=… or {metric}<=…"));
            }
            _ => {}
        }
        let bound: f64 = bound.parse().ok().filter(|b: &f64| b.is_finite()).ok_or_else(form)?;
        Ok(Gate { text: text.to_owned(), tier, given, target, metric, at_least, bound })
    }
}

impl Checked {
    /// A figure that must be at least its bound.
    pub fn at_least(gate: String, value: Option<f64>, bound: f64) -> Checked {
        Checked::of(gate, value, bound, |value| value >= bound)
    }

    /// A figure that must be at most its bound.
    pub fn at_most(gate: String, value: Option<f64>, bound: f64) -> Checked {
        Checked::of(gate, value, bound, |value| value <= bound)
    }

    fn of(gate: String, value: Option<f64>, bound: f64, keeps: impl Fn(f64) -> bool) -> Checked {
        let value = value.filter(|value| value.is_finite());
        let told = match value {
            None => format!("{gate}: there is no such figure"),
            Some(value) if keeps(value) => format!("{gate}: is {value:.4}, kept"),
            Some(value) => format!("{gate}: is {value:.4}, misses by {:.4}", (value - bound).abs()),
        };
        Checked { gate, value, passed: value.is_some_and(keeps), told }
    }

    /// As a status file keeps it.
    pub fn kept_form(&self) -> crate::retrain::KeptGate {
        crate::retrain::KeptGate { gate: self.gate.clone(), value: self.value, passed: self.passed }
    }

    /// For people.
    pub fn told(&self) -> &str {
        &self.told
    }

    /// For people, when it was missed.
    pub fn missed(&self) -> Option<String> {
        (!self.passed).then(|| self.told.clone())
    }
}

/// Name, sign and value of `name<=value`, `name>=value` or `name=value`.
fn split_at_sign(text: &str) -> Option<(&str, &str, &str)> {
    let at = text.find('=')?;
    let (start, sign) = match text[..at].chars().next_back() {
        Some('<') => (at - 1, "<="),
        Some('>') => (at - 1, ">="),
        _ => (at, "="),
    };
    Some((text[..start].trim(), sign, text[at + 1..].trim()))
}

impl Gate {
    /// Checks the gate on the figures of one evaluation.
    pub fn check(&self, figures: &std::collections::BTreeMap<String, TargetFigures>) -> Checked {
        self.judge(figures.get(self.target.name()))
    }

    /// Checks the gate on the figures of a bundle: of the tier asked for, otherwise the richest; of the rate setting
    /// asked for, otherwise with the bitrate given (for the bitrate itself: with the CRF given).
    pub fn check_bundle(&self, figures: &[TierFigures]) -> Checked {
        let usual = if self.target == Target::BitrateKbps { Given::Crf } else { Given::Bitrate };
        let given = self.given.unwrap_or(usual);
        let fitting = figures
            .iter()
            .filter(|f| f.target == self.target && f.given == given && self.tier.is_none_or(|tier| tier == f.tier));
        self.judge(fitting.max_by_key(|f| f.tier).map(|f| &f.figures))
    }

    fn judge(&self, figures: Option<&TargetFigures>) -> Checked {
        let value = figures.and_then(|f| self.figure(f));
        match self.at_least {
            true => Checked::at_least(self.text.clone(), value, self.bound),
            false => Checked::at_most(self.text.clone(), value, self.bound),
        }
    }

    fn figure(&self, f: &TargetFigures) -> Option<f64> {
        match self.metric {
            "r2" => Some(f.r2),
            "mae" => Some(f.mae),
            "rmse" => Some(f.rmse),
            "r2_log" => f.r2_log,
            "within_2" => f.within_2,
            "within_half_db" => f.within_half_db,
            "mape" => f.mape,
            "median_ape" => f.median_ape,
            "mae_log2" => f.mae_log2,
            "coverage" => f.interval.as_ref().map(|i| i.coverage),
            "title_coverage_min" => f.interval.as_ref().map(|i| i.title_coverage_min),
            "mean_width" => f.interval.as_ref().map(|i| i.mean_width),
            _ => None,
        }
    }
}

/// The gates that were missed, for people; `None` when all are kept.
pub fn missed(checked: &[Checked]) -> Option<String> {
    let told: Vec<&str> = checked.iter().filter(|c| !c.passed).map(|c| c.told.as_str()).collect();
    (!told.is_empty()).then(|| format!("gate missed: {}", told.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> TargetFigures {
        TargetFigures {
            rows: 10,
            r2: 0.9,
            mae: 3.0,
            rmse: 4.0,
            mae_of_mean: 9.0,
            within_2: Some(0.5),
            within_half_db: None,
            r2_log: None,
            mae_log2: None,
            mape: None,
            median_ape: None,
            interval: None,
            breakdown: None,
        }
    }

    fn of(tier: Tier, given: Given, mae: f64) -> TierFigures {
        let figures = TargetFigures { mae, ..figures() };
        TierFigures { target: Target::Vmaf, tier, given, split: "title-out-of-member".to_owned(), figures }
    }

    #[test]
    fn directions_follow_the_metric() {
        let all = [("vmaf".to_owned(), figures())].into();
        for (gate, passes) in [
            ("vmaf.r2=0.9", true),
            ("vmaf.r2>=0.91", false),
            ("vmaf.mae=3", true),
            ("vmaf.mae<=2.9", false),
            ("vmaf.within_2=0.4", true),
            ("vmaf.within_half_db=0", false),
            ("psnr.r2=0", false),
            ("vmaf.coverage=0", false),
        ] {
            assert_eq!(gate.parse::<Gate>().unwrap().check(&all).passed, passes, "{gate}");
        }
    }

    #[test]
    fn a_bundle_is_judged_at_its_richest_tier_with_the_bitrate_given() {
        let bundle = [
            of(Tier::Settings, Given::Bitrate, 12.0),
            of(Tier::Content, Given::Bitrate, 9.0),
            of(Tier::Content, Given::Crf, 5.0),
        ];
        let value = |gate: &str| gate.parse::<Gate>().unwrap().check_bundle(&bundle).value;
        assert_eq!(value("vmaf.mae=1"), Some(9.0));
        assert_eq!(value("settings:vmaf.mae=1"), Some(12.0));
        assert_eq!(value("crf:vmaf.mae=1"), Some(5.0));
        assert_eq!(value("content:crf:vmaf.mae=1"), Some(5.0));
        assert_eq!(value("probe:vmaf.mae=1"), None);
    }

    #[test]
    fn wrong_gates_say_what_is_wrong() {
        for (gate, said) in [
            ("vmaf.r2", "must be"),
            ("vmaf=1", "must be"),
            ("vmaf.r2=x", "must be"),
            ("vmaf.r2=NaN", "must be"),
            ("quality.r2=1", "known are vmaf"),
            ("vmaf.r3=1", "known are r2"),
            ("vmaf.r2<=1", "at least"),
            ("vmaf.mae>=1", "at most"),
            ("oracle:vmaf.mae=1", "known are settings"),
        ] {
            let error = gate.parse::<Gate>().unwrap_err();
            assert!(error.contains(said), "{gate}: {error}");
        }
    }
}
