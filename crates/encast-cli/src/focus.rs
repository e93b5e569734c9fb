//! Forecasts in the columns of FOCUS, the FinOps Open Cost and Usage Specification, version 1.2.
//!
//! A forecast is no bill: what only an invoice or a calendar can tell (accounts, issuer, billing and charge periods) is
//! empty, also where FOCUS allows no null, and every row says `x_EncastForecast`. docs/focus.md has all columns.

use std::{collections::BTreeMap, io::Write, path::Path};

use encast::{Estimate, NOMINAL, PredictionResult, Site, Target};

use crate::{failure::Failure, output::Replacement};

/// One encode that would be charged.
pub struct Charge<'a> {
    /// What it is, in words.
    pub description: String,
    /// Names and values by which rows are grouped.
    pub tags: BTreeMap<&'static str, String>,
    /// Its place among alternatives, from 1; `None` where rows are no alternatives.
    pub rank: Option<usize>,
    /// Whether it is on the Pareto front of the alternatives.
    pub pareto: Option<bool>,
    /// Video bitrate, kbit/s.
    pub bitrate_kbps: Option<f64>,
    /// Constant-quality setting.
    pub crf: Option<f64>,
    /// All forecasts.
    pub answer: &'a PredictionResult,
    /// Version of the model.
    pub model_version: &'a str,
    /// Name of the prices and carbon factors.
    pub profile: Option<&'a str>,
    /// Where it would run.
    pub site: Option<&'a Site>,
}

/// Columns of FOCUS in their order there: all that are mandatory, and others that a forecast can or soon may fill.
const FOCUS: [&str; 29] = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "Tags",
];

/// Own columns that are one value.
const SINGLE: [&str; 9] = [
    "x_EncastForecast",
    "x_EncastRank",
    "x_EncastPareto",
    "x_EncastBitrateKbps",
    "x_EncastCrf",
    "x_EncastSizeMb",
    "x_EncastConfidence",
    "x_EncastModelVersion",
    "x_EncastProfile",
];

/// Own columns that are a forecast, each followed by its lower and upper end.
const ESTIMATED: [(&str, Target); 6] = [
    ("x_EncastVmaf", Target::Vmaf),
    ("x_EncastCostUsd", Target::CostUsd),
    ("x_EncastEncodeSeconds", Target::EncodeSeconds),
    ("x_EncastCpuSeconds", Target::CpuSeconds),
    ("x_EncastEnergyKwh", Target::EnergyKwh),
    ("x_EncastCo2Kg", Target::Co2Kg),
];

/// Of intervals.
const LEVEL: &str = "x_EncastIntervalLevel";

