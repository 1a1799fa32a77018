# Builds the site and reads the page that readers get: every post is listed,
# and where the page offers a filter by tag, every tag in use can be chosen and
# every post says which tags it has.
sh scripts/build.sh >/dev/null || { echo "tests/render.test.sh: the site does not build"; exit 1; }
page=dist/blog/index.html
status=0
complain() { echo "tests/render.test.sh: $*"; status=1; }

for file in src/content/blog/*.md; do
  slug=$(basename "$file" .md)
  grep -q "href=\"/blog/$slug/\"" $page || complain "$slug is not in the list"
  [ -s "dist/blog/$slug/index.html" ] || complain "$slug has no page"
done

grep -q '<input name="q"' $page || complain "the list cannot be searched by text"
if grep -q '<select name="tag"' $page; then
  for tag in $(sed -n 's/^tags: \[\(.*\)\]$/\1/p' src/content/blog/*.md | tr ',' ' '); do
    grep -q "<option value=\"$tag\">" $page || complain "no post can be found by the tag $tag"
  done
  [ "$(grep -c '<li' $page)" = "$(grep -c '<li data-tags="[^"]' $page)" ] ||
    complain "a post in the list does not say its tags"
fi
exit $status
