
[ ! -x "$kept" ] || "$kept" "$@" || exit
old=$2
case $old in *[!0]*) ;; *) old=4b825dc642cb6eb9a060e54bf8d69288fbee4904 ;; esac # the empty tree
case $3 in *[!0]*) same "$old" "$3" || ask "$@" ;; esac # else a deletion
