# Renders one .astro page to HTML. It understands what this site uses: the
# fence, imported components, {posts.map((post) => ...)} and
# {tags.map((tag) => ...)} on one line, and the fields of a post. The first
# file is the table of posts, the second the page.

BEGIN { FS = "\t" }
FNR == NR {
  slug[++posts] = $1; title[posts] = $2; tags[posts] = $4
  n = split($4, t, " ")
  for (i = 1; i <= n; i++) if (!(t[i] in used)) { used[t[i]] = 1; tag[++ntags] = t[i] }
  next
}
FNR == 1 { sort_tags(); page(FILENAME); exit }

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
  if (line !~ /^import [A-Z][A-Za-z]* from '.*\.astro'/) return
  name = line; sub(/^import /, "", name); sub(/ .*/, "", name)
  path = line; sub(/^[^']*'/, "", path); sub(/'.*/, "", path)
  component[name] = dir path
}
function text(line,  name, i, body) {
  if (match(line, /<\/?[A-Z][A-Za-z]*/)) {
    name = substr(line, RSTART + 1, RLENGTH - 1); sub(/^\//, "", name)
    if (component[name] ~ /components/) page(component[name])
    return
  }
  if (match(line, /\{(posts|tags)\.map\(\((post|tag)\) => /)) {
    body = substr(line, RSTART + RLENGTH); sub(/\)\}[ ]*$/, "", body)
    if (line ~ /\{posts\.map/) for (i = 1; i <= posts; i++) print "    " of_post(body, i)
    else for (i = 1; i <= ntags; i++) print "    " of_tag(body, tag[i])
    return
  }
  print line
}
function of_post(body, i) {
  gsub(/\{`\/blog\/\$\{post\.slug\}\/`\}/, "\"/blog/" slug[i] "/\"", body)
  gsub(/\{post\.data\.title\}/, title[i], body)
  gsub(/=\{post\.data\.tags\.join\(' '\)\}/, "=\"" tags[i] "\"", body)
  return body
}
function of_tag(body, t) {
  gsub(/=\{tag\}/, "=\"" t "\"", body)
  gsub(/\{tag\}/, t, body)
  return body
}
function sort_tags(  i, j, t) {
  for (i = 2; i <= ntags; i++) {
    t = tag[i]
    for (j = i - 1; j > 0 && tag[j] > t; j--) tag[j + 1] = tag[j]
    tag[j + 1] = t
  }
}
