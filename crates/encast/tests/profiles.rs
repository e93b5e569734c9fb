//! Profiles: what is shipped, what users lay over it, and what bad texts get.
#![allow(clippy::unwrap_used)]

use encast::*;
use proptest::prelude::*;

const MACHINE: &str = r#"[machines."my box"]
vcpus = 4
speed = 0.5
memory_gb = 8
cpu_model = "a \"quoted\" name"
source = "made up"
"#;

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = Profiles::from_toml(text).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}\nis not: {expected}");
}

#[test]
fn the_shipped_set_loads_and_says_its_sources() {
    let shipped = Profiles::shipped().unwrap();
    shipped.check().unwrap();
    for name in ["reference", "x86-cloud-vcpu", "c5.large", "c5.xlarge", "c5.2xlarge", "m5.2xlarge", "r5.2xlarge"] {
        assert_eq!(shipped.machine(name).unwrap().name, name);
    }
    assert!(shipped.regions.len() >= 15, "{}", shipped.regions.len());
    let mut sources = Vec::new();
    sources.extend(shipped.machines.values().map(|m| (&m.name, &m.source)));
    sources.extend(shipped.regions.values().map(|r| (&r.name, &r.source)));
    sources.extend(shipped.prices.values().flatten().map(|(name, p)| (name, &p.source)));
    sources.extend(shipped.data_prices.iter().map(|(name, p)| (name, &p.source)));
    assert!(sources.len() > 80, "{}", sources.len());
    for (name, source) in sources {
        // Where it can be looked up, and when it was true.
        assert!(source.contains("https://"), "{name}: {source}");
        assert!(source.contains(" 202"), "{name}: {source}");
    }
    for (encoder, scaling) in &shipped.encoders {
        assert!(scaling.source.contains("measured"), "{encoder}: {}", scaling.source);
    }
    // A price is of a machine and a region that are there.
    for (region, machines) in &shipped.prices {
        assert!(shipped.regions.contains_key(region), "{region}");
        for machine in machines.keys() {
            let site = shipped.site(machine, region).unwrap();
            assert!(site.usd_per_hour().unwrap() > 0.0);
        }
    }
    for region in shipped.data_prices.keys() {
        assert!(shipped.regions.contains_key(region), "{region}");
    }
    let reference = shipped.machine("reference").unwrap();
    assert_eq!((reference.speed, reference.vcpus), (1.0, 1));
    // CPU time of the reference is the time of the reference.
    let job = shipped.site("reference", "eu-north-1").unwrap().of_job(&Work::of_cpu_seconds(100.0, 1.0));
    assert_eq!((job.cpu_seconds, job.encode_seconds, job.cpu_percent), (100.0, Some(100.0), Some(100.0)));
}

#[test]
fn unknown_names_list_the_known() {
    let shipped = Profiles::shipped().unwrap();
    let error = shipped.site("c5.3xlarge", "eu-central-1").unwrap_err();
    assert!(matches!(&error, Error::UnknownName { field: "machine", .. }));
    let text = error.to_string();
    assert!(text.starts_with("unknown machine 'c5.3xlarge': known are c5.2xlarge, "), "{text}");
    let error = shipped.site("c5.large", "mars").unwrap_err();
    assert!(matches!(&error, Error::UnknownName { field: "region", .. }));
    assert!(error.to_string().contains("eu-north-1"), "{error}");
    assert!(matches!(shipped.to_toml("nobody"), Err(Error::UnknownName { .. })));
    assert!(Profiles::default().region("x").unwrap_err().to_string().ends_with("known are none"));
}

#[test]
fn users_entries_replace_whole_entries() {
    let shipped = Profiles::shipped().unwrap();
    let mine = r#"
[machines."c5.large"]
vcpus = 2
speed = 0.3
memory_gb = 4
cpu_model = "mine"
source = "mine"

[prices."eu-central-1"."c5.large"]
usd_per_hour = 0.05
source = "contract"

[encoders.x264]
parallel_share = 0.5
source = "mine"
"#;
    let both = shipped.clone().overlay(Profiles::from_toml(mine).unwrap());
    let machine = both.machine("c5.large").unwrap();
    // The entry as a whole: its watts are not the shipped ones.
    assert_eq!((machine.speed, machine.idle_watts_per_vcpu), (0.3, None));
    let site = both.site("c5.large", "eu-central-1").unwrap();
    assert_eq!((site.usd_per_hour(), site.parallel_share(Encoder::Libx264)), (Some(0.05), Some(0.5)));
    // All others stay.
    assert_eq!(both.machine("c5.xlarge").unwrap(), shipped.machine("c5.xlarge").unwrap());
    let price = |profiles: &Profiles, machine| profiles.site(machine, "eu-central-1").unwrap().usd_per_hour();
    assert_eq!(price(&both, "c5.2xlarge"), price(&shipped, "c5.2xlarge"));
    assert_eq!(site.usd_per_gb_egress(), Some(0.09));
    assert_eq!(both.machines.len(), shipped.machines.len());
}

