/*
 * catalog_triggers.c
 *	  What acts on a table's rows: triggers, row security policies and rules.
 *
 * Each catalog is passed once, for the relations that catalog_relations.c has found; a
 * row of any other relation is passed over.  Triggers and rules are deparsed by the
 * server, so that they read as in pg_dump; policies it cannot deparse, so they are put
 * together here from their expressions.  Triggers that the server has made, for a
 * constraint or a partition, come with what they were made for and are left out.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "nodes/nodes.h"
#include "rewrite/rewriteDefine.h"
#include "rewrite/rewriteSupport.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

/* NULL for what fires unless replicating: the way everything is made. */
static char *
enabled_name(char enabled)
{
	switch (enabled)
	{
		case TRIGGER_DISABLED:
			return "disabled";
		case TRIGGER_FIRES_ON_REPLICA:
			return "replica";
		case TRIGGER_FIRES_ALWAYS:
			return "always";
		default:
			return NULL;
	}
}

static List *
trigger_events(int16 type)
{
	List	   *events = NIL;

	if (TRIGGER_FOR_INSERT(type))
		events = lappend(events, "insert");
	if (TRIGGER_FOR_UPDATE(type))
		events = lappend(events, "update");
	if (TRIGGER_FOR_DELETE(type))
		events = lappend(events, "delete");
	if (TRIGGER_FOR_TRUNCATE(type))
		events = lappend(events, "truncate");
	return events;
}

/*
 * The condition as it stands in the definition.  The server offers no deparser for it
 * alone: OLD and NEW are known to pg_get_triggerdef() only.
 *
 * NULL where it is not found, which costs the member and not the trigger: the
 * definition says it too.
 */
static char *
trigger_condition(SchemaTrigger *trigger)
{
	static const char before[] = " WHEN (";
	char	   *after = psprintf(") EXECUTE FUNCTION %s(", trigger->function);
	char	   *name = strstr(trigger->definition, quote_identifier(trigger->object.name));
	char	   *start = strstr(name + strlen(quote_identifier(trigger->object.name)), before);
	char	   *end = NULL;

	if (start == NULL)
		return NULL;
	start += strlen(before);
	/* The last one counts: a literal in the condition may hold the same words. */
	for (char *p = strstr(start, after); p != NULL; p = strstr(p + 1, after))
		end = p;
	return end != NULL ? pnstrdup(start, end - start) : NULL;
}

/* Inherited: a partition's copy of its table's trigger, made and dropped with that. */
static void
set_trigger(CatalogReader *r, SchemaTrigger *trigger, Form_pg_trigger form)
{
	trigger->object.name = pstrdup(NameStr(form->tgname));
	trigger->object.oid = form->oid;
	trigger->object.comment = catalog_comment(r, TriggerRelationId, form->oid, 0);
	trigger->timing = TRIGGER_FOR_BEFORE(form->tgtype)	  ? "before"
					  : TRIGGER_FOR_INSTEAD(form->tgtype) ? "instead of"
														  : "after";
	trigger->events = trigger_events(form->tgtype);
	for (int i = 0; i < form->tgattr.dim1; i++)
		trigger->columns = lappend(trigger->columns,
								   catalog_column_name(r, form->tgrelid, form->tgattr.values[i]));
	trigger->level = TRIGGER_FOR_ROW(form->tgtype) ? "row" : "statement";
	trigger->function = catalog_function(r, form->tgfoid);
	trigger->enabled = enabled_name(form->tgenabled);
	trigger->constraint = OidIsValid(form->tgconstraint);
	trigger->deferrable = form->tgdeferrable;
	trigger->initially_deferred = form->tginitdeferred;
	trigger->inherited = OidIsValid(form->tgparentid);
	trigger->definition = catalog_deparse(r, pg_get_triggerdef, form->oid);
}

static void
add_trigger(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
	CatalogRelation *rel = catalog_find_relation(r, form->tgrelid);
	SchemaTrigger *trigger;
	List	  **triggers;

	if (rel == NULL || rel->columns == NULL || compat_is_internal_trigger(form))
		return;
	trigger = schema_new(&schema_trigger_kind);
	set_trigger(r, trigger, form);
	if (!heap_attisnull(tuple, Anum_pg_trigger_tgqual, desc))
		trigger->condition = trigger_condition(trigger);
	triggers = rel->relkind == RELKIND_VIEW ? &((SchemaView *) rel->object)->triggers
											: &((SchemaTable *) rel->object)->triggers;
	*triggers = lappend(*triggers, trigger);
}

static char *
policy_command(char command)
{
	switch (command)
	{
		case ACL_SELECT_CHR:
			return "select";
		case ACL_INSERT_CHR:
			return "insert";
		case ACL_UPDATE_CHR:
			return "update";
		case ACL_DELETE_CHR:
			return "delete";
		default:
			return "all";
	}
}

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * The server has no deparser for policies.  Roles are sorted, as their order in the
 * catalog is that of the command; PUBLIC is a word and not a role.
 */
