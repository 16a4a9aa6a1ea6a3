/*
 * planner.h
 *	  What the plan_*.c files do for each other while one plan is made.
 */
#ifndef DB_ADAPTER_PLANNER_H
#define DB_ADAPTER_PLANNER_H

#include "schema/plan/planner_state.h"

/* plan_renames.c */
extern void plan_suspect_renames(Planner *p);
/* Constraints and indexes that differ from missing ones in nothing but their name. */
extern void plan_rename_children(Planner *p);

/* plan_options.c: what a type clause of column_definitions says */
extern bool plan_clause_is_not_null(const char *clause);
extern bool plan_clause_has_default(const char *clause);
/* The clause without its NOT NULL and PRIMARY KEY. */
extern char *plan_clause_nullable(const char *clause);

/* plan_tables.c */
extern void plan_create_table(Planner *p, const SchemaTable *table, const char *reason);
/* All that CREATE TABLE with bare columns leaves: constraints, indexes, triggers, grants, … */
extern void plan_table_contents(Planner *p, const SchemaTable *table, const char *reason);
extern void plan_table(Planner *p, const Difference *d);
/* Before anything that its parent would not let it do. */
extern PlanStep *plan_detach_partition(Planner *p, const SchemaTable *partition,
									   const char *reason);
/* When all that it needs is made, and the whole too. */
extern PlanStep *plan_attach_partition(Planner *p, const SchemaTable *table, const char *reason);
/* When all steps are there: tables that become logged, or unlogged, wait for each other. */
extern void plan_order_logged(Planner *p);
/* When all steps are there: parents that give what others gave are joined before these are left. */
extern void plan_order_parents(Planner *p);

/* plan_columns.c: columns of tables */
extern void plan_column(Planner *p, const Difference *d);
/* What a column has otherwise than the one it is inherited from, or than its type says. */
extern void plan_own_column(Planner *p, const SchemaTable *table, const SchemaColumn *column,
							const char *reason);
/* When all steps are there: columns of one name that go from several tables of a line. */
extern void plan_order_inherited(Planner *p);
/* A column, of whatever table, that keeps rows of a live table's row type; or NULL. */
extern const struct GraphNode *plan_find_row_column(const Planner *p, const SchemaTable *actual);
/* When all steps are there: whether rows can be given the values of columns made again. */
extern void plan_check_refilled(Planner *p);
/* Storage and compression of a column whose type is set. */
extern void plan_keep_storage(Planner *p, const SchemaTable *table, const SchemaColumn *column,
							  const char *reason);
/* Attributes of a column that CREATE TABLE and ADD COLUMN cannot say. */
extern void plan_column_extras(Planner *p, const SchemaTable *table, const SchemaColumn *column,
							   const char *reason);
/* What has to be out of the way before a column changes; before any step of plan_column(). */
extern void plan_prepare_column(Planner *p, const Difference *d);
/* Notes that a column was added without its NOT NULL. */
extern void plan_remain_nullable(Planner *p, const void *parent, const void *parent_actual,
								 const SchemaColumn *expected, const SchemaColumn *added);
/* How values of one type become the other's. */
extern PlanCast plan_find_cast(const Planner *p, const char *from, const char *to);
/* How values of a type are stored where nobody says so. */
extern const char *plan_default_storage(const Planner *p, const char *type);
/* SET DEFAULT or DROP DEFAULT: they touch no row. */
extern char *plan_default_clause(const SchemaColumn *to);
/* Of the table, or of one that it is a partition of. */
extern bool plan_is_partition_key(const Planner *p, const SchemaTable *table, const char *column);
/* The clause the caller gave for a column that the expectation only names, or NULL. */
extern const char *plan_find_definition(const Planner *p, const SchemaTable *table,
										const char *column);

/* plan_enums.c: enums whose labels change */
/* Finds the enums that have to be made anew, into p->recreated. */
extern void plan_find_recreated(Planner *p);
/* Makes of for them and converts their columns. */
extern void plan_recreate_enums(Planner *p);
extern void plan_describe_type_parts(Planner *p, const SchemaType *type);
extern void plan_change_enum(Planner *p, const Difference *d);
extern void plan_change_range(Planner *p, const Difference *d);
extern void plan_recreate_type(Planner *p, const SchemaType *to, const SchemaType *from);
/* A type of another kind, or over another one; false where it is neither. */
extern bool plan_change_kind(Planner *p, const Difference *d);
/* Enums whose new labels other steps use (List of char *). */
extern List *plan_used_enums(const SchemaPlan *plan);

/* plan_prepare.c: what has to go before anything is made or changed, with what needs it */
extern void plan_prepare(Planner *p);
/* Whether a difference is one that no command mends while its table is partitioned as it is. */
extern bool plan_is_of_frozen(const Planner *p, const Difference *d);

/* plan_views.c: a view that is dropped and made again */
extern void plan_detach_view(Planner *p, const SchemaView *view);

/* plan_publications.c */
extern void plan_change_publication(Planner *p, const Difference *d);
/* Whether all that it is to publish is the caller's to publish; else the difference remains. */
extern bool plan_may_publish(Planner *p, const Difference *d);
extern void plan_create_publication(Planner *p, const SchemaPublication *publication,
									const char *reason);
/* A table leaves those that name a column; stays: it comes back as it was, else without it. */
extern void plan_republish(Planner *p, const SchemaTable *actual, const char *column, bool stays);
/* A publication that publishes a table before and after, or NULL. */
extern const SchemaPublication *plan_find_publisher(const Planner *p, const SchemaTable *table);
/* The publication that could not do without a column, or NULL. */
extern const SchemaPublication *plan_find_publication(const Planner *p, const SchemaTable *table,
													  const char *column);

