-- Ganeti's confd protocol in Wireshark and tshark: see README.md beside this file.
--
-- A datagram is the magic "plj0" and one JSON object of three texts: msg, salt and
-- hmac. The message is JSON again: a request (protocol, type, query, rsalt) or a
-- reply (protocol, status, answer, serial). A reply's salt is its request's rsalt.

local confd = Proto("confd", "Ganeti confd")

local MAGIC = "plj0"
local DEFAULT_PORT = 1814

-- Deeper nesting than servers read; without a bound, a datagram of brackets would
-- exhaust the stack.
local MAX_DEPTH = 64

local TYPES = {
  [0] = "ping", [1] = "node_role", [2] = "node_pip_by_instance_ip", [3] = "cluster_master", [4] = "node_pip_list",
  [5] = "mc_pip_list", [6] = "instances_ips_list", [7] = "node_drbd", [8] = "node_instances", [9] = "instance_disks",
  [10] = "config_query", [11] = "data_collectors",
}
local STATUSES = { [0] = "ok", [1] = "error", [2] = "not_implemented" }
local ERRORS = { [0] = "unknown entry", [1] = "internal error", [2] = "wrong argument" }
local ROLES = { [0] = "master", [1] = "candidate", [2] = "offline", [3] = "drained", [4] = "regular" }

local fields = {
  magic = ProtoField.string("confd.magic", "Magic"),
  hmac = ProtoField.string("confd.hmac", "HMAC"),
  salt = ProtoField.string("confd.salt", "Salt"),
  time = ProtoField.absolute_time("confd.time", "Time of signing", base.UTC),
  msg = ProtoField.string("confd.msg", "Message"),
  protocol = ProtoField.int64("confd.protocol", "Protocol"),
  type = ProtoField.uint32("confd.type", "Type", base.DEC, TYPES),
  query = ProtoField.string("confd.query", "Query"),
  rsalt = ProtoField.string("confd.rsalt", "Salt of the reply"),
  status = ProtoField.uint32("confd.status", "Status", base.DEC, STATUSES),
  answer = ProtoField.string("confd.answer", "Answer"),
  serial = ProtoField.int64("confd.serial", "Serial"),
  response_in = ProtoField.framenum("confd.response_in", "Reply in frame", base.NONE, frametype.RESPONSE),
  request_in = ProtoField.framenum("confd.request_in", "Request in frame", base.NONE, frametype.REQUEST),
  response_time = ProtoField.relative_time("confd.response_time", "Time since the request"),
}
confd.fields = fields

-- None is of the group "malformed", which Wireshark keeps for dissectors that fail.
local experts = {
  magic = ProtoExpert.new("confd.malformed.magic", "Not a confd datagram: other magic", expert.group.PROTOCOL, expert.severity.ERROR),
  envelope = ProtoExpert.new("confd.malformed.envelope", "Malformed envelope", expert.group.PROTOCOL, expert.severity.ERROR),
  message = ProtoExpert.new("confd.malformed.message", "Malformed message", expert.group.PROTOCOL, expert.severity.ERROR),
  hmac = ProtoExpert.new("confd.malformed.hmac", "The HMAC is not 40 hex digits", expert.group.PROTOCOL, expert.severity.WARN),
  unknown = ProtoExpert.new("confd.unknown", "Unknown type or status", expert.group.UNDECODED, expert.severity.WARN),
  failed = ProtoExpert.new("confd.failed", "The server answers with an error", expert.group.RESPONSE_CODE, expert.severity.NOTE),
  skew = ProtoExpert.new("confd.skew", "Signed more than 300 s from its capture", expert.group.PROTOCOL, expert.severity.WARN),
}
confd.experts = { experts.magic, experts.envelope, experts.message, experts.hmac, experts.unknown, experts.failed, experts.skew }

confd.prefs.port = Pref.uint("UDP port", DEFAULT_PORT, "Where servers are asked")

----------------------------------------------------------------------------------
-- JSON, as far as it is needed: objects keep the text of their values, so that an
-- answer is shown as it was written.

local function blanks(text, i)
  return text:match("^[ \t\r\n]*()", i)
end

