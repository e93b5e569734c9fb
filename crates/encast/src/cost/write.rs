//! Machines and their prices as TOML. The writer of the toml crate is a feature that nothing else here needs.

use super::{machine::Machine, place::Price};

/// A dotted path as it stands in TOML: `machines."c5.2xlarge".speed`.
pub(crate) fn path(names: &[&str]) -> String {
    names.iter().map(|name| key(name)).collect::<Vec<_>>().join(".")
}

/// A key, quoted unless it is bare.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare { name.to_owned() } else { string(name) }
}

/// A basic string.
fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() && (c as u32) < 0x80 => quoted.push_str(&format!("\\u{:04X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// One machine, with its header.
pub(crate) fn machine(machine: &Machine) -> String {
    let mut text = format!("[{}]\nvcpus = {}\n", path(&["machines", &machine.name]), machine.vcpus);
    for (name, value) in [
        ("speed", Some(machine.speed)),
        ("wall_speed", machine.wall_speed),
        ("idle_watts_per_vcpu", machine.idle_watts_per_vcpu),
        ("busy_watts_per_vcpu", machine.busy_watts_per_vcpu),
        ("memory_gb", Some(machine.memory_gb)),
        ("watts_per_gb", machine.watts_per_gb),
        ("embodied_kg_per_vcpu", machine.embodied_kg_per_vcpu),
        ("lifetime_years", machine.lifetime_years),
    ] {
        if let Some(value) = value {
            // Debug keeps the point, without which TOML reads an integer, and all digits.
            text.push_str(&format!("{name} = {value:?}\n"));
        }
    }
    text.push_str(&format!("cpu_model = {}\nsource = {}\n", string(&machine.cpu_model), string(&machine.source)));
    text
}

/// The price of a machine in a region, with its header.
pub(crate) fn price(region: &str, machine: &str, price: &Price) -> String {
    let header = path(&["prices", region, machine]);
    format!("\n[{header}]\nusd_per_hour = {:?}\nsource = {}\n", price.usd_per_hour, string(&price.source))
}
