#include "fs_request.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "gauntlet/memory_checker.hpp"
#include "text.hpp"

namespace gauntlet::uv::detail {
namespace {

fs::file_type to_file_type(uv_dirent_type_t type) noexcept {
  switch (type) {
    case UV_DIRENT_FILE:
      return fs::file_type::regular;
    case UV_DIRENT_DIR:
      return fs::file_type::directory;
    case UV_DIRENT_LINK:
      return fs::file_type::symlink;
    case UV_DIRENT_FIFO:
      return fs::file_type::fifo;
    case UV_DIRENT_SOCKET:
      return fs::file_type::socket;
    case UV_DIRENT_CHAR:
      return fs::file_type::character;
    case UV_DIRENT_BLOCK:
      return fs::file_type::block;
    case UV_DIRENT_UNKNOWN:
      break;
  }
  return fs::file_type::unknown;
}

fs::directory_entry to_entry(const uv_dirent_t& entry) { return {entry.name, to_file_type(entry.type)}; }

std::string text_of(const void* text) {
  return text == nullptr ? std::string() : std::string(static_cast<const char*>(text));
}

void close_directory(uv_dir_t* directory) noexcept {
  fs_operands nothing;
  fs_call call(nothing);
  uv_fs_closedir(nullptr, &call.request, directory, nullptr);
}

}  // namespace

// ---- what operations work with

std::string_view fs_operands::name() const noexcept {
  if (!path.empty()) return path;
  if (file.get() != nullptr) return file.get()->name();
  return directory ? std::string_view(directory->name()) : std::string_view();
}

std::string fs_operands::subject() const {
  std::string text(name());
  if (!second.empty()) text.append(" -> ").append(second);
  if (other.get() != nullptr) text = other.get()->name() + " -> " + text;
  return text;
}

fs_operands one_path(fs::path_ref path, const fs_name& name, const std::source_location& where) {
  fs_operands on;
  on.path = c_text(path.text(), name.operation, "path", where);
  return on;
}

fs_operands two_paths(fs::path_ref path, fs::path_ref second, const fs_name& name,
                      const std::source_location& where) {
  fs_operands on = one_path(path, name, where);
  on.second = c_text(second.text(), name.operation, "path", where);
  return on;
}

directory_state::~directory_state() {
  if (open_ == nullptr) return;
  // Entries that nobody has read were freed with their request.
  open_->dirents = nullptr;
  open_->nentries = 0;
  close_directory(open_);
}

void directory_state::make_room(std::size_t entries) {
  if (room_.size() < entries) room_.resize(entries);
  open_->dirents = room_.data();
  open_->nentries = entries;
}

// ---- how operations end

ssize_t fs_result(int status, const uv_fs_t& request) noexcept {
  // The status is cut to an int, and is all there is when libuv had no memory to begin.
  const ssize_t result = uv_fs_get_result(&request);
  return result == 0 && status < 0 ? status : result;
}

void fs_settle(uv_fs_t& request, fs_operands& on, ssize_t result) noexcept {
  switch (uv_fs_get_type(&request)) {
    case UV_FS_OPEN:
    case UV_FS_MKSTEMP:
      if (result >= 0) on.file.get()->open(static_cast<int>(result));
      return;
    case UV_FS_OPENDIR:
      // SAFETY: this is what opendir has as its pointer.
      if (result >= 0) on.directory->open(static_cast<uv_dir_t*>(uv_fs_get_ptr(&request)));
      return;
    case UV_FS_CLOSEDIR:
      if (result == UV_ECANCELED) {
        // Nobody has closed it, and the clean-up would free it.
        auto* const directory = static_cast<uv_dir_t*>(uv_fs_get_ptr(&request));
        request.ptr = nullptr;
        close_directory(directory);
      }
      return;
    default:
      on.file.end();
      on.other.end();
  }
}

void fs_cleanup(uv_fs_t& request, fs_operands& on) noexcept {
  if (uv_fs_get_type(&request) == UV_FS_SCANDIR) {
    // An older libuv forgets the last entry if it was the last one asked for.
    uv_dirent_t entry;
    while (uv_fs_scandir_next(&request, &entry) == 0) {
    }
  }
  uv_fs_req_cleanup(&request);
  on.read.reset();
}

void fs_block::end() noexcept {
  const ssize_t result = uv_fs_get_result(&request);
  settle(result);
  call([&] { tell(result); });
  fs_cleanup(request, on);
  release_callbacks();
  on = {};
  let_go(by_libuv);
}

error fs_block::failure(ssize_t result) const {
  return error(static_cast<int>(result), operation_, on.subject(), where());
}

// ---- values

template <>
std::size_t fs_value(uv_fs_t& request, fs_operands&) {
  return static_cast<std::size_t>(uv_fs_get_result(&request));
}

template <>
fs::file_status fs_value(uv_fs_t& request, fs_operands&) {
  const uv_stat_t& status = *uv_fs_get_statbuf(&request);
  mark_written(&status, sizeof status);  // what io_uring's statx wrote, libuv has copied from there
  return to_file_status(status);
}

template <>
fs::file_system_status fs_value(uv_fs_t& request, fs_operands&) {
  // SAFETY: this is what statfs has as its pointer.
  const auto& status = *static_cast<const uv_statfs_t*>(uv_fs_get_ptr(&request));
  return {.type = status.f_type,
          .bsize = status.f_bsize,
          .blocks = status.f_blocks,
          .bfree = status.f_bfree,
          .bavail = status.f_bavail,
          .files = status.f_files,
          .ffree = status.f_ffree};
}

template <>
std::string fs_value(uv_fs_t& request, fs_operands&) {
  return text_of(uv_fs_get_type(&request) == UV_FS_MKDTEMP ? uv_fs_get_path(&request)
                                                           : uv_fs_get_ptr(&request));
}

template <>
fs::file fs_value(uv_fs_t&, fs_operands& on) {
  return fs_access::make(std::move(on.file));
}

template <>
fs::temporary_file fs_value(uv_fs_t& request, fs_operands& on) {
  std::string path = text_of(uv_fs_get_path(&request));
  on.file.get()->rename(path);
  return {.file = fs_access::make(std::move(on.file)), .path = std::move(path)};
}

template <>
fs::directory fs_value(uv_fs_t&, fs_operands& on) {
  return fs_access::make(std::move(on.directory));
}

template <>
std::vector<fs::directory_entry> fs_value(uv_fs_t& request, fs_operands& on) {
  std::vector<fs::directory_entry> entries;
  const auto count = static_cast<std::size_t>(uv_fs_get_result(&request));
  entries.reserve(count);
  if (uv_fs_get_type(&request) == UV_FS_READDIR) {
    const uv_dir_t& directory = *on.directory->native();
    for (std::size_t i = 0; i < std::min(count, directory.nentries); ++i)
      entries.push_back(to_entry(directory.dirents[i]));
    return entries;
  }
  uv_dirent_t entry{};
  while (uv_fs_scandir_next(&request, &entry) == 0) entries.push_back(to_entry(entry));
  return entries;
}

}  // namespace gauntlet::uv::detail
