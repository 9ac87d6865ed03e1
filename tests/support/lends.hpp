#pragma once

// Memory that is lent when a test case ends stays so: an operation that nobody awaited, or a lend that nobody
// returned.
namespace gauntlet::test {

// Prints "gauntlet: still lent: N bytes that were lent for writing to stream::read_some at PLACE" for each.
// Returns whether there was one. Without lends in the program (GAUNTLET_LENDS) there is none.
bool report_lends();

}  // namespace gauntlet::test
