#!/bin/sh
# The hook @EVENT@ of tsm, as `tsm hooks install` writes it. It starts tsm only where scripts, databases
# or the configuration differ. A hook that was here before is @EVENT@.before-tsm beside it.
kept=${0%/*}/@EVENT@.before-tsm
unset GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS

same() { # two trees, or the index and one; in doubt they are not
    git diff --quiet --no-ext-diff --no-renames "$@" -- ':(top,glob)**/*.migrations/**' \
        ':(top,glob)**/*.sqlite*' ':(top,glob)**/*.db*' ':(top)tsm.toml' ':(top)pyproject.toml' 2>/dev/null
}

ask() {
    for tsm in "$(git config tsm.program)" tsm; do
        if command -v "$tsm" >/dev/null 2>&1; then
            "$tsm" hooks run @EVENT@ "$@"
            return
        fi
    done
    echo "tsm: @EVENT@ was not checked, tsm is not found: put it on PATH," \
        "or run \`git config tsm.program /path/to/tsm\`" >&2
    return 1
}
