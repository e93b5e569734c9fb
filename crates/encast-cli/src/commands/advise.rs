//! `encast advise`: which encoder, preset, size and rate reach a goal at the least cost, time, energy, carbon or size.

use std::path::{Path, PathBuf};

use clap::{ArgAction, ArgMatches, Command, FromArgMatches};
use encast::{Advice, AdviseOptions, Encoder, PredictOptions, RankBy, RecommendOptions, Rejection, Size, advise};

use crate::{
    commands::{advise_plot, advise_report, advise_table, clip, ladder::whole_size},
    failure::{Failure, Outcome, Verdict},
    focus,
    model::ModelArg,
    output,
    place::PlaceArgs,
    plot,
    request::RequestArgs,
    show,
};

/// Rank encoders, presets and sizes for a goal
///
/// For every encoder, preset and size the cheapest bitrate whose forecast VMAF reaches the target, with all forecasts
/// there; ranked by cost, time, energy, carbon or size, those that no other beats in both marked with *. Without a target
/// the best VMAF within the limits. The source is a clip, or told by the flags of `predict`; a bitrate or CRF in them is
/// not looked at. Exit code 1 when nothing reaches the goal.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    encast advise clip.mp4 --target-vmaf 93\n  \
    encast advise --source-resolution 1920x1080 --fps 30 --target-vmaf 93 --assurance 0.9 --deadline 2h --by energy\n  \
    encast advise clip.mp4 --budget 0.05 --encoder libx265 --encoder libsvtav1 --json\n  \
    encast advise clip.mp4 --target-vmaf 90 --plot advice.svg --focus advice.csv")]
pub struct Args {
    /// Measure the source: any clip that `encast analyze` takes. Flags beat what it tells; without --fps the encodes have
    /// its frame rate
    #[arg(value_name = "CLIP")]
    clip: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArg,
    /// Rank by cost, time, energy, co2 or size [default: cost; without a forecast of it time]
    #[arg(long, value_name = "QUANTITY", value_parser = RankBy::from_name)]
    by: Option<RankBy>,
    /// Sizes to choose from [default: 288, 360, 480, 540, 720, 1080, 1440, 2160 lines, up to the source's own]
    #[arg(long, value_name = "WIDTHxHEIGHT,…", value_delimiter = ',', value_parser = whole_size)]
    sizes: Vec<Size>,
    /// VMAF from one step of the price of quality to the next
    #[arg(long, value_name = "VMAF", default_value_t = AdviseOptions::default().step_vmaf, allow_negative_numbers = true)]
    step: f64,
    /// Steps above the goal
    #[arg(long, value_name = "N", default_value_t = AdviseOptions::default().steps)]
    steps: usize,
    /// Rows of the table for people; JSON, CSV, FOCUS and plot always have all
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Print one JSON object
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV: one row a proposal, best first
    #[arg(long)]
    csv: bool,
    /// Also draw all proposals and the Pareto front, as SVG or PNG by the name's ending
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Also write the proposals in the columns of the FinOps billing format FOCUS 1.2
    #[arg(long, value_name = "F.csv")]
    focus: Option<PathBuf>,
    #[command(flatten)]
    goal: GoalArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    request: SeveralEncoders,
}

/// The goal and its limits.
#[derive(clap::Args)]
#[command(
    next_help_heading = "The goal (limits are of the whole job: an hour of content without --duration or a clip)"
)]
struct GoalArgs {
    /// VMAF to reach; without it the best VMAF within the limits
    #[arg(long, value_name = "VMAF", allow_negative_numbers = true)]
    target_vmaf: Option<f64>,
    /// Probability, 0.5-0.99, with which VMAF shall be as high as asked for: its lower bound counts, not the forecast
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    assurance: Option<f64>,
    /// Most time that the encode may take, by the forecast: seconds, or as 2h, 90m, 1h30m
    #[arg(long, visible_alias = "max-seconds", value_name = "TIME", value_parser = seconds, allow_negative_numbers = true)]
    deadline: Option<f64>,
    /// Most that the encode may cost, USD, by the forecast
    #[arg(long, visible_alias = "max-cost", value_name = "USD", allow_negative_numbers = true)]
    budget: Option<f64>,
    /// Most carbon of the encode, kg CO2e, by the forecast
    #[arg(long, value_name = "KG", allow_negative_numbers = true)]
    max_co2: Option<f64>,
    /// Most energy of the encode, kWh, by the forecast
    #[arg(long, value_name = "KWH", allow_negative_numbers = true)]
    max_energy: Option<f64>,
    /// Largest size of the encode, MB
    #[arg(long, value_name = "MB", allow_negative_numbers = true)]
    max_size: Option<f64>,
    /// Lowest bitrate, kbit/s
    #[arg(long, value_name = "KBPS", default_value_t = RecommendOptions::default().min_bitrate_kbps,
          allow_negative_numbers = true)]
    min_bitrate: f64,
    /// Highest bitrate, kbit/s
    #[arg(long, value_name = "KBPS", default_value_t = RecommendOptions::default().max_bitrate_kbps,
          allow_negative_numbers = true)]
    max_bitrate: f64,
}

/// The flags of one request, in which `--encoder` and `--preset` may stand several times.
struct SeveralEncoders {
    request: RequestArgs,
    encoders: Vec<Encoder>,
    presets: Vec<String>,
}

