/*
 * ddl_privileges.c
 *	  Lists of privileges -> GRANT and REVOKE commands.
 *
 * A list holds one text per grantee and grantor, as the server prints an aclitem:
 * grantee=letters/grantor, each letter followed by * where it may be granted on.
 * "$owner" stands for the owner, nothing for PUBLIC.  An empty list means the
 * default of the kind of object.
 */
#include "postgres.h"

#include "base/compat.h"
#include "lib/stringinfo.h"
#include "schema/ddl/ddl.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

static const struct
{
	char		letter;
	const char *name;
} privilege_names[] = {{'a', "INSERT"},	 {'r', "SELECT"},		{'w', "UPDATE"},
					   {'d', "DELETE"},	 {'D', "TRUNCATE"},		{'x', "REFERENCES"},
					   {'t', "TRIGGER"}, {'X', "EXECUTE"},		{'U', "USAGE"},
					   {'C', "CREATE"},	 {'T', "TEMPORARY"},	{'c', "CONNECT"},
					   {'s', "SET"},	 {'A', "ALTER SYSTEM"}, {'m', "MAINTAIN"}};

/* In place of letters: every privilege of the kind of object. */
#define ALL_LETTERS "ALL"

typedef struct PrivilegeTarget
{
	const char *prefix;			/* ALTER DEFAULT PRIVILEGES … , else "" */
	const char *on;				/* TABLE s.t, or TABLES for defaults */
	const char *column;			/* NULL for the whole object */
	const char *owner;
	List	   *by_default;		/* what an empty list stands for */
} PrivilegeTarget;

/* The grantee of an entry as SQL writes it; *letters is set to what follows. */
static char *
read_grantee(const PrivilegeTarget *t, const char *entry, const char **letters)
{
	const char *p = entry;
	bool		quoted = *p == '"';

	if (quoted)
	{
		for (p++; *p != '\0' && !(p[0] == '"' && p[1] != '"'); p++)
			if (p[0] == '"')
				p++;
		p += *p == '"';
	}
	else
		while (*p != '\0' && *p != '=')
			p++;
	*letters = *p == '=' ? p + 1 : p;
	if (p == entry)
		return pstrdup("PUBLIC");
	if (strncmp(entry, "$owner=", 7) == 0)
		return pstrdup(quote_identifier(t->owner));
	return quoted ? pnstrdup(entry, p - entry)
				  : pstrdup(quote_identifier(pnstrdup(entry, p - entry)));
}

static const char *
privilege_name(char letter)
{
	for (int i = 0; i < lengthof(privilege_names); i++)
		if (privilege_names[i].letter == letter)
			return privilege_names[i].name;
	return NULL;
}

/* The privileges of an entry that are, or are not, grantable; NULL where there are none. */
static char *
list_privileges(const char *letters, const char *column, bool grantable)
{
	StringInfoData out;

	initStringInfo(&out);
	for (const char *p = letters; *p != '\0' && *p != '/'; p++)
	{
		const char *name = privilege_name(*p);

		if (name == NULL || (p[1] == '*') != grantable)
			continue;
		appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "", name);
		if (column != NULL)
			appendStringInfo(&out, " (%s)", quote_identifier(column));
	}
	return out.len > 0 ? out.data : NULL;
}

static char *
revoke_all(const PrivilegeTarget *t, const char *grantee)
{
	const char *columns = t->column != NULL ? psprintf(" (%s)", quote_identifier(t->column)) : "";

	return psprintf("%sREVOKE ALL%s ON %s FROM %s", t->prefix, columns, t->on, grantee);
}

static List *
grant_entry(List *commands, const PrivilegeTarget *t, const char *entry)
{
	const char *letters;
	char	   *grantee = read_grantee(t, entry, &letters);

	for (int grantable = 0; grantable <= 1; grantable++)
	{
		char	   *names = list_privileges(letters, t->column, grantable);

		if (names != NULL)
			commands =
				lappend(commands, psprintf("%sGRANT %s ON %s TO %s%s", t->prefix, names, t->on,
										   grantee, grantable ? " WITH GRANT OPTION" : ""));
	}
	return commands;
}

