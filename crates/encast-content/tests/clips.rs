//! Statistics, segments, scenes and errors of whole clips.
#![allow(clippy::unwrap_used)]

use encast_content::{Analyzer, ContentError, Luma, Segmentation, Summary};

const SIDE: usize = 64;

/// A frame of one scene: its texture and brightness, moving with `n`.
fn frame(scene: usize, n: usize) -> Vec<u8> {
    let base = [40, 170, 90][scene % 3];
    (0..SIDE * SIDE).map(|i| (base + ((i % SIDE + n) * (scene + 3) + i / SIDE * 5) % 40) as u8).collect()
}

fn summary(frames: &[Vec<u8>], by: Option<Segmentation>) -> Summary {
    let mut analyzer = Analyzer::new(SIDE, SIDE, 8, Some(10.0)).unwrap();
    if let Some(by) = by {
        analyzer = analyzer.segments(by).unwrap();
    }
    for samples in frames {
        analyzer.push(&Luma::Eight { samples, stride: SIDE }).unwrap();
    }
    analyzer.finish().unwrap()
}

fn scene(which: usize, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| frame(which, n)).collect()
}

#[test]
fn one_frame_has_no_temporal_figures() {
    let one = summary(&scene(0, 1), Some(Segmentation::Scenes));
    assert!(one.clip.si.mean > 0.0 && one.clip.ti.is_none() && one.clip.temporal_energy.is_none());
    assert_eq!((one.clip.static_share, one.segments[0].static_share), (None, None));
    assert_eq!((one.clip.frames, one.clip.duration_s, one.segments.len()), (1, Some(0.1), 1));
    let none = Analyzer::new(SIDE, SIDE, 8, None).unwrap().finish();
    assert!(matches!(none, Err(ContentError::NoFrame)));
}

#[test]
fn a_still_clip_is_still() {
    let still = summary(&vec![frame(1, 0); 20], None);
    for t in [still.clip.ti.unwrap(), still.clip.temporal_energy.unwrap()] {
        assert_eq!((t.mean, t.std, t.max, t.median), (0.0, 0.0, 0.0, 0.0));
    }
    assert_eq!(still.clip.si.std, 0.0);
    let share = still.clip.static_share.unwrap();
    assert_eq!((share.mean, share.std, share.min, share.median, share.count), (1.0, 0.0, 1.0, 1.0, 19));
}

#[test]
fn one_black_frame_moves_no_median_and_makes_no_scene() {
    let clean = summary(&scene(0, 60), None);
    let mut frames = scene(0, 60);
    frames[30] = vec![16; SIDE * SIDE];
    let black = summary(&frames, Some(Segmentation::Scenes));
    assert_eq!((black.cuts.len(), black.segments.len()), (0, 1));
    let (ti, clean_ti) = (black.clip.ti.unwrap(), clean.clip.ti.unwrap());
    assert!((ti.median / clean_ti.median - 1.0).abs() < 0.05, "{} {}", ti.median, clean_ti.median);
    assert!((black.clip.si.median / clean.clip.si.median - 1.0).abs() < 0.02);
}

#[test]
fn scenes_and_segments_hold_every_frame_once() {
    let frames: Vec<Vec<u8>> = [scene(0, 25), scene(1, 30), scene(2, 18)].concat();
    let scenes = summary(&frames, Some(Segmentation::Scenes));
    assert_eq!(scenes.cuts, [25, 55]);
    let spans: Vec<(u64, u64)> = scenes.segments.iter().map(|s| (s.first_frame, s.frames)).collect();
    assert_eq!(spans, [(0, 25), (25, 30), (55, 18)]);
    // The jump at a cut belongs to no scene.
    assert!(scenes.segments[1].ti.unwrap().max < scenes.clip.ti.unwrap().max);
    assert_eq!(scenes.segments[1].ti.unwrap().count, 29);
    assert_eq!(scenes.segments[1].static_share.unwrap().count, 29);

    let seconds = summary(&frames, Some(Segmentation::Seconds(3.0)));
    let spans: Vec<(u64, u64)> = seconds.segments.iter().map(|s| (s.first_frame, s.frames)).collect();
    assert_eq!(spans, [(0, 30), (30, 30), (60, 13)]);
    assert_eq!(seconds.clip, scenes.clip);
    let all = summary(&frames, Some(Segmentation::Seconds(1e-9)));
    assert_eq!((all.segments.len(), all.segments[72].frames), (73, 1));
}

