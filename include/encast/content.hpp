// How hard a clip is to encode: encast::Analyzer and what it measures.
#ifndef ENCAST_CONTENT_HPP
#define ENCAST_CONTENT_HPP

#include "error.hpp"
#include "features.hpp"
#include "numbers.hpp"
#include "sites.hpp"
#include "span.hpp"

#include <encast.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

/// One figure over the frames of a clip: mean, std, min, max, median. All are NaN when it is not known.
using Statistics = EncastStatistics;

/// What an analyzer has to know of a clip before its first frame. All fields are those of EncastAnalyzerOptions, with
/// its ranges and defaults; width, height and bit_depth must be given.
struct AnalyzerOptions : EncastAnalyzerOptions {
    /// The defaults.
    AnalyzerOptions() noexcept : EncastAnalyzerOptions{} {
        static_cast<void>(encast_analyzer_options_init(this, sizeof(EncastAnalyzerOptions)));
    }

    /// Sets how the clip is cut into segments.
    void set_segmentation(Segmentation how) noexcept { segmentation = static_cast<std::int32_t>(how); }
};
static_assert(detail::same_layout<AnalyzerOptions, EncastAnalyzerOptions>);

/// Complexity of a clip, or of one of its segments. All fields are those of EncastComplexity.
struct Complexity : EncastComplexity {
    /// Everything unknown.
    Complexity() noexcept : EncastComplexity{} {
        static_cast<void>(encast_complexity_init(this, sizeof(EncastComplexity)));
    }
};
static_assert(detail::same_layout<Complexity, EncastComplexity>);

/// Complexity of one frame. All fields are those of EncastFrameComplexity.
struct FrameComplexity : EncastFrameComplexity {
    /// Everything unknown.
    FrameComplexity() noexcept : EncastFrameComplexity{} {
        static_cast<void>(encast_frame_complexity_init(this, sizeof(EncastFrameComplexity)));
    }
};
static_assert(detail::same_layout<FrameComplexity, EncastFrameComplexity>);

/// Measures the complexity of one clip, frame by frame. It holds one previous frame and a few numbers a block, however
/// long the clip is. One thread at a time may use one, any thread; different analyzers are independent.
class Analyzer : public detail::Owner<EncastAnalyzer> {
public:
    using Owner::Owner;

    /// An analyzer of one clip. Status::invalid_field, missing_field, bad_number or contradiction for options that are
    /// beyond their bounds.
    [[nodiscard]] static Expected<Analyzer> try_new(const AnalyzerOptions &options) {
        EncastAnalyzer *handle = nullptr;
        if (const auto status = encast_analyzer_new(&options, &handle); status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        Analyzer made(handle);
        made.width_ = options.width;
        made.height_ = options.height;
        made.bit_depth_ = options.bit_depth;
        return made;
    }
    /// Takes the next frame of 8 bits, in the order of display, and tells its figures. Only progressive luma is meant.
    /// stride: samples from the start of a row to that of the next; 0 = the width. The last row may end at the width.
    /// The samples are read during the call and not kept.
    ///
    /// Status::invalid_field (luma: too short, or the clip has more than 8 bits; stride_bytes) or bad_state (after the
    /// end). After an error the frame counts as not given, and the next may follow.
    [[nodiscard]] Expected<FrameComplexity> try_push_frame(Span<const std::uint8_t> luma, std::size_t stride = 0) {
        return push(luma.data(), luma.size(), stride, sizeof(std::uint8_t));
    }
    /// The same with a frame of 9 to 12 bits, the value in the low bits of each sample; Status::invalid_field too when
    /// a sample is larger than its bit depth allows.
    [[nodiscard]] Expected<FrameComplexity> try_push_frame(Span<const std::uint16_t> luma, std::size_t stride = 0) {
        return push(luma.data(), luma.size(), stride, sizeof(std::uint16_t));
    }
    /// Ends the clip and tells its complexity; called again, it tells the same again. Status::no_frame when no frame
    /// was taken: the clip has not ended then.
    [[nodiscard]] Expected<Complexity> try_finish() {
        Complexity clip;
        if (const auto status = encast_analyzer_finish(get(), &clip); status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return clip;
    }
    /// The complexity of a segment of the ended clip; index is below Complexity::segments. Status::bad_state before the
    /// end, or bad_index. Threads may ask at the same time.
    [[nodiscard]] Expected<Complexity> try_segment(std::size_t index) const {
        Complexity segment;
        if (const auto status = encast_analyzer_segment(get(), index, &segment); status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return segment;
    }
    /// The number of a frame that starts a scene, from 0 and never 0; index is below Complexity::cuts.
    /// Status::bad_state before the end, or bad_index. Threads may ask at the same time.
    [[nodiscard]] Expected<std::uint64_t> try_cut(std::size_t index) const {
        std::uint64_t frame = 0;
        if (const auto status = encast_analyzer_cut(get(), index, &frame); status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return frame;
    }
#if ENCAST_CPP_EXCEPTIONS
    /// As try_new(); throws its Error.
    explicit Analyzer(const AnalyzerOptions &options) : Analyzer(detail::value(try_new(options))) {}
    /// As try_push_frame(); throws its Error.
    FrameComplexity push_frame(Span<const std::uint8_t> luma, std::size_t stride = 0) {
        return detail::value(try_push_frame(luma, stride));
    }
    /// As try_push_frame(); throws its Error.
    FrameComplexity push_frame(Span<const std::uint16_t> luma, std::size_t stride = 0) {
        return detail::value(try_push_frame(luma, stride));
    }
    /// As try_finish(); throws its Error.
    [[nodiscard]] Complexity finish() { return detail::value(try_finish()); }
    /// As try_segment(); throws its Error.
    [[nodiscard]] Complexity segment(std::size_t index) const { return detail::value(try_segment(index)); }
    /// As try_cut(); throws its Error.
    [[nodiscard]] std::uint64_t cut(std::size_t index) const { return detail::value(try_cut(index)); }
#endif

private:
    /// encast.h takes a pointer on trust; a span has a length, so that it need not.
    Expected<FrameComplexity> push(const void *luma, std::size_t size, std::size_t stride, std::size_t sample) {
        FrameComplexity frame;
        stride = stride == 0 ? width_ : stride;
        if (get() != nullptr) {
            if ((bit_depth_ > 8) != (sample > 1)) {
                return detail::refused(Status::invalid_field,
                                       "luma: samples of " + std::to_string(bit_depth_) + " bits are " +
                                           (bit_depth_ > 8 ? "uint16_t" : "uint8_t"),
                                       "luma");
            }
            if (size < width_ || (height_ > 1 && (size - width_) / (height_ - 1) < stride)) {
                return detail::refused(Status::invalid_field,
                                       "luma has " + std::to_string(size) + " samples: must hold " +
                                           std::to_string(height_) + " rows of " + std::to_string(width_) + ", " +
                                           std::to_string(stride) + " apart",
                                       "luma");
            }
        }
        // The check above bounds the stride by the samples that there are, so that the product does not overflow.
        const auto status = encast_analyzer_push_frame(get(), luma, stride * sample, &frame);
        if (status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return frame;
    }

    std::uint32_t width_ = 0, height_ = 0, bit_depth_ = 0;
};

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_CONTENT_HPP