impl clap::Args for SeveralEncoders {
    fn augment_args(command: Command) -> Command {
        RequestArgs::augment_args(command)
            .mut_arg("encoder", |arg| {
                arg.action(ArgAction::Append).help(
                    "Encoder to choose from: libx264, libx265, libvpx-vp9, libsvtav1, libaom-av1 or libvvenc; may stand \
                     several times [default: all that the model was taught]",
                )
            })
            .mut_arg("preset", |arg| {
                arg.action(ArgAction::Append).help(
                    "The encoders' own preset name; may stand several times [default: all that the model was taught]",
                )
            })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SeveralEncoders {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let encoders = matches.get_many("encoder").into_iter().flatten().copied().collect();
        let presets = matches.get_many("preset").into_iter().flatten().cloned().collect();
        Ok(SeveralEncoders { request: RequestArgs::from_arg_matches(matches)?, encoders, presets })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// `7200`, `2h`, `1h30m` or `90s` as seconds.
fn seconds(text: &str) -> Result<f64, String> {
    let wrong = || "must be seconds, or as 2h, 90m or 1h30m".to_owned();
    if let Ok(seconds) = text.parse::<f64>() {
        return Ok(seconds);
    }
    let (mut total, mut number) = (0.0, String::new());
    for letter in text.chars() {
        let unit = match letter {
            'h' => 3600.0,
            'm' => 60.0,
            's' => 1.0,
            digit => {
                number.push(digit);
                continue;
            }
        };
        total += number.parse::<f64>().map_err(|_| wrong())? * unit;
        number.clear();
    }
    if number.is_empty() && !text.is_empty() { Ok(total) } else { Err(wrong()) }
}

/// What was asked, for the reports.
pub struct Asked<'a> {
    /// As the core took it.
    pub options: &'a AdviseOptions,
    /// The clip's name without its folder.
    pub title: Option<String>,
    /// Length of the job, seconds.
    pub duration_s: f64,
    /// The model.
    pub loaded: &'a crate::model::Loaded,
    /// What people should know of the answer, one line each.
    pub notes: Vec<String>,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Outcome {
    if let Some(out) = &args.plot {
        plot::check_place(out)?;
    }
    if let Some(out) = &args.focus {
        output::check_place(out)?;
    }
    let options = options(args)?;
    options.check()?;
    let mut features = args.request.request.features_over(clip::source(args.clip.as_deref())?)?;
    args.place.name_in(&mut features);
    let loaded = args.model.load()?;
    let advice = advise(&features, &loaded.model, &options)?;
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let asked = Asked {
        notes: advise_table::notes(&advice, &options, &loaded),
        options: &options,
        title: args.clip.as_deref().and_then(name),
        duration_s: features.duration_or_default(),
        loaded: &loaded,
    };
    if let Some(out) = &args.plot {
        plot::write(out, &advise_plot::figure(&advice, &asked))?;
    }
    if let Some(out) = &args.focus {
        focus::write(out, &advise_report::charges(&advice, &asked))?;
    }
    if args.json {
        output::print_json(&advise_report::report(&advice, &asked))?;
    } else if args.csv {
        output::print_text(&advise_report::csv(&advice)?)?;
    } else {
        output::print_text(&advise_table::table(&advice, &asked, args.top))?;
    }
    if advice.proposals.is_empty() {
        return Ok(Verdict::No(why_none(&advice, &options)));
    }
    Ok(Verdict::Done)
}

fn options(args: &Args) -> Result<AdviseOptions, Failure> {
    let goal = &args.goal;
    let recommend = RecommendOptions {
        min_bitrate_kbps: goal.min_bitrate,
        max_bitrate_kbps: goal.max_bitrate,
        assurance: goal.assurance,
        max_encode_seconds: goal.deadline,
        max_cost_usd: goal.budget,
        max_energy_kwh: goal.max_energy,
        max_co2_kg: goal.max_co2,
        ..RecommendOptions::default()
    };
    let predict = args.place.over(PredictOptions { recommend, ..PredictOptions::default() })?;
    Ok(AdviseOptions {
        target_vmaf: goal.target_vmaf,
        max_size_mb: goal.max_size,
        rank_by: args.by,
        encoders: args.request.encoders.clone(),
        presets: args.request.presets.clone(),
        sizes: args.sizes.clone(),
        step_vmaf: args.step,
        steps: args.steps,
        predict,
    })
}

fn why_none(advice: &Advice, options: &AdviseOptions) -> String {
    let goal = match options.target_vmaf {
        Some(target) => format!("VMAF {target}"),
        None => "the goal".to_owned(),
    };
    match advice.best_reachable() {
        Some((rejected, choice)) => {
            format!("nothing reaches {goal}: the best is {} with {}", show::number(choice.assured_vmaf), rejected.setup)
        }
        None => match advice.rejected.iter().all(|one| matches!(one.reason, Rejection::NotForecast { .. })) {
            true => format!("nothing reaches {goal}: the model can forecast none of it"),
            false => format!("nothing reaches {goal}: nothing keeps the limits"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_as_seconds() {
        for (text, expected) in [("7200", 7200.0), ("2h", 7200.0), ("1h30m", 5400.0), ("90s", 90.0), ("0.5h", 1800.0)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in ["", "h", "2h30", "2d", "two"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
