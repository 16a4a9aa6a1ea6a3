/*
 * expected_target.c
 *	  What a statement is about: the text's own objects, or others.
 *
 * Four answers: triggers and policies on a table outside are made on a copy of it
 * (expected_copies.c); what else adds to an object outside (an index, a comment, a grant)
 * is passed over; what drops or alters one is refused; objects of the
 * database that have no schema (servers, languages, …) are passed over in any case,
 * since their CREATE is passed over too where they exist.
 *
 * These are checks by name, before the statement runs, so that a text gets a reason
 * rather than an error of the guard's, and only what does not fit is left out of a
 * statement.  They need not be complete: what is not told here is met by the guard while
 * it runs.  Parse trees are edited in place: objects, roles and commands that cannot be
 * are taken out, and *left_out says so where something is left.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "base/compat.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "catalog/pg_publication.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "schema/expected/expected_copies.h"
#include "schema/expected/expected_target.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

static const char *const reason_outside = "it concerns an object outside of the schemas derived";
static const char *const reason_database = "it concerns an object of the database";
static const char *const reason_role = "the role does not exist";

/* ---- finding objects by name, without a lock that anyone would notice ---- */

/*
 * A name that is not found is not outside: the statement itself reports it, in the
 * server's words.
 */
static bool
relation_is_outside(Guard *guard, const RangeVar *relation, Oid *found)
{
	Oid			relid = InvalidOid;

	if (relation != NULL)
		relid = RangeVarGetRelid(relation, NoLock, true);
	if (found)
		*found = relid;
	return OidIsValid(relid) && !guard_made(guard, RelationRelationId, relid);
}

static void
require_own_relation(Guard *guard, const RangeVar *relation)
{
	Oid			relid;

	if (relation_is_outside(guard, relation, &relid))
		guard_refuse(RelationRelationId, relid);
}

static bool
type_is_relation(ObjectType type)
{
	switch (type)
	{
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_INDEX:
		case OBJECT_SEQUENCE:
		case OBJECT_FOREIGN_TABLE:
			return true;
		default:
			return false;
	}
}

/* Kinds that live in the database or the cluster, not in a schema. */
static bool
type_is_of_database(ObjectType type)
{
	switch (type)
	{
		case OBJECT_ACCESS_METHOD:
		case OBJECT_DATABASE:
		case OBJECT_EVENT_TRIGGER:
		case OBJECT_EXTENSION:
		case OBJECT_FDW:
		case OBJECT_FOREIGN_SERVER:
		case OBJECT_LANGUAGE:
		case OBJECT_LARGEOBJECT:
		case OBJECT_PUBLICATION:
		case OBJECT_ROLE:
		case OBJECT_SUBSCRIPTION:
		case OBJECT_TABLESPACE:
		case OBJECT_USER_MAPPING:
			return true;
		default:
			return false;
	}
}

/* Those never run at all. */
static bool
type_is_of_cluster(ObjectType type)
{
	switch (type)
	{
		case OBJECT_DATABASE:
		case OBJECT_EVENT_TRIGGER:
		case OBJECT_EXTENSION:
		case OBJECT_LARGEOBJECT:
		case OBJECT_ROLE:
		case OBJECT_SUBSCRIPTION:
		case OBJECT_TABLESPACE:
		case OBJECT_USER_MAPPING:
			return true;
		default:
			return false;
	}
}

/*
 * The object, or its relation for parts of one; InvalidOid where there is none.  A
 * missing object is no error here, for IF EXISTS and for objects whose CREATE was
 * passed over.
 */
static ObjectAddress
find_object(ObjectType type, Node *object)
{
	ObjectAddress address = InvalidObjectAddress;
	Relation	rel = NULL;

	if (type_is_relation(type))
	{
		RangeVar   *relation =
			IsA(object, List) ? makeRangeVarFromNameList((List *) object) : (RangeVar *) object;

		ObjectAddressSet(address, RelationRelationId, RangeVarGetRelid(relation, NoLock, true));
		return address;
	}
	if ((type == OBJECT_TYPE || type == OBJECT_DOMAIN) && IsA(object, List))
		object = (Node *) makeTypeNameFromNameList((List *) object);
	address = get_object_address(type, object, &rel, AccessShareLock, true);
	if (rel != NULL)
	{
		ObjectAddressSet(address, RelationRelationId, RelationGetRelid(rel));
		table_close(rel, AccessShareLock);
	}
	return address;
}

