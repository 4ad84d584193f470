"""SQL that real migrations are made of: none of it may be refused. Each script starts from START."""

from __future__ import annotations

START = """
create table users (id integer primary key autoincrement, name text not null, email text unique, age int check (age > 0));
create table posts (id integer primary key, user_id integer references users (id) on delete cascade, body text collate nocase);
create index posts_user on posts (user_id);
create view names as select id, name from users;
create trigger touched after update on users begin insert into posts (user_id, body) values (new.id, 'changed'); end;
insert into users (name, email, age) values ('Ada', 'ada@example.com', 36), ('Bob', null, null);
insert into posts (user_id, body) values (1, 'first'), (1, 'second'), (2, 'third');
"""

_NUMBERS = (
    "with recursive c(x) as (values (1) union all select x + 1 from c limit 20000) select x from c"
)

LEGITIMATE = {
    "nothing": "",
    "a comment": "-- nothing to do\n/* at all",
    "semicolons": ";;;",
    "a table": "create table t (id integer primary key, a text not null default 'x');",
    "without the last semicolon": "create table t (a)",
    "a strict table": "create table t (id integer primary key, a text) strict;",
    "without rowid": "create table t (a text primary key, b) without rowid;",
    "generated columns": "create table t (a int, b int generated always as (a * 2) stored, c as (a + 1));",
    "a table from a query": "create table t as select name, count(*) n from users group by name;",
    "if not exists": "create table if not exists users (id); create index if not exists i on users (name);",
    "a column": "alter table users add column phone text;",
    "a column with a default": "alter table users add column active integer not null default 1;",
    "a column that refers": "alter table posts add column parent integer references posts (id);",
    "a column renamed": "alter table users rename column name to full_name;",
    "a column dropped": "alter table posts drop column body;",
    "a table renamed": "alter table posts rename to articles;",
    "a table dropped": "drop view names; drop table posts;",
    "not null set": "alter table users alter column name set not null;",
    "an index": "create unique index i on users (lower(email)) where email is not null;",
    "an index on an expression": "create index i on posts (length(body) desc, user_id);",
    "an index dropped": "drop index posts_user;",
    "a view": "create view v (a, b) as select u.name, p.body from users u left join posts p on p.user_id = u.id;",
    "a view with a window": "create view v as select name, row_number() over (order by age) n from users;",
    "a trigger": "create trigger t before delete on users when old.id = 1 begin select raise(abort, 'keep Ada'); end;",
    "a trigger with a case": "create trigger t after insert on posts begin update users set age = case when age is null then 1 else age end where id = new.user_id; end;",
    "instead of": "create trigger t instead of insert on names begin insert into users (name) values (new.name); end; insert into names (name) values ('Eve');",
    "rows": "insert into users (name) values ('Cyd'), ('Dan');",
    "rows from a query": "insert into posts (user_id, body) select id, name from users;",
    "an upsert": "insert into users (id, name) values (1, 'Ada L.') on conflict (id) do update set name = excluded.name;",
    "returning": "insert into users (name) values ('Cyd') returning id; update users set age = 1 returning *;",
    "rows changed": "update users set email = lower(trim(email)) where email is not null;",
    "rows changed from another table": "update posts set body = u.name from users u where u.id = posts.user_id;",
    "rows deleted": "delete from posts where user_id not in (select id from users);",
    "all rows deleted": "delete from posts;",
    "a query": "select * from users; select count(*) from posts;",
    "a query in the middle": "create table a (x); select 1 union select 2; create table b (x);",
    "a common table expression": "with old as (select id from users where age > 30) delete from posts where user_id in (select id from old);",
    "many rows by recursion": f"create table t (n integer primary key); insert into t {_NUMBERS};",
    "many rows by values": "create table t (a, b);\ninsert into t values\n" + ",\n".join(f"({n}, 'text number {n}')" for n in range(5000)) + ";",
    "many statements": "create table t (a);" + "".join(f"insert into t values ({n});\n" for n in range(3000)),
    "a picture": "create table t (a blob); insert into t values (x'" + "ff" * 200_000 + "');",
    "the rebuild of twelve steps": """
        pragma foreign_keys = off;
        begin;
        create table new_users (id integer primary key autoincrement, name text not null, email text, age int);
        insert into new_users select id, name, email, age from users;
        drop view names;
        drop table users;
        alter table new_users rename to users;
        create view names as select id, name from users;
        pragma foreign_key_check;
        commit;
        pragma foreign_keys = on;
    """,
    "a rebuild with the legacy rename": """
        pragma legacy_alter_table = on;
        create table n (id integer primary key, name text);
        insert into n select id, name from users;
        drop table users;
        alter table n rename to users;
        pragma legacy_alter_table = off;
    """,
    "a rebuild by way of a temporary table": """
        create temporary table kept as select * from posts;
        drop table posts;
        create table posts (id integer primary key, user_id integer, body text, made text default current_timestamp);
        insert into posts (id, user_id, body) select id, user_id, body from kept;
        drop table kept;
    """,
    "a temporary table left behind": "create temp table scratch (a); insert into scratch select id from users; update users set age = 1 where id in (select a from scratch);",
    "a temporary view": "create temp view v as select * from users; insert into posts (user_id) select id from v;",
    "the sequence kept": "update sqlite_sequence set seq = 1000 where name = 'users'; insert into sqlite_sequence select 'x', 1;",
    "the schema read": "create table t as select name from sqlite_schema where type = 'table';",
    "the ledger read": "create table t as select max(id) m from _migrations;",
    "a version": "pragma user_version = 7; pragma application_id = 1234;",
    "pragmas that read": "pragma table_info(users); pragma index_list(posts); pragma foreign_key_list(posts); pragma integrity_check; pragma foreign_keys; pragma journal_mode;",
    "pragmas as functions": "create table t as select name from pragma_table_info('users');",
    "pragmas that tune": "pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -8000; pragma busy_timeout = 100;",
    "deferred keys": "pragma defer_foreign_keys = on; delete from users where id = 2; insert into users (id, name) values (2, 'Bob');",
    "statistics": "analyze; pragma optimize;",
    "reindex": "reindex; reindex users;",
    "full text": "create virtual table f using fts5(body, content='posts', content_rowid='id'); insert into f(f) values ('rebuild'); select * from f('first');",
    "full text of old": "create virtual table f using fts4(body, tokenize=porter); insert into f values ('running'); select * from f where f match 'run';",
    "full text kept by triggers": "create virtual table f using fts5(body); create trigger fi after insert on posts begin insert into f(rowid, body) values (new.id, new.body); end; insert into posts(body) values ('hello world');",
    "the words of a full text": "create virtual table f using fts5(body); create virtual table w using fts5vocab(f, row); insert into f values ('a b'); select * from w;",
    "places": "create virtual table r using rtree(id, x0, x1, y0, y1); insert into r values (1, 0, 1, 0, 1); create virtual table g using geopoly();",
    "a full text dropped": "create virtual table f using fts5(body); drop table f;",
    "json": "create table t (d text check (json_valid(d))); insert into t values (json_object('a', json_array(1, 2))); update t set d = json_set(d, '$.b', 3); create index i on t (d ->> '$.a');",
    "dates": "create table t (a text default current_timestamp, b text default (datetime('now')), c real default (julianday('now'))); insert into t default values; insert into t (a) values (strftime('%Y', 'now'));",
    "uuids": "create table t (id text primary key default (lower(hex(randomblob(16))))); insert into t default values; insert into t default values;",
    "chance": "create table t (a); insert into t select random() from users; insert into t select abs(random()) % 10 from users;",
    "mathematics": "create table t (a); insert into t values (sqrt(2)), (pi()), (round(2.5)), (1e300 * 1e10);",
    "words": "update users set name = upper(substr(name, 1, 1)) || substr(name, 2), email = replace(email, 'example.com', 'example.org') where email like '%@example.com';",
    "quotes": "create table [a b] (\"c d\" text, `e f` int, 'g' int); insert into [a b] (\"c d\") values ('it''s; fine -- really');",
    "double quotes for text": "insert into users (name) values (\"Eve\");",
    "other letters": "create table größe (名前 text); insert into größe values ('ß😀');",
    "key words as names": "create table \"order\" (\"group\" int, \"select\" text); create index \"index\" on \"order\" (\"group\");",
    "no transaction but words of one": "begin immediate; create table t (a); savepoint s; insert into t values (1); release s; end transaction;",
    "a check added": "alter table users add constraint grown check (age < 200);",
    "nulls first": "create view v as select name from users order by age desc nulls last limit 5 offset 1;",
    "explain": "explain query plan select * from users; explain select 1;",
    "a wide insert of a script": "insert into posts (body) values ('" + "long text " * 20_000 + "');",
}  # fmt: skip
