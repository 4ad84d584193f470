
status=0
[ ! -x "$kept" ] || "$kept" "$@" || status=$?
dir=${GIT_DIR:-.git}
[ -d "$dir" ] || dir=$(git rev-parse --git-dir)
case $1 in *[!0]*) # not a new clone or work tree
    [ "$3" != 1 ] || [ -d "$dir/rebase-merge" ] || [ -d "$dir/rebase-apply" ] ||
        same "$1" "$2" || ask "$@" ;;
esac
exit "$status"
