//! What `encast advise` shows to people: the ranking, the price of quality, and what is missing.

use encast::{
    Advice, AdviseOptions, Estimate, Given, NOMINAL, Proposal, QualityStep, Quantity, RankBy, Rejection, Target,
};

use super::{advise::Asked, advise_report::why, predict::names};
use crate::{model::Loaded, show};

/// Amounts in the tables, in their order.
const AMOUNTS: [(Quantity, &str); 6] = [
    (Quantity::SizeMb, "MB"),
    (Quantity::EncodeSeconds, "seconds"),
    (Quantity::CpuSeconds, "CPU s"),
    (Quantity::EnergyKwh, "kWh"),
    (Quantity::CostUsd, "USD"),
    (Quantity::Co2Kg, "kg CO2e"),
];

/// What people should know of the answer, one line each.
pub fn notes(advice: &Advice, options: &AdviseOptions, loaded: &Loaded) -> Vec<String> {
    let mut notes = Vec::new();
    let any = |target: Target| advice.proposals.iter().any(|one| one.answer.estimate(target).is_some());
    if !advice.proposals.is_empty() {
        if !any(Target::CostUsd) {
            let instead = match options.rank_by {
                None => format!(", so {} ranks", advice.ranked_by.name()),
                Some(_) => String::new(),
            };
            notes.push(format!(
                "no cost, energy and carbon: the model forecasts none{instead}; --machine and --region, or --profile P.json, give prices and carbon factors"
            ));
        } else if let Some(site) = &options.predict.site {
            notes.push(format!("at {} in {}", site.machine().name, site.region().name));
        } else if let Some(profile) = options.predict.profile.as_ref().or(loaded.model.metadata().profile.as_ref()) {
            notes.push(format!("prices and carbon factors: {}", profile.name));
        }
        if advice.ranked_by == Quantity::CpuSeconds && options.rank_by == Some(RankBy::Time) {
            notes.push("the model forecasts no encode_seconds: cpu_seconds rank".to_owned());
        }
    }
    let mut outside: Vec<&str> = advice.proposals.iter().flat_map(|one| names(one.answer.out_of_range)).collect();
    outside.sort_unstable();
    outside.dedup();
    if !outside.is_empty() {
        notes.push(format!("! outside of what the model saw: {}", outside.join(", ")));
    }
    notes.extend(left_out(advice));
    notes
}

/// The rejected setups, counted by reason.
fn left_out(advice: &Advice) -> Vec<String> {
    let mut reasons: Vec<(String, usize, String)> = Vec::new();
    for one in &advice.rejected {
        let (key, example) = match &one.reason {
            Rejection::NotForecast { reason } => (reason.clone(), String::new()),
            Rejection::Unreachable { .. } => {
                ("do not reach the target".to_owned(), format!("{} {}", one.setup, why(one)))
            }
            Rejection::OverLimit { limit, .. } => {
                (format!("exceed the limit on {limit}"), format!("{}: {}", one.setup, why(one)))
            }
        };
        match reasons.iter_mut().find(|(other, ..)| *other == key) {
            Some((_, count, _)) => *count += 1,
            None => reasons.push((key, 1, example)),
        }
    }
    let line = |(reason, count, example): (String, usize, String)| {
        let example = if example.is_empty() { String::new() } else { format!(" (as {example})") };
        format!("left out {count}: {reason}{example}")
    };
    reasons.into_iter().map(line).collect()
}

/// The answer as text.
pub fn table(advice: &Advice, asked: &Asked<'_>, top: usize) -> String {
    let mut text = String::new();
    if !advice.proposals.is_empty() {
        text.push_str(&ranking(advice, asked, top));
        text.push_str(&prices(advice, asked));
    }
    for note in &asked.notes {
        text.push_str(note);
        text.push('\n');
    }
    text
}