static bool
object_is_outside(Guard *guard, ObjectType type, Node *object, ObjectAddress *found)
{
	*found = find_object(type, object);
	return OidIsValid(found->objectId) && !guard_made(guard, found->classId, found->objectId);
}

/*
 * For what drops or alters: NULL if it may run, or the reason to pass over it.
 *
 * In that order: what never runs needs no lookup; a relation of another is refused by
 * an error that names it; and of the rest, objects of the database are passed over
 * because the live database's are not the text's to change.
 */
static const char *
check_altered(Guard *guard, ObjectType type, RangeVar *relation, Node *object)
{
	ObjectAddress address;
	bool		outside;

	if (type_is_of_cluster(type))
		return reason_database;
	if (relation != NULL)
	{
		require_own_relation(guard, relation);
		return NULL;
	}
	if (object == NULL)
		return NULL;
	outside = object_is_outside(guard, type, object, &address);
	/* Where it is missing, its CREATE was passed over, or it belongs to the live database. */
	if (type_is_of_database(type) && (outside || !OidIsValid(address.objectId)))
		return reason_database;
	if (!outside)
		return NULL;
	guard_refuse(address.classId, address.objectId);
}

/* ---- what is made on tables of other schemas ---- */

/*
 * A table of another schema gives way to its copy; make says whether one is made where
 * there is none.  False where the table is another, or there can be no copy.
 */
static bool
use_copy(Guard *guard, RangeVar **relation, bool make)
{
	RangeVar   *copy;
	Oid			relid;

	if (!relation_is_outside(guard, *relation, &relid))
		return false;
	copy = make ? copies_make(guard, relid) : copies_find(guard, relid);
	if (copy != NULL)
		*relation = copy;
	return copy != NULL;
}

/* The same of the name of a trigger or policy, behind that of its table. */
static Node *
use_copy_of(Guard *guard, Node *object, bool make)
{
	List	   *names = (List *) object;
	RangeVar   *relation =
		makeRangeVarFromNameList(list_truncate(list_copy(names), list_length(names) - 1));

	if (!use_copy(guard, &relation, make))
		return object;
	return (Node *) list_make3(makeString(relation->schemaname), makeString(relation->relname),
							   llast(names));
}

static bool
hangs_on_table(ObjectType type)
{
	return type == OBJECT_TRIGGER || type == OBJECT_POLICY;
}

/* Whether all that it does can be done to a copy: it is about triggers and row security. */
static bool
fits_copy(const AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
		switch (lfirst_node(AlterTableCmd, lc)->subtype)
		{
			case AT_EnableTrig:
			case AT_EnableAlwaysTrig:
			case AT_EnableReplicaTrig:
			case AT_DisableTrig:
			case AT_EnableRowSecurity:
			case AT_DisableRowSecurity:
			case AT_ForceRowSecurity:
			case AT_NoForceRowSecurity:
				break;
			default:
				return false;
		}
	return true;
}

static const char *
check_trigger(Guard *guard, CreateTrigStmt *stmt)
{
	if (relation_is_outside(guard, stmt->relation, NULL) && !use_copy(guard, &stmt->relation, true))
		return reason_outside;
	return NULL;
}

static const char *
check_policy(Guard *guard, CreatePolicyStmt *stmt)
{
	RangeVar   *relation = stmt->table;

	if (!relation_is_outside(guard, relation, NULL))
		return NULL;
	if (!use_copy(guard, &stmt->table, true))
		return reason_outside;
	copies_rename(stmt->qual, relation);
	copies_rename(stmt->with_check, relation);
	return NULL;
}

