// Where a job runs: encast::Profiles (machines, regions and prices) and encast::Site (one machine in one region).
#ifndef ENCAST_SITES_HPP
#define ENCAST_SITES_HPP

#include "error.hpp"

#include <encast.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

namespace detail {

/// Frees what it is asked to; null is nothing.
struct Free {
    /// Frees a handle of each kind. Freeing cannot fail: an owner frees its own handle, once.
    void operator()(EncastModel *model) const noexcept { static_cast<void>(encast_free_model(model)); }
    void operator()(EncastProfiles *profiles) const noexcept { static_cast<void>(encast_free_profiles(profiles)); }
    void operator()(EncastSite *site) const noexcept { static_cast<void>(encast_free_site(site)); }
    void operator()(EncastAnalyzer *analyzer) const noexcept { static_cast<void>(encast_analyzer_free(analyzer)); }
    void operator()(EncastMonitor *monitor) const noexcept { static_cast<void>(encast_monitor_free(monitor)); }
};

/// A handle of encast.h with one owner. It moves and does not copy; what was moved from is empty, and a call with an
/// empty one gives Status::null_pointer.
template <class Handle>
class Owner {
public:
    /// Empty.
    Owner() noexcept = default;
    /// Takes ownership of a handle.
    explicit Owner(Handle *handle) noexcept : handle_(handle) {}
    /// Whether there is a handle.
    [[nodiscard]] explicit operator bool() const noexcept { return handle_ != nullptr; }
    /// The handle, for calls of encast.h; null when empty. It stays this object's.
    [[nodiscard]] Handle *get() const noexcept { return handle_.get(); }
    /// Gives the handle away, to be freed by the caller; this object is empty then.
    [[nodiscard]] Handle *release() noexcept { return handle_.release(); }

private:
    std::unique_ptr<Handle, Free> handle_;
};

}  // namespace detail

/// A machine in a region with its prices: what PredictOptions::set_site() takes. Made by Profiles::site(); it needs its
/// profiles no more. It never changes: any number of threads may use it at the same time, and none may destroy or
/// assign it meanwhile.
class Site : public detail::Owner<EncastSite> {
public:
    using Owner::Owner;
};

/// Machines, regions, prices and how encoders scale. It never changes: any number of threads may use one at the same
/// time, and none may destroy or assign it meanwhile.
class Profiles : public detail::Owner<EncastProfiles> {
public:
    using Owner::Owner;

    /// Those that are part of the library.
    [[nodiscard]] static Expected<Profiles> try_built_in() {
        return made([](EncastProfiles **profiles) { return encast_load_profiles(nullptr, profiles); });
    }
    /// Reads a TOML file of at most 1 MiB and lays it over those of the library: an entry of the same name is replaced
    /// as a whole. Status::io, bad_text, profile_syntax, or profile_value, whose field is the entry.
    [[nodiscard]] static Expected<Profiles> try_load(const std::string &path) {
        if (auto done = detail::whole(path, "path"); !done) {
            return Unexpected(done.error());
        }
        return made([&](EncastProfiles **profiles) { return encast_load_profiles(path.c_str(), profiles); });
    }
    /// Reads a TOML text as try_load() reads a file; no reference to it is kept.
    [[nodiscard]] static Expected<Profiles> try_parse(std::string_view toml) {
        return made([&](EncastProfiles **out) { return encast_parse_profiles(toml.data(), toml.size(), out); });
    }
    /// The site of a machine in a region. A price that is not known there is no error: costs that need it are NaN.
    /// Status::unknown_name with a text that lists the known ones.
    [[nodiscard]] Expected<Site> try_site(const std::string &machine, const std::string &region) const {
        EncastSite *handle = nullptr;
        if (auto done = detail::whole(machine, "machine"); !done) {
            return Unexpected(done.error());
        }
        if (auto done = detail::whole(region, "region"); !done) {
            return Unexpected(done.error());
        }
        const auto status = encast_new_site(get(), machine.c_str(), region.c_str(), &handle);
        if (status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return Site(handle);
    }
#if ENCAST_CPP_EXCEPTIONS
    /// As try_built_in(); throws its Error.
    [[nodiscard]] static Profiles built_in() { return detail::value(try_built_in()); }
    /// As try_load(); throws its Error.
    [[nodiscard]] static Profiles load(const std::string &path) { return detail::value(try_load(path)); }
    /// As try_parse(); throws its Error.
    [[nodiscard]] static Profiles parse(std::string_view toml) { return detail::value(try_parse(toml)); }
    /// As try_site(); throws its Error.
    [[nodiscard]] Site site(const std::string &machine, const std::string &region) const {
        return detail::value(try_site(machine, region));
    }
#endif

private:
    template <class Make>
    static Expected<Profiles> made(Make make) {
        EncastProfiles *handle = nullptr;
        if (const std::int32_t status = make(&handle); status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return Profiles(handle);
    }
};

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_SITES_HPP