-- string_end returns the index behind a string that starts at i, or nil.
local function string_end(text, i)
  if text:sub(i, i) ~= '"' then return nil end
  i = i + 1
  while true do
    local stop = text:find('["\\%c]', i)
    if not stop then return nil end
    local c = text:sub(stop, stop)
    if c == '"' then return stop + 1 end
    if c == "\127" then
      i = stop + 1
    elseif c ~= "\\" then
      return nil
    else
      local escape = text:sub(stop + 1, stop + 1)
      if escape == "u" then
        if not text:find("^%x%x%x%x", stop + 2) then return nil end
        i = stop + 6
      elseif escape ~= "" and ('"\\/bfnrt'):find(escape, 1, true) then
        i = stop + 2
      else
        return nil
      end
    end
  end
end

local value_end

-- list_end returns the index behind a list or an object that starts at i, or nil.
-- each, if given, is called with the indices of an object's keys and values.
local function list_end(text, i, close, depth, each)
  i = blanks(text, i + 1)
  if text:sub(i, i) == close then return i + 1 end
  while true do
    local key_start, key_stop
    if close == "}" then
      key_start, key_stop = i, string_end(text, i)
      if not key_stop then return nil end
      i = blanks(text, key_stop)
      if text:sub(i, i) ~= ":" then return nil end
      i = blanks(text, i + 1)
    end
    local start = i
    i = value_end(text, i, depth + 1)
    if not i then return nil end
    if each then each(key_start, key_stop, start, i) end
    i = blanks(text, i)
    local c = text:sub(i, i)
    if c == close then return i + 1 end
    if c ~= "," then return nil end
    i = blanks(text, i + 1)
  end
end