static char *
policy_definition(SchemaPolicy *policy, CatalogRelation *rel)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE POLICY %s ON %s", quote_identifier(policy->object.name),
					 quote_qualified_identifier(rel->schema, rel->name));
	if (policy->restrictive)
		appendStringInfoString(&out, " AS RESTRICTIVE");
	appendStringInfo(&out, " FOR %s TO ", asc_toupper(policy->command, strlen(policy->command)));
	foreach(lc, policy->roles)
	{
		const char *role = lfirst(lc);

		appendStringInfo(&out, "%s%s", lc == list_head(policy->roles) ? "" : ", ",
						 strcmp(role, "public") == 0 ? "PUBLIC" : quote_identifier(role));
	}
	if (policy->using_expression != NULL)
		appendStringInfo(&out, " USING (%s)", policy->using_expression);
	if (policy->check_expression != NULL)
		appendStringInfo(&out, " WITH CHECK (%s)", policy->check_expression);
	return out.data;
}

static void
add_policy(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_policy form = (Form_pg_policy) GETSTRUCT(tuple);
	CatalogRelation *rel = catalog_find_relation(r, form->polrelid);
	SchemaPolicy *policy;
	SchemaTable *table;
	Oid		   *roles;
	int			count;

	if (rel == NULL || rel->columns == NULL)
		return;
	policy = schema_new(&schema_policy_kind);
	policy->object.name = pstrdup(NameStr(form->polname));
	policy->object.oid = form->oid;
	policy->object.comment = catalog_comment(r, PolicyRelationId, form->oid, 0);
	policy->command = policy_command(form->polcmd);
	policy->restrictive = !form->polpermissive;
	roles = catalog_oid_array(tuple, desc, Anum_pg_policy_polroles, &count);
	for (int i = 0; i < count; i++)
		policy->roles = lappend(policy->roles,
								roles[i] == ACL_ID_PUBLIC ? "public" : catalog_role(r, roles[i]));
	list_sort(policy->roles, compare_strings);
	policy->using_expression =
		catalog_expression(r, tuple, desc, Anum_pg_policy_polqual, form->polrelid);
	policy->check_expression =
		catalog_expression(r, tuple, desc, Anum_pg_policy_polwithcheck, form->polrelid);
	policy->definition = policy_definition(policy, rel);
	table = rel->object;
	table->policies = lappend(table->policies, policy);
}

static char *
rule_event(char type)
{
	switch (type - '0')
	{
		case CMD_SELECT:
			return "select";
		case CMD_UPDATE:
			return "update";
		case CMD_INSERT:
			return "insert";
		default:
			return "delete";
	}
}

static void
add_rule(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_rewrite form = (Form_pg_rewrite) GETSTRUCT(tuple);
	CatalogRelation *rel = catalog_find_relation(r, form->ev_class);
	SchemaRule *rule;
	List	  **rules;

	/* The rule that makes a view a view is its definition. */
	if (rel == NULL || rel->columns == NULL ||
		strcmp(NameStr(form->rulename), ViewSelectRuleName) == 0)
		return;
	rule = schema_new(&schema_rule_kind);
	rule->object.name = pstrdup(NameStr(form->rulename));
	rule->object.oid = form->oid;
	rule->object.comment = catalog_comment(r, RewriteRelationId, form->oid, 0);
	rule->event = rule_event(form->ev_type);
	rule->instead = form->is_instead;
	rule->enabled = enabled_name(form->ev_enabled);
	rule->definition = catalog_deparse(r, pg_get_ruledef, form->oid);
	rules = rel->relkind == RELKIND_VIEW || rel->relkind == RELKIND_MATVIEW
				? &((SchemaView *) rel->object)->rules
				: &((SchemaTable *) rel->object)->rules;
	*rules = lappend(*rules, rule);
}

/* By index: of a table that no pass over the catalogs meets. */
void
catalog_read_attached(CatalogReader *r, Oid relid)
{
	catalog_scan_key(r, TriggerRelationId, TriggerRelidNameIndexId, Anum_pg_trigger_tgrelid, relid,
					 add_trigger);
	catalog_scan_key(r, PolicyRelationId, PolicyPolrelidPolnameIndexId, Anum_pg_policy_polrelid,
					 relid, add_policy);
}

void
catalog_read_triggers(CatalogReader *r)
{
	catalog_scan_relations(r, TriggerRelationId, TriggerRelidNameIndexId, Anum_pg_trigger_tgrelid,
						   add_trigger);
	catalog_scan_relations(r, PolicyRelationId, PolicyPolrelidPolnameIndexId,
						   Anum_pg_policy_polrelid, add_policy);
	catalog_scan_relations(r, RewriteRelationId, RewriteRelRulenameIndexId,
						   Anum_pg_rewrite_ev_class, add_rule);
}
