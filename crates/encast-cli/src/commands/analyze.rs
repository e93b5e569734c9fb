//! `encast analyze`: complexity of clips, of their segments or scenes.

use std::path::PathBuf;

use encast::{PredictionFeatures, motion_intensity_of_ti};
use encast_content::{Complexity, Segmentation, Statistics};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    commands::{
        analyze_input::{self, Analysed, How},
        analyze_plot::{self, MOST_CLIPS},
    },
    failure::{Failure, Outcome, Verdict},
    output, plot, show,
};

/// Measure the complexity of clips
///
/// Spatial and temporal information (ITU-T P.910), DCT energy (VCA's E, h, L), the share of static blocks and scene
/// cuts, of luma as coded, in one pass and constant memory. Y4M is read as it is, from a file or standard input; anything else is decoded by ffmpeg
/// (5.1 or newer; ENCAST_FFMPEG names one that is not on PATH), turned as the clip asks to be shown.
///
/// A clip that can't be decoded as a whole is an error. The duration of a clip with a variable frame rate is taken from
/// its timestamps; that, and what ffmpeg warns of, is noted on standard error.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  encast analyze clip.mp4\n  encast analyze *.mp4 --csv > content.csv\n  \
    encast analyze clip.mp4 --scenes --json\n  encast analyze clip.mp4 --plot clip.png\n  \
    ffmpeg -i clip.mp4 -f yuv4mpegpipe -strict -1 - | encast analyze -")]
pub struct Args {
    /// Clips of any format that ffmpeg decodes; `-` is Y4M from standard input
    #[arg(value_name = "CLIP", required = true)]
    clips: Vec<PathBuf>,
    /// Also each segment of so many seconds, rounded to whole frames; needs a frame rate that is nearly constant; not together with
    /// --scenes
    #[arg(long, value_name = "SECONDS", conflicts_with = "scenes", allow_negative_numbers = true)]
    segment: Option<f64>,
    /// Also each scene, from cut to cut
    #[arg(long)]
    scenes: bool,
    /// Print one JSON object: the clip's, or with several clips {"clips": […]}
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV: one row a clip, segment or scene
    #[arg(long)]
    csv: bool,
    /// Also draw SI, TI, E and h over time with the scene cuts, as SVG or PNG by the name's ending; of up to 12 clips
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Threads that share the work on a frame; the figures stay the same
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: u8,
}

/// One clip, segment or scene, in the words of the encode table. What is not known is absent.
#[derive(Serialize)]
struct Row {
    title: String,
    /// `clip`, `segment` or `scene`.
    part: &'static str,
    first_frame: u64,
    frames: u64,
    duration_s: Option<f64>,
    source_width: usize,
    source_height: usize,
    source_frame_rate: Option<f64>,
    variable_frame_rate: Option<bool>,
    bit_depth: u8,
    si_mean: f64,
    si_std: f64,
    si_max: f64,
    si_median: f64,
    ti_mean: Option<f64>,
    ti_std: Option<f64>,
    ti_max: Option<f64>,
    ti_median: Option<f64>,
    spatial_energy: f64,
    spatial_energy_median: f64,
    temporal_energy: Option<f64>,
    temporal_energy_median: Option<f64>,
    luminance: f64,
    motion_intensity: Option<f64>,
    static_share: Option<f64>,
}

/// What of a [`Row`] a request takes, by name.
const OF_REQUEST: [&str; 14] = [
    "source_width",
    "source_height",
    "source_frame_rate",
    "bit_depth",
    "duration_s",
    "si_mean",
    "si_std",
    "ti_mean",
    "ti_std",
    "spatial_energy",
    "temporal_energy",
    "luminance",
    "motion_intensity",
    "static_share",
];

/// A row, and the request for `encast predict` that lacks only the job's fields.
#[derive(Serialize)]
struct Part {
    #[serde(flatten)]
    row: Row,
    request: Map<String, Value>,
}

/// The contract of `--json` for one clip.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    clip: Part,
    scene_cuts: Vec<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<Part>,
}

#[derive(Serialize)]
struct Reports {
    clips: Vec<Report>,
}

impl Row {
    fn of(title: &str, part: &'static str, analysed: &Analysed, c: &Complexity) -> Row {
        let summary = &analysed.summary;
        let of_ti = |f: fn(Statistics) -> f64| c.ti.map(f);
        Row {
            title: title.to_owned(),
            part,
            first_frame: c.first_frame,
            frames: c.frames,
            duration_s: c.duration_s,
            source_width: summary.width,
            source_height: summary.height,
            source_frame_rate: summary.frame_rate,
            variable_frame_rate: analysed.variable_frame_rate,
            bit_depth: summary.bit_depth,
            si_mean: c.si.mean,
            si_std: c.si.std,
            si_max: c.si.max,
            si_median: c.si.median,
            ti_mean: of_ti(|t| t.mean),
            ti_std: of_ti(|t| t.std),
            ti_max: of_ti(|t| t.max),
            ti_median: of_ti(|t| t.median),
            spatial_energy: c.spatial_energy.mean,
            spatial_energy_median: c.spatial_energy.median,
            temporal_energy: c.temporal_energy.map(|t| t.mean),
            temporal_energy_median: c.temporal_energy.map(|t| t.median),
            luminance: c.luminance.mean,
            motion_intensity: c.ti.map(|t| motion_intensity_of_ti(t.mean)),
            static_share: c.static_share.map(|s| s.mean),
        }
    }
}

