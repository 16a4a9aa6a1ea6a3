/*
 * ddl_privileges.c
 *	  Lists of privileges -> GRANT and REVOKE commands.
 *
 * A list holds one text per grantee and grantor, as the server prints an aclitem:
 * grantee=letters/grantor, each letter followed by * where it may be granted on.
 * "$owner" stands for the owner, nothing for PUBLIC.  An empty list means the
 * default of the kind of object.
 *
 * It assumes that both lists are of one object and that the commands are given by its
 * owner, or in his name: what others granted is not touched, since only they could take
 * it back or grant it again.  It never revokes more than differs, because a REVOKE on a
 * table takes along what its columns have.  All revokes come before all grants; between
 * the two nobody else sees anything, as they are one transaction.
 */
#include "postgres.h"

#include "base/compat.h"
#include "lib/stringinfo.h"
#include "schema/ddl/ddl.h"
#include "utils/acl.h"
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

/*
 * The grantee of an entry as SQL writes it; *letters is set to what follows.  A doubled
 * quote within quotes is one of the name.  What is quoted in an aclitem is quoted in
 * SQL as well, so it stays as it is; what is not may still be a keyword.
 */
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

/* What an entry grants: each privilege plainly, or with the right to grant it on. */
typedef enum Granted
{
	NOT_GRANTED,
	GRANTED,
	GRANTED_ON
} Granted;

typedef struct Grants
{
	Granted		of[lengthof(privilege_names)];
} Grants;

/*
 * All that the kind of object knows.  By the words behind ON, which are made in this
 * file: a prefix serves for an object and for defaults ("TABLE s.t", "TABLES").
 */
static AclMode
all_rights(const PrivilegeTarget *t)
{
	if (t->column != NULL)
		return ACL_ALL_RIGHTS_COLUMN;
	if (strncmp(t->on, "SEQUENCE", 8) == 0)
		return ACL_ALL_RIGHTS_SEQUENCE;
	if (strncmp(t->on, "FUNCTION", 8) == 0 || strncmp(t->on, "PROCEDURE", 9) == 0)
		return ACL_ALL_RIGHTS_FUNCTION;
	if (strncmp(t->on, "TYPE", 4) == 0 || strncmp(t->on, "DOMAIN", 6) == 0)
		return ACL_ALL_RIGHTS_TYPE;
	if (strncmp(t->on, "SCHEMA", 6) == 0)
		return ACL_ALL_RIGHTS_SCHEMA;
	return ACL_ALL_RIGHTS_RELATION;
}

/* The letters of the server stand in the order of their bits. */
static bool
is_right(AclMode rights, char letter)
{
	const char *found = strchr(ACL_ALL_RIGHTS_STR, letter);

	return found != NULL && (rights & (AclMode) 1 << (found - ACL_ALL_RIGHTS_STR)) != 0;
}

/*
 * Adds the letters of an entry; "ALL" stands for all there are.  Several entries of one
 * grantee add up, the stronger winning.  A letter that this server does not know, of a
 * later one, is passed over.
 */
static void
add_letters(const PrivilegeTarget *t, Grants *grants, const char *letters)
{
	bool		all = strncmp(letters, ALL_LETTERS, strlen(ALL_LETTERS)) == 0;
	AclMode		rights = all_rights(t);

	for (int i = 0; i < lengthof(privilege_names); i++)
	{
		char		letter = privilege_names[i].letter;
		const char *end = strchrnul(letters, '/');
		const char *found = memchr(letters, letter, end - letters);
		Granted		granted = NOT_GRANTED;

		if (all && is_right(rights, letter))
			granted = letters[strlen(ALL_LETTERS)] == '*' ? GRANTED_ON : GRANTED;
		else if (!all && found != NULL)
			granted = found[1] == '*' ? GRANTED_ON : GRANTED;
		grants->of[i] = Max(grants->of[i], granted);
	}
}

/* What a grantee has from the owner by a list of entries. */
static Grants
grants_of(const PrivilegeTarget *t, List *entries, const char *grantee)
{
	Grants		grants = {0};
	ListCell   *lc;

	foreach(lc, entries)
	{
		const char *letters;
		char	   *name = read_grantee(t, lfirst(lc), &letters);

		if (strcmp(name, grantee) == 0 && !ddl_is_granted_on(lfirst(lc)))
			add_letters(t, &grants, letters);
	}
	return grants;
}

