/*
 * encast from C++17, C++20 and C++23: the functions of encast.h with owners, types and errors of C++. Only headers:
 * this one and the folder encast beside it; link with libencast as a C program does.
 *
 *     const encast::Model model = encast::Model::load_default();
 *     encast::Features features;
 *     features.bitrate_kbps = 4000;
 *     features.resolution_width = 1920;
 *     features.resolution_height = 1080;
 *     features.set_encoder(encast::Encoder::libx264);
 *     features.set_preset("medium");
 *     const encast::Result result = model.predict(features);
 *     std::printf("VMAF %.1f [%.1f, %.1f]\n", result.vmaf.value, result.vmaf.lower, result.vmaf.upper);
 *
 * Owners of handles, which move and do not copy: Model, Profiles, Site, Analyzer, Monitor. Values, which set themselves
 * up and have the fields of the structs of encast.h: Features, Anchor, Targets; Column, Scores; LoadOptions,
 * PredictOptions, LadderOptions, AdviseOptions, RetrainOptions, AnalyzerOptions, MonitorOptions, Profile; Result,
 * Recommendation, Rung, Comparison, Proposal, ModelInfo, Complexity, FrameComplexity; Observed, DriftStream,
 * ForecastErrors, InputDrift, Offset. Numbers: Status, Codec, Encoder, Target, Field, Outcome, Limit, ModelKind,
 * Segmentation, RankBy.
 *
 * Rules:
 *   - Every operation has a form try_x() that returns an Expected: an answer, or an Error with its status, text, field
 *     and row. The form x() throws that Error, a std::runtime_error. Without exceptions (-fno-exceptions, or
 *     ENCAST_NO_EXCEPTIONS defined) only the first is there.
 *   - Numbers that are not known are NaN: encast::unknown, encast::is_known(). Units and ranges are those of encast.h.
 *   - Spans and strings are read during the call only, except where set_... says that something has to stay.
 *   - An owner that is empty, or was moved from, may be destroyed and assigned to; a call on it gives
 *     Status::null_pointer.
 *   - Any number of threads may use one model, one site or one set of profiles at the same time; an analyzer is used by
 *     one thread at a time; calls with one monitor wait for one another. An error's texts are its own, whatever the
 *     thread calls next.
 *   - Running out of memory in the library ends the process; in the wrapper it throws std::bad_alloc where exceptions
 *     are on.
 */
#ifndef ENCAST_HPP
#define ENCAST_HPP

#include "encast/answers.hpp"
#include "encast/config.hpp"
#include "encast/content.hpp"
#include "encast/error.hpp"
#include "encast/features.hpp"
#include "encast/model.hpp"
#include "encast/monitors.hpp"
#include "encast/names.hpp"
#include "encast/numbers.hpp"
#include "encast/options.hpp"
#include "encast/score.hpp"
#include "encast/sites.hpp"
#include "encast/span.hpp"

#endif  // ENCAST_HPP
