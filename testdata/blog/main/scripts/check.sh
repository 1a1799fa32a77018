# Checks the site without building it: every post has the fields of the schema
# and only values the schema knows, every import finds its file and its name,
# every dependency is pinned, and the tests pass. Prints each problem on a line
# of its own.
set -u
cd "$(dirname "$0")/.." || exit 2
status=0

awk -f scripts/posts.awk src/content/config.ts src/content/blog/*.md || status=1
awk -f scripts/lock.awk package.json package-lock.json || status=1

# Imports: `import Name from './x.astro'` and `import { a, type B } from './x.ts'`.
problems=$(grep -rn "from '\.\.*/" src --include='*.ts' --include='*.astro' | while IFS= read -r line; do
  file=${line%%:*}
  from=$(printf '%s\n' "$line" | sed "s/.*from '\([^']*\)'.*/\1/")
  found=$(dirname "$file")/$from
  if [ ! -f "$found" ]; then
    echo "$file: imports $from, which does not exist"
    continue
  fi
  names=$(printf '%s\n' "$line" | sed -n 's/.*import {\(.*\)} from.*/\1/p' | sed 's/type //g; s/,/ /g')
  for name in $names; do
    grep -Eq "^export (async )?(const|function|type|interface) $name[^A-Za-z0-9_]" "$found" ||
      echo "$file: imports $name from $from, which does not export it"
  done
done)
if [ -n "$problems" ]; then
  printf '%s\n' "$problems"
  status=1
fi

for test in tests/*.test.sh; do
  sh "$test" || status=1
done

[ $status = 0 ] && echo "check: everything in order"
exit $status
