// Chunks that libpng does not know, or was told to treat so: kept by policy, seen by a callback, written.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <memory>
#include <string>
#include <vector>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

using enum unknown_chunk::location;

bytes text_chunk() { return chunk("tEXt", to_bytes(std::string("Key\0value", 9))); }

// Safe to copy, not safe to copy, and one that libpng knows.
bytes ancillary_file() {
  return tiny_file(joined({chunk("teSt", bytes(1)), chunk("teST", bytes(2)), text_chunk()}),
                   chunk("laTe", bytes(3)));
}
bytes critical_file() { return tiny_file(chunk("TEST", bytes(1))); }

metadata metadata_of(const bytes& file, const decoder_options& options) {
  row_reader rows = decoder(memory_source(file), options).start();
  while (rows.next()) {
  }
  CHECK(rows.warnings().empty());
  return rows.metadata();
}

std::vector<std::string> names_kept(const bytes& file, const decoder_options& options) {
  std::vector<std::string> names;
  for (const unknown_chunk& kept : metadata_of(file, options).unknown_chunks) names.push_back(kept.name);
  return names;
}

using names = std::vector<std::string>;

// ---- policy

TEST_CASE("metadata_unknown: none are kept unless asked for") {
  CHECK(names_kept(ancillary_file(), {}).empty());
  CHECK(names_kept(ancillary_file(), {.unknown_chunks = keep_chunks::none}).empty());
}

TEST_CASE("metadata_unknown: all ancillary ones are kept, with their data and place") {
  for (const keep_chunks keep : {keep_chunks::ancillary, keep_chunks::all}) {
    const metadata found = metadata_of(ancillary_file(), {.unknown_chunks = keep});
    CHECK(found.unknown_chunks == std::vector<unknown_chunk>{{"teSt", bytes(1), before_image},
                                                             {"teST", bytes(2), before_image},
                                                             {"laTe", bytes(3), after_image}});
    CHECK(found.texts.size() == 1);
  }
}

TEST_CASE("metadata_unknown: a critical one is an error, unless all are kept") {
  for (const keep_chunks keep : {keep_chunks::none, keep_chunks::ancillary}) {
    const auto failure =
        thrown_by<error>([&] { return metadata_of(critical_file(), {.unknown_chunks = keep}); });
    CHECK(failure.code() == errc::corrupted);
    CHECK(failure.chunk() == "TEST");
  }
  CHECK(names_kept(critical_file(), {.unknown_chunks = keep_chunks::all}) == names{"TEST"});
  CHECK(names_kept(critical_file(), {.chunks = {{.name = "TEST"}}}) == names{"TEST"});
}

TEST_CASE("metadata_unknown: a policy by name comes before that for all") {
  const decoder_options all_but_one{.unknown_chunks = keep_chunks::all,
                                    .chunks = {{.name = "teSt", .keep = keep_chunks::none}}};
  CHECK(names_kept(ancillary_file(), all_but_one) == names{"teST", "laTe"});
  CHECK(names_kept(ancillary_file(), {.chunks = {{.name = "laTe"}}}) == names{"laTe"});
}

TEST_CASE("metadata_unknown: a chunk that libpng knows can be treated as unknown") {
  const metadata kept = metadata_of(ancillary_file(), {.chunks = {{.name = "tEXt"}}});
  CHECK(kept.texts.empty());
  REQUIRE(kept.unknown_chunks.size() == 1);
  CHECK(kept.unknown_chunks[0] ==
        unknown_chunk{"tEXt", to_bytes(std::string("Key\0value", 9)), before_image});
  const metadata left =
      metadata_of(ancillary_file(), {.chunks = {{.name = "tEXt", .keep = keep_chunks::none}}});
  CHECK(left == metadata{});
}

TEST_CASE("metadata_unknown: a policy for what is no chunk's name, or the image itself, is misuse") {
  for (const char* name : {"", "teS", "teStt", "te t", "test", "IHDR", "PLTE", "IDAT", "IEND"}) {
    INFO(name);
    CHECK_THROWS_AS(decoder(owning_source(tiny_file()), {.chunks = {{.name = name}}}), misuse);
  }
}

// ---- the callback

TEST_CASE("metadata_unknown: the callback sees each as it comes, and true is the end of it") {
  std::vector<unknown_chunk> seen;
  const decoder_options options{.unknown_chunks = keep_chunks::all,
                                .on_unknown_chunk = [&](const unknown_chunk& one) {
                                  seen.push_back(one);
                                  return true;
                                }};
  decoder before(owning_source(ancillary_file()), options);
  CHECK(seen.size() == 2);
  seen.clear();
  CHECK(names_kept(ancillary_file(), options).empty());
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].name == "teSt");
  CHECK(seen[1].data == bytes(2));
  CHECK(seen[2] == unknown_chunk{"laTe", bytes(3), after_image});
}

