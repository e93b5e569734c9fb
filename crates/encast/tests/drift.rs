//! The monitor: a shift that is made is found, named and corrected; what cannot be is refused without a trace.
#![allow(clippy::unwrap_used)]

mod made;

use encast::*;
use made::{model, request, table};

/// Encodes of 20 titles that come out as forecast, but for a small error of each title and encode; from `from` on those of a codec
/// shifted.
fn watched(count: usize, from: usize, codec: Codec, shift: f64) -> Monitor {
    let mut monitor = Monitor::new(model(), &MonitorOptions::default()).unwrap();
    for i in 0..count {
        let features = encode(i);
        let by = if i >= from && features.codec == Some(codec) { shift } else { 0.0 };
        let measured = measured(&features, i, by);
        monitor
            .observe(model(), &Observation { features: &features, measured: &measured, told: None, at_site: false })
            .unwrap();
    }
    monitor
}

fn encode(i: usize) -> PredictionFeatures {
    PredictionFeatures {
        bitrate_kbps: Some(500.0 * 1.1f64.powi((i * 7 % 13) as i32)),
        codec: Some([Codec::H264, Codec::Hevc][i % 2]),
        ..request()
    }
}

fn measured(features: &PredictionFeatures, i: usize, by: f64) -> PredictionTargets {
    let answer = predict(features, model()).unwrap();
    let title = i % 20;
    let error = (title as f64 * 1.7).sin() * 0.5 + (i as f64 * 2.3).sin() * 0.3;
    let mut measured = PredictionTargets::of_title(format!("title {title}"));
    measured.set(Target::Vmaf, Some(answer.predicted_vmaf.unwrap() + error + by));
    measured.set(Target::CpuSeconds, Some(answer.estimate(Target::CpuSeconds).unwrap().value * (error / 20.0).exp2()));
    measured
}

#[test]
fn a_shift_of_one_codec_is_found_there_and_corrected() {
    let quiet = watched(400, usize::MAX, Codec::H264, 0.0);
    assert!(quiet.streams().iter().all(|stream| !stream.alarm()), "{:#?}", quiet.streams());
    assert_eq!(quiet.streams().len(), 4, "two targets of two codecs");
    let harm = quiet.correction().get(Target::Vmaf, Some(Codec::Hevc)).abs();
    assert!(harm < 0.2, "{harm}");
    for shift in [2.0, -2.0] {
        let monitor = watched(400, 200, Codec::Hevc, shift);
        for stream in monitor.streams() {
            let shifted = stream.target == Target::Vmaf && stream.codec == Some(Codec::Hevc);
            assert_eq!(stream.alarm(), shifted, "{shift}: {stream:#?}");
            assert_eq!(stream.count, 200);
            if shifted {
                assert!((stream.shift - shift).abs() < 0.3, "{stream:?}");
                assert!((195..=210).contains(&stream.since), "{stream:?}");
            }
        }
        let correction = monitor.correction();
        assert!((correction.get(Target::Vmaf, Some(Codec::Hevc)) - shift).abs() < 0.3);
        assert!(correction.get(Target::Vmaf, Some(Codec::H264)).abs() < 0.2);
    }
}

/// One offset serves a codec: an encoder that did not shift keeps it from following the one that did, by its share of the encodes.
#[test]
fn an_offset_is_the_mean_of_a_codecs_encoders() {
    let offset = |every: usize| {
        let mut monitor = Monitor::new(model(), &MonitorOptions::default()).unwrap();
        for i in 0..600 {
            let shifted = i % every == 0;
            let features = PredictionFeatures {
                codec: Some(Codec::Av1),
                encoder: Some(if shifted { Encoder::Libaom } else { Encoder::Libsvtav1 }),
                preset: None,
                ..encode(i)
            };
            let measured = measured(&features, i, if shifted && i >= 200 { -4.0 } else { 0.0 });
            monitor
                .observe(model(), &Observation { features: &features, measured: &measured, told: None, at_site: false })
                .unwrap();
        }
        let alarms = monitor.streams().iter().filter(|stream| stream.alarm()).count();
        assert_eq!(alarms, 1, "{:#?}", monitor.streams());
        monitor.correction().get(Target::Vmaf, Some(Codec::Av1))
    };
    let (half, seventh) = (offset(2), offset(7));
    assert!((-2.8..-1.2).contains(&half), "{half}");
    assert!((-1.2..-0.2).contains(&seventh), "{seventh}");
}