/// Writes the rows into a file, which is replaced as a whole or not at all.
pub fn write(path: &Path, charges: &[Charge<'_>]) -> Result<(), Failure> {
    let text = csv(charges).map_err(|what| Failure::of_file(path, what))?;
    let mut file = Replacement::of(path)?;
    file.write_all(&text).map_err(|error| Failure::of_file(path, error))?;
    file.finish()
}

fn csv(charges: &[Charge<'_>]) -> Result<Vec<u8>, String> {
    let bad = |error: &dyn std::fmt::Display| format!("writing CSV: {error}");
    let mut writer = csv::Writer::from_writer(Vec::new());
    let ends =
        ESTIMATED.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("{name}Lower"), format!("{name}Upper")]);
    let names = FOCUS.iter().chain(&SINGLE).map(|name| (*name).to_owned()).chain(ends).chain([LEVEL.to_owned()]);
    writer.write_record(names).map_err(|error| bad(&error))?;
    for charge in charges {
        writer.write_record(cells(charge)).map_err(|error| bad(&error))?;
    }
    writer.into_inner().map_err(|error| bad(&error))
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn cells(charge: &Charge<'_>) -> Vec<String> {
    let estimate = |target| charge.answer.estimate(target);
    let cost = number(estimate(Target::CostUsd).map(|cost| cost.value));
    let hours = estimate(Target::CpuSeconds).map(|cpu| cpu.value / 3600.0);
    let unit = if hours.is_some() { "Core-Hours" } else { "" };
    // Prices are of CPU time when they come from a profile, of the machine's time at a site; a cost that was learnt has
    // no price.
    let of_machine = charge.site.and_then(|site| {
        let cost = charge.answer.resources?.cost_compute_usd?;
        site.usd_per_hour().filter(|&usd| usd > 0.0).map(|usd| cost / usd)
    });
    let (priced, pricing_unit) = match (of_machine, charge.profile.and(hours)) {
        (Some(hours), _) => (Some(hours), "Hours"),
        (None, Some(hours)) => (Some(hours), "Core-Hours"),
        (None, None) => (None, ""),
    };
    let tags = serde_json::to_string(&charge.tags).unwrap_or_default();
    let none = String::new;
    let mut cells: Vec<String> = FOCUS
        .iter()
        .map(|column| match *column {
            "BilledCost" | "ContractedCost" | "EffectiveCost" | "ListCost" => cost.clone(),
            "BillingCurrency" => "USD".to_owned(),
            "ChargeCategory" => "Usage".to_owned(),
            "ChargeDescription" => charge.description.clone(),
            "ChargeFrequency" => "Usage-Based".to_owned(),
            "ConsumedQuantity" => number(hours),
            "ConsumedUnit" => unit.to_owned(),
            "PricingQuantity" => number(priced),
            "PricingUnit" => pricing_unit.to_owned(),
            "RegionId" => charge.site.map_or_else(none, |site| site.region().name.clone()),
            "ResourceType" => charge.site.map_or_else(none, |site| site.machine().name.clone()),
            "ServiceCategory" => "Media".to_owned(),
            "ServiceName" => "Video encoding".to_owned(),
            "ServiceSubcategory" => "Other (Media)".to_owned(),
            "Tags" => tags.clone(),
            _ => none(),
        })
        .collect();
    cells.extend([
        "true".to_owned(),
        charge.rank.map_or_else(none, |rank| rank.to_string()),
        charge.pareto.map_or_else(none, |pareto| pareto.to_string()),
        number(charge.bitrate_kbps),
        number(charge.crf),
        number(charge.answer.size_mb),
        charge.answer.confidence.to_string(),
        charge.model_version.to_owned(),
        charge.profile.unwrap_or_default().to_owned(),
    ]);
    for (_, target) in ESTIMATED {
        let ends = |estimate: Estimate| [estimate.value, estimate.lower, estimate.upper].map(|value| value.to_string());
        cells.extend(estimate(target).map_or_else(|| [none(), none(), none()], ends));
    }
    cells.push(NOMINAL.to_string());
    cells
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use encast::{Model, PredictionFeatures, predict};

    use super::*;

    #[test]
    fn rows_have_all_mandatory_columns_and_own_ones_after_them() {
        let model = Model::embedded().unwrap();
        let answer = predict(&PredictionFeatures::new(2000.0, 1280.0, 720.0, 30.0, 0.0, 0.4), &model).unwrap();
        let charge = Charge {
            description: "a \"clip\", forecast".to_owned(),
            tags: BTreeMap::from([("title", "a, b".to_owned())]),
            rank: None,
            pareto: None,
            bitrate_kbps: Some(2000.0),
            crf: None,
            answer: &answer,
            model_version: "1",
            profile: None,
            site: None,
        };
        let text = csv(&[charge]).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let names = reader.headers().unwrap().clone();
        let row = reader.records().next().unwrap().unwrap();
        let cell = |name: &str| row.get(names.iter().position(|other| other == name).unwrap()).unwrap();
        for mandatory in [
            "BilledCost",
            "BillingAccountId",
            "BillingAccountName",
            "BillingCurrency",
            "BillingPeriodEnd",
            "BillingPeriodStart",
            "ChargeCategory",
            "ChargeClass",
            "ChargeDescription",
            "ChargePeriodEnd",
            "ChargePeriodStart",
            "ContractedCost",
            "EffectiveCost",
            "InvoiceIssuerName",
            "ListCost",
            "PricingQuantity",
            "PricingUnit",
            "ProviderName",
            "PublisherName",
            "ServiceCategory",
            "ServiceName",
        ] {
            assert!(names.iter().any(|name| name == mandatory), "{mandatory}");
        }
        let first_own = names.iter().position(|name| name.starts_with("x_")).unwrap();
        assert!(names.iter().skip(first_own).all(|name| name.starts_with("x_Encast") && name.len() <= 50));
        assert!(names.iter().take(first_own).collect::<Vec<_>>().is_sorted());
        let tags: serde_json::Value = serde_json::from_str(cell("Tags")).unwrap();
        assert_eq!((cell("ChargeDescription"), &tags["title"]), ("a \"clip\", forecast", &"a, b".into()));
        // Nothing is invented: no period, no account, no price without a profile.
        for unknown in ["ChargePeriodStart", "BillingAccountId", "PricingQuantity", "PricingUnit", "x_EncastRank"] {
            assert_eq!(cell(unknown), "", "{unknown}");
        }
        let vmaf = answer.estimate(Target::Vmaf).unwrap();
        assert_eq!(cell("x_EncastVmafLower").parse::<f64>().unwrap(), vmaf.lower);
        let cost = answer.estimate(Target::CostUsd).unwrap().value;
        assert_eq!(cell("EffectiveCost").parse::<f64>().unwrap(), cost);
        let hours = answer.estimate(Target::CpuSeconds).unwrap().value / 3600.0;
        assert_eq!((cell("ConsumedQuantity").parse::<f64>().unwrap(), cell("ConsumedUnit")), (hours, "Core-Hours"));
    }
}
