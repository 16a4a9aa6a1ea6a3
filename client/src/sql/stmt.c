/*
 * stmt.c
 *		SQL texts a client has run, with what the server said of them.
 *
 * A statement is known by its text.  What is cached has a slot, the same on every
 * connection, so a connection keeps an array instead of a table; its name on the server
 * is a hash of the text, so two clients behind one pooler mean the same by one name.
 * When all slots are taken the one longest not used gives way, and a new serial tells
 * connections that theirs is out of date.  Nothing here talks to the server.
 */
#include "sql/stmt.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[0] = ROTL(v[0], 32);
	v[2] += v[3];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[2] = ROTL(v[2], 32);
}

static uint64_t
load_le(const uint8_t *p, size_t n)
{
	uint64_t	value = 0;

	for (size_t i = 0; i < n; i++)
		value |= (uint64_t) p[i] << (8 * i);
	return value;
}

static void
store_le(uint64_t value, uint8_t *p)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t) (value >> (8 * i));
}

/* The key is fixed: the hash names a text, it does not authenticate one. */
void
stmt_hash(const void *data, size_t len, uint8_t out[STMT_HASH_SIZE])
{
	const uint64_t k0 = UINT64_C(0x0706050403020100);
	const uint64_t k1 = UINT64_C(0x0f0e0d0c0b0a0908);
	uint64_t	v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
					 k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
	const uint8_t *p = data;
	size_t		whole = len / 8;
	uint64_t	m;

	v[1] ^= 0xee;
	for (size_t i = 0; i < whole; i++, p += 8)
	{
		m = load_le(p, 8);
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	m = load_le(p, len % 8) | ((uint64_t) len << 56);
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xee;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	store_le(v[0] ^ v[1] ^ v[2] ^ v[3], out);
	v[1] ^= 0xdd;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	store_le(v[0] ^ v[1] ^ v[2] ^ v[3], out + 8);
}

void
stmt_name(const uint8_t *hash, char name[STMT_NAME_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char	   *p = name;

	memcpy(p, "dba_", 4);
	p += 4;
	for (int i = 0; i < STMT_HASH_SIZE; i++)
	{
		*p++ = digits[hash[i] >> 4];
		*p++ = digits[hash[i] & 15];
	}
	*p = '\0';
}

static void
stmt_unlink_use(StmtCache *cache, Stmt *stmt)
{
	if (stmt->newer != NULL)
		stmt->newer->older = stmt->older;
	else
		cache->newest = stmt->older;
	if (stmt->older != NULL)
		stmt->older->newer = stmt->newer;
	else
		cache->oldest = stmt->newer;
	stmt->newer = stmt->older = NULL;
}

static void
stmt_link_use(StmtCache *cache, Stmt *stmt)
{
	stmt->newer = NULL;
	stmt->older = cache->newest;
	if (cache->newest != NULL)
		cache->newest->newer = stmt;
	else
		cache->oldest = stmt;
	cache->newest = stmt;
}

static Stmt *
stmt_new(const char *sql, size_t len)
{
	Stmt	   *stmt = mem_zalloc(sizeof(Stmt));

	if (stmt == NULL)
		return NULL;
	stmt->sql = mem_strndup(sql, len);
	if (stmt->sql == NULL)
	{
		mem_free(stmt);
		return NULL;
	}
	stmt->len = len;
	stmt->slot = -1;
	stmt->refs = 1;
	return stmt;
}

/* Frees a slot: an unused one, or that of the statement longest not used; -1
 * when every statement is in use. */
static int
stmt_free_slot(StmtCache *cache)
{
	Stmt	   *victim;
	Stmt	  **link;
	int			slot;

	if (cache->slots == NULL)
		cache->slots = mem_zalloc(sizeof(Stmt *) * (size_t) cache->limit);
	if (cache->slots == NULL)
		return -1;
	if (cache->used < cache->limit)
		return cache->used++;
	for (victim = cache->oldest; victim != NULL; victim = victim->newer)
		/* One that a request holds may be on its way: it keeps its place. */
		if (victim->refs == 1)
			break;
	if (victim == NULL)
		return -1;
	stmt_unlink_use(cache, victim);
	for (link = &cache->buckets[victim->bucket]; *link != victim;)
		link = &(*link)->bucket_next;
	*link = victim->bucket_next;
	slot = victim->slot;
	cache->slots[slot] = NULL;
	stmt_unref(victim);
	return slot;
}

Stmt *
stmt_get(StmtCache *cache, const char *sql, size_t len, bool cached)
{
	Stmt	  **bucket;
	Stmt	   *stmt;
	int			slot;
	unsigned	number;

	/* Text that hardly comes again (BEGIN, LISTEN, a batch) would push out one that does. */
	if (!cached)
		return stmt_new(sql, len);
	number = (unsigned) (hash_text(sql, len) % STMT_BUCKETS);
	bucket = &cache->buckets[number];
	for (stmt = *bucket; stmt != NULL; stmt = stmt->bucket_next)
		if (stmt->len == len && memcmp(stmt->sql, sql, len) == 0)
		{
			if (cache->newest != stmt)
			{
				stmt_unlink_use(cache, stmt);
				stmt_link_use(cache, stmt);
			}
			return stmt_ref(stmt);
		}
	stmt = stmt_new(sql, len);
	if (stmt == NULL)
		return NULL;
	stmt_hash(sql, len, stmt->hash);
	stmt->bucket = number;
	slot = stmt_free_slot(cache);
	if (slot < 0)
		return stmt;
	stmt->slot = slot;
	stmt->serial = ++cache->last_serial;
	stmt->bucket_next = *bucket;
	*bucket = stmt;
	cache->slots[slot] = stmt_ref(stmt);
	stmt_link_use(cache, stmt);
	return stmt;
}

Stmt *
stmt_ref(Stmt *stmt)
{
	stmt->refs++;
	return stmt;
}

void
stmt_unref(Stmt *stmt)
{
	if (stmt == NULL || --stmt->refs > 0)
		return;
	mem_free(stmt->sql);
	mem_free(stmt->params);
	mem_free(stmt->columns);
	mem_free(stmt->guarded);
	mem_free(stmt->run);
	guard_free(&stmt->guard);
	mem_free(stmt);
}

void
stmt_set_guard(Stmt *stmt, SqlGuard *guard)
{
	/* The text decides what its guard is; the caller's own of the same text has none. */
	if (stmt->guard.count > 0 || guard->count == 0)
		return;
	stmt->guard = *guard;
	*guard = (SqlGuard){0};
	stmt->described = false;
}

bool
stmt_describe(Stmt *stmt, const PGresult *description)
{
	int			nparams = PQnparams(description);
	int			ncolumns = PQnfields(description);
	Oid		   *params = mem_alloc(sizeof(Oid) * (size_t) (nparams + 1));
	Oid		   *columns = mem_alloc(sizeof(Oid) * (size_t) (ncolumns + 1));

	if (params == NULL || columns == NULL)
	{
		mem_free(params);
		mem_free(columns);
		return false;
	}
	for (int i = 0; i < nparams; i++)
		params[i] = PQparamtype(description, i);
	for (int i = 0; i < ncolumns; i++)
		columns[i] = PQftype(description, i);
	mem_free(stmt->params);
	mem_free(stmt->columns);
	mem_free(stmt->guarded);
	stmt->params = params;
	stmt->nparams = nparams;
	stmt->columns = columns;
	stmt->ncolumns = ncolumns;
	stmt->guarded = NULL;
	return true;
}

bool
stmt_take_guard(Stmt *stmt, const char *answer)
{
	mem_free(stmt->guarded);
	stmt->guarded = NULL;
	if (answer == NULL || !guard_fits(&stmt->guard, answer))
		return true;
	stmt->guarded = mem_strdup(answer);
	return stmt->guarded != NULL;
}

/*
 * The name says text and types, so that no server, nor a pooler before it, runs under it
 * what was prepared for other types.
 */
bool
stmt_settle(StmtCache *cache, Stmt *stmt, bool *changed)
{
	uint8_t		hash[STMT_HASH_SIZE];
	Buf			name = BUF_INIT;
	Buf			run = BUF_INIT;

	if (stmt->guarded != NULL)
		guard_write(&run, stmt->sql, &stmt->guard, stmt->guarded);
	buf_puts(&name, run.len > 0 ? buf_text(&run) : stmt->sql);
	if (stmt->nparams > 0)
		buf_append(&name, (const char *) stmt->params, sizeof(Oid) * (size_t) stmt->nparams);
	if (!buf_ok(&name) || !buf_ok(&run))
	{
		buf_free(&name);
		buf_free(&run);
		return false;
	}
	stmt_hash(name.data, name.len, hash);
	buf_free(&name);
	mem_free(stmt->run);
	stmt->run = run.data;
	*changed = memcmp(hash, stmt->hash, STMT_HASH_SIZE) != 0;
	memcpy(stmt->hash, hash, STMT_HASH_SIZE);
	if (*changed && stmt->slot >= 0)
		stmt->serial = ++cache->last_serial;
	stmt->described = true;
	return true;
}

/* What is known of it may be wrong since a DDL: the next use asks again. */
void
stmt_forget(Stmt *stmt)
{
	stmt->described = false;
}

void
stmt_cache_free(StmtCache *cache)
{
	for (int i = 0; i < cache->used; i++)
		stmt_unref(cache->slots[i]);
	mem_free(cache->slots);
	memset(cache, 0, sizeof(*cache));
}