/* What a kind of object grants by default: everything to its owner, and some to all. */
static List *
default_entries(const char *on)
{
	if (strncmp(on, "FUNCTION", 8) == 0 || strncmp(on, "PROCEDURE", 9) == 0)
		return list_make2("$owner=X", "=X");
	if (strncmp(on, "TYPE", 4) == 0 || strncmp(on, "DOMAIN", 6) == 0)
		return list_make2("$owner=U", "=U");
	return list_make1("$owner=" ALL_LETTERS);
}

/* "ALL" instead of letters stands for all there are. */
static List *
grant(List *commands, const PrivilegeTarget *t, const char *entry)
{
	const char *letters;
	char	   *grantee = read_grantee(t, entry, &letters);

	if (strncmp(letters, ALL_LETTERS, strlen(ALL_LETTERS)) == 0)
		return lappend(commands,
					   psprintf("%sGRANT ALL ON %s TO %s%s", t->prefix, t->on, grantee,
								letters[strlen(ALL_LETTERS)] == '*' ? " WITH GRANT OPTION" : ""));
	return grant_entry(commands, t, entry);
}

/* Relations of all kinds are granted on as tables, but for sequences. */
static const char *
grant_keyword(const SchemaKind *kind, const void *object)
{
	if (kind == &schema_table_kind || kind == &schema_view_kind)
		return "TABLE";
	if (kind == &schema_function_kind && strcmp(ddl_keyword(kind, object), "AGGREGATE") == 0)
		return "FUNCTION";
	return ddl_keyword(kind, object);
}

/* What somebody else than the owner granted, only he grants again or takes back. */
bool
ddl_is_granted_on(const char *entry)
{
	static const PrivilegeTarget nobody = {.owner = ""};
	const char *letters;

	read_grantee(&nobody, entry, &letters);
	return strchr(letters, '/') != NULL;
}

static List *
change_entries(const PrivilegeTarget *t, List *before, List *after)
{
	List	   *commands = NIL;
	ListCell   *lc;

	if (before == NIL)
		before = t->by_default;
	if (after == NIL)
		after = t->by_default;
	foreach(lc, before)
	{
		const char *letters;

		if (!schema_lists(after, lfirst(lc)) && !ddl_is_granted_on(lfirst(lc)))
			commands = lappend(commands, revoke_all(t, read_grantee(t, lfirst(lc), &letters)));
	}
	foreach(lc, after)
	{
		if (!schema_lists(before, lfirst(lc)) && !ddl_is_granted_on(lfirst(lc)))
			commands = grant(commands, t, lfirst(lc));
	}
	return commands;
}

List *
ddl_privileges(const SchemaKind *kind, const void *object, const char *column, const char *owner,
			   List *before, List *after)
{
	PrivilegeTarget t = {.prefix = "", .column = column, .owner = owner};

	t.on = psprintf("%s %s", grant_keyword(kind, object), ddl_target(kind, object));
	if (column == NULL)
		t.by_default = default_entries(t.on);
	return change_entries(&t, before, after);
}

/* Defaults of a schema come on top of those of the database: there, nothing is the default. */
List *
ddl_default_privileges(const SchemaDefaultPrivileges *object, List *before, List *after)
{
	const char *schema = object->object.schema;
	PrivilegeTarget t = {.owner = object->role};

	t.prefix = psprintf("ALTER DEFAULT PRIVILEGES FOR ROLE %s%s%s ", quote_identifier(object->role),
						schema != NULL ? " IN SCHEMA " : "",
						schema != NULL ? quote_identifier(schema) : "");
	t.on = asc_toupper(object->object_type, strlen(object->object_type));
	if (schema == NULL)
		t.by_default = default_entries(t.on);
	return change_entries(&t, before, after);
}

/* One list that spells out the owner's replaces the default, any other adds to it. */
List *
ddl_add_privileges(const SchemaKind *kind, const void *object, List *privileges, List *more)
{
	ListCell   *lc;

	foreach(lc, more)
		if (strncmp(lfirst(lc), "$owner=", 7) == 0)
			return list_copy(more);
	if (privileges == NIL)
		privileges = default_entries(grant_keyword(kind, object));
	return list_concat_copy(privileges, more);
}
