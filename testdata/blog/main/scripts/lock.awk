# Reads package.json and package-lock.json, and prints which dependency is not
# pinned, or is pinned for another range than package.json asks for.

FNR == 1 { file++; inside = 0 }
/"dependencies": \{/ { inside = 1; next }
inside && /\}/ { inside = 0 }
inside { split($0, part, "\""); range[file, part[2]] = part[4]; if (file == 1) named[part[2]] = 1 }
/"node_modules\/[^"]*": \{/ { split($0, part, "\""); pinned = substr(part[2], 14); next }
pinned != "" && /"version": "[0-9.]+"/ { version[pinned] = 1; pinned = "" }
END {
  for (name in named) {
    if (!(name in version)) problem(name " is not pinned")
    if (range[1, name] != range[2, name]) problem(name " is pinned for " range[2, name] ", and package.json asks for " range[1, name])
  }
  exit bad
}
function problem(text) { print "package-lock.json: " text; bad = 1 }
