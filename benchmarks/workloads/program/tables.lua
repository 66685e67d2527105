-- Builds tables, strings and closures, and leaves them to the collector.
local function build(depth)
  if depth == 0 then return { "leaf" } end
  return { build(depth - 1), build(depth - 1), depth = depth }
end

local function count(tree)
  if not tree.depth then return 1 end
  return 1 + count(tree[1]) + count(tree[2])
end

local total = 0
for _ = 1, 3 do total = total + count(build(14)) end
assert(total == 3 * (2 ^ 15 - 1))

local cache = {}
for i = 1, 50000 do
  local key = "key-" .. (i * 7919 % 5003)
  cache[key] = { name = key .. "/" .. i, call = function() return i end }
end
local entries = 0
for _, entry in pairs(cache) do
  entries = entries + 1
  assert(entry.call() > 0)
end
assert(entries == 5003)

local parts = {}
for i = 1, 60000 do parts[#parts + 1] = tostring(i * 3) end
assert(#table.concat(parts, ",") > 300000)
