//! `encast profiles`: what is listed, what a file of one's own changes, and what bad files get.

use std::fs;

use crate::common::{folder, run, sh};

#[test]
fn everything_is_listed_with_its_source() {
    let all = sh("profiles --json").done().json();
    for (list, name, least) in
        [("machines", "name", 11), ("regions", "name", 15), ("prices", "machine", 60), ("encoders", "encoder", 4)]
    {
        let entries = all[list].as_array().unwrap();
        assert!(entries.len() >= least, "{list}: {}", entries.len());
        for entry in entries {
            assert!(
                !entry[name].as_str().unwrap().is_empty() && entry["source"].as_str().unwrap().len() > 20,
                "{entry}"
            );
        }
    }
    let one = sh("profiles prices --json").done().json();
    assert!(one["machines"].is_null() && one["regions"].is_null() && one["encoders"].is_null());
    assert_eq!((&one["prices"], &one["data_prices"]), (&all["prices"], &all["data_prices"]));
    let price = |machine: &str, region: &str| {
        let prices = one["prices"].as_array().unwrap();
        prices.iter().find(|p| p["machine"] == machine && p["region"] == region).map(|p| p["usd_per_hour"].as_f64())
    };
    assert_eq!(price("c5.2xlarge", "eu-central-1"), Some(Some(0.388)));
    assert_eq!(price("r5.2xlarge", "eu-central-1"), None);
}

#[test]
fn people_read_tables_and_sources() {
    let said = sh("profiles").done();
    for part in ["Machines", "c5.2xlarge", "Regions", "eu-north-1", "24.71", "Prices of data", "source of libx264: "] {
        assert!(said.out.contains(part), "'{part}' is not in:\n{}", said.out);
    }
    let regions = sh("profiles regions").done().out;
    assert!(regions.starts_with("Regions\n") && !regions.contains("c5.2xlarge"), "{regions}");
}

#[test]
fn own_entries_are_laid_over_and_bad_ones_refused() {
    let folder = folder();
    let path = folder.path().join("mine.toml");
    let name = path.display().to_string();
    let own = "[regions.eu-north-1]\ngrid_g_per_kwh = 7\npue = 1.5\nsource = \"mine\"\n";
    fs::write(&path, own).unwrap();
    let json = run(&["profiles", "regions", "--profiles", &name, "--json"]).done().json();
    let regions = json["regions"].as_array().unwrap();
    let mine = regions.iter().find(|r| r["name"] == "eu-north-1").unwrap();
    assert_eq!((&mine["grid_g_per_kwh"], &mine["source"]), (&7.0.into(), &"mine".into()));
    assert!(regions.iter().any(|r| r["name"] == "us-east-1"));

    fs::write(&path, own.replace("1.5", "0.5")).unwrap();
    run(&["profiles", "--profiles", &name]).is_bad(&[
        "mine.toml",
        "line 3",
        "regions.eu-north-1.pue = 0.5",
        "from 1 to 5",
    ]);
    fs::write(&path, own.replace("pue", "pueh")).unwrap();
    run(&["profiles", "--profiles", &name]).is_bad(&["mine.toml", "line 3", "unknown field `pueh`"]);
    fs::write(&path, [0xff, 0xfe, b'\n']).unwrap();
    run(&["profiles", "--profiles", &name]).is_bad(&["mine.toml"]);
    fs::write(&path, "#".repeat(2 << 20)).unwrap();
    run(&["profiles", "--profiles", &name]).is_bad(&["mine.toml", "at most 1048576"]);
    run(&["profiles", "--profiles", "none.toml"]).is_bad(&["none.toml"]);
    run(&["profiles", "planets"]).is_bad(&["planets"]);
}