/// Frames of four blocks; each frame changes some of them.
#[test]
fn the_static_share_is_that_of_the_blocks_that_hardly_change() {
    let block = |n: usize, x: usize, y: usize| (y / 32 * 2 + x / 32, n / 2 % 2);
    let frames: Vec<Vec<u8>> = (0..12)
        .map(|n| {
            let sample = |i: usize| {
                let (x, y) = (i % SIDE, i / SIDE);
                match block(n, x, y) {
                    // Its mean jumps by 2 steps every second frame, its texture stays: not static then.
                    (0, turn) => 100 + 2 * turn,
                    // By 1 step: static.
                    (1, turn) => 100 + turn,
                    // A checkerboard comes and goes, the mean stays: not static when it does.
                    (2, turn) => 100 + 40 * turn * ((x + y) % 2) - 20 * turn,
                    // Always the same.
                    _ => 37 + x % 5,
                }
            };
            (0..SIDE * SIDE).map(|i| sample(i) as u8).collect()
        })
        .collect();
    let mut analyzer = Analyzer::new(SIDE, SIDE, 8, Some(10.0)).unwrap();
    let share: Vec<Option<f64>> = frames
        .iter()
        .map(|samples| analyzer.push(&Luma::Eight { samples, stride: SIDE }).unwrap().static_share)
        .collect();
    let due: Vec<Option<f64>> = (0..12).map(|n| (n > 0).then_some(if n % 2 == 0 { 0.5 } else { 1.0 })).collect();
    assert_eq!(share, due);
    let clip = analyzer.finish().unwrap().clip.static_share.unwrap();
    assert!((clip.mean - (6.0 + 5.0 * 0.5) / 11.0).abs() < 1e-12, "{clip:?}");
    assert_eq!((clip.min, clip.max, clip.count), (0.5, 1.0, 11));
    // The change into a segment belongs to none: segments of 2 frames that start where the picture changes are still.
    let parts = summary(&frames, Some(Segmentation::Seconds(0.2))).segments;
    assert_eq!(parts.len(), 6);
    assert!(parts.iter().all(|part| part.static_share.unwrap().mean == 1.0));
}

#[test]
fn wrong_input_is_named() {
    let message = |error: ContentError| error.to_string();
    for (width, height, depth, rate, text) in [
        (2, 64, 8, None, "width is 2, must be 3 to 16384"),
        (64, 20000, 8, None, "height is 20000"),
        (16384, 16384, 8, None, "at most 67108864"),
        (64, 64, 7, None, "bit_depth is 7, must be 8 to 12"),
        (64, 64, 13, None, "bit_depth is 13"),
        (64, 64, 8, Some(0.0), "frame_rate is 0"),
        (64, 64, 8, Some(f64::NAN), "frame_rate is NaN"),
    ] {
        let error = message(Analyzer::new(width, height, depth, rate).err().unwrap());
        assert!(error.contains(text), "{error}");
    }
    let new = || Analyzer::new(8, 8, 10, None).unwrap();
    let mut analyzer = new();
    let deep = vec![1023_u16; 64];
    for (luma, text) in [
        (Luma::Sixteen { samples: &deep, stride: 7 }, "frame 0: the stride is 7"),
        (Luma::Sixteen { samples: &deep[..63], stride: 8 }, "holds 63 samples, 64"),
        (Luma::Sixteen { samples: &deep, stride: usize::MAX }, "holds 64 samples"),
        (Luma::Eight { samples: &[0; 64], stride: 8 }, "8-bit samples"),
        (Luma::Sixteen { samples: &[1024; 64], stride: 8 }, "a sample is 1024, the largest of 10 bits is 1023"),
    ] {
        let error = message(analyzer.push(&luma).unwrap_err());
        assert!(error.contains(text), "{error}");
    }
    // Errors leave nothing behind.
    assert_eq!(analyzer.push(&Luma::Sixteen { samples: &deep, stride: 8 }).unwrap().frame, 0);
    assert!(new().segments(Segmentation::Seconds(1.0)).is_err(), "seconds need a frame rate");
    assert!(Analyzer::new(8, 8, 8, Some(1.0)).unwrap().segments(Segmentation::Seconds(-1.0)).is_err());
}