/* plan_children.c: constraints, indexes, triggers, policies, rules */
extern void plan_child(Planner *p, const Difference *d);
extern void plan_create_children(Planner *p, const SchemaKind *kind, const void *parent,
								 bool is_bare, const char *reason);
extern void plan_create_trigger(Planner *p, const void *parent, const SchemaTrigger *trigger,
								const char *reason);
/* Of a table that leaves its whole, or comes to one. */
extern void plan_move_triggers(Planner *p, const SchemaTable *to, const SchemaTable *from,
							   const char *reason);
/* plan_online.c: true when a missing index is built after apply, while others write */
extern bool plan_index_online(Planner *p, const Difference *d);

/* One child, by the phase of its kind; dropping says false where a step does so already. */
extern void plan_create_child(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind,
							  const void *parent, const void *child, const char *reason);
extern bool plan_drop_child(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind,
							const void *parent, const void *child, PlanPhase phase,
							const char *reason);

/* plan_rebuild.c: recreate_threshold, and tables that are partitioned otherwise */
extern void plan_find_rebuilt(Planner *p);
/* Whether a table will be rebuilt because of how it, or the whole it is part of, is partitioned. */
extern bool plan_will_rebuild(const Planner *p, const SchemaTable *to, const SchemaTable *from);
/* Whether a difference is of such a table, which is made as expected. */
extern bool plan_is_of_rebuilt(const Planner *p, const Difference *d);

/* plan_keys.c: what keys, their indexes and those of the whole have to do with each other */
/* By its qualified name. */
extern const SchemaIndex *plan_find_index(const SchemaTable *table, const char *name);
/* The constraint that an index belongs to, or NULL. */
extern const SchemaConstraint *plan_find_key(const SchemaTable *table, const SchemaIndex *index);
/* Whether an index is part of one of the whole that other partitions have no part of. */
extern bool plan_lacks_parts(const Planner *p, const SchemaTable *table, const SchemaIndex *index);
/* The step comes after the index of the whole that another is part of. */
extern void plan_need_whole(const Planner *p, const SchemaTable *table, const SchemaIndex *index,
							PlanStep *step);
/* From now on keys that come with none of the whole are partitions' own. */
extern void plan_own_keys(Planner *p);
/* Whether the index there is will do for a new key of its name. */
extern bool plan_adopts_index(const Planner *p, const SchemaTable *live, const SchemaTable *table,
							  const SchemaConstraint *key);

/* plan_partitions.c: partitions that leave the whole for the time of a plan */

/* Finds them; the live schema is from now on as it is when they have left. */
extern void plan_take_apart(Planner *p);
/* The steps by which they leave; they come back as whatever becomes a partition. */
extern void plan_detach_apart(Planner *p);
/* When all steps are there: tables that become partitions wait for what they have too much. */
extern void plan_order_attached(Planner *p);
/* A copy of a partition that is a table by itself, with all it had from the whole. */
extern SchemaTable *plan_apart(const SchemaTable *table);

/* plan_objects.c: views, functions, types, sequences, others */
extern void plan_create_view(Planner *p, const SchemaView *view, const char *reason);
extern void plan_view_default(Planner *p, const SchemaView *view, const SchemaColumn *column,
							  const char *reason);
extern void plan_view_column(Planner *p, const Difference *d);
extern void plan_object(Planner *p, const Difference *d);
/* plan_overloads.c: the live one, not expected, that calls of an expected one could mean; or NULL */
extern const SchemaFunction *plan_find_ambiguous(const Planner *p, const SchemaFunction *function);
extern char *plan_create_function(const SchemaFunction *function, bool replace);
/* In the place of a live one. */
extern void plan_create_statistics(Planner *p, const SchemaStatistics *statistics,
								   const SchemaStatistics *actual, const char *reason);
/* Whether a changed view or function must be dropped rather than replaced. */
extern bool plan_must_recreate(const Planner *p, const Difference *d);
/* Dropped early, with what needs it, and made again where to is not NULL. */
extern void plan_recreate_function(Planner *p, const SchemaFunction *from, const SchemaFunction *to,
								   const char *reason);

extern void plan_recreate_other(Planner *p, const SchemaOther *from, const SchemaOther *to,
								const char *reason);

/* plan_domains.c: defaults and conditions of domains */
/* Whether arrays or rows with a domain in them keep the server from taking conditions for it. */
extern bool plan_is_domain_held(const SchemaType *domain);
extern void plan_change_domain(Planner *p, const Difference *d);
extern void plan_domain_constraint(Planner *p, const Difference *d);
extern void plan_recreate_domain_constraint(Planner *p, const SchemaType *domain,
											const SchemaConstraint *constraint, const char *reason);

/* plan_describe.c: owners, privileges, comments */
extern void plan_describe(Planner *p, const Difference *d);
/* The column that a sequence belongs to. */
extern void plan_own_sequence(Planner *p, const SchemaSequence *sequence, const char *reason);
extern void plan_default_privileges(Planner *p, const Difference *d);
/*
 * What the owner, privileges and comment of an expected object are when it takes
 * the place of a live one, into a copy of the expected.
 */
extern void plan_keep_description(const Planner *p, SchemaObject *merged,
								  const SchemaObject *actual);
/* The same for an object just made: what differs from what CREATE gives. */
extern void plan_describe_new(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind,
							  const void *parent, const void *object);

/* What the comment of a renamed child, missing under its new name, still lacks. */
extern void plan_comment_renamed(Planner *p, const Difference *d, const SchemaObject *actual);

#endif							/* DB_ADAPTER_PLANNER_H */