static const char *
check_alter_policy(Guard *guard, AlterPolicyStmt *stmt)
{
	RangeVar   *relation = stmt->table;

	if (use_copy(guard, &stmt->table, false))
	{
		copies_rename(stmt->qual, relation);
		copies_rename(stmt->with_check, relation);
	}
	require_own_relation(guard, stmt->table);
	return NULL;
}

/* ---- creating ---- */

/*
 * Objects would otherwise be made in a live schema, if only until the rollback, and
 * others would wait for their names.
 */
static const char *
check_schema_for(Guard *guard, Oid namespace)
{
	if (!guard_made_schema(guard, namespace))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("schema_sql creates an object in schema \"%s\", which it does not "
							   "make",
							   get_namespace_name(namespace)),
						errhint("Name the schema in \"schemas\".")));
	return NULL;
}

static const char *
check_new_relation(Guard *guard, RangeVar *relation)
{
	return check_schema_for(guard, RangeVarGetCreationNamespace(relation));
}

static const char *
check_new_name(Guard *guard, List *names)
{
	char	   *name;

	return check_schema_for(guard, QualifiedNameGetCreationNamespace(names, &name));
}

static const char *
check_create_table(Guard *guard, CreateStmt *stmt)
{
	/* A partition changes its parent; a child table does not. */
	if (stmt->partbound != NULL)
		require_own_relation(guard, linitial_node(RangeVar, stmt->inhRelations));
	return check_new_relation(guard, stmt->relation);
}

/*
 * What takes a superuser is passed over for others, as objects of the database are.  Tables
 * of other schemas give way to copies.
 */
static const char *
check_publication(Guard *guard, bool all_tables, List *objects)
{
	ListCell   *lc;

#ifndef COMPAT_PUBLISHED_SCHEMAS
	foreach(lc, objects)
		(void) use_copy(guard, (RangeVar **) &lfirst(lc), true);
#else
	foreach(lc, objects)
	{
		PublicationObjSpec *object = lfirst_node(PublicationObjSpec, lc);

		if (object->pubobjtype != PUBLICATIONOBJ_TABLE)
			all_tables = true;
		else if (object->pubtable != NULL)
			(void) use_copy(guard, &object->pubtable->relation, true);
	}
#endif
	return all_tables && !superuser() ? reason_database : NULL;
}

static const char *
check_define(Guard *guard, DefineStmt *stmt)
{
	return check_new_name(guard, stmt->defnames);
}

/* ---- dropping ---- */

/*
 * CONCURRENTLY cannot run in a transaction, and on empty tables it is the same.  Of
 * several objects those that cannot be dropped are left out, and the rest goes.
 */
static const char *
check_drop(Guard *guard, DropStmt *stmt)
{
	ListCell   *lc;

	stmt->concurrent = false;
	foreach(lc, stmt->objects)
	{
		const char *reason;

		if (hangs_on_table(stmt->removeType))
			lfirst(lc) = use_copy_of(guard, lfirst(lc), true);
		reason = check_altered(guard, stmt->removeType, NULL, lfirst(lc));

		if (reason != NULL)
			stmt->objects = foreach_delete_current(stmt->objects, lc);
	}
	return stmt->objects == NIL ? reason_database : NULL;
}

/* ---- roles ---- */

/* CURRENT_USER and the like, and PUBLIC, are always there. */
static bool
role_is_missing(const RoleSpec *role)
{
	return role->roletype == ROLESPEC_CSTRING && !OidIsValid(get_rolespec_oid(role, true));
}

/*
 * Why an object cannot be given to role, or NULL. Owners matter little in a comparison,
 * so what the caller may not do is passed over like a missing role.
 *
 * The server would ask the same and raise an error; it is asked before, since a dump
 * that was made elsewhere would fail at every object.
 */
