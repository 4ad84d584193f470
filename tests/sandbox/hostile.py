"""SQL that strangers might send: each script with what the sandbox must make of it.

`{dir}` is a folder outside the sandbox that must stay as it is; it may hold `victim.sqlite` and `evil.so`. FORBIDDEN and
BUDGET are what the replay says, FAILED is SQLite's own no, HARMLESS runs and reaches nothing.
"""

from __future__ import annotations

from typing import NamedTuple

FORBIDDEN, BUDGET, FAILED, HARMLESS = "forbidden", "budget", "failed", "harmless"

_COUNT = "with recursive c(x) as (values (1) union all select x + 1 from c)"


class Hostile(NamedTuple):
    """One script; `ends` are the verdicts of which any will do."""

    name: str
    sql: str
    ends: tuple[str, ...]


def _one(name: str, sql: str, *ends: str) -> Hostile:
    return Hostile(name, sql, ends)


_MANY_COLUMNS = ", ".join(f"c{n}" for n in range(1999))
_NESTED = "(" * 5000 + "1" + ")" * 5000
_ORS = " or ".join(["a = 1"] * 20_000)
_UNION = " union all ".join(["select 1"] * 5000)
_JSON = "[" * 100_000

HOSTILE = [
    # Other files
    _one("attach", "attach '{dir}/new.sqlite' as x;", FORBIDDEN),
    _one("attach-existing", "attach '{dir}/victim.sqlite' as v; drop table v.t;", FORBIDDEN),
    _one("attach-uri", "attach 'file:{dir}/new.sqlite?mode=rwc' as x;", FORBIDDEN),
    _one("attach-memory", "attach ':memory:' as x;", FORBIDDEN),
    _one("attach-nothing", "attach '' as x;", FORBIDDEN),
    _one("attach-by-expression", "attach '{dir}/' || 'new' || '.sqlite' as x;", FORBIDDEN),
    _one("attach-without-a-key-word", "attach database \"{dir}/new.sqlite\" as 'x'", FORBIDDEN),
    _one("detach", "detach main;", FORBIDDEN),
    _one("vacuum-into", "vacuum into '{dir}/new.sqlite';", FORBIDDEN, FAILED),
    _one("commit-then-vacuum-into", "commit; vacuum into '{dir}/new.sqlite';", FORBIDDEN, FAILED),
    _one("end-then-attach", "end; attach '{dir}/new.sqlite' as x; create table x.t(a);", FORBIDDEN),
    _one("load-extension", "select load_extension('{dir}/evil.so');", FORBIDDEN),
    _one("load-extension-in-a-view", "create view v as select load_extension('{dir}/evil.so');select * from v;", FORBIDDEN, FAILED),
    _one("load-extension-in-a-trigger", "create table t(a); create trigger r after insert on t begin select load_extension('{dir}/evil.so'); end; insert into t values (1);", FORBIDDEN, FAILED),
    _one("load-extension-as-a-default", "create table t(a, b default (load_extension('{dir}/evil.so'))); insert into t(a) values (1);", FORBIDDEN, FAILED),
    _one("load-extension-in-a-check", "create table t(a check (load_extension('{dir}/evil.so'))); insert into t(a) values (1);", FORBIDDEN, FAILED),
    _one("load-extension-in-an-index", "create table t(a); insert into t values ('{dir}/evil.so'); create index i on t (load_extension(a));", FORBIDDEN, FAILED),
    _one("readfile", "create table t(a); insert into t values (readfile('/etc/passwd'));", FORBIDDEN, FAILED),
    _one("writefile", "select writefile('{dir}/new', 'x');", FORBIDDEN, FAILED),
    _one("edit", "select edit('x', 'sh -c id');", FORBIDDEN, FAILED),
    _one("tokenizer", "select fts3_tokenizer('simple', x'4141414141414141');", FORBIDDEN, FAILED),
    _one("csv", "create virtual table t using csv(filename='/etc/passwd');", FORBIDDEN),
    _one("fsdir", "select * from fsdir('/');", FAILED, FORBIDDEN),
    _one("dbstat", "create virtual table t using dbstat(main);", FORBIDDEN),
    _one("carray", "create virtual table t using carray();", FORBIDDEN),
    _one("zipfile", "create virtual table t using zipfile('{dir}/new.zip');", FORBIDDEN),
    _one("store-directory", "pragma temp_store_directory = '{dir}';", FORBIDDEN),
    _one("data-directory", "pragma data_store_directory = '{dir}';", FORBIDDEN),
    _one("temporary-files", "pragma temp_store = file; create temp table t(a); insert into t values (zeroblob(9000000)), (zeroblob(9000000));", HARMLESS, BUDGET),
    _one("lock-proxy", "pragma lock_proxy_file = '{dir}/new';", HARMLESS, FORBIDDEN),
    _one("commands-of-the-shell", ".shell id > {dir}/new\n.output {dir}/new\nselect 1;", FAILED),
    _one("a-name-that-is-a-path", "create table \"{dir}/new\"(a);", HARMLESS),
    # The schema, and tsm itself
    _one("writable-schema", "pragma writable_schema = on; update sqlite_master set sql = 'x';", FORBIDDEN),
    _one("writable-schema-by-a-function", "select * from pragma_writable_schema(1);", FORBIDDEN, FAILED),
    _one("writable-schema-in-main", "pragma main.writable_schema(1);", FORBIDDEN),
    _one("schema-table", "update sqlite_schema set sql = 'x';", FAILED),
    _one("schema-table-delete", "delete from sqlite_master;", FAILED),
    _one("schema-version", "pragma schema_version = 1;", FORBIDDEN),
    _one("trusted-schema", "pragma trusted_schema = on; create view v as select load_extension('{dir}/evil.so'); select * from v;", FORBIDDEN, FAILED),
    _one("ledger-insert", "insert into _migrations values (9, 'x', 'x', 'x', 'x');", FORBIDDEN),
    _one("ledger-delete", "delete from _migrations;", FORBIDDEN),
    _one("ledger-drop", "drop table _migrations;", FORBIDDEN),
    _one("ledger-rename", "alter table _migrations rename to m;", FORBIDDEN),
    _one("ledger-rename-to", "create table m(a); alter table m rename to _migrations;", FAILED, FORBIDDEN),
    _one("ledger-in-another-case", "delete from main.[_MIGRATIONS];", FORBIDDEN),
    _one("ledger-by-a-trigger", "create table t(a); create trigger r after insert on t begin delete from _migrations; end; insert into t values (1);", FORBIDDEN),
    _one("ledger-trigger", "create trigger r after insert on _migrations begin select 1; end;", FORBIDDEN),
    _one("ledger-as-a-temporary-table", "create temp table _migrations(id, filename, script);", FORBIDDEN, HARMLESS),
    _one("shadow-table", "create virtual table f using fts5(a); drop table f_data;", FAILED),
    _one("shadow-table-write", "create virtual table f using fts5(a); insert into f_data values (1, x'00');", FAILED),
    # Time
    _one("recursion", f"{_COUNT} select count(*) from c;", BUDGET),
    _one("recursion-in-a-view", f"create view v as {_COUNT} select x from c; select sum(x) from v;", BUDGET),
    _one("recursion-into-a-table", f"create table t(a); insert into t {_COUNT} select x from c;", BUDGET),
    _one("cross-join", "create table t(a); insert into t with recursive c(x) as (values (1) union all select x + 1 from c limit 3000) select x from c; select count(*) from t a, t b, t c, t d;", BUDGET),
    _one("cross-join-of-the-schema", "select count(*) from json_each('[' || rtrim(replace(hex(zeroblob(5000)), '0', '1,'), ',') || ']') a, json_each(a.json) b, json_each(a.json) c;", BUDGET, FAILED),
    _one("trigger-that-calls-itself", "pragma recursive_triggers = on; create table t(a); create trigger r after insert on t begin insert into t values (new.a + 1); end; insert into t values (1);", FAILED, BUDGET, HARMLESS),
    _one("two-triggers", "create table t(a); create table u(a); create trigger r after insert on t begin insert into u select new.a from u; insert into u values (1); end; create trigger s after insert on u begin insert into t values (1); end; insert into t values (1);", FAILED, BUDGET, HARMLESS),
    _one("like", "select replace(hex(zeroblob(100000)), '0', 'a') like replace(hex(zeroblob(200)), '00', '%a') || 'b' from (values (1), (2), (3), (4), (5), (6), (7), (8));", BUDGET, FAILED, HARMLESS),
    _one("glob", "select replace(hex(zeroblob(500000)), '0', 'a') glob '*a*a*a*a*a*a*b';", BUDGET, HARMLESS),
    _one("sort", f"create table t as {_COUNT} select randomblob(100) r from c limit 3000000; create index i on t (r);", BUDGET),
    # Memory
    _one("randomblob", "select randomblob(900000000);", BUDGET),
    _one("zeroblob", "create table t(a); insert into t values (zeroblob(2000000000));", BUDGET),
    _one("hex-of-a-zeroblob", "select hex(zeroblob(400000000));", BUDGET),
    _one("printf", "select printf('%.*c', 900000000, 'x');", BUDGET, HARMLESS),
    _one("printf-width", "select printf('%900000000d', 1);", BUDGET, HARMLESS),
    _one("replace", "select replace(replace(replace(hex(zeroblob(100000)), '0', hex(zeroblob(1000))), '0', hex(zeroblob(1000))), '0', 'xx');", BUDGET),
    _one("group-concat", f"{_COUNT} select length(group_concat(hex(zeroblob(1000)))) from c;", BUDGET),
    _one("json-group", f"{_COUNT} select json_group_array(x) from c;", BUDGET),
    _one("blobs-in-a-table", f"create table t(a); insert into t {_COUNT} select zeroblob(10000000) from c;", BUDGET),
    _one("temporary-blobs", f"create temp table t(a); insert into t {_COUNT} select zeroblob(10000000) from c;", BUDGET),
    _one("heap-limits", f"pragma hard_heap_limit = 0; pragma soft_heap_limit = 0; create table t(a); insert into t {_COUNT} select zeroblob(10000000) from c;", BUDGET),
    _one("cache", "pragma cache_size = 100000000; pragma mmap_size = 999999999999; pragma threads = 8;", HARMLESS),
    _one("page-count", "pragma max_page_count = 4294967294;", HARMLESS),
    _one("nested-json", f"select json_valid('{_JSON}');", HARMLESS, FAILED),
    # The parser
    _one("nested", f"select {_NESTED};", FAILED, BUDGET),
    _one("many-ors", f"create table t(a); select * from t where {_ORS};", FAILED, BUDGET),
    _one("long-union", f"{_UNION};", FAILED),
    _one("many-columns", f"create table t({_MANY_COLUMNS});", HARMLESS),
    _one("too-many-columns", f"create table t({_MANY_COLUMNS}, d0, d1, d2);", FAILED),
    _one("views-of-views", "create view v0 as select 1 a;" + "".join(f"create view v{n + 1} as select x.a from v{n} x, v{n} y;" for n in range(40)) + "select * from v40;", FAILED, BUDGET, HARMLESS),
    _one("doubling-ctes", "with c0 as (select 1 a)," + ",".join(f"c{n + 1} as (select x.a from c{n} x, c{n} y)" for n in range(25)) + " select count(*) from c25;", FAILED, BUDGET, HARMLESS),
    _one("a-parameter", "create table t(a); insert into t values (?);", FAILED),
    _one("a-long-statement", "select '" + "x" * 9_000_000 + "';", FAILED, BUDGET),
    # Transactions
    _one("commit", "create table t(a); commit; select * from nothing;", FAILED),
    _one("rollback", "create table t(a); rollback; insert into t values (1);", HARMLESS),
    _one("raise-rollback", "create table t(a); create trigger r before insert on t begin select raise(rollback, 'no'); end; insert into t values (1);", FAILED),
    _one("or-rollback", "create table t(a unique); insert into t values (1); insert or rollback into t values (1);", FAILED),
    _one("savepoints", "savepoint a; create table t(a); rollback to a; release a; insert into t values (1);", HARMLESS),
    _one("exclusive", "pragma locking_mode = exclusive; pragma journal_mode = off; pragma synchronous = off;", HARMLESS),
]  # fmt: skip
