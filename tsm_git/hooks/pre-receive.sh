
input=$(cat 2>/dev/null)
lines() { [ -z "$input" ] || printf '%s\n' "$input"; }
[ ! -x "$kept" ] || lines | "$kept" "$@" || exit
none=4b825dc642cb6eb9a060e54bf8d69288fbee4904 # the empty tree
few() {
    count=0
    while read -r old new _; do
        count=$((count + 1))
        case $new in *[!0]*) ;; *) continue ;; esac # a deletion
        case $old in *[!0]*) ;; *) old=$none ;; esac
        [ "$count" -lt 10 ] && same "$old" "$new" || return 1
    done
}
lines 2>/dev/null | few || lines | ask "$@"
