# Reads the schema in src/content/config.ts, then every post, and prints what
# does not fit. Fields are the lines of z.object; where the schema lists a
# field's values (const NAME = [...] and z.enum(NAME)), a post may use no other.

FILENAME ~ /config\.ts$/ {
  if (match($0, /const [A-Z]+ = \[/)) { name = substr($0, RSTART + 6, RLENGTH - 10); list = $0; gsub(/.*\[|\].*|['",]/, " ", list); values[name] = " " list " " }
  if (/z\.object\(\{/) { inside = 1; next }
  if (inside && /^  \}\)/) inside = 0
  if (inside && match($0, /[a-zA-Z]+:/)) {
    name = substr($0, RSTART, RLENGTH - 1)
    field[name] = /optional\(\)|default\(/ ? "optional" : "required"
    if (match($0, /z\.enum\([A-Z]+/)) oneof[name] = substr($0, RSTART + 7, RLENGTH - 7)
  }
  next
}

FNR == 1 { finish(); post = FILENAME; fence = 0; split("", seen) }
/^---$/ { fence++; next }
fence == 1 {
  key = $0; sub(/:.*/, "", key); seen[key] = 1
  if (!(key in field)) problem("has the field " key ", which the schema does not know")
  if (key in oneof) {
    list = $0; sub(/^[a-z]+:/, "", list); gsub(/[][,]/, " ", list); n = split(list, t, " ")
    for (i = 1; i <= n; i++) if (index(values[oneof[key]], " " t[i] " ") == 0) problem("uses " t[i] ", which is not in " oneof[key])
  }
}
END { finish(); exit bad }

function finish(  key) {
  if (post == "") return
  for (key in field) if (field[key] == "required" && !(key in seen)) problem("lacks the field " key)
}
function problem(text) { print post ": " text; bad = 1 }
