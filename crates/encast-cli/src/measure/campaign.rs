//! Runs a plan: workers on cores of their own, sources made ready once, a row on the disk for every encode.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};

use super::{
    encode::{ENCODE, Encoding},
    forecast::Correction,
    grid::Grid,
    plan::Job,
    prepared::Prepared,
    probe::{self, Place},
    process::Children,
    row::Row,
    score::Comparison,
    source::{self, SourceInfo},
    store::Store,
    tools::Tools,
};
use crate::{failure::Failure, output, progress::Meter, time};

/// A job and the seconds it is expected to take.
pub struct Planned {
    /// The job.
    pub job: Job,
    /// Forecast, seconds.
    pub seconds: f64,
}

/// Everything that a run needs.
pub struct Campaign<'a> {
    /// What to measure.
    pub grid: &'a Grid,
    /// Folder of the clips.
    pub clips: &'a Path,
    /// Size and rate of each clip.
    pub infos: &'a [Option<SourceInfo>],
    /// What is left to do, clip by clip.
    pub queue: Vec<Planned>,
    /// Programs.
    pub tools: &'a Tools,
    /// Register of children.
    pub children: &'a Children,
    /// Where rows go.
    pub store: &'a Store,
    /// Working folder; emptied at the start and removed at the end.
    pub work: PathBuf,
    /// Cores of each worker.
    pub workers: Vec<Vec<usize>>,
    /// Whether workers stay on their cores.
    pub pinned: bool,
}

/// How a run went.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Rows written, of encodes that worked.
    pub measured: usize,
    /// Rows written, of encodes that failed.
    pub failed: usize,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

type Slot = Arc<OnceLock<Result<Prepared, String>>>;

struct Progress<'a> {
    meter: &'a Meter,
    correction: Correction,
    done: usize,
}

/// The cores that this program may use.
pub fn allowed_cores() -> Vec<usize> {
    match sched_getaffinity(Pid::from_raw(0)) {
        Ok(set) => (0..CpuSet::count()).filter(|&core| set.is_set(core).unwrap_or(false)).collect(),
        Err(_) => vec![0],
    }
}

