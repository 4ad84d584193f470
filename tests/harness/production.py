"""Makes files that are like production's: years of rows, some odd ones, the same for each seed."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.harness.project import open_database

SCHEMA = """
create table users (id integer primary key, name text, mail text, born text, balance);
create table posts (id integer primary key, user_id integer references users (id), body text,
    note text, at integer);
create table likes (post_id integer not null references posts (id) on delete cascade,
    user_id integer not null, primary key (post_id, user_id)) without rowid;
create table unused (id integer primary key, what blob);
create index posts_user on posts (user_id);
create index users_mail on users (mail);
create trigger gone after delete on posts begin delete from likes where post_id = old.id; end;
"""

# A number that looks like chance, from the row, the seed and a place: Knuth's multiplication.
_DRAWN = "((x * 2654435761 + {seed} * 40503 + {place} * 97) % 4294967296 / 64)"
_ROWS = "with recursive c(x) as (values (1) union all select x + 1 from c where x < {count}) "
_USERS = """
insert into users {rows} select x, 'Zoë ' || {0},
    case when {0} % 11 = 0 then null when {0} % 97 = 0 then 'info@example.com'
         else 'm' || x || '@example.com' end,
    case when {1} % 5 then date('1950-01-01', ({1} % 20000) || ' days') else '' end,
    case {1} % 4 when 0 then x when 1 then x / 3.0 when 2 then '12' else null end
from c
"""
_POSTS = """
insert into posts {rows} select x, 1 + {0} % {users},
    hex(zeroblob({1} % 200)) || char(0x1F600 + x % 40),
    case when {1} % 3 then null else 'note ' || {0} end, 1500000000 + x
from c
"""
_LIKES = "insert or ignore into likes {rows} select 1 + {0} % {posts}, {1} % {users} from c"
_POSTS_IN_A_MEGABYTE = 3_300


def fill(path: Path, megabytes: int, seed: int) -> None:
    """Add rows to a database that has the schema, until it has about that size."""
    posts = megabytes * _POSTS_IN_A_MEGABYTE
    users = max(200, posts // 10)
    with contextlib.closing(open_database(path)) as connection:
        connection.pragma("synchronous", "OFF")
        connection.execute("BEGIN")
        for sql, count in ((_USERS, users), (_POSTS, posts), (_LIKES, posts)):
            drawn = [_DRAWN.format(seed=seed, place=place) for place in (1, 2)]
            connection.execute(
                sql.format(*drawn, rows=_ROWS.format(count=count), users=users, posts=posts)
            ).fetchall()
        connection.execute("COMMIT")
