//! What `encast measure` does before the first encode: cores, encoders, clips, the list of encodes, disk space.

use std::path::Path;

use super::measure::Args;
use crate::{
    failure::{Failure, Outcome, Verdict},
    measure::{
        campaign::{Planned, allowed_cores},
        encoders::EncoderSpec,
        engine::Engine,
        forecast::Forecaster,
        grid::Grid,
        plan,
        process::Children,
        source::{self, SourceInfo},
        tools::Tools,
    },
    output, show,
};

/// The cores of each worker.
pub fn workers(args: &Args, grid: &Grid) -> Result<Vec<Vec<usize>>, Failure> {
    let allowed = allowed_cores();
    let cores = args.cores.clone().unwrap_or_else(|| allowed.clone());
    if let Some(core) = cores.iter().find(|core| !allowed.contains(core)) {
        return Err(Failure::Bad(format!("--cores {core}: this program may use {allowed:?}")));
    }
    let (jobs, threads) = (usize::from(args.jobs), grid.threads as usize);
    if args.no_pin {
        return Ok(vec![cores; jobs]);
    }
    if jobs * threads > cores.len() {
        return Err(Failure::Bad(format!(
            "--jobs {jobs} of {threads} threads each: must fit on {} cores (--no-pin shares them, and leaves \
             encode_seconds empty where that shows)",
            cores.len()
        )));
    }
    Ok(cores.chunks(threads).take(jobs).map(<[usize]>::to_vec).collect())
}

/// Every encoder of the grid works here, or it is an error that names those that do not.
pub fn check_encoders(grid: &Grid, tools: &mut Tools, scratch: &Path, children: &Children) -> Result<(), Failure> {
    let of_probe = grid.probe.iter().map(|probe| (Engine::Ffmpeg, probe.encoder.as_str()));
    for (engine, name) in grid.encodes.iter().map(|encode| (encode.engine, encode.encoder.as_str())).chain(of_probe) {
        tools.try_encoder(engine, EncoderSpec::find(name)?, scratch, children);
    }
    let software = |name: &str| EncoderSpec::find(name).is_ok_and(|spec| !spec.hardware);
    if let Some(((engine, name), why)) = tools.missing.iter().find(|((_, name), _)| software(name)) {
        let with = match engine {
            Engine::Ffmpeg => "with this FFmpeg",
            Engine::Gstreamer => "through gstreamer",
        };
        return Err(Failure::Bad(format!("{name} does not work {with}: {why}")));
    }
    for ((_, name), why) in &tools.missing {
        output::note(&format!("warning: {name} is left out, it does not work here: {why}"));
    }
    Ok(())
}

/// What is known of each clip; what can't be read is told, and left out.
pub fn inspect(grid: &Grid, clips: &Path, scratch: &Path, tools: (&Tools, &Children)) -> Vec<Option<SourceInfo>> {
    let look = |clip| match source::inspect(clip, grid, clips, scratch, tools) {
        Ok(info) => Some(info),
        Err(why) => {
            output::note(&format!("warning: {} is left out: {why}", clip.title()));
            None
        }
    };
    grid.clips.iter().map(look).collect()
}

/// All encodes of the grid that this machine can run.
pub fn plan(grid: &Grid, infos: &[Option<SourceInfo>], tools: &Tools) -> Result<Vec<Planned>, Failure> {
    let forecaster = Forecaster::new();
    let mut all = Vec::new();
    for (index, (clip, info)) in grid.clips.iter().zip(infos).enumerate() {
        let Some(info) = info else { continue };
        if grid.encodes.iter().any(|encode| !encode.engine.reads(info.bit_depth)) {
            let (title, bits) = (clip.title(), info.bit_depth);
            output::note(&format!("warning: {title} is not encoded through gstreamer, which reads no {bits} bits"));
        }
        let works = |job: &plan::Job| !tools.missing.contains_key(&(job.engine, job.encoder.name));
        let jobs = plan::jobs_of(grid, index, clip, info)?;
        if jobs.is_empty() && grid.encodes.iter().any(|encode| encode.engine.reads(info.bit_depth)) {
            let (title, height) = (clip.title(), info.height);
            output::note(&format!("warning: {title} gets no encode: every size has more lines than its {height}"));
        }
        for job in jobs.into_iter().filter(works) {
            let seconds = forecaster.seconds(&job, info, clip.seconds.unwrap_or(grid.seconds));
            all.push(Planned { job, seconds });
        }
    }
    Ok(all)
}

/// Prints the plan.
pub fn show(grid: &Grid, all: &[Planned], workers: usize) -> Outcome {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut of: Vec<(String, usize, f64)> = Vec::new();
    for planned in all {
        let job = &planned.job;
        let name = format!("{} {} {}", job.encoder.name, job.preset, job.rate.name());
        match of.iter_mut().find(|(other, ..)| *other == name) {
            Some((_, count, seconds)) => {
                *count += 1;
                *seconds += planned.seconds;
            }
            None => of.push((name, 1, planned.seconds)),
        }
    }
    for (name, count, seconds) in of {
        let mut cells: Vec<String> = name.split(' ').map(str::to_owned).collect();
        cells.extend([show::count(count), show::number(seconds.round())]);
        rows.push(cells);
    }
    let seconds: f64 = all.iter().map(|planned| planned.seconds).sum::<f64>() / workers as f64;
    let text = show::table(&["encoder", "preset", "rate", "encodes", "core seconds"], 3, rows);
    // Adding 0 turns the sum of nothing, which is -0, into 0.
    let time = match seconds {
        short if short < 90.0 => format!("{:.0} s", short.ceil() + 0.0),
        long => format!("{:.0} min", (long / 60.0).ceil()),
    };
    output::print_text(&format!(
        "{text}\n{} encodes of {} clips, about {time} of encoding with {workers} at a time\n",
        show::count(all.len()),
        grid.clips.len(),
    ))?;
    Ok(Verdict::Done)
}

/// Sources that are on the disk at a time must fit.
pub fn check_disk(grid: &Grid, infos: &[Option<SourceInfo>], workers: usize, most_mb: u32) -> Result<(), Failure> {
    let largest = grid.clips.iter().zip(infos).filter_map(|(clip, info)| {
        let info = info.as_ref()?;
        let bytes = 1.5 * (info.width * info.height) as f64 * if info.bit_depth > 8 { 2.0 } else { 1.0 };
        Some((clip.seconds.unwrap_or(grid.seconds) * info.frame_rate * bytes / 1e6, clip))
    });
    let Some((mb, clip)) = largest.max_by(|(a, _), (b, _)| a.total_cmp(b)) else { return Ok(()) };
    // One clip's source may be needed by the last of its encodes while the next one's is there already.
    let needed = mb * (workers + 1) as f64;
    if needed > f64::from(most_mb) {
        return Err(Failure::Bad(format!(
            "--max-disk-mb {most_mb}: {needed:.0} MB are needed at a time ({} takes {mb:.0} MB)",
            clip.title()
        )));
    }
    Ok(())
}
