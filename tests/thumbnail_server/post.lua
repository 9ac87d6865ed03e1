-- For wrk: posts the file that is named behind "--" to /thumbnail?width=N.
function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  wrk.body = file:read("a") or file:read("*a")
  file:close()
  wrk.method = "POST"
  wrk.path = "/thumbnail?width=" .. (arguments[2] or "100")
  wrk.headers["Content-Type"] = "image/png"
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("answered %d, failed %d\n", summary.requests,
                         errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
