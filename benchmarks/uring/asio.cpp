// The same echo on standalone Asio's reactor, which asks epoll, by its callbacks.
#include <unistd.h>

#include <array>
#include <asio.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

#include "contender.h"

using asio::ip::tcp;

namespace {

class end {
 public:
  end(asio::io_context& context, int socket, long left, int& open)
      : context_{context}, socket_{context, tcp::v4(), dup(socket)}, left_{left}, open_{open} {}

  void serve() {
    socket_.async_read_some(asio::buffer(bytes_), [this](asio::error_code error, std::size_t size) {
      if (error) return context_.stop();
      asio::async_write(socket_, asio::buffer(bytes_, size),
                        [this](asio::error_code failure, std::size_t sent) {
                          if (failure) return context_.stop();
                          came(sent, [this] { serve(); });
                        });
    });
  }

  void play() {
    asio::async_write(socket_, asio::buffer(bytes_, MESSAGE_BYTES),
                      [this](asio::error_code error, std::size_t) {
                        if (error) return context_.stop();
                        receive(0);
                      });
  }

 private:
  void receive(std::size_t before) {
    socket_.async_read_some(asio::buffer(bytes_), [this, before](asio::error_code error, std::size_t size) {
      if (error) return context_.stop();
      came(size, [&] {
        if (before + size < MESSAGE_BYTES)
          receive(before + size);
        else
          play();
      });
    });
  }

  template <class Next>
  void came(std::size_t size, Next next) {
    left_ -= static_cast<long>(size);
    if (left_ > 0)
      next();
    else if (--open_ == 0)
      context_.stop();
  }

  asio::io_context& context_;
  tcp::socket socket_;
  long left_;  // bytes that are still to be echoed, or to come back
  int& open_;  // ends that are not done
  std::array<std::byte, ECHO_BUFFER> bytes_{};
};

int echo(const job* job, observer* observer) noexcept try {
  asio::io_context context{1};
  int open = 2 * job->width;
  std::vector<std::unique_ptr<end>> ends;
  for (int i = 0; i < job->width; ++i)
    for (const int socket : job->pairs[i].ends)
      ends.push_back(std::make_unique<end>(context, socket, job->count / job->width * MESSAGE_BYTES, open));
  observer->begin(observer);
  for (std::size_t i = 0; i < ends.size(); i += 2) {
    ends[i]->serve();
    ends[i + 1]->play();
  }
  context.run();
  observer->end(observer);
  return open == 0 ? 1 : 0;
} catch (const std::exception&) {
  return 0;
}

}  // namespace

const contender asio_contender{.name = "asio",
                               .nops = nullptr,
                               .reads = nullptr,
                               .batched_nops = nullptr,
                               .batched_reads = nullptr,
                               .echo = echo};
