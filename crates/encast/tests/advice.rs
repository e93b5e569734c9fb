//! The advisor on the embedded model, and on made-up curves where a model lacks something.
#![allow(clippy::unwrap_used, clippy::panic)]

mod made;

use std::sync::OnceLock;

use encast::*;
use proptest::prelude::*;

fn embedded() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| Model::embedded().unwrap())
}

fn source() -> PredictionFeatures {
    PredictionFeatures {
        frame_rate: Some(30.0),
        source_width: Some(1280.0),
        source_height: Some(720.0),
        duration_s: Some(60.0),
        si_mean: Some(40.0),
        ti_mean: Some(8.0),
        ..Default::default()
    }
}

fn asked(target: impl Into<Option<f64>>, rank_by: impl Into<Option<RankBy>>) -> AdviseOptions {
    AdviseOptions { target_vmaf: target.into(), rank_by: rank_by.into(), ..Default::default() }
}

fn limited(options: &AdviseOptions, limit: Limit) -> Option<f64> {
    let limits = &options.predict.recommend;
    match limit {
        Limit::EncodeSeconds => limits.max_encode_seconds,
        Limit::CostUsd => limits.max_cost_usd,
        Limit::EnergyKwh => limits.max_energy_kwh,
        Limit::Co2Kg => limits.max_co2_kg,
    }
}

