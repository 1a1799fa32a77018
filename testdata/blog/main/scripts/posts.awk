# Reads the schema in src/content/config.ts, then every post, and prints what
# does not fit. Fields are the lines of z.object; when the schema lists its
# tags (const TAGS = [...]), a post may use no other.

FILENAME ~ /config\.ts$/ {
  if (/z\.object\(\{/) { inside = 1; next }
  if (inside && /^  \}\)/) inside = 0
  if (inside && match($0, /[a-zA-Z]+:/)) field[substr($0, RSTART, RLENGTH - 1)] = /optional\(\)/ ? "optional" : "required"
  if (/ TAGS = \[/) { closed = 1; list = $0; gsub(/.*\[|\].*|['",]/, " ", list); n = split(list, t, " "); for (i = 1; i <= n; i++) known[t[i]] = 1 }
  next
}

FNR == 1 { finish(); post = FILENAME; fence = 0; split("", seen) }
/^---$/ { fence++; next }
fence == 1 {
  key = $0; sub(/:.*/, "", key); seen[key] = 1
  if (!(key in field)) problem("has the field " key ", which the schema does not know")
  if (key == "tags" && closed) {
    list = $0; gsub(/^tags:|[][,]/, " ", list); n = split(list, t, " ")
    for (i = 1; i <= n; i++) if (!(t[i] in known)) problem("uses the tag " t[i] ", which is not in TAGS")
  }
}
END { finish(); exit bad }

function finish(  key) {
  if (post == "") return
  for (key in field) if (field[key] == "required" && !(key in seen)) problem("lacks the field " key)
}
function problem(text) { print post ": " text; bad = 1 }