/// When what shifted comes back, the alarm ends.
#[test]
fn an_alarm_ends_with_its_shift() {
    let mut monitor = watched(300, 100, Codec::H264, 2.0);
    assert!(monitor.streams().iter().any(DriftStream::alarm));
    for i in 300..700 {
        let features = encode(i);
        let measured = measured(&features, i, 0.0);
        monitor
            .observe(model(), &Observation { features: &features, measured: &measured, told: None, at_site: false })
            .unwrap();
    }
    assert!(!monitor.streams().iter().any(DriftStream::alarm), "{:#?}", monitor.streams());
    assert!(monitor.correction().get(Target::Vmaf, Some(Codec::H264)).abs() < 0.3);
}

#[test]
fn the_same_observations_give_the_same_bits() {
    let (one, other) = (watched(300, 150, Codec::H264, 1.0), watched(300, 150, Codec::H264, 1.0));
    assert_eq!(one.streams(), other.streams());
    assert_eq!(one.errors(), other.errors());
    assert_eq!(one.inputs(), other.inputs());
    assert_eq!(one.correction(), other.correction());
}

/// One odd title does not make an alarm, however often it is encoded.
#[test]
fn an_odd_title_is_no_drift() {
    let mut monitor = watched(200, usize::MAX, Codec::H264, 0.0);
    for i in 0..40 {
        let features = encode(2 * i);
        let mut measured = measured(&features, i, 8.0);
        measured.title = "odd".to_owned();
        monitor
            .observe(model(), &Observation { features: &features, measured: &measured, told: None, at_site: false })
            .unwrap();
    }
    assert!(!monitor.streams().iter().any(DriftStream::alarm), "{:#?}", monitor.streams());
}

#[test]
fn errors_are_of_what_was_told() {
    let mut monitor = Monitor::new(model(), &MonitorOptions { window: 50, ..Default::default() }).unwrap();
    let options = PredictOptions { level: 0.8, ..Default::default() };
    for i in 0..80 {
        let features = encode(2 * i);
        let measured = measured(&features, i, 0.0);
        let mut told = Told::of(&predict_with(&features, model(), &options).unwrap(), 0.8);
        let estimate = told.estimates[Target::Vmaf as usize].as_mut().unwrap();
        estimate.value = measured.get(Target::Vmaf).unwrap() - 2.0;
        monitor
            .observe(
                model(),
                &Observation { features: &features, measured: &measured, told: Some(&told), at_site: false },
            )
            .unwrap();
    }
    let errors = monitor.errors();
    let vmaf = errors.iter().find(|errors| errors.target == Target::Vmaf).unwrap();
    assert_eq!((vmaf.count, vmaf.total), (50, 80));
    assert!((vmaf.bias - 2.0).abs() < 1e-9 && (vmaf.p99 - 2.0).abs() < 1e-9 && (vmaf.nominal - 0.8).abs() < 1e-6);
    // Drift is of the model's own forecast, which was right.
    assert!(!monitor.streams().iter().any(DriftStream::alarm));
    assert!(monitor.streams().iter().all(|stream| stream.bias.abs() < 0.5));
}

