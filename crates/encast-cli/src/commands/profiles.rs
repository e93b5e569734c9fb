//! `encast profiles`: the machines, regions, prices and encoders that cost and carbon can be told for, with their sources.

use std::{collections::BTreeMap, path::PathBuf};

use clap::ValueEnum;
use encast::{DataPrices, Encoder, EncoderScaling, Machine, Price, Profiles, Region};
use serde::Serialize;

use crate::{
    failure::{Outcome, Verdict},
    input, output, show,
};

/// List machines, regions and prices
///
/// What is shipped, with the entries of --profiles laid over it: an entry of the same name is replaced as a whole.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  encast profiles\n  encast profiles machines\n  \
    encast profiles prices --profiles mine.toml --json")]
pub struct Args {
    /// What to list [default: all]
    #[arg(value_name = "WHAT")]
    what: Option<What>,
    /// Own machines, regions, prices and encoders, TOML
    #[arg(long, value_name = "P.toml")]
    profiles: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// Speed, power, memory and making of machines
    Machines,
    /// Grid and overhead of regions
    Regions,
    /// Prices of machines and of data
    Prices,
    /// How encoders spread over threads
    Encoders,
}

/// The contract of `--json`: the lists asked for, `null` for the others.
#[derive(Serialize)]
struct Report<'a> {
    machines: Option<Vec<&'a Machine>>,
    regions: Option<Vec<&'a Region>>,
    prices: Option<Vec<OfMachine<'a>>>,
    data_prices: Option<Vec<OfData<'a>>>,
    encoders: Option<Vec<OfEncoder<'a>>>,
}

#[derive(Serialize)]
struct OfMachine<'a> {
    region: &'a str,
    machine: &'a str,
    #[serde(flatten)]
    price: &'a Price,
}

#[derive(Serialize)]
struct OfData<'a> {
    region: &'a str,
    #[serde(flatten)]
    prices: &'a DataPrices,
}

#[derive(Serialize)]
struct OfEncoder<'a> {
    encoder: Encoder,
    #[serde(flatten)]
    scaling: &'a EncoderScaling,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let profiles = input::read_profiles(args.profiles.as_deref())?;
    let report = Report::of(&profiles, args.what);
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print_text(&report.for_people())?;
    }
    Ok(Verdict::Done)
}

impl<'a> Report<'a> {
    fn of(profiles: &'a Profiles, what: Option<What>) -> Report<'a> {
        let asked = |subject: What| what.is_none_or(|what| what == subject);
        let prices = || {
            let of_region = |(region, machines): (&'a String, &'a BTreeMap<String, Price>)| {
                machines.iter().map(move |(machine, price)| OfMachine { region, machine, price })
            };
            profiles.prices.iter().flat_map(of_region).collect()
        };
        let data = || profiles.data_prices.iter().map(|(region, prices)| OfData { region, prices }).collect();
        let encoders = || profiles.encoders.iter().map(|(&encoder, scaling)| OfEncoder { encoder, scaling }).collect();
        Report {
            machines: asked(What::Machines).then(|| profiles.machines.values().collect()),
            regions: asked(What::Regions).then(|| profiles.regions.values().collect()),
            prices: asked(What::Prices).then(prices),
            data_prices: asked(What::Prices).then(data),
            encoders: asked(What::Encoders).then(encoders),
        }
    }

    fn for_people(&self) -> String {
        let number = |value: f64| show::number(value);
        let mut parts = Vec::new();
        if let Some(machines) = &self.machines {
            let header = [
                "machine",
                "vCPUs",
                "speed",
                "calibrated",
                "idle W/vCPU",
                "busy W/vCPU",
                "memory GB",
                "W/GB",
                "embodied kg/vCPU",
                "life years",
            ];
            let row = |m: &&Machine| {
                let mut cells = vec![m.name.clone(), m.vcpus.to_string(), number(m.speed)];
                cells.extend([m.wall_speed, m.idle_watts_per_vcpu, m.busy_watts_per_vcpu].map(show::number_or_dash));
                cells.push(number(m.memory_gb));
                cells.extend([m.watts_per_gb, m.embodied_kg_per_vcpu, m.lifetime_years].map(show::number_or_dash));
                cells
            };
            let sources = machines.iter().map(|m| (m.name.clone(), m.source.as_str()));
            parts.push(part("Machines", &header, 1, machines.iter().map(row).collect(), sources));
        }
        if let Some(regions) = &self.regions {
            let row = |r: &&Region| vec![r.name.clone(), number(r.grid_g_per_kwh), number(r.pue)];
            let sources = regions.iter().map(|r| (r.name.clone(), r.source.as_str()));
            let header = ["region", "grid g CO2e/kWh", "PUE"];
            parts.push(part("Regions", &header, 1, regions.iter().map(row).collect(), sources));
        }
        if let Some(prices) = &self.prices {
            let row = |p: &OfMachine| vec![p.region.to_owned(), p.machine.to_owned(), number(p.price.usd_per_hour)];
            let sources = prices.iter().map(|p| (format!("{} {}", p.region, p.machine), p.price.source.as_str()));
            let header = ["region", "machine", "USD/hour"];
            parts.push(part("Prices of machines", &header, 2, prices.iter().map(row).collect(), sources));
        }
        if let Some(data) = &self.data_prices {
            let row = |d: &OfData| {
                let prices = [d.prices.usd_per_gb_egress, d.prices.usd_per_gb_month_storage];
                let mut cells = vec![d.region.to_owned()];
                cells.extend(prices.map(show::number_or_dash));
                cells
            };
            let sources = data.iter().map(|d| (d.region.to_owned(), d.prices.source.as_str()));
            let header = ["region", "egress USD/GB", "storage USD/GB/month"];
            parts.push(part("Prices of data", &header, 1, data.iter().map(row).collect(), sources));
        }
        if let Some(encoders) = &self.encoders {
            let row = |e: &OfEncoder| vec![e.encoder.to_string(), number(e.scaling.parallel_share)];
            let sources = encoders.iter().map(|e| (e.encoder.to_string(), e.scaling.source.as_str()));
            let header = ["encoder", "parallel share"];
            parts.push(part("Encoders", &header, 1, encoders.iter().map(row).collect(), sources));
        }
        parts.join("\n")
    }
}

/// A title, a table, and each source once, with the entries that have it.
fn part<'a>(
    title: &str,
    header: &[&str],
    left: usize,
    rows: Vec<Vec<String>>,
    sources: impl Iterator<Item = (String, &'a str)>,
) -> String {
    let mut by_source: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, source) in sources {
        match by_source.iter_mut().find(|(other, _)| *other == source) {
            Some((_, names)) => names.push(name),
            None => by_source.push((source, vec![name])),
        }
    }
    let mut text = format!("{title}\n{}", show::table(header, left, rows));
    for (source, names) in by_source {
        text.push_str(&format!("source of {}: {source}\n", names.join(", ")));
    }
    text
}
