//! Which time series hold which column of an encode table, and by what factor.

use encast::Target;

/// Joules of a kilowatt-hour.
const JOULES: f64 = 3.6e6;

/// A series and the column that its values go to.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    pub metric: String,
    pub column: String,
    /// A value times this is in the column's unit.
    pub factor: f64,
    /// Whether the column is a measured target: an encode without any is left out.
    pub measured: bool,
}

/// Series of the exporter and of `encast measure --push`, of measured values.
const MEASURED: [(&str, Target, f64); 15] = [
    ("qoe_vmaf_score", Target::Vmaf, 1.0),
    ("qoe_psnr_score", Target::Psnr, 1.0),
    ("qoe_ssim_score", Target::Ssim, 1.0),
    ("resource_bitrate_bytes_per_second", Target::BitrateKbps, 0.008),
    ("resource_encode_seconds", Target::EncodeSeconds, 1.0),
    ("resource_cpu_seconds", Target::CpuSeconds, 1.0),
    ("resource_peak_memory_bytes", Target::PeakMemoryMb, 1e-6),
    ("resource_energy_joules", Target::EnergyKwh, 1.0 / JOULES),
    ("cost_usd", Target::CostUsd, 1.0),
    ("cost_co2_kg", Target::Co2Kg, 1.0),
    ("encode_measured_bitrate_kbps", Target::BitrateKbps, 1.0),
    ("encode_measured_seconds", Target::EncodeSeconds, 1.0),
    ("encode_measured_cpu_seconds", Target::CpuSeconds, 1.0),
    ("encode_measured_peak_memory_bytes", Target::PeakMemoryMb, 1e-6),
    ("encode_measured_energy_kwh", Target::EnergyKwh, 1.0),
];

/// Series of forecasts that were made for measured encodes.
const FORECAST: [(&str, &str, f64); 5] = [
    ("qoe_vmaf_forecast", "predicted_vmaf", 1.0),
    ("qoe_psnr_forecast", "predicted_psnr", 1.0),
    ("resource_encode_forecast_seconds", "predicted_encode_seconds", 1.0),
    ("resource_energy_forecast_joules", "predicted_energy_kwh", 1.0 / JOULES),
    ("cost_forecast_usd", "predicted_cost_usd", 1.0),
];

/// Series that give inputs of encodes by `id`, one for each `field`.
pub const INPUTS: &str = "observation_input";
/// Series that give the moment when an encode, by `id`, was measured.
pub const OBSERVED_AT: &str = "observation_timestamp_seconds";
/// The column of that moment, Unix seconds.
pub const OBSERVED_AT_COLUMN: &str = "observed_at";

/// Another series for a column: `vmaf=my_vmaf_score`, `energy_kwh=job_energy_joules*2.7778e-7`.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricArg {
    target: Target,
    metric: String,
    factor: f64,
}

impl std::str::FromStr for MetricArg {
    type Err = String;

    fn from_str(text: &str) -> Result<MetricArg, String> {
        let form = || "must be column=metric or column=metric*factor, as vmaf=my_vmaf_score".to_owned();
        let (column, series) = text.split_once('=').ok_or_else(form)?;
        let target = Target::from_name(column.trim()).map_err(|error| error.to_string())?;
        let (metric, factor) = series.split_once('*').map_or((series, Some(1.0)), |(name, factor)| {
            (name, factor.trim().parse().ok().filter(|factor: &f64| factor.is_finite() && *factor != 0.0))
        });
        let (metric, factor) = (metric.trim(), factor.ok_or_else(form)?);
        let named = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        if metric.is_empty() || !metric.chars().all(named) || metric.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("'{metric}' is no name of a metric"));
        }
        Ok(MetricArg { target, metric: metric.to_owned(), factor })
    }
}

/// All series that are read; those of the command line take the place of the usual ones of their column.
pub fn families(others: &[MetricArg]) -> Vec<Family> {
    let usual = MEASURED.iter().filter(|(_, target, _)| !others.iter().any(|other| other.target == *target));
    let usual = usual.map(|&(metric, target, factor)| (metric, target.name(), factor, true));
    let own = others.iter().map(|other| (other.metric.as_str(), other.target.name(), other.factor, true));
    let forecast = FORECAST.iter().map(|&(metric, column, factor)| (metric, column, factor, false));
    own.chain(usual)
        .chain(forecast)
        .map(|(metric, column, factor, measured)| Family {
            metric: metric.to_owned(),
            column: column.to_owned(),
            factor,
            measured,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_series_take_the_place_of_usual_ones() {
        let own: MetricArg = "vmaf=my:vmaf_ratio*100".parse().unwrap();
        let all = families(&[own]);
        let vmaf: Vec<_> = all.iter().filter(|family| family.column == "vmaf").collect();
        assert_eq!((vmaf.len(), vmaf[0].metric.as_str(), vmaf[0].factor), (1, "my:vmaf_ratio", 100.0));
        assert!(all.iter().any(|family| family.metric == "qoe_psnr_score"));
        for bad in ["vmaf", "vmaf=", "nope=x", "vmaf=a b", "vmaf=x*0", "vmaf=x*y", "vmaf=9x"] {
            assert!(bad.parse::<MetricArg>().is_err(), "{bad}");
        }
    }
}
