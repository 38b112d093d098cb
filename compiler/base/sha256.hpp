// SHA-256 (FIPS 180-4) and its keyed form HMAC (RFC 2104): names of what nobody can forge.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hopf::base {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view bytes);

/// The digest of `message` under `key`, which nobody can make who does not know the key.
Digest hmac_sha256(std::string_view key, std::string_view message);

std::string to_hex(const Digest&);

}  // namespace hopf::base