static const char *
check_new_owner(const RoleSpec *role, Oid namespace)
{
	Oid			owner;

	if (role_is_missing(role))
		return reason_role;
	owner = get_rolespec_oid(role, false);
	if (superuser() || owner == GetUserId())
		return NULL;
	if (!compat_may_become(GetUserId(), owner))
		return "the current user may not act as this role";
	if (OidIsValid(namespace) &&
		compat_schema_aclcheck(namespace, owner, ACL_CREATE) != ACLCHECK_OK)
		return "the role may not create objects in the schema";
	return NULL;
}

/*
 * Found a second time, for where the object stands: the new owner must be allowed to
 * create there.
 */
static const char *
check_owner_stmt(Guard *guard, AlterOwnerStmt *stmt)
{
	const char *reason = check_altered(guard, stmt->objectType, stmt->relation, stmt->object);
	ObjectAddress address;

	if (reason != NULL)
		return reason;
	address = find_object(stmt->objectType, stmt->object);
	if (!OidIsValid(address.objectId))
		return NULL;
	return check_new_owner(stmt->newowner, get_object_namespace(&address));
}

/* Takes roles that do not exist out of a grant; false when none is left. */
static bool
keep_known_roles(List **roles)
{
	ListCell   *lc;

	foreach(lc, *roles)
		if (role_is_missing(lfirst_node(RoleSpec, lc)))
			*roles = foreach_delete_current(*roles, lc);
	return *roles != NIL;
}

/* ---- grants ---- */

static bool
grant_object_is_outside(Guard *guard, const GrantStmt *stmt, Node *object)
{
	ObjectAddress address;

	if (stmt->targtype == ACL_TARGET_ALL_IN_SCHEMA)
		return object_is_outside(guard, OBJECT_SCHEMA, object, &address);
	if (IsA(object, RangeVar))
		return relation_is_outside(guard, (RangeVar *) object, NULL);
	return object_is_outside(guard, stmt->objtype, object, &address);
}

/*
 * A grant to a role that is not here cannot be kept, and is told; what concerns objects
 * outside is theirs.  Default privileges name no object.
 */
static const char *
check_grant(Guard *guard, GrantStmt *stmt, const char **left_out)
{
	int			roles = list_length(stmt->grantees);
	int			objects = list_length(stmt->objects);
	ListCell   *lc;

	if (type_is_of_database(stmt->objtype) || compat_is_parameter(stmt->objtype))
		return reason_database;
	if (!keep_known_roles(&stmt->grantees) ||
		(stmt->grantor != NULL && role_is_missing(stmt->grantor)))
		return reason_role;
	if (list_length(stmt->grantees) < roles)
		*left_out = reason_role;
	if (stmt->targtype == ACL_TARGET_DEFAULTS)
		return NULL;
	foreach(lc, stmt->objects)
		if (grant_object_is_outside(guard, stmt, lfirst(lc)))
			stmt->objects = foreach_delete_current(stmt->objects, lc);
	if (list_length(stmt->objects) < objects)
		*left_out = reason_outside;
	return stmt->objects == NIL ? reason_outside : NULL;
}

/* They act on what is made later in the same schema, so they run where they can. */
static const char *
check_default_privileges(Guard *guard, AlterDefaultPrivilegesStmt *stmt, const char **left_out)
{
	ListCell   *lc;
	ListCell   *element;
	ObjectAddress address;

	foreach(lc, stmt->options)
	{
		DefElem	   *option = lfirst_node(DefElem, lc);

		foreach(element, (List *) option->arg)
		{
			if (strcmp(option->defname, "schemas") == 0)
			{
				if (object_is_outside(guard, OBJECT_SCHEMA, lfirst(element), &address))
					return reason_outside;
				continue;
			}
			if (role_is_missing(lfirst_node(RoleSpec, element)))
				return reason_role;
			if (!compat_may_become(GetUserId(),
								   get_rolespec_oid(lfirst_node(RoleSpec, element), false)))
				return "the current user may not act as this role";
		}
	}
	return check_grant(guard, stmt->action, left_out);
}

/* ---- tables ---- */

/*
 * The new owner among the commands, taken out where it cannot be.  Others of its
 * commands still run; where none is left, the reason is that of the owner.
 */
