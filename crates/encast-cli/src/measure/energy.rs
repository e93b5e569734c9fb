//! Energy of the processor packages, as Linux's powercap tells it (RAPL). Where it can't be read there is no figure.

use std::{
    fs,
    path::{Path, PathBuf},
};

const POWERCAP: &str = "/sys/class/powercap";
const JOULES_PER_KWH: f64 = 3.6e6;

/// Counters of all packages at one moment.
pub struct EnergyMeter {
    packages: Vec<(PathBuf, u64)>,
}

impl EnergyMeter {
    /// Starts to measure; none when the machine has no counter or it may not be read.
    pub fn start() -> Option<EnergyMeter> {
        EnergyMeter::of(Path::new(POWERCAP))
    }

    fn of(powercap: &Path) -> Option<EnergyMeter> {
        let mut packages = Vec::new();
        for entry in fs::read_dir(powercap).ok()?.flatten() {
            let folder = entry.path();
            // Packages only: cores, memory controllers and the like are parts of them.
            let name = fs::read_to_string(folder.join("name")).unwrap_or_default();
            if name.trim().starts_with("package-") {
                packages.push((folder.clone(), counter(&folder)?));
            }
        }
        (!packages.is_empty()).then_some(EnergyMeter { packages })
    }

    /// Energy since the start, kWh, idle power and the work of others included; none when a counter can't be read any more.
    pub fn finish(self) -> Option<f64> {
        let mut micro_joules = 0;
        for (folder, before) in &self.packages {
            let now = counter(folder)?;
            // The counter starts again from 0 at its end.
            micro_joules += match now.checked_sub(*before) {
                Some(more) => more,
                None => now + read(&folder.join("max_energy_range_uj"))?.checked_sub(*before)?,
            };
        }
        Some(micro_joules as f64 / 1e6 / JOULES_PER_KWH)
    }
}

fn counter(folder: &Path) -> Option<u64> {
    read(&folder.join("energy_uj"))
}

fn read(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(root: &Path, folder: &str, name: &str, micro_joules: u64) {
        let folder = root.join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("name"), format!("{name}\n")).unwrap();
        fs::write(folder.join("energy_uj"), format!("{micro_joules}\n")).unwrap();
        fs::write(folder.join("max_energy_range_uj"), "1000000000\n").unwrap();
    }

    #[test]
    fn packages_are_added_up_and_counters_may_start_again() {
        let root = tempfile::tempdir().unwrap();
        assert!(EnergyMeter::of(root.path()).is_none(), "no counter, no figure");
        package(root.path(), "intel-rapl:0", "package-0", 999_000_000);
        package(root.path(), "intel-rapl:0:0", "core", 5);
        package(root.path(), "intel-rapl:1", "package-1", 1000);
        let meter = EnergyMeter::of(root.path()).unwrap();
        package(root.path(), "intel-rapl:0", "package-0", 2_600_000);
        package(root.path(), "intel-rapl:0:0", "core", 999_999);
        package(root.path(), "intel-rapl:1", "package-1", 1000);
        let kwh = meter.finish().unwrap();
        assert!((kwh * JOULES_PER_KWH - 3.6).abs() < 1e-9, "{kwh} kWh");
    }
}
