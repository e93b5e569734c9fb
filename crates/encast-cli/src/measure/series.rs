//! A row as time series: one sample for each measured value, in Prometheus's text format.

use std::fmt::Write;

use super::row::Row;
use crate::time;

/// Adds the samples of a row; what is not known has none.
pub fn write(row: &Row, out: &mut String) {
    let Some(at) = time::unix_of(&row.measured_at) else { return };
    let labels = labels(row);
    let mut add = |name: &str, value: Option<f64>| {
        if let Some(value) = value {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{name}{{{labels}}} {value} {}", at * 1000);
        }
    };
    add("encode_measured_success", Some(if row.status == "ok" { 1.0 } else { 0.0 }));
    add("qoe_vmaf_score", row.vmaf);
    add("qoe_vmaf_harmonic_mean_score", row.vmaf_harmonic_mean);
    add("qoe_vmaf_p5_score", row.vmaf_p5);
    add("qoe_psnr_score", row.psnr);
    add("qoe_ssim_score", row.ssim);
    add("encode_measured_bitrate_kbps", row.bitrate_kbps);
    add("encode_measured_seconds", row.encode_seconds);
    add("encode_measured_cpu_seconds", row.cpu_seconds);
    add("encode_measured_peak_memory_bytes", row.peak_memory_mb.map(|mb| (mb * 1e6).round()));
    add("encode_measured_energy_kwh", row.energy_kwh);
}

fn labels(row: &Row) -> String {
    let text = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let resolution = row.resolution_width.zip(row.resolution_height).map(|(w, h)| format!("{w}x{h}"));
    let bitrate = row.target_bitrate_kbps.map(|kbps| format!("{kbps}kbps"));
    let pairs = [
        ("title", row.title.clone()),
        ("clip", row.clip.clone()),
        ("codec", row.codec.clone()),
        ("encoder", row.encoder.clone()),
        ("preset", row.preset.clone()),
        ("resolution", resolution.unwrap_or_default()),
        ("fps", text(row.frame_rate)),
        ("rate_control", row.rate_control.clone()),
        ("crf", text(row.crf)),
        ("bitrate", bitrate.unwrap_or_default()),
        ("frame_drop", text(row.frame_drop)),
        ("engine", row.engine.clone()),
        ("host", row.host.clone()),
        ("job", row.job.clone()),
    ];
    // An empty label is the same as none.
    let known = pairs.iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect::<Vec<_>>().join(",")
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_for_each_known_value() {
        let row = Row {
            title: "a \"b\"\\".to_owned(),
            encoder: "libx264".to_owned(),
            crf: Some(28.0),
            resolution_width: Some(1920),
            resolution_height: Some(1080),
            frame_rate: Some(29.97),
            vmaf: Some(93.25),
            peak_memory_mb: Some(61.234_567),
            measured_at: "2026-11-21T01:31:00Z".to_owned(),
            job: "0123".to_owned(),
            status: "ok".to_owned(),
            ..Row::default()
        };
        let mut text = String::new();
        write(&row, &mut text);
        let labels = r#"title="a \"b\"\\",encoder="libx264",resolution="1920x1080",fps="29.97",crf="28",job="0123""#;
        let line = |name: &str, value: &str| format!("{name}{{{labels}}} {value} 1795224660000\n");
        assert_eq!(
            text,
            line("encode_measured_success", "1")
                + &line("qoe_vmaf_score", "93.25")
                + &line("encode_measured_peak_memory_bytes", "61234567")
        );
        text.clear();
        let failed = Row { status: "failed".to_owned(), vmaf: None, peak_memory_mb: None, crf: None, ..row };
        write(&Row { target_bitrate_kbps: Some(4000.0), ..failed }, &mut text);
        assert!(text.starts_with("encode_measured_success{") && text.ends_with(" 0 1795224660000\n"), "{text}");
        assert!(text.contains("bitrate=\"4000kbps\"") && !text.contains("crf="), "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}
