//! The `encast` command: reads the arguments, dispatches, and turns the outcome into an exit code.
#![forbid(unsafe_code)]

mod commands;
mod export;
mod failure;
mod focus;
mod gate;
mod http;
mod input;
#[cfg(target_os = "linux")]
mod measure;
mod model;
mod output;
mod pipeline;
mod place;
mod plot;
mod progress;
mod reading;
mod request;
mod retrain;
mod search;
mod show;
mod table;
mod time;
mod validate;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};

use crate::failure::{Failure, Outcome, Verdict};

/// Forecasts a video encode before it runs: quality, size, time, cost and carbon, each with an interval.
#[derive(Parser)]
#[command(
    name = "encast",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done; 1 the answer is \"no\" (gate missed, target unreachable); 2 bad input or usage.\n\
                  Every subcommand that takes --json prints one JSON object on standard output; progress and warnings \
                  go to standard error."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Predict(Box<commands::predict::Args>),
    Recommend(Box<commands::recommend::Args>),
    Ladder(Box<commands::ladder::Args>),
    Compare(Box<commands::compare::Args>),
    Advise(Box<commands::advise::Args>),
    Train(commands::train::Args),
    Retrain(Box<commands::retrain::Args>),
    Evaluate(commands::evaluate::Args),
    Validate(Box<commands::validate::Args>),
    Columns(commands::columns::Args),
    Export(Box<commands::export::Args>),
    Import(Box<commands::import::Args>),
    ExportModel(commands::export_model::Args),
    Inspect(commands::inspect::Args),
    Profiles(commands::profiles::Args),
    Analyze(commands::analyze::Args),
    #[cfg(target_os = "linux")]
    Measure(commands::measure::Args),
    #[cfg(target_os = "linux")]
    Converge(commands::converge::Args),
    Calibrate(commands::calibrate::Args),
    #[command(hide = true)]
    Pages(commands::pages::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let outcome: Outcome = match cli.command {
        Command::Predict(args) => commands::predict::run(&args),
        Command::Recommend(args) => commands::recommend::run(&args),
        Command::Ladder(args) => commands::ladder::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Advise(args) => commands::advise::run(&args),
        Command::Train(args) => commands::train::run(&args),
        Command::Retrain(args) => commands::retrain::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Validate(args) => commands::validate::run(&args),
        Command::Columns(args) => commands::columns::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::ExportModel(args) => commands::export_model::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Profiles(args) => commands::profiles::run(&args),
        Command::Analyze(args) => commands::analyze::run(&args),
        #[cfg(target_os = "linux")]
        Command::Measure(args) => commands::measure::run(&args),
        #[cfg(target_os = "linux")]
        Command::Converge(args) => commands::converge::run(&args),
        Command::Calibrate(args) => commands::calibrate::run(&args),
        Command::Pages(args) => commands::pages::run(&args, Cli::command()),
    };
    match outcome {
        Ok(Verdict::Done) => ExitCode::SUCCESS,
        Ok(Verdict::No(why)) => {
            output::note(&why);
            ExitCode::from(1)
        }
        // Whoever read our output has seen enough (`encast … | head`).
        Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Err(Failure::Bad(message)) => {
            output::note(&format!("error: {message}"));
            ExitCode::from(2)
        }
    }
}

/// Help and version as clap prints them; a wrong command line as one line.
fn usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(2),
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Nothing more can be done when standard error is closed.
            let _ = error.print();
            ExitCode::from(2)
        }
        _ => {
            let text = error.to_string();
            let what = text.split("\n\nUsage:").next().unwrap_or(&text);
            let what = what.split("\n\nFor more information").next().unwrap_or(what);
            let words: Vec<&str> = what.trim_start_matches("error: ").split_whitespace().collect();
            output::note(&format!("error: {} (--help shows the usage)", words.join(" ")));
            ExitCode::from(2)
        }
    }
}