static const char *
check_table_owner(AlterTableStmt *stmt, Oid relid)
{
	Oid			namespace = OidIsValid(relid) ? get_rel_namespace(relid) : InvalidOid;
	const char *reason = NULL;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype != AT_ChangeOwner)
			continue;
		reason = check_new_owner(cmd->newowner, namespace);
		if (reason != NULL)
			stmt->cmds = foreach_delete_current(stmt->cmds, lc);
	}
	return stmt->cmds == NIL ? reason : NULL;
}

static const char *
check_alter_table(Guard *guard, AlterTableStmt *stmt)
{
	Oid			relid;
	ListCell   *lc;

	if (fits_copy(stmt))
		(void) use_copy(guard, &stmt->relation, true);
	if (relation_is_outside(guard, stmt->relation, &relid))
		guard_refuse(RelationRelationId, relid);
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		/*
		 * Such a command alters the other table as well, which the statement does not
		 * name as its own; and DETACH … CONCURRENTLY cannot run in a transaction.
		 */
		if (cmd->subtype == AT_AttachPartition || cmd->subtype == AT_DetachPartition)
		{
			require_own_relation(guard, ((PartitionCmd *) cmd->def)->name);
			((PartitionCmd *) cmd->def)->concurrent = false;
		}
		else if (cmd->subtype == AT_AddInherit || cmd->subtype == AT_DropInherit)
			require_own_relation(guard, (RangeVar *) cmd->def);
	}
	return check_table_owner(stmt, relid);
}

static const char *
check_comment(Guard *guard, CommentStmt *stmt)
{
	ObjectAddress address;
	bool		outside;

	if (type_is_of_cluster(stmt->objtype))
		return reason_database;
	if (hangs_on_table(stmt->objtype))
		stmt->object = use_copy_of(guard, stmt->object, false);
	outside = object_is_outside(guard, stmt->objtype, stmt->object, &address);
	if (type_is_of_database(stmt->objtype) && (outside || !OidIsValid(address.objectId)))
		return reason_database;
	return outside ? reason_outside : NULL;
}

/* What is added to a relation: passed over where that lies outside. */
static const char *
check_addition(Guard *guard, const RangeVar *relation)
{
	return relation_is_outside(guard, relation, NULL) ? reason_outside : NULL;
}

/* The server takes nothing but one table and refuses the rest itself. */
static const char *
check_statistics(Guard *guard, CreateStatsStmt *stmt)
{
	Node	   *relation = linitial(stmt->relations);

	return IsA(relation, RangeVar) ? check_addition(guard, (RangeVar *) relation) : NULL;
}

static const char *
check_set_schema(Guard *guard, AlterObjectSchemaStmt *stmt)
{
	const char *reason = check_altered(guard, stmt->objectType, stmt->relation, stmt->object);

	if (reason != NULL)
		return reason;
	return check_schema_for(guard, get_namespace_oid(stmt->newschema, false));
}

/*
 * The parse tree keeps the schema's name, and the domain of a constraint, in places of
 * their own.
 */
static const char *
check_rename(Guard *guard, RenameStmt *stmt)
{
	if (stmt->renameType == OBJECT_SCHEMA)
		return check_altered(guard, OBJECT_SCHEMA, NULL, (Node *) makeString(stmt->subname));
	if (stmt->renameType == OBJECT_DOMCONSTRAINT)
		return check_altered(guard, OBJECT_DOMAIN, NULL, stmt->object);
	if (hangs_on_table(stmt->renameType))
		(void) use_copy(guard, &stmt->relation, false);
	return check_altered(guard, stmt->renameType, stmt->relation, stmt->object);
}

/*
 * Whatever has no case here either makes something without a schema or alters in a way
 * that the guard sees.
 */
