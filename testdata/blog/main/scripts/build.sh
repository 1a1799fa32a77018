# Renders the site into dist/: a page per post, and the list. It understands
# just the Astro that this site uses; scripts/render.awk says which.
set -eu
cd "$(dirname "$0")/.."
rm -rf dist
mkdir -p dist/blog

# One line a post, the newest first: slug, title, date, and each list of the
# post as "field=value value".
for file in src/content/blog/*.md; do
  awk -v slug="$(basename "$file" .md)" '
    /^---$/    { fence++ }
    /^title: / { title = substr($0, 8) }
    /^date: /  { date = $2 }
    fence == 1 && /^[a-z]+: \[/ {
      name = $1; sub(/:/, "", name)
      list = substr($0, index($0, "[")); gsub(/[][,]/, " ", list); gsub(/ +/, " ", list); gsub(/^ | $/, "", list)
      lists = lists "\t" name "=" list
    }
    END { printf "%s\t%s\t%s%s\n", slug, title, date, lists }' "$file"
done | sort -t "$(printf '\t')" -k3,3r >dist/posts.tsv

awk -f scripts/render.awk dist/posts.tsv src/pages/blog/index.astro >dist/blog/index.html

while IFS="$(printf '\t')" read -r slug title date lists; do
  mkdir -p "dist/blog/$slug"
  {
    printf '<article>\n<h1>%s</h1>\n<p class="meta">%s %s</p>\n' "$title" "$date" "${lists#*=}"
    awk '/^---$/ { fence++; next } fence >= 2 && NF { print "<p>" $0 "</p>" }' "src/content/blog/$slug.md"
    printf '</article>\n'
  } >"dist/blog/$slug/index.html"
done <dist/posts.tsv

grep -q '<li.*href="/blog/' dist/blog/index.html || { echo "build: the list shows no post"; exit 1; }
if grep -n '{' dist/blog/index.html; then
  echo "build: dist/blog/index.html has expressions that were not rendered"
  exit 1
fi
echo "build: $(grep -c . dist/posts.tsv) posts and the list in dist/"