/// At a site times and what follows from them have errors, which are of what was told, and neither drift nor offsets.
#[test]
fn a_site_has_errors_and_no_drift_of_its_times() {
    let mut monitor = Monitor::new(model(), &MonitorOptions::default()).unwrap();
    let observe = |monitor: &mut Monitor, count: usize, at_site: bool, tell: bool| {
        for i in 0..count {
            let features = encode(2 * i);
            let mut measured = measured(&features, i, 0.0);
            let mut told = Told::of(&predict(&features, model()).unwrap(), 0.9);
            for target in [Target::EncodeSeconds, Target::CpuPercent] {
                // Three times slower than the model's machine, as it was told.
                let own = told.estimates[target as usize].map_or(50.0, |estimate| estimate.value);
                told.estimates[target as usize] =
                    Some(Estimate { value: 3.0 * own, lower: 2.0 * own, upper: 4.0 * own });
                measured.set(target, Some(3.0 * own));
            }
            let told = tell.then_some(&told);
            monitor.observe(model(), &Observation { features: &features, measured: &measured, told, at_site }).unwrap();
        }
        let of = |target: Target| monitor.errors().into_iter().find(|errors| errors.target == target);
        let times = monitor.streams().iter().filter(|stream| stream.target != Target::Vmaf).count();
        (of(Target::Vmaf).unwrap(), of(Target::EncodeSeconds), of(Target::CpuPercent), times)
    };
    let (vmaf, none, no_load, times) = observe(&mut monitor, 20, true, false);
    assert!(vmaf.total == 20 && none.is_none() && no_load.is_none() && times == 0);
    let (vmaf, seconds, load, times) = observe(&mut monitor, 60, true, true);
    let (seconds, load) = (seconds.unwrap(), load.unwrap());
    assert_eq!((vmaf.total, seconds.total, seconds.covered, load.total, times), (80, 60, 60, 60, 0));
    assert!(seconds.bias.abs() < 1e-9 && seconds.mae < 1e-9, "{seconds:?}");
    assert!(monitor.offsets().iter().all(|offset| offset.target == Target::Vmaf));
    // The same at no site is drift of the model's own forecasts.
    let (.., times) = observe(&mut monitor, 60, false, true);
    assert!(times > 0);
}

/// The training's own rows, of all titles, are no drift; other content, sizes and names are.
#[test]
fn inputs_that_differ_from_the_training_are_named() {
    let (features, targets) = table(16);
    let mut monitor = Monitor::new(model(), &MonitorOptions { inputs: 2000, ..Default::default() }).unwrap();
    for (round, (features, targets)) in
        (0..4).flat_map(|round| features.iter().zip(&targets).map(move |row| (round, row)))
    {
        let mut measured = targets.clone();
        measured.title = format!("{} {round}", targets.title);
        let request = PredictionFeatures { bitrate_kbps: features.bitrate_kbps, ..features.clone() };
        monitor
            .observe(model(), &Observation { features: &request, measured: &measured, told: None, at_site: false })
            .unwrap();
    }
    let inputs = monitor.inputs();
    let of = |inputs: &[InputDrift], field: Field| *inputs.iter().find(|input| input.field == field).unwrap();
    assert!(inputs.iter().all(|input| !input.alarm() && input.out_of_range == 0.0), "{inputs:#?}");
    assert_eq!((of(&inputs, Field::SiMean).count, of(&inputs, Field::Codec).count), (64, 1536));
    assert!(of(&inputs, Field::Codec).psi.unwrap() < 1e-9 && of(&inputs, Field::SiMean).psi.unwrap() < 0.01);

    let mut monitor = Monitor::new(model(), &MonitorOptions::default()).unwrap();
    for i in 0..300 {
        let (features, targets) = (&features[i * 5 % features.len()], &targets[i * 5 % targets.len()]);
        let request = PredictionFeatures {
            si_mean: features.si_mean.map(|si| si * 1.5 + 20.0),
            codec: Some(Codec::Av1),
            preset: None,
            resolution_width: 640.0,
            resolution_height: 360.0,
            ..features.clone()
        };
        let mut measured = targets.clone();
        measured.title = format!("new {i}");
        monitor
            .observe(model(), &Observation { features: &request, measured: &measured, told: None, at_site: false })
            .unwrap();
    }
    let inputs = monitor.inputs();
    let drifted: Vec<Field> = inputs.iter().filter(|input| input.alarm()).map(|input| input.field).collect();
    for field in [Field::SiMean, Field::Codec, Field::ResolutionHeight] {
        assert!(drifted.contains(&field), "{field}: {inputs:#?}");
    }
    for field in [Field::TiMean, Field::FrameRate, Field::DurationS] {
        assert!(!drifted.contains(&field), "{field}: {inputs:#?}");
    }
    assert_eq!((of(&inputs, Field::Codec).out_of_range, of(&inputs, Field::FrameRate).out_of_range), (1.0, 0.0));
}