const char *
target_check(Guard *guard, Node *stmt, const char **left_out)
{
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			return check_alter_table(guard, (AlterTableStmt *) stmt);
		case T_AlterOwnerStmt:
			return check_owner_stmt(guard, (AlterOwnerStmt *) stmt);
		case T_AlterObjectSchemaStmt:
			return check_set_schema(guard, (AlterObjectSchemaStmt *) stmt);
		case T_RenameStmt:
			return check_rename(guard, (RenameStmt *) stmt);
		case T_DropStmt:
			return check_drop(guard, (DropStmt *) stmt);
		case T_AlterSeqStmt:
			require_own_relation(guard, ((AlterSeqStmt *) stmt)->sequence);
			return NULL;
		case T_AlterPolicyStmt:
			return check_alter_policy(guard, (AlterPolicyStmt *) stmt);
		case T_AlterEnumStmt:
			return check_altered(guard, OBJECT_TYPE, NULL,
								 (Node *) ((AlterEnumStmt *) stmt)->typeName);
		case T_AlterDomainStmt:
			return check_altered(guard, OBJECT_TYPE, NULL,
								 (Node *) ((AlterDomainStmt *) stmt)->typeName);
		case T_AlterFunctionStmt:
			return check_altered(guard, ((AlterFunctionStmt *) stmt)->objtype, NULL,
								 (Node *) ((AlterFunctionStmt *) stmt)->func);
		case T_ClusterStmt:
			return check_addition(guard, ((ClusterStmt *) stmt)->relation);
		case T_IndexStmt:
			((IndexStmt *) stmt)->concurrent = false;
			return check_addition(guard, ((IndexStmt *) stmt)->relation);
		case T_CreateTrigStmt:
			return check_trigger(guard, (CreateTrigStmt *) stmt);
		case T_CreatePolicyStmt:
			return check_policy(guard, (CreatePolicyStmt *) stmt);
		case T_RuleStmt:
			return check_addition(guard, ((RuleStmt *) stmt)->relation);
		case T_CreateStatsStmt:
			return check_statistics(guard, (CreateStatsStmt *) stmt);
		case T_CommentStmt:
			return check_comment(guard, (CommentStmt *) stmt);
		case T_GrantStmt:
			return check_grant(guard, (GrantStmt *) stmt, left_out);
		case T_AlterDefaultPrivilegesStmt:
			return check_default_privileges(guard, (AlterDefaultPrivilegesStmt *) stmt, left_out);
		case T_CreateStmt:
			return check_create_table(guard, (CreateStmt *) stmt);
		case T_CreatePublicationStmt:
			return check_publication(guard, ((CreatePublicationStmt *) stmt)->for_all_tables,
									 compat_published_objects((CreatePublicationStmt *) stmt));
		case T_AlterPublicationStmt:
			if (!OidIsValid(get_publication_oid(((AlterPublicationStmt *) stmt)->pubname, true)))
				return reason_database;
			return check_publication(guard, false,
									 compat_published_objects((AlterPublicationStmt *) stmt));
		case T_CreateForeignTableStmt:
			return check_create_table(guard, &((CreateForeignTableStmt *) stmt)->base);
		case T_ViewStmt:
			return check_new_relation(guard, ((ViewStmt *) stmt)->view);
		case T_CreateTableAsStmt:
			return check_new_relation(guard, ((CreateTableAsStmt *) stmt)->into->rel);
		case T_CreateSeqStmt:
			return check_new_relation(guard, ((CreateSeqStmt *) stmt)->sequence);
		case T_CompositeTypeStmt:
			return check_new_relation(guard, ((CompositeTypeStmt *) stmt)->typevar);
		case T_CreateFunctionStmt:
			return check_new_name(guard, ((CreateFunctionStmt *) stmt)->funcname);
		case T_CreateEnumStmt:
			return check_new_name(guard, ((CreateEnumStmt *) stmt)->typeName);
		case T_CreateDomainStmt:
			return check_new_name(guard, ((CreateDomainStmt *) stmt)->domainname);
		case T_CreateRangeStmt:
			return check_new_name(guard, ((CreateRangeStmt *) stmt)->typeName);
		case T_DefineStmt:
			return check_define(guard, (DefineStmt *) stmt);
		default:
			return NULL;
	}
}
