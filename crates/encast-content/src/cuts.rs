//! Scene cuts.
//!
//! The distance of two frames is the mean, over all 32×32 blocks, of the difference of the blocks' mean luma on the
//! 8-bit scale. Frame n starts a scene when, all of it:
//! - its distance from frame n−1 is at least [`LEAST_DISTANCE`];
//! - and at least [`LEAST_RATIO`] times the median of the up to [`MEMORY`] distances before it in the scene, plus 1;
//! - frame n+1 is at least half as far from frame n−1 as frame n is: a flash or one black frame is no cut;
//! - and the scene that it ends has at least [`LEAST_FRAMES`] frames.
//!
//! So a cut is known one frame later, and the last frame of a clip starts none. Fades and dissolves are not found.

/// Smallest distance of a cut, steps of 8-bit luma.
pub const LEAST_DISTANCE: f32 = 10.0;
/// How far a cut stands out of the motion before it.
pub const LEAST_RATIO: f32 = 3.0;
/// Distances remembered.
pub const MEMORY: usize = 8;
/// Shortest scene, frames.
pub const LEAST_FRAMES: u64 = 6;

/// Decides of each frame, one frame later, whether it starts a scene.
pub(crate) struct CutDetector {
    /// Block means of the frame before the undecided one, and of the undecided one.
    before: Vec<f32>,
    undecided: Vec<f32>,
    /// Distance of the undecided frame from the one before it, when that alone would make it a cut.
    candidate: Option<f32>,
    distance: f32,
    recent: Vec<f32>,
    scene_frames: u64,
    frames: u64,
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len().max(1) as f32
}

impl CutDetector {
    pub fn new() -> CutDetector {
        CutDetector {
            before: Vec::new(),
            undecided: Vec::new(),
            candidate: None,
            distance: 0.0,
            recent: Vec::with_capacity(MEMORY),
            scene_frames: 0,
            frames: 0,
        }
    }

    /// Takes the block means of a frame, 8-bit scale. Says whether the frame *before* it starts a scene.
    pub fn push(&mut self, means: &[f32]) -> bool {
        let mut cut = false;
        if self.frames >= 1 {
            cut = self.candidate.is_some_and(|d| distance(means, &self.before) >= 0.5 * d);
            if cut {
                self.recent.clear();
                self.scene_frames = 0;
            } else if self.frames >= 2 {
                if self.recent.len() == MEMORY {
                    self.recent.remove(0);
                }
                self.recent.push(self.distance);
            }
            self.scene_frames += 1;
            self.distance = distance(means, &self.undecided);
            // Back from a flash: as far as the way there, and no cut either.
            let back = self.candidate.is_some() && !cut;
            let stands_out =
                !back && self.distance >= LEAST_DISTANCE && self.distance >= LEAST_RATIO * (self.median() + 1.0);
            self.candidate = (stands_out && self.scene_frames >= LEAST_FRAMES).then_some(self.distance);
            std::mem::swap(&mut self.before, &mut self.undecided);
        }
        self.undecided.clear();
        self.undecided.extend_from_slice(means);
        self.frames += 1;
        cut
    }

    fn median(&self) -> f32 {
        let mut sorted = self.recent.clone();
        sorted.sort_by(f32::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames at which scenes start, of clips whose frames have one mean each.
    fn cuts(means: &[f32]) -> Vec<usize> {
        let mut detector = CutDetector::new();
        (0..means.len()).filter(|&n| detector.push(&[means[n]; 4])).map(|n| n - 1).collect()
    }

    fn runs(runs: &[(f32, usize)]) -> Vec<f32> {
        runs.iter().flat_map(|&(mean, count)| std::iter::repeat_n(mean, count)).collect()
    }

    #[test]
    fn a_cut_is_found_and_nothing_else() {
        assert_eq!(cuts(&runs(&[(50.0, 20), (120.0, 20)])), [20]);
        assert_eq!(cuts(&runs(&[(50.0, 20), (120.0, 20), (60.0, 10)])), [20, 40]);
        assert_eq!(cuts(&runs(&[(50.0, 100)])), [] as [usize; 0]);
        assert_eq!(cuts(&runs(&[(50.0, 20), (0.0, 1), (50.0, 20)])), [] as [usize; 0], "one black frame");
        let fade: Vec<f32> = (0..100).map(|i| i as f32 * 2.0).collect();
        assert_eq!(cuts(&fade), [] as [usize; 0], "a fade");
        let motion: Vec<f32> = (0..100).map(|i| if i % 2 == 0 { 20.0 } else { 60.0 }).collect();
        assert!(cuts(&motion).is_empty(), "flicker");
        assert_eq!(cuts(&runs(&[(50.0, 20), (120.0, 1)])), [] as [usize; 0], "the last frame");
        assert!(cuts(&[10.0]).is_empty() && cuts(&[]).is_empty());
    }
}
