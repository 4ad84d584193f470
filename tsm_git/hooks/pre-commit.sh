
[ ! -x "$kept" ] || "$kept" "$@" || exit
dir=${GIT_DIR:-.git}
[ -d "$dir" ] || dir=$(git rev-parse --git-dir)
coming=
[ ! -f "$dir/MERGE_HEAD" ] || coming=$(cat "$dir/MERGE_HEAD")
for side in HEAD $coming; do
    same --cached "$side" || { ask "$@"; exit; }
done
