/*
 * declare.c
 *	  Declaring what a schema is to be, to have it watched.
 *
 * The document is derived here and kept, so that a check at commit needs neither
 * time nor rights for it.  Deriving asks for the privileges of the owner of every
 * schema: nobody declares what somebody else's schema has to be.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "miscadmin.h"
#include "schema/declare/declaration.h"
#include "schema/declare/declare.h"
#include "schema/expected/expected.h"
#include "schema/model/document.h"
#include "schema/catalog/validation.h"
#include "schema/declare/watch.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

/* Names go into notifications and messages, which have limits. */
static void
check_name(const char *name)
{
	if (name[0] == '\0' || strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid name of a declaration"),
				 errdetail("It must have between 1 and %d bytes.", NAMEDATALEN - 1)));
}

/*
 * The declaration of this name as it is now, locked, or NULL; only for its owner.
 * Looked up under a snapshot younger than the lock: who held it before may have changed
 * the row.  Its owner may be a role that is gone; then superusers alone may touch it.
 */
static Declaration *
find_own(const char *name)
{
	Declaration *d;

	declaration_lock(name);
	PushActiveSnapshot(GetLatestSnapshot());
	d = declaration_find(name);
	PopActiveSnapshot();
	if (d != NULL && !superuser() &&
		!(OidIsValid(d->owner) && has_privs_of_role(GetUserId(), d->owner)))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("must be owner of declaration \"%s\"", name)));
	return d;
}

static Jsonb *
write_result(const Declaration *d, List *differences)
{
	JsonWriter	w;

	json_init(&w);
	json_begin_object(&w);
	json_put_string(&w, "name", d->name);
	json_put_string(&w, "mode", declaration_mode_name(d->mode));
	json_key(&w, "schemas");
	json_begin_array(&w);
	for (int i = 0; i < list_length(d->schemas); i++)
		json_string(&w, list_nth(d->schemas, i));
	json_end_array(&w);
	json_put_bool(&w, "armed", d->armed);
	json_key(&w, "validation");
	json_container(&w, &validation_write(differences)->root);
	json_end_object(&w);
	return json_finish(&w);
}

/* What catalog_has_objects() counts. */
static void
count_objects(Declaration *d, const Schema *schema)
{
	ListCell   *lc;

	foreach(lc, schema->tables)
	{
		const SchemaTable *table = lfirst(lc);

		d->relations += 1 + list_length(table->indexes);
		d->constraints += list_length(table->constraints);
	}
	foreach(lc, schema->views)
		d->relations += 1 + list_length(((const SchemaView *) lfirst(lc))->indexes);
}

/* With what is not to be compared, which the document then says itself. */
static Jsonb *
add_ignore(Jsonb *document, List *ignore)
{
	Schema	   *schema;

	if (ignore == NIL)
		return document;
	schema = document_read(document);
	schema->ignore = ignore;
	return document_write(schema);
}

/*
 * Who declares anew what somebody else owns, as a superuser or as a member of the
 * owning role, does not become its owner.  It is compared at once, and armed where it
 * is met.
 */
Jsonb *
declare_schema(const char *name, const ExpectedRequest *request, const char *mode, List *ignore)
{
	Declaration d = {
		.name = pstrdup(name), .owner = GetUserId(), .schema_sql = linitial(request->texts)};
	Declaration *before;
	Expectation *expectation;
	List	   *differences;

	query_refuse_standby("db_adapter.declare()");
	check_name(name);
	d.mode = declaration_parse_mode(mode);
	before = find_own(name);
	if (before != NULL && OidIsValid(before->owner))
		d.owner = before->owner;
	d.document = add_ignore(expected_document(request), ignore);
	expectation = watch_expectation(&d);
	d.schemas = expectation->schemas;
	count_objects(&d, expectation->schema);
	declaration_save(&d);
	watch_forget_warning(name);
	differences = watch_compare(&d);
	if (diff_count_errors(differences) == 0)
	{
		declaration_arm(name);
		d.armed = true;
	}
	return write_result(&d, differences);
}

void
declare_undo(const char *name)
{
	query_refuse_standby("db_adapter.undeclare()");
	if (find_own(name) == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("declaration \"%s\" does not exist", name),
						errhint("The view db_adapter.declarations shows what there is.")));
	declaration_delete(name);
}