/* Whether a grantee is to have nothing, or had nothing: then one word does for all. */
static bool
has_none(const Grants *grants)
{
	for (int i = 0; i < lengthof(privilege_names); i++)
		if (grants->of[i] != NOT_GRANTED)
			return false;
	return true;
}

/* Whether it grants all that the kind of object knows, in the same way; ALL of one is no name. */
static bool
has_all(const PrivilegeTarget *t, const Grants *grants, Granted how)
{
	AclMode		rights = all_rights(t);

	for (int i = 0; i < lengthof(privilege_names); i++)
		if (is_right(rights, privilege_names[i].letter) && grants->of[i] != how)
			return false;
	return (rights & (rights - 1)) != 0;
}

/*
 * The privileges of which one of two states leads to the other, separated by commas; or
 * NULL.
 *
 * In the order of the table of names, so that the same change is always the same text.
 */
static char *
list_changes(const PrivilegeTarget *t, const Grants *before, const Grants *after, Granted from,
			 Granted to)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < lengthof(privilege_names); i++)
	{
		if (before->of[i] != from || after->of[i] != to)
			continue;
		appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "", privilege_names[i].name);
		if (t->column != NULL)
			appendStringInfo(&out, " (%s)", quote_identifier(t->column));
	}
	return out.len > 0 ? out.data : NULL;
}

static List *
add_command(List *commands, const PrivilegeTarget *t, const char *verb, const char *privileges,
			const char *preposition, const char *grantee, const char *end)
{
	if (privileges == NULL)
		return commands;
	return lappend(commands, psprintf("%s%s %s ON %s %s %s%s", t->prefix, verb, privileges, t->on,
									  preposition, grantee, end));
}

/*
 * Nothing but what differs: to revoke more would take along what columns have.  Where
 * all goes REVOKE ALL says it, also for rights that this release does not know.  The
 * right to grant on is taken away alone where the privilege itself stays.
 */
static List *
add_revokes(List *commands, const PrivilegeTarget *t, const char *grantee, const Grants *before,
			const Grants *after)
{
	static const Granted had[] = {GRANTED, GRANTED_ON};

	if (has_none(before))
		return commands;
	if (has_none(after))
		return add_command(commands, t, "REVOKE",
						   t->column != NULL ? psprintf("ALL (%s)", quote_identifier(t->column))
											 : "ALL",
						   "FROM", grantee, "");
	for (int i = 0; i < lengthof(had); i++)
		commands =
			add_command(commands, t, "REVOKE", list_changes(t, before, after, had[i], NOT_GRANTED),
						"FROM", grantee, "");
	return add_command(commands, t, "REVOKE GRANT OPTION FOR",
					   list_changes(t, before, after, GRANTED_ON, GRANTED), "FROM", grantee, "");
}

/*
 * ALL only where nothing was there before and none of it may be granted on: what is
 * said is then what a person would have written.
 */