/// Binds this thread, and children that it starts, to cores.
pub fn pin(cores: &[usize]) -> Result<(), String> {
    let mut set = CpuSet::new();
    let told = |error: nix::Error| format!("pinning to cores {cores:?}: {error}");
    cores.iter().try_for_each(|&core| set.set(core)).map_err(told)?;
    sched_setaffinity(Pid::from_raw(0), &set).map_err(told)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Campaign<'_> {
    /// Runs all of it. Every encode that ends leaves its row, whatever happens to the others.
    pub fn run(&self, meter: &Meter, after_row: &(dyn Fn(&Row) + Sync)) -> Result<Tally, Failure> {
        self.start_work()?;
        let next = AtomicUsize::new(0);
        let slots: Mutex<HashMap<usize, (Slot, usize)>> = Mutex::new(HashMap::new());
        for planned in &self.queue {
            lock(&slots).entry(planned.job.clip).or_default().1 += 1;
        }
        let progress = Mutex::new(Progress { meter, correction: Correction::default(), done: 0 });
        let tally = Mutex::new(Tally::default());
        let failure: Mutex<Option<Failure>> = Mutex::new(None);
        thread::scope(|scope| {
            for cores in &self.workers {
                let (next, slots, progress, tally, failure) = (&next, &slots, &progress, &tally, &failure);
                scope.spawn(move || {
                    if let Err(error) = self.work_on(cores, next, slots, progress, tally, after_row) {
                        // A row that can't be written, or a core that can't be had, ends the run.
                        self.children.stop();
                        lock(failure).get_or_insert(error);
                    }
                });
            }
        });
        let removed = fs::remove_dir_all(&self.work);
        if let Some(failure) = lock(&failure).take() {
            return Err(failure);
        }
        removed.map_err(|error| Failure::of_file(&self.work, error))?;
        let mut tally = *lock(&tally);
        tally.stopped = self.children.stopped();
        Ok(tally)
    }

    /// Makes the working folder, empty.
    fn start_work(&self) -> Result<(), Failure> {
        let bad = |error| Failure::of_file(&self.work, error);
        if self.work.exists() {
            // Left by a run that was killed: the table's lock says that none is running.
            fs::remove_dir_all(&self.work).map_err(bad)?;
        }
        fs::create_dir_all(&self.work).map_err(bad)
    }

    fn work_on(
        &self,
        cores: &[usize],
        next: &AtomicUsize,
        slots: &Mutex<HashMap<usize, (Slot, usize)>>,
        progress: &Mutex<Progress<'_>>,
        tally: &Mutex<Tally>,
        after_row: &(dyn Fn(&Row) + Sync),
    ) -> Result<(), Failure> {
        if self.pinned {
            pin(cores)?;
        }
        let folder = tempfile::tempdir_in(&self.work).map_err(|error| Failure::of_file(&self.work, error))?;
        loop {
            let index = next.fetch_add(1, Ordering::SeqCst);
            let Some(planned) = self.queue.get(index).filter(|_| !self.children.stopped()) else {
                return Ok(());
            };
            let started = Instant::now();
            let slot = lock(slots).get(&planned.job.clip).map(|(slot, _)| Arc::clone(slot)).unwrap_or_default();
            let row = self.row_of(&planned.job, &slot, folder.path(), cores);
            drop(slot);
            let mut open = lock(slots);
            if let Some((_, left)) = open.get_mut(&planned.job.clip) {
                *left -= 1;
                if *left == 0 {
                    // The last of its clip: its source goes.
                    open.remove(&planned.job.clip);
                }
            }
            drop(open);
            if self.children.stopped() {
                return Ok(());
            }
            self.store.append(&row)?;
            after_row(&row);
            if row.status == "ok" {
                lock(tally).measured += 1;
            } else {
                lock(tally).failed += 1;
                let why = row.error.as_deref().unwrap_or_default();
                output::note(&format!("{} {} {} failed: {why}", row.title, row.encoder, row.preset));
            }
            self.report(&mut lock(progress), index, started.elapsed().as_secs_f64());
        }
    }

    fn report(&self, progress: &mut Progress<'_>, index: usize, seconds: f64) {
        let planned = &self.queue[index];
        progress.correction.add(&planned.job, planned.seconds, seconds);
        progress.done += 1;
        let rest = self.queue.get(index + 1..).unwrap_or_default();
        let left: f64 = rest.iter().map(|p| progress.correction.of(&p.job, p.seconds)).sum();
        let left = Duration::from_secs_f64(left.max(0.0) / self.workers.len() as f64);
        progress.meter.report_left(progress.done, self.queue.len(), left);
    }

    /// The row of one job: of an encode that worked, or of what went wrong.
    fn row_of(&self, job: &Job, slot: &OnceLock<Result<Prepared, String>>, work: &Path, cores: &[usize]) -> Row {
        let clip = &self.grid.clips[job.clip];
        let asked = Row::asked(job, clip, self.grid, self.tools, &time::now());
        let prepared = match slot.get_or_init(|| self.prepare(job.clip, cores)) {
            Ok(prepared) => prepared,
            Err(why) => return asked.failed(why),
        };
        let source = &prepared.source;
        let row = asked.of_source(prepared);
        let encoding = Encoding {
            engine: job.engine,
            encoder: job.encoder,
            preset: &job.preset,
            rate: job.rate,
            size: (job.width, job.height),
            frame_drop: job.frame_drop,
            selected: None,
            threads: self.grid.threads,
            gop: self.gop(&source.info),
        };
        let comparison = Comparison {
            encode: ENCODE,
            source,
            dropped: job.frame_drop > 0.0,
            selected: None,
            vmaf_model: &self.grid.vmaf_model,
            threads: self.grid.threads,
        };
        let measure = || -> Result<Row, String> {
            let taken = encoding.run(source, work, cores, self.tools, self.children)?;
            let score = comparison.score(work, self.tools, self.children)?;
            if score.frames != source.frames {
                return Err(format!("{} of {} frames could be compared", score.frames, source.frames));
            }
            Ok(row.clone().measured(&taken, &score, source.duration))
        };
        measure().unwrap_or_else(|why| row.failed(&why))
    }

    fn gop(&self, info: &SourceInfo) -> u64 {
        ((self.grid.keyframe_seconds * info.frame_rate).round() as u64).max(1)
    }

    fn prepare(&self, index: usize, cores: &[usize]) -> Result<Prepared, String> {
        let info = self.infos[index].as_ref().ok_or("the clip could not be read")?;
        let folder = tempfile::tempdir_in(&self.work).map_err(|error| error.to_string())?;
        let clip = &self.grid.clips[index];
        let tools = (self.tools, self.children);
        let source = source::prepare(clip, self.grid, info, self.clips, folder.path(), tools)?;
        let place = Place { work: folder.path(), cores, tools: self.tools, children: self.children };
        let how = (self.grid.vmaf_model.as_str(), self.grid.threads, self.gop(info));
        let probe = match &self.grid.probe {
            None => None,
            Some(recipe) => {
                let probe = probe::run(recipe, &source, how, &place).map_err(|why| format!("probe: {why}"))?;
                Some((recipe.describe(), probe))
            }
        };
        Ok(Prepared { source, probe, _folder: folder })
    }

    /// Measures anew what is the same on each row of a clip, and sets it in `rows`. Returns the clips that failed.
    pub fn renew(&self, rows: &mut [Row], meter: &Meter) -> Result<usize, Failure> {
        self.start_work()?;
        let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (rows, done) = (Mutex::new(rows), AtomicUsize::new(0));
        let clips = self.grid.clips.len();
        let work = |cores: &[usize]| -> Result<(), Failure> {
            if self.pinned {
                pin(cores)?;
            }
            loop {
                let index = next.fetch_add(1, Ordering::SeqCst);
                let Some(clip) = self.grid.clips.get(index).filter(|_| !self.children.stopped()) else {
                    return Ok(());
                };
                match self.prepare(index, cores) {
                    Ok(prepared) => {
                        let same = |row: &&mut Row| row.title == clip.title() && row.clip == clip.name();
                        lock(&rows).iter_mut().filter(same).for_each(|row| row.renew(&prepared));
                    }
                    Err(_) if self.children.stopped() => return Ok(()),
                    Err(why) => {
                        failed.fetch_add(1, Ordering::SeqCst);
                        output::note(&format!("{}: left as it was: {why}", clip.title()));
                    }
                }
                meter.report(encast::Progress { done: done.fetch_add(1, Ordering::SeqCst) + 1, total: clips });
            }
        };
        let pinned: Result<(), Failure> = thread::scope(|scope| {
            let work = &work;
            let threads: Vec<_> = self.workers.iter().map(|cores| scope.spawn(move || work(cores))).collect();
            threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Ok(())))
        });
        pinned?;
        fs::remove_dir_all(&self.work).map_err(|error| Failure::of_file(&self.work, error))?;
        Ok(failed.load(Ordering::SeqCst))
    }
}
