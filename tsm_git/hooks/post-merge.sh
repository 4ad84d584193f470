
status=0
[ ! -x "$kept" ] || "$kept" "$@" || status=$?
if [ "$1" = 1 ]; then # squashed: staged only
    same --cached HEAD || ask "$@"
else
    for side in ORIG_HEAD $(git rev-parse --quiet 'HEAD^@'); do
        same "$side" HEAD || { ask "$@"; break; }
    done
fi
exit "$status"
