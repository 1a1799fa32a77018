# Builds the site and reads the page that readers get: every post is listed,
# and where the page offers a filter, every choice finds a post and every post
# is found by one. An item of the list that is no post needs no choice.
sh scripts/build.sh >/dev/null || { echo "tests/render.test.sh: the site does not build"; exit 1; }
page=dist/blog/index.html
status=0
complain() {
  echo "tests/render.test.sh: $*"
  [ -z "${GITHUB_ACTIONS-}" ] || echo "::error file=tests/render.test.sh::$*"
  status=1
}

for file in src/content/blog/*.md; do
  slug=$(basename "$file" .md)
  grep -q "href=\"/blog/$slug/\"" $page || complain "$slug is not in the list"
  [ -s "dist/blog/$slug/index.html" ] || complain "$slug has no page"
done

grep -q '<input name="q"' $page || complain "the list cannot be searched by text"
if grep -q '<select' $page; then
  choices=$(sed -n 's/.*<option value="\([^"][^"]*\)">.*/\1/p' $page)
  [ -n "$choices" ] || complain "the filter offers no choice"
  for choice in $choices; do
    grep -Eq "<li data-filter=\"([^\"]* )?$choice[ \"]" $page || complain "no post is found by $choice"
  done
  [ "$(grep -c '<li.*href="/blog/' $page)" = "$(grep -c '<li data-filter="[^"].*href="/blog/' $page)" ] ||
    complain "a post in the list is found by no choice"
fi
exit $status
