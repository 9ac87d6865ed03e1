#include "support.hpp"

#include <algorithm>

namespace gauntlet::llhttp::test {

const std::vector<sample>& real_requests() {
  static const std::vector<sample> all = {
      {"curl",
       "GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"},
      {"firefox",
       "GET /search?q=a%20b&lang=en HTTP/1.1\r\nHost: example.org\r\n"
       "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
       "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
       "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\n"
       "Cookie: a=1; b=\"two\"; c=\r\nUpgrade-Insecure-Requests: 1\r\n\r\n"},
      {"apache bench",
       "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nHost: localhost\r\nUser-Agent: ApacheBench/2.3\r\n\r\n"},
      {"wget, which closes",
       "GET /big.iso HTTP/1.1\r\nHost: example.org\r\nUser-Agent: Wget/1.21.3\r\nRange: bytes=100-\r\n"
       "Connection: close\r\n\r\n"},
      {"a form",
       "POST /form HTTP/1.1\r\nHost: example.org\r\nContent-Type: application/x-www-form-urlencoded\r\n"
       "Content-Length: 13\r\n\r\nname=a&b=c%20"},
      {"an upload that asks first",
       "PUT /file HTTP/1.1\r\nHost: example.org\r\nExpect: 100-continue\r\nContent-Length: "
       "5\r\n\r\n\r\n\r\n\n"},
      {"a body of no byte", "POST /nothing HTTP/1.1\r\nHost: example.org\r\nContent-Length: 0\r\n\r\n"},
      {"curl -T -",
       "PUT /log HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
       "10\r\n0123456789abcdef\r\n3\r\n\r\n\n\r\n0\r\n\r\n"},
      {"chunks with extensions and trailers",
       "PUT /bucket/key HTTP/1.1\r\nHost: s3.example.org\r\nTransfer-Encoding: chunked\r\n"
       "Trailer: x-amz-checksum, x-other\r\n\r\n"
       "4;chunk-signature=ad80c730\r\nWiki\r\nA;name;quoted=\"a \\\" b\";last=1\r\npedia in\r\n\r\n"
       "0;chunk-signature=b6c6ea8a\r\nx-amz-checksum: AAAA==\r\nx-other:  \r\n\r\n"},
      {"preflight",
       "OPTIONS /resource HTTP/1.1\r\nHost: api.example.org\r\nOrigin: https://example.org\r\n"
       "Access-Control-Request-Method: DELETE\r\n\r\n"},
      {"a server as a whole", "OPTIONS * HTTP/1.1\r\nHost: example.org\r\n\r\n"},
      {"through a proxy",
       "GET http://example.org:80/a?b#c HTTP/1.1\r\nHost: example.org\r\nVia: 1.1 x\r\n\r\n"},
      {"SSDP",
       "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: "
       "ssdp:all\r\n\r\n"},
      {"odd but right",
       "GET /%c3%a9 HTTP/1.1\r\nhOsT:\texample.org \t \r\nEmpty:\r\nBlank: \t\r\nX: \xff\xfe\r\nX: "
       "two\r\n\r\n"},
      {"blank lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"websocket",
       "GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"},
      {"a tunnel", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"},
  };
  return all;
}

const std::vector<sample>& real_responses() {
  static const std::vector<sample> all = {
      {"nginx",
       "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nContent-Length: 5\r\n"
       "Connection: keep-alive\r\n\r\nhello"},
      {"chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"},
      {"not modified", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 100\r\n\r\n"},
      {"no words", "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n"},
      {"continue, and then the answer",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"},
  };
  return all;
}

std::vector<std::string_view> cut(std::string_view text, const std::vector<std::size_t>& lengths) {
  std::vector<std::string_view> pieces;
  for (const std::size_t length : lengths) {
    pieces.push_back(text.substr(0, length));
    text.remove_prefix(pieces.back().size());
  }
  pieces.push_back(text);
  return pieces;
}

std::vector<std::string_view> one_by_one(std::string_view text) {
  return cut(text, std::vector<std::size_t>(text.size(), 1));
}

namespace {

void read_all(request_reader& reader, std::string_view piece, std::vector<message>& messages) {
  const block memory(piece);
  std::span<const std::byte> bytes = memory.bytes();
  for (;;) {
    const read_result read = reader.read(bytes);
    bytes = read.rest;
    switch (read.part) {
      case part::more:
        return;
      case part::head:
        messages.push_back({.head = reader.take_head()});
        break;
      case part::body:
        messages.back().body.append(reinterpret_cast<const char*>(read.body.data()), read.body.size());
        break;
      case part::end:
        messages.back().whole = true;
        break;
    }
  }
}

}  // namespace

transcript read_requests(const std::vector<std::string_view>& pieces, const request_limits& limits) {
  transcript found;
  request_reader reader(limits);
  try {
    for (const std::string_view piece : pieces) read_all(reader, piece, found.messages);
    found.between = reader.between_requests();
    reader.end_of_stream();
  } catch (const error& refused) {
    found.refused = refused.code();
    found.status = status_of(refused);
  }
  return found;
}

void recorder::add(parser& from, const char* name, std::string_view piece) {
  if (std::string_view(open_) == name) {
    events_.back() += piece;
  } else {
    open_ = name;
    events_.push_back(std::string(name) + ' ');
    events_.back() += piece;
  }
  act(from);
}

void recorder::add(parser& from, std::string name) {
  open_.clear();
  events_.push_back(std::move(name));
  act(from);
}

void recorder::act(parser& from) {
  if (calls_++ == number_ && action_) action_(from);
}

std::string recorder::joined() const {
  std::string text;
  for (const std::string& event : events_) text += event + '\n';
  return text;
}

callbacks recorder::all() {
  const auto event = [this](const char* name) { return [this, name](parser& p) { add(p, name); }; };
  const auto piece = [this](const char* name) {
    return [this, name](parser& p, std::string_view text) { add(p, name, text); };
  };
  return {
      .on_message_begin = event("message_begin"),
      .on_url = piece("url"),
      .on_status = piece("status"),
      .on_method = piece("method"),
      .on_version = piece("version"),
      .on_header_field = piece("header_field"),
      .on_header_value = piece("header_value"),
      .on_chunk_extension_name = piece("chunk_extension_name"),
      .on_chunk_extension_value = piece("chunk_extension_value"),
      .on_headers_complete =
          [this](parser& p) {
            add(p, "headers_complete");
            return body::as_said;
          },
      .on_body =
          [this](parser& p, std::span<const std::byte> bytes) {
            add(p, "body", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
          },
      .on_message_complete = event("message_complete"),
      .on_url_complete = event("url_complete"),
      .on_status_complete = event("status_complete"),
      .on_method_complete = event("method_complete"),
      .on_version_complete = event("version_complete"),
      .on_header_field_complete = event("header_field_complete"),
      .on_header_value_complete = event("header_value_complete"),
      .on_chunk_extension_name_complete = event("chunk_extension_name_complete"),
      .on_chunk_extension_value_complete = event("chunk_extension_value_complete"),
      .on_chunk_header = [this](parser& p) { add(p, "chunk_header " + std::to_string(p.chunk_length())); },
      .on_chunk_complete = event("chunk_complete"),
      .on_reset = event("reset"),
  };
}

void parse_all(parser& parser, std::string_view text) {
  const block memory(text);
  std::span<const std::byte> bytes = memory.bytes();
  for (;;) {
    const execution done = parser.execute(bytes);
    if (done.why == stop::all_read) return;
    bytes = bytes.subspan(done.used);
    parser.resume();
    parser.resume_after_upgrade();
  }
}

}  // namespace gauntlet::llhttp::test
