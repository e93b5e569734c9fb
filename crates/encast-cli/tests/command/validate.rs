//! `encast validate`: by the exporter's text, by files, by the model; what is compared, what is named, and the verdict.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use crate::common::{Said, command, folder, keys, model, said, write};

const METRICS: &str = "\
# HELP qoe_predicted_vmaf Forecast VMAF\n\
qoe_predicted_vmaf{config=\"hd\",bitrate=\"2500kbps\",resolution=\"1280x720\",fps=\"30\"} 90\n\
qoe_predicted_vmaf_lower{config=\"hd\",bitrate=\"2500kbps\",resolution=\"1280x720\",fps=\"30\"} 80\n\
qoe_predicted_vmaf_upper{config=\"hd\",bitrate=\"2500kbps\",resolution=\"1280x720\",fps=\"30\"} 95\n\
qoe_predicted_psnr{config=\"hd\",bitrate=\"2500kbps\",resolution=\"1280x720\",fps=\"30\"} 40\n\
resource_predicted_energy_joules{config=\"hd\",bitrate=\"2500kbps\",resolution=\"1280x720\",fps=\"30\"} 360000\n\
resource_predicted_size_bytes{config=\"hd\",bitrate=\"2500kbps\",resolution=\"1280x720\",fps=\"30\"} 1125000000\n\
resource_predicted_bandwidth_bytes_per_second{config=\"hd\",bitrate=\"2500kbps\",resolution=\"1280x720\",fps=\"30\"} 312500\n\
qoe_predicted_vmaf{config=\"fhd\",bitrate=\"6000kbps\",resolution=\"1920x1080\",fps=\"60\"} 95\n\
qoe_predicted_vmaf{config=\"other\",bitrate=\"9000kbps\",resolution=\"1920x1080\",fps=\"60\"} 97\n";

const ONE: &str = r#"{"scenarios": [
  {"name": "hd", "bitrate": "2500k", "resolution": "1280x720", "fps": 30, "vmaf_score": 88, "psnr_score": 39.5,
   "duration": 60, "power_watts": 125, "encoder_type": "cpu"},
  {"name": "lost", "bitrate": "1M", "resolution": "640x360", "fps": 30, "vmaf_score": 60}]}"#;
const TWO: &str =
    r#"[{"bitrate": 6000, "resolution": "1080p", "fps": "60", "vmaf_score": 97}, {"name": "hd", "power_watts": 3}]"#;

fn validate(args: &[&str]) -> Said {
    said(command().arg("validate").args(args).output().unwrap())
}

#[test]
fn an_exporter_beside_what_was_measured() {
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let _ = stream.read(&mut [0; 1024]).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", METRICS.len());
        stream.write_all((head + METRICS).as_bytes()).unwrap();
    });
    write(&folder, "test_results_1.json", ONE);
    write(&folder, "test_results_2.json", TWO);
    write(&folder, "other.json", "not JSON");
    let pattern = folder.path().join("test_results_*.json").display().to_string();
    let found = validate(&["--predictions", &url, "--actuals", &pattern, "--json"]).done();
    server.join().unwrap();
    let report = found.json();
    assert_eq!((&report["scenarios"], &report["matched"]), (&4.into(), &2.into()), "{report:#}");
    let vmaf = &report["targets"]["vmaf"];
    // 88 beside 90, and 97 beside 95.
    assert_eq!(
        (&vmaf["count"], &vmaf["mae"], &vmaf["bias"], &vmaf["within_2"]),
        (&2.into(), &2.0.into(), &0.0.into(), &1.0.into())
    );
    assert_eq!((&vmaf["coverage"], &vmaf["with_interval"]), (&1.0.into(), &1.into()));
    assert_eq!(report["targets"]["psnr"]["bias"], -0.5);
    // 125 W for a minute are 7500 J; the forecast of an hour is 360000 J, of a minute 6000 J.
    let energy = &report["targets"]["energy_kwh"];
    assert!((energy["mae"].as_f64().unwrap() - 1500.0 / 3.6e6).abs() < 1e-12, "{energy}");
    assert!((energy["mape"].as_f64().unwrap() - 0.2).abs() < 1e-9);
    for named in
        ["lost", "no forecast for 1000 kbit/s, 640x360, 30 fps", "no vmaf_score", "forecast of other", "\"cpu\""]
    {
        assert!(found.err.contains(named), "{named}: {}", found.err);
    }
    assert_eq!(report["unmatched_predictions"].as_array().unwrap().len(), 1);
    assert_eq!(report["thresholds"].as_array().unwrap().len(), 2, "MAE of VMAF and PSNR by default");
}

