# Renders one .astro page to HTML. It understands what this site uses: the
# fence, imported components, {posts.map((post) => ...)} and
# {choices.map((choice) => ...)} on one line, and the fields of a post. As in
# JavaScript, a list that a post does not have is empty where the page says
# `?? []`, and ends the build where it does not. The first file is the table of
# posts, the second the page.

BEGIN { FS = "\t" }
FNR == NR {
  slug[++posts] = $1; title[posts] = $2
  for (i = 4; i <= NF; i++) { at = index($i, "="); list[posts, substr($i, 1, at - 1)] = substr($i, at + 1) }
  next
}
FNR == 1 { page(FILENAME); exit }
END { exit bad }

function page(file,  line, fence, dir) {
  dir = file; sub(/[^\/]*$/, "", dir)
  while ((getline line < file) > 0) {
    if (line == "---") { fence++; continue }
    if (fence == 1) { remember(line, dir); continue }
    text(line)
  }
  close(file)
}
function remember(line, dir,  name, path) {
  path = line; sub(/^[^']*'/, "", path); sub(/'.*/, "", path)
  if (line ~ /^import [A-Z][A-Za-z]* from '.*\.astro'/) {
    name = line; sub(/^import /, "", name); sub(/ .*/, "", name)
    component[name] = dir path
  } else if (line ~ /^import \{ [A-Z]+ \} from /) {
    name = line; sub(/^import \{ /, "", name); sub(/ .*/, "", name)
    values[name] = constant(dir path, name)
  } else if (match(line, /posts\.flatMap\(\(post\) => post\.data\.[a-z]+ \?\? \[\]\)/)) {
    name = line; sub(/^const /, "", name); sub(/ .*/, "", name)
    values[name] = in_use(substr(line, RSTART + 34, RLENGTH - 41))
  }
}
# constant reads `const NAME = [...]` of a file.
function constant(file, name,  line, found) {
  while ((getline line < file) > 0)
    if (index(line, "const " name " = [")) { found = line; gsub(/.*\[|\].*|['",]/, " ", found) }
  close(file)
  return found
}
# in_use lists what the posts have in a field, each once, in alphabetical order.
function in_use(field,  i, j, n, t, part, seen, all, sorted) {
  for (i = 1; i <= posts; i++) {
    n = split(list[i, field], part, " ")
    for (j = 1; j <= n; j++) if (!(part[j] in seen)) { seen[part[j]] = 1; all[++t] = part[j] }
  }
  for (i = 1; i <= t; i++) {
    n = 0
    for (j in seen) if (n == 0 || j < part[0]) { part[0] = j; n = 1 }
    sorted = sorted " " part[0]; delete seen[part[0]]
  }
  return sorted
}
function text(line,  name, i, n, body, choice) {
  if (match(line, /<\/?[A-Z][A-Za-z]*/)) {
    name = substr(line, RSTART + 1, RLENGTH - 1); sub(/^\//, "", name)
    if (match(line, /choices=\{[A-Za-z]+\}/)) choices = values[substr(line, RSTART + 9, RLENGTH - 10)]
    if (component[name] ~ /components/) page(component[name])
    return
  }
  if (match(line, /\{(posts|choices)\.map\(\((post|choice)\) => /)) {
    body = substr(line, RSTART + RLENGTH); sub(/\)\}[ ]*$/, "", body)
    if (line ~ /\{posts\.map/) { for (i = 1; i <= posts; i++) print "    " of_post(body, i); return }
    n = split(choices, choice, " ")
    for (i = 1; i <= n; i++) print "    " of_choice(body, choice[i])
    return
  }
  print line
}
function of_post(body, i,  field, optional) {
  gsub(/\{`\/blog\/\$\{post\.slug\}\/`\}/, "\"/blog/" slug[i] "/\"", body)
  gsub(/\{post\.data\.title\}/, title[i], body)
  while (match(body, /\{(\(post\.data\.[a-z]+ \?\? \[\]\)|post\.data\.[a-z]+)\.join\(' '\)\}/)) {
    field = substr(body, RSTART, RLENGTH); optional = field ~ /\?\?/
    sub(/^\{\(?post\.data\./, "", field); sub(/[^a-z].*/, "", field)
    if (!optional && !((i, field) in list)) { print "render: " slug[i] " has no " field > "/dev/stderr"; bad = 1 }
    body = substr(body, 1, RSTART - 1) "\"" list[i, field] "\"" substr(body, RSTART + RLENGTH)
  }
  return body
}
function of_choice(body, choice) {
  gsub(/=\{choice\}/, "=\"" choice "\"", body)
  gsub(/\{choice\}/, choice, body)
  return body
}