impl Part {
    fn of(row: Row) -> Result<Part, Failure> {
        let value = serde_json::to_value(&row).map_err(|error| Failure::Bad(format!("writing JSON: {error}")))?;
        let mut request = match value {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        request.retain(|name, value| OF_REQUEST.contains(&name.as_str()) && !value.is_null());
        Ok(Part { row, request })
    }
}

/// What an analysed clip says of a request: all but the job's fields.
pub fn request_of(analysed: &Analysed) -> Result<PredictionFeatures, Failure> {
    let part = Part::of(Row::of("", "clip", analysed, &analysed.summary.clip))?;
    serde_json::from_value(Value::Object(part.request))
        .map_err(|error| Failure::Bad(format!("the request of an analysed clip: {error}")))
}

impl Report {
    /// `part` names its segments, if it has any.
    fn of(title: &str, part: &'static str, analysed: &Analysed) -> Result<Report, Failure> {
        let of_part = |part, c: &Complexity| Part::of(Row::of(title, part, analysed, c));
        let parts = if part == "clip" { &[] } else { analysed.summary.segments.as_slice() };
        let segments: Result<Vec<Part>, Failure> = parts.iter().map(|c| of_part(part, c)).collect();
        let clip = of_part("clip", &analysed.summary.clip)?;
        Ok(Report { clip, scene_cuts: analysed.summary.cuts.clone(), segments: segments? })
    }
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    let (by, part) = match args.segment {
        Some(seconds) if !(seconds.is_finite() && seconds > 0.0) => {
            return Err(Failure::Bad(format!("--segment is {seconds}, must be a finite number of seconds above 0")));
        }
        Some(seconds) => (Some(Segmentation::Seconds(seconds)), "segment"),
        None if args.scenes => (Some(Segmentation::Scenes), "scene"),
        None => (None, "clip"),
    };
    if let Some(out) = &args.plot {
        plot::check_place(out)?;
        if args.clips.len() > MOST_CLIPS {
            let count = args.clips.len();
            return Err(Failure::Bad(format!("--plot draws at most {MOST_CLIPS} clips, {count} are given")));
        }
    }
    let how = How { by, threads: usize::from(args.threads), curve: args.plot.is_some() };
    let (mut reports, mut lines) = (Vec::new(), Vec::new());
    for path in &args.clips {
        let mut analysed = analyze_input::analyze(path, &how)?;
        for note in &analysed.notes {
            output::note(&format!("warning: {}: {note}", path.display()));
        }
        let name = |of: Option<&std::ffi::OsStr>| match of {
            Some(name) if path.as_os_str() != "-" => name.to_string_lossy().into_owned(),
            _ => "stdin".to_owned(),
        };
        lines.extend(analyze_plot::Line::of(name(path.file_name()), &mut analysed));
        reports.push(Report::of(&name(path.file_stem()), part, &analysed)?);
    }
    if let Some(out) = &args.plot {
        plot::write(out, &analyze_plot::figure(lines))?;
    }
    if args.json {
        match reports.as_slice() {
            [one] => output::print_json(one)?,
            _ => output::print_json(&Reports { clips: reports })?,
        }
    } else if args.csv {
        output::print_text(&csv_of(&reports)?)?;
    } else {
        output::print_text(&for_people(&reports))?;
    }
    Ok(Verdict::Done)
}

fn rows(reports: &[Report]) -> impl Iterator<Item = &Row> {
    reports.iter().flat_map(|report| std::iter::once(&report.clip).chain(&report.segments).map(|part| &part.row))
}

fn csv_of(reports: &[Report]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows(reports) {
        writer.serialize(row).map_err(|error| Failure::Bad(format!("writing CSV: {error}")))?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::Bad(format!("writing CSV: {error}")))?;
    String::from_utf8(bytes).map_err(|error| Failure::Bad(format!("writing CSV: {error}")))
}

fn for_people(reports: &[Report]) -> String {
    let header = [
        "title",
        "part",
        "size",
        "bits",
        "fps",
        "first frame",
        "frames",
        "seconds",
        "SI",
        "TI",
        "TI median",
        "E",
        "h",
        "L",
        "motion",
        "static",
        "cuts",
    ];
    let cells = |row: &Row, cuts: Option<usize>| {
        let number = show::number;
        vec![
            row.title.clone(),
            row.part.to_owned(),
            format!("{}x{}", row.source_width, row.source_height),
            row.bit_depth.to_string(),
            show::number_or_dash(row.source_frame_rate),
            row.first_frame.to_string(),
            row.frames.to_string(),
            show::number_or_dash(row.duration_s),
            number(row.si_mean),
            show::number_or_dash(row.ti_mean),
            show::number_or_dash(row.ti_median),
            number(row.spatial_energy),
            show::number_or_dash(row.temporal_energy),
            number(row.luminance),
            show::share(row.motion_intensity),
            show::share(row.static_share),
            show::number_or_dash(cuts.map(|cuts| cuts as f64)),
        ]
    };
    let lines = reports.iter().flat_map(|report| {
        let clip = cells(&report.clip.row, Some(report.scene_cuts.len()));
        std::iter::once(clip).chain(report.segments.iter().map(|part| cells(&part.row, None)))
    });
    show::table(&header, 3, lines.collect())
}
