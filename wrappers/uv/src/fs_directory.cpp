#include "gauntlet/uv/fs_directory.hpp"

#include "fs_request.hpp"

namespace gauntlet::uv {
namespace detail {
namespace {

using state = std::shared_ptr<directory_state>;

/// Begins a read, or one that closes: only one of them at a time.
fs_operands alone(const state& opened, const char* operation, const std::source_location& where) {
  if (opened == nullptr)
    throw misuse(operation,
                 "the directory is closed or was moved from: open it, or use the one it was moved to", where);
  if (!opened->begin_read())
    throw misuse(operation, "a read of the directory is in flight: wait until that has ended", where);
  fs_operands on;
  on.directory = opened;
  on.read.reset(opened.get());
  return on;
}

auto readdir_of(const state& opened, std::size_t most, const std::source_location& where) {
  constexpr fs_name name{"fs_readdir", "fs::directory::readdir"};
  if (most == 0) throw misuse(name.operation, "there is no room for an entry: ask for 1 or more", where);
  fs_operands on = alone(opened, name.operation, where);
  opened->make_room(most);
  return operation<std::vector<fs::directory_entry>>(
      name, std::move(on), [](uv_loop_t* loop, uv_fs_t* request, fs_operands& used, uv_fs_cb done) {
        return uv_fs_readdir(loop, request, used.directory->native(), done);
      });
}

auto closedir_of(const state& opened, const std::source_location& where) {
  constexpr fs_name name{"fs_closedir", "fs::directory::close"};
  return operation<void>(name, alone(opened, name.operation, where),
                         [](uv_loop_t* loop, uv_fs_t* request, fs_operands& used, uv_fs_cb done) {
                           return uv_fs_closedir(loop, request, used.directory->take(), done);
                         });
}

}  // namespace
}  // namespace detail

namespace fs {

std::vector<directory_entry> directory::readdir(std::size_t most, std::source_location where) {
  return detail::readdir_of(state_, most, where).now(where);
}
request directory::readdir(uv::loop& loop, std::size_t most, on_done<std::vector<directory_entry>> done,
                           std::source_location where) {
  return detail::readdir_of(state_, most, where).queue(loop, std::move(done), where);
}
detail::request_operation<std::vector<directory_entry>> directory::readdir(uv::loop& loop, std::size_t most,
                                                                           std::source_location where) {
  return detail::readdir_of(state_, most, where).await(loop, where);
}

void directory::close(std::source_location where) {
  detail::closedir_of(state_, where).now(where);
  state_.reset();
}
request directory::close(uv::loop& loop, on_done<> done, std::source_location where) {
  request closing = detail::closedir_of(state_, where).queue(loop, std::move(done), where);
  state_.reset();
  return closing;
}
detail::request_operation<void> directory::close(uv::loop& loop, std::source_location where) {
  auto closing = detail::closedir_of(state_, where).await(loop, where);
  state_.reset();
  return closing;
}

}  // namespace fs
}  // namespace gauntlet::uv
