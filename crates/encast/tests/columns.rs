//! A content figure that came later: learnt where a table measures it, used where a request gives it, missed by nobody.
#![allow(clippy::unwrap_used)]

mod made;

use encast::*;

/// The made-up table with another source of difficulty that only `static_share` tells of.
fn trained() -> (Vec<PredictionFeatures>, Model) {
    let (mut features, mut targets) = made::table(12);
    for (index, (row, target)) in features.iter_mut().zip(&mut targets).enumerate() {
        let share = (index / 24) as f64 * 0.382 % 1.0;
        (row.static_share, row.crf, row.probe_bitrate_kbps) = (Some(share), None, None);
        (row.probe_psnr, row.probe_vmaf) = (None, None);
        let vmaf = target.get(Target::Vmaf).unwrap();
        target.set(Target::Vmaf, Some(vmaf * (0.6 + 0.4 * share)));
    }
    let options = TrainOptions { targets: vec![Target::Vmaf], ..Default::default() };
    let model = retrain(&features, &targets, &options).unwrap();
    (features, model)
}

#[test]
fn the_static_share_is_learnt_used_and_flagged() {
    let (features, model) = trained();
    let range = model.metadata().ranges["static_share"];
    assert!(range.min == 0.0 && range.max < 1.0, "{range:?}");
    let vmaf = |share: Option<f64>, base: &PredictionFeatures| {
        predict(&PredictionFeatures { static_share: share, ..base.clone() }, &model).unwrap()
    };
    let (mut still, mut moving) = (0.0, 0.0);
    for row in features.iter().step_by(7) {
        still += vmaf(Some(range.max), row).predicted_vmaf.unwrap();
        moving += vmaf(Some(range.min), row).predicted_vmaf.unwrap();
    }
    assert!(still > 1.2 * moving, "{still} {moving}: a still clip compresses better in this table");
    let base = &features[0];
    let inside = vmaf(Some(range.max / 2.0), base);
    assert!(inside.ignored.is_empty() && inside.out_of_range.is_empty(), "{inside:?}");
    let outside = vmaf(Some(1.0), base);
    assert_eq!(outside.out_of_range.iter().collect::<Vec<_>>(), [Field::StaticShare]);
    let edge = vmaf(Some(range.max), base);
    assert!(outside.confidence < edge.confidence, "{} {}", outside.confidence, edge.confidence);
    // Without it there is an answer all the same.
    assert!(vmaf(None, base).predicted_vmaf.unwrap() > 0.0);
    // It belongs to the content: the settings tier does not know it.
    let settings = mask(base, Tier::Settings, Given::Bitrate);
    assert!(base.static_share.is_some() && settings.static_share.is_none() && settings.si_mean.is_none());
    let reloaded = Model::from_bytes(&model.to_binary().unwrap()).unwrap();
    assert_eq!(predict(base, &reloaded).unwrap(), predict(base, &model).unwrap());
}

#[test]
fn the_static_share_is_bounded() {
    let (model, base) = (Model::embedded().unwrap(), made::request());
    for bad in [-0.01, 1.01, f64::NAN, f64::INFINITY] {
        let error = predict(&PredictionFeatures { static_share: Some(bad), ..base.clone() }, &model).unwrap_err();
        assert!(matches!(error, Error::InvalidField { field: "static_share", .. }), "{error}");
    }
    for good in [0.0, 1.0] {
        predict(&PredictionFeatures { static_share: Some(good), ..base.clone() }, &model).unwrap();
    }
}

#[test]
fn an_encode_table_has_it_by_its_name() {
    let csv = "title,resolution_width,resolution_height,bitrate_kbps,vmaf,static_share\na,1280,720,900,80,0.25\nb,1280,720,900,80,\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, csv).unwrap();
    let table = EncodeTable::read(&path).unwrap();
    let shares: Vec<Option<f64>> = table.features.iter().map(|row| row.static_share).collect();
    assert_eq!(shares, [Some(0.25), None]);
}
