# Every post has its own date, so that the order of the list is never a toss.
twice=$(grep -h '^date: ' src/content/blog/*.md | sort | uniq -d)
[ -z "$twice" ] || { echo "tests/posts.test.sh: two posts share $twice"; exit 1; }