fn ranking(advice: &Advice, asked: &Asked<'_>, top: usize) -> String {
    let assured = asked.options.predict.recommend.assurance.map(|p| format!("VMAF at {p}"));
    let interval = interval_of(advice.ranked_by);
    let mut header = vec!["", "encoder, preset", "size", "kbit/s", "CRF", "VMAF"];
    header.extend(assured.as_deref());
    header.extend(AMOUNTS.map(|(_, name)| name));
    header.extend([interval.as_str(), "confidence"]);
    let row = |(at, one): (usize, &Proposal)| {
        let dash = show::number_or_dash;
        let value = |estimate: Option<Estimate>| dash(estimate.map(|estimate| estimate.value));
        let mut cells = vec![
            format!("{}{}{}", at + 1, mark(one.on_front, " *"), mark(!one.answer.out_of_range.is_empty(), " !")),
            one.setup.encoder_and_preset(),
            one.setup.size.to_string(),
            value(one.bitrate_kbps),
            dash((one.given == Given::Crf).then_some(one.setting)),
            one.answer.estimate(Target::Vmaf).map_or_else(|| dash(None), |vmaf| show::with_interval(&vmaf)),
        ];
        if assured.is_some() {
            cells.push(show::number(one.assured_vmaf));
        }
        cells.extend(AMOUNTS.map(|(quantity, _)| value(quantity.of(one))));
        cells.extend([ends(advice.ranked_by.of(one)), format!("{:.2}", one.answer.confidence)]);
        cells
    };
    let rows = advice.proposals.iter().take(top.max(1)).enumerate().map(row).collect();
    let mut text = show::table(&header, 3, rows);
    let other = advice.against.map_or("VMAF", Quantity::name);
    text.push_str(&format!("* no other is better in both {} and {other}\n", advice.ranked_by.name()));
    let more = advice.proposals.len().saturating_sub(top.max(1));
    if more > 0 {
        text.push_str(&format!("and {more} more (--top)\n"));
    }
    text
}

fn mark(holds: bool, sign: &'static str) -> &'static str {
    if holds { sign } else { "" }
}

/// The steps of the best proposal, and the step up from the goal along the front.
fn prices(advice: &Advice, asked: &Asked<'_>) -> String {
    let mut text = String::new();
    if let Some(of) = advice.steps.first().filter(|of| !of.steps.is_empty()) {
        text.push_str(&format!("\nThe price of quality, {}\n", advice.proposals[of.proposal].setup));
        let rows = of.steps.iter().map(|step| {
            let between = format!("{} → {}", show::number(step.from_vmaf), show::number(step.to_vmaf));
            step_cells(between, step, advice.ranked_by, asked.duration_s)
        });
        text.push_str(&steps_table("VMAF", advice.ranked_by, rows.collect()));
    }
    let up = advice.steps.iter().filter_map(|of| {
        let one = &advice.proposals[of.proposal];
        let step = of.steps.iter().find(|step| step.from_setting == one.setting)?;
        Some(step_cells(one.setup.to_string(), step, advice.ranked_by, asked.duration_s))
    });
    let rows: Vec<Vec<String>> = up.collect();
    if rows.len() > 1 {
        let step = show::number(asked.options.step_vmaf);
        text.push_str(&format!("\nThe next {step} VMAF along the Pareto front\n"));
        text.push_str(&steps_table("encoder, preset, size", advice.ranked_by, rows));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn steps_table(first: &str, ranked_by: Quantity, rows: Vec<Vec<String>>) -> String {
    let more: Vec<String> = AMOUNTS.iter().map(|(_, name)| format!("+ {name}")).collect();
    let interval = interval_of(ranked_by);
    let mut header = vec![first, "kbit/s"];
    header.extend(more.iter().map(String::as_str));
    header.push(&interval);
    show::table(&header, 1, rows)
}

/// What changes from the first encode of a step to the second; of the ranked quantity with the interval.
fn step_cells(first: String, step: &QualityStep, ranked_by: Quantity, duration_s: f64) -> Vec<String> {
    let change = |quantity: Quantity| {
        let difference = |target| step.comparison.difference(target).map(|difference| difference.difference);
        match quantity.target() {
            Some(target) => difference(target),
            None => difference(Target::BitrateKbps).map(|kbps| {
                let mb = |kbps: f64| kbps * duration_s / 8000.0;
                Estimate { value: mb(kbps.value), lower: mb(kbps.lower), upper: mb(kbps.upper) }
            }),
        }
    };
    let to_kbps = step.comparison.b.bandwidth_mbps.map(|mbps| mbps * 1000.0);
    let mut cells = vec![first, show::number_or_dash(to_kbps)];
    cells.extend(AMOUNTS.map(|(quantity, _)| show::number_or_dash(change(quantity).map(|change| change.value))));
    cells.push(ends(change(ranked_by)));
    cells
}

/// The heading of the ranked quantity's interval.
fn interval_of(ranked_by: Quantity) -> String {
    let name = AMOUNTS.iter().find(|(quantity, _)| *quantity == ranked_by).map_or("", |(_, name)| name);
    format!("{name}, {:.0} % interval", 100.0 * NOMINAL)
}

/// The ends of an interval; a dash for a value that is known.
fn ends(estimate: Option<Estimate>) -> String {
    match estimate.filter(|estimate| estimate.lower < estimate.upper) {
        Some(e) => format!("{} to {}", show::number(e.lower), show::number(e.upper)),
        None => show::number_or_dash(None),
    }
}
