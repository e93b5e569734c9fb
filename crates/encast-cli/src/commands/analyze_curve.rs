//! Figures of the frames of a clip, thinned out so that memory stays bounded however long it is.

use encast_content::FrameComplexity;

/// Points kept, at most.
pub const MOST_POINTS: usize = 4096;

/// Means of runs of frames. A run is one frame until there are [`MOST_POINTS`]; from then on, whenever the points are
/// full, neighbours are put together and runs are twice as long. Runs depend on the number of frames alone.
pub struct Thinned<const N: usize> {
    runs: Vec<Run<N>>,
    /// Frames of a whole run.
    length: u64,
    frames: u64,
}

#[derive(Clone, Copy)]
struct Run<const N: usize> {
    sums: [f64; N],
    counts: [u64; N],
}

impl<const N: usize> Thinned<N> {
    pub fn new() -> Thinned<N> {
        Thinned { runs: Vec::new(), length: 1, frames: 0 }
    }

    /// Takes the figures of the next frame; one that is not known is left out of its run's mean.
    pub fn push(&mut self, figures: [Option<f64>; N]) {
        if self.frames.is_multiple_of(self.length) {
            if self.runs.len() == MOST_POINTS {
                // An even number of full runs: the next frame starts one of the longer ones, too.
                self.halve();
            }
            self.runs.push(Run { sums: [0.0; N], counts: [0; N] });
        }
        self.frames += 1;
        if let Some(run) = self.runs.last_mut() {
            for (n, figure) in figures.into_iter().enumerate() {
                run.sums[n] += figure.unwrap_or(0.0);
                run.counts[n] += u64::from(figure.is_some());
            }
        }
    }

    fn halve(&mut self) {
        let put_together = |pair: &[Run<N>]| Run {
            sums: std::array::from_fn(|n| pair.iter().map(|run| run.sums[n]).sum()),
            counts: std::array::from_fn(|n| pair.iter().map(|run| run.counts[n]).sum()),
        };
        self.runs = self.runs.chunks(2).map(put_together).collect();
        self.length *= 2;
    }

    /// Frames of a whole run.
    pub fn run_length(&self) -> u64 {
        self.length
    }

    /// The means of each run; NaN where no frame had the figure.
    pub fn means(&self) -> impl Iterator<Item = [f64; N]> {
        self.runs.iter().map(|run| std::array::from_fn(|n| run.sums[n] / run.counts[n] as f64))
    }

    /// The middle of each run, in frames from 0.
    pub fn middles(&self) -> impl Iterator<Item = f64> {
        (0..self.runs.len() as u64).map(|run| {
            let (first, end) = (run * self.length, ((run + 1) * self.length).min(self.frames));
            (first + end - 1) as f64 / 2.0
        })
    }
}

/// SI, TI, E and h of the frames.
pub struct Curve(Thinned<4>);

impl Curve {
    pub fn new() -> Curve {
        Curve(Thinned::new())
    }

    pub fn push(&mut self, frame: &FrameComplexity) {
        self.0.push([Some(frame.si), frame.ti, Some(frame.spatial_energy), frame.temporal_energy]);
    }

    /// SI, TI, E and h.
    pub fn figures(&self) -> &Thinned<4> {
        &self.0
    }
}

/// When frames are shown, in seconds from the first.
pub struct Times(Vec<(f64, f64)>);

impl Times {
    /// From the times of all frames.
    pub fn of(times: &Thinned<1>) -> Times {
        Times(times.middles().zip(times.means().map(|[time]| time)).collect())
    }

    /// When a frame (from 0, or a middle between frames) is shown: exact of clips of [`MOST_POINTS`] frames, by
    /// interpolation between runs of longer ones.
    pub fn at(&self, frame: f64) -> f64 {
        let behind = self.0.partition_point(|(middle, _)| *middle < frame).clamp(1, self.0.len().max(2) - 1);
        match (self.0.get(behind - 1), self.0.get(behind)) {
            (Some((from, start)), Some((to, end))) => start + (frame - from) / (to - from) * (end - start),
            (Some((_, time)), None) => *time,
            _ => f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_clips_keep_their_means() {
        for frames in [1_u64, 2, 4095, 4096, 4097, 8193, 30_001] {
            let mut thinned = Thinned::<2>::new();
            for n in 0..frames {
                thinned.push([Some(n as f64), (n > 0).then_some(n as f64)]);
            }
            let means: Vec<[f64; 2]> = thinned.means().collect();
            assert!(means.len() <= MOST_POINTS && means.len() as u64 == frames.div_ceil(thinned.run_length()));
            assert!(frames < 4096 || means.len() >= MOST_POINTS / 2);
            // The mean of frame numbers is the middle of their run.
            assert!(thinned.middles().zip(&means).all(|(middle, mean)| middle == mean[0]));
            assert_eq!(means[0][1].is_nan(), thinned.run_length() == 1);
        }
    }

    #[test]
    fn times_of_frames() {
        let times = |count: u64| {
            let mut thinned = Thinned::new();
            (0..count).for_each(|n| thinned.push([Some(n as f64 * 0.5)]));
            Times::of(&thinned)
        };
        assert_eq!(times(1).at(0.0), 0.0);
        for count in [2, 100, 5000] {
            let times = times(count);
            for frame in [0.0, 1.0, 0.5, (count - 1) as f64] {
                assert!((times.at(frame) - frame * 0.5).abs() < 1e-9, "{frame} of {count}");
            }
        }
    }
}