value_end = function(text, i, depth)
  if depth > MAX_DEPTH then return nil end
  local c = text:sub(i, i)
  if c == '"' then return string_end(text, i) end
  if c == "{" then return list_end(text, i, "}", depth) end
  if c == "[" then return list_end(text, i, "]", depth) end
  for _, word in ipairs({ "true", "false", "null" }) do
    if text:sub(i, i + #word - 1) == word then return i + #word end
  end
  return text:match("^%-?%d+%.?%d*[eE]?[+-]?%d*()", i)
end

local function utf8_of(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xc0 + math.floor(code / 0x40), 0x80 + code % 0x40) end
  if code < 0x10000 then
    return string.char(0xe0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return string.char(0xf0 + math.floor(code / 0x40000), 0x80 + math.floor(code / 0x1000) % 0x40, 0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

local SHORT = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

-- decoded returns the text that a JSON string, with its quotes, stands for.
local function decoded(literal)
  local text = literal:sub(2, -2)
  text = text:gsub("\\u([dD][89abAB]%x%x)\\u([dD][c-fC-F]%x%x)", function(high, low)
    return utf8_of(0x10000 + (tonumber(high, 16) - 0xd800) * 0x400 + tonumber(low, 16) - 0xdc00)
  end)
  text = text:gsub("\\(u?)(.)(%x?%x?%x?)", function(unicode, c, rest)
    if unicode == "u" and #rest == 3 then return utf8_of(tonumber(c .. rest, 16) or 0xfffd) end
    return unicode .. (SHORT[c] or c) .. rest
  end)
  return text
end

-- object returns the members of a JSON object that is all of text: for each key the
-- text of its value and where it starts; the first, where a key is repeated.
local function object(text)
  local members = {}
  local start = blanks(text, 1)
  if text:sub(start, start) ~= "{" then return nil end
  local stop = list_end(text, start, "}", 0, function(key_start, key_stop, value_start, value_stop)
    local key = decoded(text:sub(key_start, key_stop - 1))
    if not members[key] then
      members[key] = { text = text:sub(value_start, value_stop - 1), start = value_start }
    end
  end)
  if not stop or blanks(text, stop) <= #text then return nil end
  return members
end

local function text_of(member)
  if member and member.text:sub(1, 1) == '"' then return decoded(member.text) end
  return nil
end

local function integer_of(member)
  return member and member.text:match("^%-?%d+$") and tonumber(member.text) or nil
end

----------------------------------------------------------------------------------
-- Requests and their replies find each other by addresses and rsalt. The tables
-- belong to the file that is open.

local requests, replies = {}, {}

function confd.init()
  requests, replies = {}, {}
end

local function conversation(pinfo, is_reply, rsalt)
  local from, to = tostring(pinfo.src) .. ":" .. pinfo.src_port, tostring(pinfo.dst) .. ":" .. pinfo.dst_port
  if is_reply then from, to = to, from end
  return from .. ">" .. to .. " " .. rsalt
end

-- note remembers the first frame of a kind in a conversation.
local function note(list, key, pinfo)
  if not pinfo.visited and not list[key] then list[key] = { frame = pinfo.number, time = pinfo.abs_ts } end
end

----------------------------------------------------------------------------------

-- printable shortens a text for the list of packets.
local function printable(text)
  text = text:gsub("%c", " ")
  if #text > 80 then text = text:sub(1, 80):gsub("[\128-\255]+$", "") .. "..." end
  return text
end

local function request(message, tree, where, pinfo)
  local kind = integer_of(message.type)
  if kind and kind >= 0 and kind < 2 ^ 32 then
    local item = tree:add(fields.type, where, kind)
    if not TYPES[kind] then item:add_proto_expert_info(experts.unknown) end
  else
    tree:add_proto_expert_info(experts.message, "The type is no number")
  end
  local query = message.query and message.query.text or "null"
  tree:add(fields.query, where, query)
  local rsalt = text_of(message.rsalt)
  if rsalt then
    tree:add(fields.rsalt, where, rsalt)
    local key = conversation(pinfo, false, rsalt)
    note(requests, key, pinfo)
    if replies[key] then tree:add(fields.response_in, replies[key].frame):set_generated() end
  else
    tree:add_proto_expert_info(experts.message, "There is no salt for the reply")
  end
  local name = TYPES[kind] or ("type " .. tostring(kind))
  return "Request: " .. name .. (query ~= "null" and " " .. printable(query) or "")
end

-- explained is an answer with what a number in it stands for, if the request is known.
local function explained(status, answer, kind)
  local names = status == 1 and ERRORS or kind == 1 and status == 0 and ROLES or {}
  local name = names[tonumber(answer)]
  return name and (answer .. " (" .. name .. ")") or answer
end

local function reply(message, tree, where, pinfo, salt)
  local key = conversation(pinfo, true, salt or "")
  local status = integer_of(message.status)
  if status and status >= 0 and status < 2 ^ 32 then
    local item = tree:add(fields.status, where, status)
    if not STATUSES[status] then
      item:add_proto_expert_info(experts.unknown)
    elseif status ~= 0 then
      item:add_proto_expert_info(experts.failed)
    end
  else
    tree:add_proto_expert_info(experts.message, "The status is no number")
  end
  local asked = requests[key]
  local answer = message.answer and message.answer.text
  if answer then
    local item = tree:add(fields.answer, where, answer)
    local shown = explained(status, answer, asked and asked.kind)
    if shown ~= answer then item:append_text(shown:sub(#answer + 1)) end
  else
    tree:add_proto_expert_info(experts.message, "There is no answer")
  end
  local serial = integer_of(message.serial)
  if serial then tree:add(fields.serial, where, Int64.new(serial)) end
  note(replies, key, pinfo)
  if asked then
    tree:add(fields.request_in, asked.frame):set_generated()
    local passed = pinfo.abs_ts - asked.time
    tree:add(fields.response_time, NSTime.new(math.floor(passed), math.floor((passed % 1) * 1e9))):set_generated()
  end
  return "Reply: " .. (STATUSES[status] or ("status " .. tostring(status))) .. " " .. printable(answer or "")
end

-- MAX_SKEW is how far, in seconds, a request's time may be from the server's clock.
local MAX_SKEW = 300

local function message_of(text, tree, where, pinfo, salt)
  local message = object(text)
  if not message then
    tree:add_proto_expert_info(experts.message)
    return "Malformed message"
  end
  local protocol = integer_of(message.protocol)
  if protocol then tree:add(fields.protocol, where, Int64.new(protocol)) end
  if message.status then return reply(message, tree, where, pinfo, salt) end
  if not message.type then
    tree:add_proto_expert_info(experts.message, "Neither a request nor a reply")
    return "Malformed message"
  end
  local seconds = salt and salt:match("^%d+$") and #salt <= 10 and tonumber(salt)
  if seconds then
    local item = tree:add(fields.time, where, NSTime.new(seconds, 0))
    if math.abs(pinfo.abs_ts - seconds) > MAX_SKEW then item:add_proto_expert_info(experts.skew) end
  end
  local info = request(message, tree, where, pinfo)
  local asked = requests[conversation(pinfo, false, text_of(message.rsalt) or "")]
  if asked then asked.kind = integer_of(message.type) end
  return info
end

-- range is where in the datagram a member of the envelope stands.
local function range(buffer, member)
  return buffer(#MAGIC + member.start - 1, #member.text)
end

local function dissect(buffer, pinfo, root)
  local tree = root:add(confd, buffer())
  local head = buffer:len() >= #MAGIC and buffer(0, #MAGIC):raw() or buffer:raw()
  if buffer:len() > 0 then tree:add(fields.magic, buffer(0, #head), (head:gsub("[^%g ]", "?"))) end
  if head ~= MAGIC then
    tree:add_proto_expert_info(experts.magic)
    pinfo.cols.info = "Not a confd datagram"
    return buffer:len()
  end
  local envelope = buffer:len() > #MAGIC and object(buffer(#MAGIC):raw()) or nil
  if not envelope then
    tree:add_proto_expert_info(experts.envelope)
    pinfo.cols.info = "Malformed envelope"
    return buffer:len()
  end
  local text, salt, hmac = text_of(envelope.msg), text_of(envelope.salt), text_of(envelope.hmac)
  if salt then tree:add(fields.salt, range(buffer, envelope.salt), salt) end
  if hmac then
    local item = tree:add(fields.hmac, range(buffer, envelope.hmac), hmac)
    if not hmac:find("^%x+$") or #hmac ~= 40 then item:add_proto_expert_info(experts.hmac) end
  end
  if not (text and salt and hmac) then
    tree:add_proto_expert_info(experts.envelope, "msg, salt or hmac is missing, or no text")
    pinfo.cols.info = "Malformed envelope"
    return buffer:len()
  end
  local where = range(buffer, envelope.msg)
  local branch = tree:add(fields.msg, where, text)
  pinfo.cols.info = message_of(text, branch, where, pinfo, salt)
  return buffer:len()
end

-- segment_size returns how long the first of several datagrams is that were captured
-- as one, before the sending machine cut them up (UDP_SEGMENT); nil if it is one. All
-- are as long, for which replies are padded with blanks, but for the last.
local function segment_size(text)
  local size = text:match("} *()" .. MAGIC .. "{")
  if not size then return nil end
  size = size - 1
  for start = 1, #text, size do
    if text:sub(start, start + #MAGIC - 1) ~= MAGIC then return nil end
  end
  return size
end

function confd.dissector(buffer, pinfo, root)
  pinfo.cols.protocol = "confd"
  local size = segment_size(buffer:raw())
  if not size or object(buffer(#MAGIC):raw()) then return dissect(buffer, pinfo, root) end
  local count = 0
  for start = 0, buffer:len() - 1, size do
    dissect(buffer(start, math.min(size, buffer:len() - start)):tvb(), pinfo, root)
    count = count + 1
  end
  pinfo.cols.info = count .. " datagrams, sent together"
  return buffer:len()
end

-- On other ports, what begins with the magic is taken for confd's.
local function heuristic(buffer, pinfo, root)
  if buffer:len() <= #MAGIC or buffer(0, #MAGIC):raw() ~= MAGIC then return false end
  confd.dissector(buffer, pinfo, root)
  return true
end

local ports = DissectorTable.get("udp.port")
local current = DEFAULT_PORT
ports:add(current, confd)
confd:register_heuristic("udp", heuristic)

function confd.prefs_changed()
  if confd.prefs.port == current then return end
  ports:remove(current, confd)
  current = confd.prefs.port
  ports:add(current, confd)
end