/// Shares travel with both encodings; a bundle of an earlier version has none, and then there is no PSI.
#[test]
fn shares_are_part_of_the_bundle() {
    let shares = &model().metadata().shares;
    assert!(shares.numbers.contains_key("bitrate_kbps") && shares.names["codec"].len() == 2);
    for bytes in [model().to_json().unwrap(), model().to_binary().unwrap()] {
        assert_eq!(&Model::from_bytes(&bytes).unwrap().metadata().shares, shares);
    }
    let mut json: serde_json::Value = serde_json::from_slice(&model().to_json().unwrap()).unwrap();
    json["shares"]["numbers"]["crf"]["shares"][0] = 2.0.into();
    let error = Model::from_bytes(json.to_string().as_bytes()).unwrap_err();
    assert!(error.to_string().contains("shares of crf"), "{error}");
    json.as_object_mut().unwrap().remove("shares");
    let earlier = Model::from_bytes(json.to_string().as_bytes()).unwrap();
    let mut monitor = Monitor::new(&earlier, &MonitorOptions::default()).unwrap();
    for i in 0..80 {
        let features = encode(i);
        let measured = measured(&features, i, 0.0);
        monitor
            .observe(&earlier, &Observation { features: &features, measured: &measured, told: None, at_site: false })
            .unwrap();
    }
    let inputs = monitor.inputs();
    assert!(inputs.iter().all(|input| input.psi.is_none() && !input.alarm()), "{inputs:#?}");
    // Of numbers it still knows the range, of names nothing.
    assert!(inputs.iter().any(|input| input.field == Field::BitrateKbps && input.count == 80), "{inputs:#?}");
    assert!(inputs.iter().all(|input| !input.field.is_name()), "{inputs:#?}");
}

#[test]
fn what_is_refused_leaves_no_trace() {
    let mut monitor = watched(50, usize::MAX, Codec::H264, 0.0);
    let before = (monitor.streams(), monitor.errors(), monitor.inputs(), monitor.observations());
    let (good, bad) = (encode(0), PredictionFeatures { frame_drop: Some(2.0), ..encode(0) });
    let fine = measured(&good, 0, 0.0);
    let told = Told { level: 1.0, ..Told::of(&predict(&good, model()).unwrap(), 0.9) };
    let with = |value: f64| {
        let mut measured = fine.clone();
        measured.set(Target::Vmaf, Some(value));
        measured
    };
    let (beyond, nan, none) = (with(101.0), with(f64::NAN), PredictionTargets::of_title("none"));
    for (features, measured, told, field) in [
        (&bad, &fine, None, "frame_drop"),
        (&good, &beyond, None, "vmaf"),
        (&good, &nan, None, "vmaf"),
        (&good, &none, None, "vmaf"),
        (&good, &fine, Some(&told), "level"),
    ] {
        let error = monitor.observe(model(), &Observation { features, measured, told, at_site: false }).unwrap_err();
        assert!(error.to_string().starts_with(field), "{error}");
    }
    assert_eq!(before, (monitor.streams(), monitor.errors(), monitor.inputs(), monitor.observations()));
    for (field, options) in [
        ("window", MonitorOptions { window: 0, ..Default::default() }),
        ("inputs", MonitorOptions { inputs: 10_001, ..Default::default() }),
        ("threshold", MonitorOptions { threshold: f64::INFINITY, ..Default::default() }),
        ("psi_alarm", MonitorOptions { psi_alarm: 0.0, ..Default::default() }),
    ] {
        assert!(Monitor::new(model(), &options).unwrap_err().to_string().starts_with(field));
    }
}
