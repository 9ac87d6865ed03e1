#pragma once
/// What coroutines await of a stream; see stream.hpp.

#include <cstddef>
#include <exception>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gauntlet/lend.hpp"
#include "gauntlet/uv/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv::detail {

class stream_block;

class read_operation : public handle_wait {
 public:
  std::size_t await_resume() {
    finish();
    return size_;
  }

 protected:
  read_operation(stream_block& on, const char* kind, std::source_location where) noexcept;
  read_operation(read_operation&&) noexcept = default;
  ~read_operation() override = default;

  std::size_t size_ = 0;

 private:
  friend class stream_block;

  void start() final;
  void cancel() noexcept final;
  void before_end() noexcept final { lent_.give_back(size_); }
  /// What the caller must not touch until it has ended.
  virtual std::span<std::byte> memory() const noexcept = 0;
  lend lent_memory() const;
  void lend_again() noexcept;
  /// Nothing has to come for it.
  virtual bool has_all() = 0;
  /// Where the next bytes go; not empty.
  virtual std::span<std::byte> room() = 0;
  /// So many are there. True: it needs no more.
  virtual bool took(std::size_t size) = 0;
  /// There are no more.
  virtual void at_end() noexcept {}

  [[no_unique_address]] lend lent_;  // of nothing while libuv reads
  std::exception_ptr no_room_;       // what room() threw, where nothing may be thrown
};

class [[nodiscard]] read_some_operation final : public read_operation {
 public:
  read_some_operation(stream_block& on, std::span<std::byte> into, std::source_location where) noexcept
      : read_operation(on, "stream::read_some", where), into_(into) {}
  read_some_operation(read_some_operation&&) noexcept = default;
  ~read_some_operation() override { leave(); }

 private:
  std::span<std::byte> memory() const noexcept override { return into_; }
  bool has_all() override;
  std::span<std::byte> room() override { return into_; }
  bool took(std::size_t size) override {
    size_ = size;
    return true;
  }

  std::span<std::byte> into_;
};

class [[nodiscard]] read_exactly_operation final : public read_operation {
 public:
  read_exactly_operation(stream_block& on, std::span<std::byte> into, std::source_location where) noexcept
      : read_operation(on, "stream::read_exactly", where), into_(into) {}
  read_exactly_operation(read_exactly_operation&&) noexcept = default;
  ~read_exactly_operation() override { leave(); }

 private:
  std::span<std::byte> memory() const noexcept override { return into_; }
  bool has_all() override { return size_ == into_.size(); }
  std::span<std::byte> room() override { return into_.subspan(size_); }
  bool took(std::size_t size) override {
    size_ += size;
    return has_all();
  }

  std::span<std::byte> into_;
};

class [[nodiscard]] read_until_operation final : public read_operation {
 public:
  read_until_operation(stream_block& on, std::string& text, std::string_view delimiter, std::size_t most,
                       std::source_location where)
      : read_operation(on, "stream::read_until", where), text_(text), delimiter_(delimiter), most_(most) {}
  read_until_operation(read_until_operation&&) noexcept = default;
  ~read_until_operation() override { leave(); }

 private:
  std::span<std::byte> memory() const noexcept override {
    return std::as_writable_bytes(std::span(text_).first(filled_));
  }
  bool has_all() override;
  std::span<std::byte> room() override;
  bool took(std::size_t size) override;
  void at_end() noexcept override;
  bool search();

  std::string& text_;
  std::string delimiter_;
  std::size_t most_;
  std::size_t searched_ = 0;  // so far there is no delimiter
  std::size_t filled_ = 0;    // bytes of text_ that have come
};

class [[nodiscard]] write_operation final : public handle_operation {
 public:
  write_operation(stream_block& on, std::span<const std::byte> bytes, std::source_location where) noexcept;
  write_operation(stream_block& on, std::span<const std::span<const std::byte>> several,
                  std::source_location where) noexcept;
  /// Of a pipe, with a handle.
  write_operation(stream_block& on, std::span<const std::byte> bytes, waited_block& sent,
                  std::source_location where) noexcept;
  write_operation(write_operation&&) noexcept = default;
  ~write_operation() override { leave(); }
  void await_resume() { finish(); }

 private:
  friend class stream_block;

  void start() override;
  void cancel() noexcept override;
  void before_end() noexcept override;
  stream_block& stream() const noexcept;

  std::span<const std::byte> one_;
  std::span<const std::span<const std::byte>> several_;
  std::optional<handle_use> sent_;
  [[no_unique_address]] lend lent_;
  bool carries_ = false;
};

class [[nodiscard]] shutdown_operation final : public handle_operation {
 public:
  shutdown_operation(stream_block& on, std::source_location where) noexcept;
  shutdown_operation(shutdown_operation&&) noexcept = default;
  ~shutdown_operation() override { leave(); }
  void await_resume() { finish(); }

 private:
  void start() override;
  void cancel() noexcept override;
};

/// A connection that a listener waits for.
class accept_operation : public handle_wait {
 protected:
  accept_operation(stream_block& on, const char* kind, std::source_location where) noexcept;
  accept_operation(accept_operation&&) noexcept = default;
  ~accept_operation() override = default;

 private:
  friend class stream_block;

  void start() final;
  /// Makes the connection that waits the caller's.
  virtual void take() = 0;
};

}  // namespace gauntlet::uv::detail

#pragma GCC visibility pop
