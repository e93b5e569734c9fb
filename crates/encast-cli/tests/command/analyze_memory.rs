//! How much memory `encast analyze` takes: 4K within 64 MiB, whatever the layout and the number of threads.
#![cfg(target_os = "linux")]

use std::{
    fs,
    io::Write,
    process::{Command as Program, Stdio},
};

const WIDTH: usize = 3840;
const HEIGHT: usize = 2160;
const MOST_MIB: f64 = 64.0;

/// Largest resident memory of a process so far, MiB.
fn peak_mib(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// Peak after frames of 4K have come through standard input; `other` is the size of the other planes beside luma's.
fn peak_of(colour: &str, bytes_per_sample: usize, other: f64, threads: &str) -> f64 {
    let mut child = Program::new(assert_cmd::cargo::cargo_bin!("encast"))
        .args(["analyze", "-", "--json", "--threads", threads])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F60:1 Ip C{colour}\n").as_bytes()).unwrap();
    let luma = WIDTH * HEIGHT * bytes_per_sample;
    let frame = vec![1_u8; luma + (luma as f64 * other) as usize];
    // The pipe holds but a sliver of a frame: when the last is written, all before it are analysed.
    for _ in 0..4 {
        input.write_all(b"FRAME\n").unwrap();
        input.write_all(&frame).unwrap();
    }
    let peak = peak_mib(child.id());
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("\"frames\": 4"));
    // Less than the least there can be: then it was not this process that was looked at.
    assert!(peak * 1024.0 * 1024.0 > 2.0 * luma as f64, "{peak}");
    peak
}

#[test]
fn four_k_takes_at_most_64_mib() {
    for (colour, bytes_per_sample, other) in [("420", 1, 0.5), ("444", 1, 2.0), ("420p10", 2, 0.5), ("444p12", 2, 2.0)]
    {
        for threads in ["1", "2"] {
            let peak = peak_of(colour, bytes_per_sample, other, threads);
            println!("C{colour}, {threads} thread(s): {peak:.1} MiB");
            assert!(peak <= MOST_MIB, "C{colour} with {threads} thread(s) takes {peak:.1} MiB, at most {MOST_MIB}");
        }
    }
}
