#pragma once

#include <cstddef>
#include <span>

extern "C" {
std::size_t library_reads(std::byte* memory, std::size_t size);
std::size_t library_writes(const std::byte* memory, std::size_t size);
std::size_t reads(std::span<std::byte> memory);
std::size_t writes(std::span<const std::byte> bytes);
}