#[test]
fn thresholds_are_the_verdict() {
    let folder = folder();
    let metrics = write(&folder, "metrics.prom", METRICS);
    let (one, two) = (write(&folder, "1.json", ONE), write(&folder, "2.json", TWO));
    let with = |more: &[&str]| validate(&[&["--predictions", &metrics, "--actuals", &one, &two], more].concat());
    let kept = with(&[]).done();
    for told in ["2 of 4 scenarios", "vmaf (0-100)", "vmaf.mae<=3: is 2.0000, kept", "measured minus forecast"] {
        assert!(kept.out.contains(told), "{told}: {}", kept.out);
    }
    let missed = with(&["--max-mae", "vmaf=1.5", "--json"]);
    assert_eq!(missed.code, 1, "{}", missed.err);
    assert!(missed.err.contains("threshold missed: vmaf.mae<=1.5: is 2.0000, misses by 0.5000"), "{}", missed.err);
    assert_eq!(missed.json()["thresholds"][1]["passed"], false);
    assert_eq!(with(&["--min-r2", "vmaf=0.99"]).code, 1);
    assert_eq!(with(&["--min-coverage", "1"]).code, 0);
    let none = with(&["--min-r2", "ssim=0.5"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("ssim.r2>=0.5: there is no such figure"), "{}", none.err);
    let nothing = write(&folder, "3.json", r#"{"results": [{"name": "x", "vmaf_score": 3}]}"#);
    let nothing = validate(&["--predictions", &metrics, "--actuals", &nothing]);
    assert_eq!(nothing.code, 1);
    assert!(nothing.err.contains("no scenario could be compared"), "{}", nothing.err);
}

#[test]
fn the_model_forecasts_scenarios_itself_and_tables_and_json_serve_too() {
    let folder = folder();
    let actuals = write(
        &folder,
        "a.json",
        r#"[{"name": "a", "bitrate": "2500k", "resolution": "1280x720", "fps": 30, "vmaf_score": 88, "encoder_type": "libx264",
            "si_mean": 40, "ti_mean": 9, "duration": 10, "cpu_seconds": 12}, {"name": "b", "vmaf_score": 3}]"#,
    );
    let m = model().display().to_string();
    let own = validate(&["--model", &m, "--actuals", &actuals, "--max-mae", "vmaf=100", "--json"]).done().json();
    assert_eq!(
        keys(&own),
        [
            "matched",
            "nominal",
            "predictions",
            "scenarios",
            "targets",
            "thresholds",
            "unmatched_predictions",
            "unmatched_scenarios",
            "unmatched_values"
        ]
    );
    assert_eq!((&own["matched"], own["targets"]["cpu_seconds"]["count"].as_u64()), (&1.into(), Some(1)));
    assert!(own["unmatched_scenarios"][0]["reason"].as_str().unwrap().contains("resolution_width"), "{own:#}");

    // The same forecast, by way of a table of encast predict.
    let request =
        "config,bitrate_kbps,width,height,fps,encoder,si_mean,ti_mean,duration_s\na,2500,1280,720,30,libx264,40,9,10\n";
    let (table, out) = (write(&folder, "r.csv", request), folder.path().join("p.csv").display().to_string());
    said(command().args(["predict", "--model", &m, "--data", &table, "--out", &out]).output().unwrap()).done();
    let of_table =
        validate(&["--predictions", &out, "--actuals", &actuals, "--max-mae", "vmaf=100", "--json"]).done().json();
    assert_eq!(of_table["targets"], own["targets"]);
    // And JSON.
    let builtin = said(command().args(["predict", "--model", &m, "--builtin", "--json"]).output().unwrap()).done();
    let json = write(&folder, "p.json", &builtin.out);
    let actuals = write(&folder, "b.json", r#"[{"name": "720p30_2mbps", "vmaf_score": 90}]"#);
    let of_json = validate(&["--predictions", &json, "--actuals", &actuals, "--max-mae", "vmaf=100", "--json"]).done();
    assert_eq!(of_json.json()["unmatched_predictions"].as_array().unwrap().len(), 3);
}

#[test]
fn bad_input_names_its_place() {
    let folder = folder();
    let metrics = write(&folder, "metrics.prom", METRICS);
    let with = |actuals: &str| validate(&["--predictions", &metrics, "--actuals", actuals]);
    with(&folder.path().join("no*.json").display().to_string()).is_bad(&["--actuals", "no such file"]);
    for (text, part) in [
        ("{", "EOF"),
        ("3", "must be an array"),
        ("{\"a\": []}", "scenarios or results"),
        ("[3]", "[0]: must be an object"),
        (r#"[{"vmaf_score": 3}, {"vmaf_score": 300}]"#, "[1]: vmaf_score = 300: must be from 0 to 100"),
        (r#"[{"bitrate": "soon"}]"#, "[0]: bitrate = \"soon\""),
    ] {
        with(&write(&folder, "bad.json", text)).is_bad(&["bad.json", part]);
    }
    let good = write(&folder, "good.json", ONE);
    for (text, part) in [("up 1\n", "holds no forecasts"), ("a{b=\"c 3\n", ":1:"), ("[{}]", "estimates")] {
        let bad = write(&folder, "bad.prom", text);
        validate(&["--predictions", &bad, "--actuals", &good]).is_bad(&["bad.prom", part]);
    }
    validate(&["--predictions", "http://127.0.0.1:1/metrics", "--retries", "0", "--actuals", &good])
        .is_bad(&["127.0.0.1:1"]);
    validate(&["--predictions", &metrics, "--actuals", &good, "--min-coverage", "2"]).is_bad(&["from 0 to 1"]);
    assert!(fs::metadata(metrics).is_ok());
}
