#include "metrics.hpp"

#include <algorithm>
#include <sstream>

#include "response.hpp"

namespace {

void describe(std::ostream& out, const char* name, const char* type, const char* help) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << ' ' << type << '\n';
}

void tell(std::ostream& out, const char* name, const char* type, const char* help,
          const metrics::count& value) {
  describe(out, name, type, help);
  out << name << ' ' << value << '\n';
}

}  // namespace

void metrics::answered(int status, std::chrono::nanoseconds took) noexcept {
  ++by_status_[index_of(status)];
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bucket = std::ranges::lower_bound(bounds, seconds) - bounds.begin();
  ++latency_[static_cast<std::size_t>(bucket)];
  latency_microseconds_ +=
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
}

std::string metrics::text() const {
  std::ostringstream out;
  describe(out, "thumbnail_requests_total", "counter", "Requests answered, by status.");
  for (std::size_t i = 0; i < statuses().size(); ++i)
    out << "thumbnail_requests_total{status=\"" << statuses()[i] << "\"} " << by_status_[i] << '\n';
  tell(out, "thumbnail_requests_in_flight", "gauge", "Requests whose answer is not sent yet.", in_flight);
  tell(out, "thumbnail_connections", "gauge", "Connections that are open.", connections);
  tell(out, "thumbnail_connections_total", "counter", "Connections accepted.", accepted);
  tell(out, "thumbnail_connections_refused_total", "counter", "Connections refused for want of room.",
       refused);
  tell(out, "thumbnail_connections_evicted_total", "counter", "Idle connections closed to make room.",
       closed_to_make_room);
  tell(out, "thumbnail_received_bytes_total", "counter", "Bytes read from clients.", bytes_in);
  tell(out, "thumbnail_sent_bytes_total", "counter", "Bytes written to clients.", bytes_out);

  const char* const histogram = "thumbnail_request_seconds";
  describe(out, histogram, "histogram", "From the end of a request's head to the end of its answer.");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < latency_.size(); ++i) {
    sum += latency_[i];
    out << histogram << "_bucket{le=\"";
    if (i < bounds.size())
      out << bounds[i];
    else
      out << "+Inf";
    out << "\"} " << sum << '\n';
  }
  out << histogram << "_sum " << static_cast<double>(latency_microseconds_) / 1e6 << '\n'
      << histogram << "_count " << sum << '\n';
  return out.str();
}