static List *
grant(List *commands, const PrivilegeTarget *t, const char *grantee, const Grants *before,
	  const Grants *after)
{
	if (has_none(before) && t->column == NULL && has_all(t, after, GRANTED))
		return add_command(commands, t, "GRANT", "ALL", "TO", grantee, "");
	commands = add_command(commands, t, "GRANT",
						   list_changes(t, before, after, NOT_GRANTED, GRANTED), "TO", grantee, "");
	commands =
		add_command(commands, t, "GRANT", list_changes(t, before, after, NOT_GRANTED, GRANTED_ON),
					"TO", grantee, " WITH GRANT OPTION");
	return add_command(commands, t, "GRANT", list_changes(t, before, after, GRANTED, GRANTED_ON),
					   "TO", grantee, " WITH GRANT OPTION");
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

/* As ON FUNCTION takes it: an ordered-set aggregate is named by all arguments in a row. */
static char *
grant_target(const SchemaKind *kind, const void *object)
{
	static const char between[] = "ORDER BY ";
	const SchemaObject *o = object;
	const char *ordered;
	char	   *direct;

	if (kind != &schema_function_kind || strcmp(ddl_keyword(kind, object), "AGGREGATE") != 0)
		return ddl_target(kind, object);
	ordered = strstr(o->signature, between);
	direct = ordered != NULL ? pnstrdup(o->signature, ordered - o->signature) : o->signature;
	if (strcmp(direct, "*") == 0)
		direct = "";
	if (ordered != NULL)
	{
		ordered += strlen(between);
		/* A variadic argument that both have is one. */
		if (direct[0] != '\0')
			direct[strlen(direct) - 1] = '\0';
		if (strncmp(ordered, "VARIADIC ", 9) != 0 || strstr(direct, "VARIADIC ") == NULL)
			direct = psprintf("%s%s%s", direct, direct[0] != '\0' ? ", " : "", ordered);
	}
	return psprintf("%s(%s)", quote_qualified_identifier(o->schema, o->name), direct);
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

/* The grantees of a list, once each, added to those of another. */
static List *
add_grantees(const PrivilegeTarget *t, List *grantees, List *entries)
{
	ListCell   *lc;

	foreach(lc, entries)
	{
		const char *letters;
		char	   *name = read_grantee(t, lfirst(lc), &letters);

		if (!schema_lists(grantees, name))
			grantees = lappend(grantees, name);
	}
	return grantees;
}

/*
 * The owner is a grantee like any other: an owner without his own privileges is a state
 * that must be kept.
 */
static List *
change_entries(const PrivilegeTarget *t, List *before, List *after)
{
	List	   *commands = NIL;
	List	   *grantees;
	ListCell   *lc;

	if (before == NIL)
		before = t->by_default;
	if (after == NIL)
		after = t->by_default;
	grantees = add_grantees(t, add_grantees(t, NIL, before), after);
	foreach(lc, grantees)
	{
		Grants		had = grants_of(t, before, lfirst(lc));
		Grants		gets = grants_of(t, after, lfirst(lc));

		commands = add_revokes(commands, t, lfirst(lc), &had, &gets);
	}
	foreach(lc, grantees)
	{
		Grants		had = grants_of(t, before, lfirst(lc));
		Grants		gets = grants_of(t, after, lfirst(lc));

		commands = grant(commands, t, lfirst(lc), &had, &gets);
	}
	return commands;
}

/*
 * Only what the table had and has no more was taken from the column; the rest of the
 * column's is still there.
 */
List *
ddl_column_grants_again(const SchemaKind *kind, const void *object, const char *owner, List *before,
						List	   *after, const SchemaObject *column, List *stays)
{
	PrivilegeTarget t = {.prefix = "", .owner = owner};
	List	   *commands = NIL;
	ListCell   *lc;

	t.on = psprintf("%s %s", grant_keyword(kind, object), grant_target(kind, object));
	if (before == NIL || stays == NIL)
		return NIL;
	if (after == NIL)
		after = default_entries(t.on);
	foreach(lc, add_grantees(&t, NIL, stays))
	{
		Grants		had = grants_of(&t, before, lfirst(lc));
		Grants		gets = grants_of(&t, after, lfirst(lc));
		Grants		nothing = {0};
		Grants		again = {0};

		t.column = column->name;
		again = grants_of(&t, stays, lfirst(lc));
		/* REVOKE ALL takes along what the table's did not even have. */
		for (int i = 0; i < lengthof(privilege_names); i++)
			if ((had.of[i] == NOT_GRANTED || gets.of[i] != NOT_GRANTED) &&
				(has_none(&had) || !has_none(&gets)))
				again.of[i] = NOT_GRANTED;
		commands = grant(commands, &t, lfirst(lc), &nothing, &again);
		t.column = NULL;
	}
	return commands;
}

List *
ddl_privileges(const SchemaKind *kind, const void *object, const char *column, const char *owner,
			   List *before, List *after)
{
	PrivilegeTarget t = {.prefix = "", .column = column, .owner = owner};

	t.on = psprintf("%s %s", grant_keyword(kind, object), grant_target(kind, object));
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