#[test]
fn a_machine_is_written_as_it_is_read() {
    let shipped = Profiles::shipped().unwrap();
    for name in shipped.machines.keys() {
        let text = shipped.to_toml(name).unwrap();
        let read = Profiles::from_toml(&text).unwrap();
        assert_eq!(read.machines.len(), 1, "{text}");
        assert_eq!(read.machine(name).unwrap(), shipped.machine(name).unwrap(), "{text}");
    }
    let mut odd = Profiles::from_toml(MACHINE).unwrap();
    let machine = odd.machines.get_mut("my box").unwrap();
    machine.wall_speed = Some(1e-7);
    machine.source = "a\\b\n\t\"c\" \u{7f}\u{1} ä — π".to_owned();
    assert_eq!(Profiles::from_toml(&odd.to_toml("my box").unwrap()).unwrap(), odd);
}

#[test]
fn bad_texts_name_line_value_and_bound() {
    let with = |line: &str| format!("{MACHINE}{line}\n");
    refused("[machines.x", "line 1: ");
    refused(&with("colour = \"red\""), "line 7: unknown field `colour`");
    refused("[moons.x]\n", "line 1: unknown field `moons`");
    refused(&MACHINE.replace("speed = 0.5\n", ""), "line 1: missing field `speed`");
    refused(&MACHINE.replace("0.5", "\"fast\""), "line 3: invalid type");
    refused(&MACHINE.replace("vcpus = 4", "vcpus = -4"), "line 2: ");
    refused(&MACHINE.replace("vcpus = 4", "vcpus = 0"), "line 2: machines.\"my box\".vcpus = 0: must be");
    let speed = "line 3: machines.\"my box\".speed = ";
    refused(&MACHINE.replace("0.5", "-1"), &format!("{speed}-1: must be a finite number above 0, at most 100"));
    refused(&MACHINE.replace("0.5", "nan"), &format!("{speed}NaN"));
    refused(&MACHINE.replace("0.5", "inf"), &format!("{speed}inf"));
    refused(&MACHINE.replace("0.5", "1e300"), speed);
    refused(&MACHINE.replace("0.5", "0"), speed);
    refused(&MACHINE.replace("\"made up\"", "\"  \""), "line 6: machines.\"my box\".source = \"  \": must be a text");
    refused(
        &with("idle_watts_per_vcpu = 3"),
        "line 1: machines.\"my box\".busy_watts_per_vcpu = absent: must be given",
    );
    refused(
        &with("idle_watts_per_vcpu = 3\nbusy_watts_per_vcpu = 2"),
        "line 8: machines.\"my box\".busy_watts_per_vcpu = 2",
    );
    refused(&with("lifetime_years = 3"), "line 1: machines.\"my box\".embodied_kg_per_vcpu = absent");
    refused(&with("wall_speed = -2"), "line 7: machines.\"my box\".wall_speed = -2");
    let region = "\n[regions.r]\ngrid_g_per_kwh = 300\npue = 1.1\nsource = \"s\"\n";
    assert!(Profiles::from_toml(region).is_ok());
    refused(&region.replace("1.1", "0.9"), "line 4: regions.r.pue = 0.9: must be a finite number from 1 to 5");
    refused(&region.replace("300", "9e9"), "line 3: regions.r.grid_g_per_kwh = 9000000000");
    let price = "[prices.r.\"a.b\"]\nusd_per_hour = -0.1\nsource = \"s\"\n";
    refused(price, "line 2: prices.r.\"a.b\".usd_per_hour = -0.1: must be");
    refused(
        "[data_prices.r]\nusd_per_gb_egress = -1\nsource = \"s\"\n",
        "line 2: data_prices.r.usd_per_gb_egress = -1",
    );
    refused(
        "[encoders.libx264]\nparallel_share = 1.5\nsource = \"s\"\n",
        "line 2: encoders.libx264.parallel_share = 1.5",
    );
    refused(
        "[encoders.lib9]\nparallel_share = 1\nsource = \"s\"\n",
        "line 1: unknown encoder 'lib9': known are libx264",
    );
    refused(&"#".repeat(MAX_PROFILES_BYTES + 1), "line 1: 1048577 bytes, at most 1048576 are read");
    // Not from a text, no line.
    let mut made = Profiles::from_toml(region).unwrap();
    made.regions.get_mut("r").unwrap().pue = f64::NAN;
    assert!(made.check().unwrap_err().to_string().starts_with("regions.r.pue = NaN: must be"));
}

proptest! {
    /// A text that was damaged anywhere is read or refused, with a line that is in it.
    #[test]
    fn no_text_is_too_bad(damage in prop::collection::vec((0usize..400, any::<char>()), 1..8)) {
        let region = "[regions.r]\ngrid_g_per_kwh = 300\npue = 1.1\nsource = \"s\"\n";
        let mut text: Vec<char> = format!("{MACHINE}{region}[prices.r.\"a.b\"]\nusd_per_hour = 1\nsource = \"s\"\n").chars().collect();
        for (at, c) in damage {
            let at = at % text.len();
            text[at] = c;
        }
        let text: String = text.into_iter().collect();
        match Profiles::from_toml(&text) {
            Ok(profiles) => profiles.check().unwrap(),
            Err(Error::ProfileSyntax { line, .. } | Error::ProfileValue { line: Some(line), .. }) => {
                prop_assert!(line >= 1 && line <= text.matches('\n').count() + 1, "{}", line);
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