TEST_CASE("metadata_unknown: what the callback leaves is kept, or not, by the policy") {
  const auto leave = [](const unknown_chunk&) { return false; };
  CHECK(names_kept(ancillary_file(), {.on_unknown_chunk = leave}).empty());
  CHECK(names_kept(ancillary_file(), {.unknown_chunks = keep_chunks::ancillary, .on_unknown_chunk = leave}) ==
        names{"teSt", "teST", "laTe"});
  CHECK(names_kept(ancillary_file(), {.chunks = {{.name = "teST"}}, .on_unknown_chunk = leave}) ==
        names{"teST"});
}

TEST_CASE("metadata_unknown: a critical one is for the callback to take") {
  const auto taken = [](const unknown_chunk& one) { return one.name == "TEST"; };
  CHECK(names_kept(critical_file(), {.on_unknown_chunk = taken}).empty());
  const auto failure = thrown_by<error>([&] {
    return metadata_of(critical_file(), {.on_unknown_chunk = [](const unknown_chunk&) { return false; }});
  });
  CHECK(failure.chunk() == "TEST");
}

TEST_CASE("metadata_unknown: what the callback throws comes out as itself") {
  const std::exception_ptr planned = std::make_exception_ptr(planned_failure());
  std::string victim;
  const decoder_options options{.on_unknown_chunk = [&](const unknown_chunk& one) -> bool {
    if (one.name == victim) std::rethrow_exception(planned);
    return true;
  }};
  victim = "teSt";
  CHECK(anything_thrown_by([&] { return decoder(owning_source(ancillary_file()), options); }) == planned);

  victim = "laTe";  // behind the image: the call after the last row reads it
  row_reader rows = decoder(owning_source(ancillary_file()), options).start();
  CHECK(rows.next().has_value());
  CHECK(rows.next().has_value());
  CHECK(anything_thrown_by([&] { return rows.next(); }) == planned);
  CHECK_THROWS_AS(rows.next(), misuse);
}

// ---- writing

TEST_CASE("metadata_unknown: each is written at its place, safe to copy or not, and comes back there") {
  const metadata given{.unknown_chunks = {{"fiRs", bytes(1), before_palette},
                                          {"FiRS", bytes(2), before_palette},
                                          {"miDd", bytes(3), before_image},
                                          {"laST", bytes(4), after_image}}};
  const bytes file = encode(make_picture({color_type::palette, 1}, 2, 2), {.metadata = given});
  names order;
  for (const chunk_place& place : chunks_of(file)) order.push_back(place.type);
  CHECK(order == names{"IHDR", "fiRs", "FiRS", "PLTE", "miDd", "IDAT", "laST", "IEND"});
  CHECK(metadata_of(file, {.unknown_chunks = keep_chunks::all}) == given);
}

TEST_CASE("metadata_unknown: one without data comes back") {
  const metadata given{.unknown_chunks = {{"teSt", {}, before_image}}};
  const image picture = make_picture({color_type::gray, 8}, 2, 2);
  const bytes file = encode(picture, {.metadata = given});
  CHECK(metadata_of(file, {.unknown_chunks = keep_chunks::all}) == given);
}

encoder<memory_sink> gray_encoder(bool interlaced = false) {
  return encoder(memory_sink{}, header_of(2, 2, color_type::gray, 8), {.interlaced = interlaced});
}

TEST_CASE("metadata_unknown: any chunk can be written before the first row and after the last") {
  const bool interlaced = GENERATE(false, true);
  encoder writer = gray_encoder(interlaced);
  writer.write_chunk("teSt", bytes(1));
  writer.write_chunk("emPt", {});
  for (int i = 0; i < 2 * writer.passes(); ++i) writer.write_row(bytes(2));
  writer.write_chunk("laTe", bytes(3));
  const metadata found = metadata_of(std::move(writer).finish().take(), {.unknown_chunks = keep_chunks::all});
  CHECK(found.unknown_chunks == std::vector<unknown_chunk>{{"teSt", bytes(1), before_image},
                                                           {"emPt", {}, before_image},
                                                           {"laTe", bytes(3), after_image}});
}

TEST_CASE("metadata_unknown: no chunk can be written between rows, and none that is the image") {
  const bool interlaced = GENERATE(false, true);
  encoder between = gray_encoder(interlaced);
  between.write_row(bytes(2));
  CHECK_THROWS_AS(between.write_chunk("teSt", bytes(1)), misuse);
  for (const char* name : {"IHDR", "PLTE", "IDAT", "IEND", "", "teS", "teStt", "te t", "test"}) {
    INFO(name);
    encoder writer = gray_encoder();
    CHECK_THROWS_AS(writer.write_chunk(name, bytes(1)), misuse);
  }
}

}  // namespace
}  // namespace gauntlet::png::test
