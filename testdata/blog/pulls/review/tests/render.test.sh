# Reads the page that readers get: every post is listed, and where the page
# offers a filter, every choice finds a post and every post is found by one.
page=dist/blog/index.html
status=0
complain() {
  echo "tests/render.test.sh: $*"
  [ -z "${GITHUB_ACTIONS-}" ] || echo "::error file=tests/render.test.sh::$*"
  status=1
}

[ -s $page ] || { complain "there is no $page"; exit 1; }

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
  [ "$(grep -c '<li' $page)" = "$(grep -c '<li data-filter="[^"]' $page)" ] ||
    complain "a post in the list is found by no choice"
fi
exit $status