/// What all advice keeps.
fn check(advice: &Advice, features: &PredictionFeatures, model: &Model, options: &AdviseOptions) {
    for one in &advice.proposals {
        let goal = options.target_vmaf.unwrap_or(0.0);
        assert!(one.assured_vmaf >= goal, "{one:?}");
        let (bitrate_kbps, crf) = match one.given {
            Given::Bitrate => (Some(one.setting), None),
            Given::Crf => (None, Some(one.setting)),
        };
        let request = PredictionFeatures { bitrate_kbps, crf, ..one.setup.request(features) };
        let plain = PredictOptions { recommend: RecommendOptions::default(), ..options.predict.clone() };
        assert_eq!(predict_with(&request, model, &plain).unwrap(), one.answer);
        assert_eq!(one.size_mb.map(|size| size.value), one.answer.size_mb);
        for limit in Limit::ALL {
            let forecast = one.answer.estimate(limit.target()).map(|estimate| estimate.value);
            assert!(limited(options, limit).is_none_or(|most| forecast.unwrap() <= most), "{limit:?} {one:?}");
        }
        assert!(options.max_size_mb.is_none_or(|most| one.size_mb.unwrap().value <= most * (1.0 + 1e-12)));
        if options.target_vmaf.is_some() && options.max_size_mb.is_none() {
            let recommend_options = RecommendOptions { target_vmaf: goal, ..options.predict.recommend };
            let search = PredictOptions { recommend: recommend_options, ..options.predict.clone() };
            let found = recommend(&one.setup.request(features), model, one.given, &search).unwrap().reached().unwrap();
            assert_eq!((found.setting, found.assured_vmaf), (one.setting, one.assured_vmaf));
        }
    }
    let value = |quantity: Quantity, one: &Proposal| quantity.of(one).unwrap().value;
    let place = |one: &Proposal| {
        let other = advice.against.map_or(-one.assured_vmaf, |quantity| value(quantity, one));
        (value(advice.ranked_by, one), other)
    };
    for one in &advice.proposals {
        let (x, y) = place(one);
        let dominates = |(a, b): (f64, f64)| a <= x && b <= y && (a < x || b < y);
        assert_eq!(one.on_front, !advice.proposals.iter().any(|other| dominates(place(other))), "{one:?}");
    }
    for pair in advice.proposals.windows(2) {
        match options.target_vmaf {
            Some(_) => assert!(value(advice.ranked_by, &pair[0]) <= value(advice.ranked_by, &pair[1])),
            None => assert!(pair[0].assured_vmaf >= pair[1].assured_vmaf),
        }
    }
    assert_eq!(advice.winner().is_some(), !advice.proposals.is_empty());
    for of in &advice.steps {
        let one = &advice.proposals[of.proposal];
        assert!(of.proposal == 0 || one.on_front);
        for step in &of.steps {
            assert!(step.to_vmaf > step.from_vmaf);
            match one.given {
                Given::Bitrate => assert!(step.to_setting > step.from_setting),
                Given::Crf => assert!(step.to_setting < step.from_setting),
            }
            let vmaf = step.comparison.difference(Target::Vmaf).unwrap().difference;
            assert!(vmaf.value >= 0.0 && vmaf.lower <= vmaf.value && vmaf.value <= vmaf.upper);
        }
        assert!(of.steps.windows(2).all(|pair| pair[0].to_setting == pair[1].from_setting));
        assert!(
            of.steps.iter().any(|step| step.from_setting == one.setting || step.to_setting == one.setting)
                || of.steps.is_empty()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn advice_keeps_goal_limits_and_order(
        si in 15.0f64..80.0, target in proptest::option::weighted(0.8, 55.0f64..96.0), by in proptest::option::of(0usize..5),
        assured in proptest::option::weighted(0.3, 0.5f64..0.95), seconds in proptest::option::weighted(0.3, 2.0f64..60.0),
        cost in proptest::option::weighted(0.3, 1e-5f64..1e-3), energy in proptest::option::weighted(0.3, 1e-6f64..1e-4),
        co2 in proptest::option::weighted(0.3, 1e-6f64..1e-4), size in proptest::option::weighted(0.4, 1.0f64..40.0),
    ) {
        let features = PredictionFeatures { si_mean: Some(si), ti_mean: Some(si / 5.0), ..source() };
        let mut options = asked(target, by.map(|by| RankBy::ALL[by]));
        options.sizes = vec![Size { width: 640, height: 360 }, Size { width: 1280, height: 720 }];
        options.encoders = vec![Encoder::Libx264, Encoder::Libsvtav1];
        options.max_size_mb = if target.is_none() { Some(size.unwrap_or(8.0)) } else { size };
        options.steps = 1;
        let limits = &mut options.predict.recommend;
        (limits.assurance, limits.max_encode_seconds, limits.max_cost_usd) = (assured, seconds, cost);
        (limits.max_energy_kwh, limits.max_co2_kg) = (energy, co2);
        let advice = advise(&features, embedded(), &options).unwrap();
        check(&advice, &features, embedded(), &options);
        prop_assert_eq!(advice.proposals.len() + advice.rejected.len(), 2 * (4 + 3));
        for rejected in &advice.rejected {
            if let (Rejection::OverLimit { allowed, forecast, .. }, Some(_)) = (&rejected.reason, target) {
                prop_assert!(forecast > allowed, "{rejected:?}");
            }
        }
    }

    #[test]
    fn a_higher_target_is_never_smaller_or_much_cheaper_nor_has_more_proposals(si in 15.0f64..80.0, low in 50.0f64..95.0, more in 0.5f64..20.0) {
        let features = PredictionFeatures { si_mean: Some(si), ti_mean: Some(si / 5.0), ..source() };
        let at = |target: f64| {
            let options = AdviseOptions { steps: 0, ..asked(target.min(99.0), RankBy::Size) };
            advise(&features, embedded(), &options).unwrap()
        };
        let (lower, higher) = (at(low), at(low + more));
        prop_assert!(higher.proposals.len() <= lower.proposals.len());
        if let Some(winner) = higher.winner() {
            let (cheap, dear) = (lower.winner().unwrap().size_mb.unwrap(), winner.size_mb.unwrap());
            prop_assert!(dear.value >= cheap.value * 0.999, "{cheap:?} {dear:?}");
        }
        // A forecast time need not rise with the bitrate, so that a cost may fall a little.
        let cost = |target: f64| {
            let options = AdviseOptions { steps: 0, ..asked(target.min(99.0), RankBy::Cost) };
            let advice = advise(&features, embedded(), &options).unwrap();
            advice.winner().map(|one| one.answer.estimate(Target::CostUsd).unwrap().value)
        };
        if let (Some(cheap), Some(dear)) = (cost(low), cost(low + more)) {
            prop_assert!(dear >= cheap * 0.9, "{cheap} {dear}");
        }
    }
}

#[test]
fn everything_that_was_taught_is_tried_and_the_rest_is_told() {
    let advice = advise(&source(), embedded(), &AdviseOptions::default()).unwrap();
    check(&advice, &source(), embedded(), &AdviseOptions::default());
    assert_eq!((advice.ranked_by, advice.against), (Quantity::CostUsd, Some(Quantity::SizeMb)));
    let all: Vec<Setup> = advice
        .proposals
        .iter()
        .map(|one| one.setup.clone())
        .chain(advice.rejected.iter().map(|one| one.setup.clone()))
        .collect();
    let seen = embedded().metadata();
    for &encoder in &seen.encoders {
        assert!(all.iter().any(|setup| setup.encoder == Some(encoder)));
    }
    for preset in &seen.presets {
        assert!(all.iter().any(|setup| setup.preset.as_ref() == Some(preset)));
    }
    // Every preset was taught with its encoder.
    for setup in &all {
        assert!(seen.presets_of[&setup.encoder.unwrap()].contains(setup.preset.as_ref().unwrap()), "{setup}");
    }
    for size in usual_sizes(Size { width: 1280, height: 720 }) {
        assert!(all.iter().any(|setup| setup.size == size));
    }
    assert!(advice.front().count() >= 2 && advice.winner().unwrap().on_front);
    // Twice the same.
    assert_eq!(advice, advise(&source(), embedded(), &AdviseOptions::default()).unwrap());
    // A narrower choice from the request, and from the options over it.
    let one = PredictionFeatures { encoder: Some(Encoder::Libx264), preset: Some("slow".to_owned()), ..source() };
    let options = AdviseOptions { sizes: vec![Size { width: 1280, height: 720 }], ..Default::default() };
    let found = advise(&one, embedded(), &options).unwrap();
    assert_eq!(found.proposals.len() + found.rejected.len(), 1);
    let options = AdviseOptions {
        encoders: vec![Encoder::Libx265, Encoder::Libaom],
        presets: vec!["medium".to_owned(), "6".to_owned()],
        ..options
    };
    let found = advise(&one, embedded(), &options).unwrap();
    let setups: Vec<String> = found.proposals.iter().map(|one| one.setup.to_string()).collect();
    assert_eq!(setups, ["libx265 medium 1280x720"]);
    let [rejected] = found.rejected.as_slice() else { panic!("{:?}", found.rejected) };
    assert_eq!(rejected.setup.to_string(), "libaom-av1 6 1280x720");
    assert!(
        matches!(&rejected.reason, Rejection::NotForecast { reason } if reason.contains("never taught the encoder libaom-av1"))
    );
}

#[test]
fn what_stands_in_the_way_is_told() {
    let mut options = asked(93.0, None);
    options.encoders = vec![Encoder::Libx264];
    options.presets = vec!["medium".to_owned()];
    options.sizes = vec![Size { width: 1280, height: 720 }];
    let free = advise(&source(), embedded(), &options).unwrap();
    let winner = free.winner().unwrap();
    for (limit, amount) in [
        ("size_mb", winner.size_mb.unwrap().value),
        ("co2_kg", winner.answer.estimate(Target::Co2Kg).unwrap().value),
        ("energy_kwh", winner.answer.estimate(Target::EnergyKwh).unwrap().value),
        ("cost_usd", winner.answer.estimate(Target::CostUsd).unwrap().value),
        ("encode_seconds", winner.answer.estimate(Target::EncodeSeconds).unwrap().value),
    ] {
        let with = |most: f64| {
            let mut options = options.clone();
            let limits = &mut options.predict.recommend;
            match limit {
                "size_mb" => options.max_size_mb = Some(most),
                "co2_kg" => limits.max_co2_kg = Some(most),
                "energy_kwh" => limits.max_energy_kwh = Some(most),
                "cost_usd" => limits.max_cost_usd = Some(most),
                _ => limits.max_encode_seconds = Some(most),
            }
            advise(&source(), embedded(), &options).unwrap()
        };
        assert_eq!(with(amount * 1.05).proposals.len(), 1, "{limit}");
        let none = with(amount * 0.2);
        assert!(none.proposals.is_empty() && none.winner().is_none());
        match none.rejected[0].reason {
            Rejection::OverLimit { limit: named, allowed, forecast, needed, best } => {
                assert_eq!((named, allowed), (limit, amount * 0.2));
                assert!(forecast > allowed);
                assert!(best.is_none_or(|best| best.assured_vmaf < 93.0));
                assert!(needed.is_none_or(|needed| needed.assured_vmaf >= 93.0));
            }
            ref other => panic!("{limit}: {other:?}"),
        }
        assert_eq!(none.best_reachable().is_some(), none.rejected[0].reason.best().is_some());
    }
    options.sizes = vec![Size { width: 512, height: 288 }];
    options.target_vmaf = Some(99.5);
    let none = advise(&source(), embedded(), &options).unwrap();
    assert!(matches!(none.rejected[0].reason, Rejection::Unreachable { best } if best.assured_vmaf < 99.5));
    assert!(none.best_reachable().is_some());
}

#[test]
fn bad_questions_are_typed_errors() {
    let ask =
        |features: &PredictionFeatures, options: &AdviseOptions| advise(features, embedded(), options).unwrap_err();
    let default = AdviseOptions::default();
    let sizeless = PredictionFeatures { source_width: None, ..source() };
    assert!(matches!(ask(&sizeless, &default), Error::MissingField { field: "source_width", .. }));
    assert!(matches!(ask(&source(), &asked(None, None)), Error::MissingField { field: "target_vmaf", .. }));
    for target in [0.0, 101.0, f64::NAN] {
        assert!(matches!(ask(&source(), &asked(target, None)), Error::InvalidField { field: "target_vmaf", .. }));
    }
    let size = AdviseOptions { max_size_mb: Some(-1.0), ..default.clone() };
    assert!(matches!(ask(&source(), &size), Error::InvalidField { field: "max_size_mb", .. }));
    let step = AdviseOptions { step_vmaf: 0.0, ..default.clone() };
    assert!(matches!(ask(&source(), &step), Error::InvalidField { field: "step_vmaf", .. }));
    let mut co2 = default.clone();
    co2.predict.recommend.max_co2_kg = Some(0.0);
    assert!(matches!(ask(&source(), &co2), Error::InvalidField { field: "max_co2_kg", .. }));
    let preset = AdviseOptions { presets: vec!["quickest".to_owned()], ..default.clone() };
    assert!(matches!(ask(&source(), &preset), Error::UnknownName { field: "preset", .. }));
    let codec = PredictionFeatures { codec: Some(Codec::Vp9), ..source() };
    let other = AdviseOptions { encoders: vec![Encoder::Libx264], ..default.clone() };
    assert!(matches!(ask(&codec, &other), Error::Contradiction { field: "encoder", .. }));
    let bad = PredictionFeatures { si_mean: Some(f64::NAN), ..source() };
    assert!(matches!(ask(&bad, &default), Error::InvalidField { field: "si_mean", .. }));
    assert!(
        RankBy::from_name("price").is_err()
            && RankBy::ALL.iter().all(|by| RankBy::from_name(by.name()).unwrap() == *by)
    );
}

#[test]
fn a_model_without_prices_ranks_by_time_and_one_without_bitrates_finds_crfs() {
    let features = PredictionFeatures { source_width: Some(1920.0), source_height: Some(1080.0), ..source() };
    let sizes = vec![Size { width: 1280, height: 720 }, Size { width: 1920, height: 1080 }];
    let options = AdviseOptions { sizes, ..asked(60.0, None) };
    let advice = advise(&features, made::model(), &options).unwrap();
    check(&advice, &features, made::model(), &options);
    // The made-up model learnt codecs, no encoders; CPU time, and its profile has prices.
    assert_eq!((advice.ranked_by, advice.winner().unwrap().setup.encoder), (Quantity::CostUsd, None));
    let mut deadline = options.clone();
    deadline.predict.recommend.max_encode_seconds = Some(5.0);
    let error = advise(&features, made::model(), &deadline).unwrap_err();
    assert!(matches!(error, Error::NotPredicted { target: Target::EncodeSeconds, .. }), "{error:?}");

    let (mut rows, mut targets) = made::table(12);
    for (row, target) in rows.iter_mut().zip(&mut targets) {
        target.set(Target::BitrateKbps, row.bitrate_kbps.take());
    }
    let by_crf = retrain(&rows, &targets, &TrainOptions { threads: 1, ..Default::default() }).unwrap();
    let advice = advise(&features, &by_crf, &options).unwrap();
    check(&advice, &features, &by_crf, &options);
    assert!(!advice.proposals.is_empty() && advice.proposals.iter().all(|one| one.given == Given::Crf));
    assert_eq!(advice.ranked_by, Quantity::CpuSeconds);
    let by = |rank_by: RankBy| advise(&features, &by_crf, &AdviseOptions { rank_by: Some(rank_by), ..options.clone() });
    assert!(matches!(by(RankBy::Cost).unwrap_err(), Error::NotPredicted { target: Target::CostUsd, .. }));
    assert_eq!(by(RankBy::Time).unwrap().ranked_by, Quantity::CpuSeconds);
    assert_eq!(by(RankBy::Size).unwrap().against, Some(Quantity::CpuSeconds));
    let largest = advice.proposals.iter().map(|one| one.size_mb.unwrap().value).fold(0.0, f64::max);
    let small = AdviseOptions { max_size_mb: Some(largest * 0.7), ..options };
    let fewer = advise(&features, &by_crf, &small).unwrap();
    check(&fewer, &features, &by_crf, &small);
    assert!(fewer.proposals.len() < advice.proposals.len());
    assert!(fewer.rejected.iter().any(|one| matches!(one.reason, Rejection::OverLimit { limit: "size_mb", .. })));
    let best = AdviseOptions { target_vmaf: None, ..small };
    let found = advise(&features, &by_crf, &best).unwrap();
    check(&found, &features, &by_crf, &best);
    assert_eq!(found.against, None);
}

#[test]
fn advice_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Advice>();
    shared::<AdviseOptions>();
}
