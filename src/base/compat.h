/*
 * compat.h
 *	  Differences between the supported PostgreSQL majors.
 *
 * Every test of PG_VERSION_NUM in the extension stands in this file, so that
 * the rest of the source reads as if there were one server version.
 */
#ifndef DB_ADAPTER_COMPAT_H
#define DB_ADAPTER_COMPAT_H

#if PG_VERSION_NUM < 140000 || PG_VERSION_NUM >= 190000
#error "db_adapter supports PostgreSQL 14 to 18"
#endif

/* 18 put this before a declaration, where up to 17 something stood behind it. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 15 renamed the call that reserves a setting prefix. */
#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

/* 15 brought the call that makes a set-returning function answer with a tuplestore. */
#if PG_VERSION_NUM < 150000
#include "funcapi.h"
#include "miscadmin.h"

#define MAT_SRF_USE_EXPECTED_DESC 0x01

static inline void
InitMaterializedSRF(FunctionCallInfo fcinfo, bits32 flags)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		expected = (flags & MAT_SRF_USE_EXPECTED_DESC) != 0;
	MemoryContext oldcontext;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0 ||
		(expected && result->expectedDesc == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("materialize mode required, but it is not allowed in this context")));

	oldcontext = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	if (expected)
		result->setDesc = CreateTupleDescCopy(result->expectedDesc);
	else if (get_call_result_type(fcinfo, NULL, &result->setDesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	result->setResult = tuplestore_begin_heap((result->allowedModes & SFRM_Materialize_Random) != 0,
											  false, work_mem);
	result->returnMode = SFRM_Materialize;
	MemoryContextSwitchTo(oldcontext);
}
#endif

/* 15 took the right to create in public from everyone. */
#if PG_VERSION_NUM < 150000
#define compat_public_rights (ACL_USAGE | ACL_CREATE)
#else
#define compat_public_rights ACL_USAGE
#endif

/* A context for what is made once and goes as a whole; 15 lets its blocks grow. */
#if PG_VERSION_NUM < 150000
#define compat_generation_context(parent, name)                                                    \
	GenerationContextCreate(parent, name, ALLOCSET_DEFAULT_MAXSIZE)
#else
#define compat_generation_context(parent, name)                                                    \
	GenerationContextCreate(parent, name, ALLOCSET_DEFAULT_SIZES)
#endif

/*
 * Minor releases of 2026 keep the version of a column among its options, under
 * this name, in the majors that have no column for it.  It is nobody's setting.
 */
#define COMPAT_ATTRIBUTE_VERSION "pg_attver="

/* 15 brought NULLS NOT DISTINCT and ON DELETE SET NULL (columns). */
#if PG_VERSION_NUM < 150000
#define compat_nulls_not_distinct(form) false
#define compat_delete_columns InvalidAttrNumber
#else
#define compat_nulls_not_distinct(form) ((form)->indnullsnotdistinct)
#define compat_delete_columns Anum_pg_constraint_confdelsetcols
#endif

/* 15 brought column lists, conditions and whole schemas to publications. */
#if PG_VERSION_NUM < 150000
#define compat_published_objects(stmt) ((stmt)->tables)
#define compat_published_columns InvalidAttrNumber
#define compat_published_condition InvalidAttrNumber
#else
#define COMPAT_PUBLISHED_SCHEMAS
#define compat_published_objects(stmt) ((stmt)->pubobjects)
#define compat_published_columns Anum_pg_publication_rel_prattrs
#define compat_published_condition Anum_pg_publication_rel_prqual
#endif

/* 16 asks whether a value that comes out of a sort is to be copied. */
#if PG_VERSION_NUM < 160000
#define compat_tuplesort_getdatum(sort, value, isnull)                                             \
	tuplesort_getdatum(sort, true, value, isnull, NULL)
#else
#define compat_tuplesort_getdatum(sort, value, isnull)                                             \
	tuplesort_getdatum(sort, true, false, value, isnull, NULL)
#endif

/* Up to 14 a partition's copy of a trigger passed for internal. */
#if PG_VERSION_NUM < 150000
#define compat_is_internal_trigger(form) ((form)->tgisinternal && !OidIsValid((form)->tgparentid))
#else
#define compat_is_internal_trigger(form) ((form)->tgisinternal)
#endif

/* 18 brought constraints that are not enforced and keys over periods. */
#if PG_VERSION_NUM < 180000
#define compat_is_enforced(form) true
#define compat_is_plain(form) true
#else
#define compat_is_enforced(form) ((form)->conenforced)
#define compat_is_plain(form) ((form)->conenforced && !(form)->conperiod)
#endif

/* 18 brought constraints to NOT NULL, which may be not valid. */
#if PG_VERSION_NUM < 180000
#define compat_is_not_null(form) false
#define compat_stages_not_null false
#else
#define compat_is_not_null(form) ((form)->contype == CONSTRAINT_NOTNULL)
#define compat_stages_not_null true
#endif

/*
 * 17 made statistics targets nullable where they were -1.  PG_INT64_MIN stands
 * for "none" here.  Macros, because few files include the catalogs they need.
 */
#if PG_VERSION_NUM < 170000
#define compat_statistics_target(tuple, desc, form)                                                \
	((form)->attstattarget < 0 ? PG_INT64_MIN : (int64) (form)->attstattarget)
#define compat_extended_target(tuple, desc, form)                                                  \
	((form)->stxstattarget < 0 ? PG_INT64_MIN : (int64) (form)->stxstattarget)
#else
#define compat_nullable_int2(tuple, desc, column)                                                  \
	(heap_attisnull(tuple, column, desc)                                                           \
		 ? PG_INT64_MIN                                                                            \
		 : (int64) DatumGetInt16(heap_getattr(tuple, column, desc, &(bool){false})))
#define compat_statistics_target(tuple, desc, form)                                                \
	compat_nullable_int2(tuple, desc, Anum_pg_attribute_attstattarget)
#define compat_extended_target(tuple, desc, form)                                                  \
	compat_nullable_int2(tuple, desc, Anum_pg_statistic_ext_stxstattarget)
#endif

/* 15 renamed the analysis of a statement without parameters. */
#if PG_VERSION_NUM < 150000
#define compat_analyze_and_rewrite(raw, sql) pg_analyze_and_rewrite(raw, sql, NULL, 0, NULL)
#else
#define compat_analyze_and_rewrite(raw, sql)                                                       \
	pg_analyze_and_rewrite_fixedparams(raw, sql, NULL, 0, NULL)
#endif

/* 15 replaced the Value inside of a constant of the grammar. */
#if PG_VERSION_NUM < 150000
#define compat_const_is_string(constant) IsA(&(constant)->val, String)
#else
#define compat_const_is_string(constant) (!(constant)->isnull && IsA(&(constant)->val, String))
#endif

/* 15 brought privileges on settings. */
#if PG_VERSION_NUM < 150000
#define compat_is_parameter(objtype) false
#else
#define compat_is_parameter(objtype) ((objtype) == OBJECT_PARAMETER_ACL)
#endif

/* 16 has one call for all privileges of simple objects, and SET apart from membership. */
#if PG_VERSION_NUM < 160000
#define compat_database_aclcheck(oid, role, mode) pg_database_aclcheck(oid, role, mode)
#define compat_schema_aclcheck(oid, role, mode) pg_namespace_aclcheck(oid, role, mode)
#define compat_may_become(member, role) is_member_of_role(member, role)
#else
#define compat_database_aclcheck(oid, role, mode)                                                  \
	object_aclcheck(DatabaseRelationId, oid, role, mode)
#define compat_schema_aclcheck(oid, role, mode)                                                    \
	object_aclcheck(NamespaceRelationId, oid, role, mode)
#define compat_may_become(member, role) member_can_set_role(member, role)
#endif

/* 17 can leave out dependent types when a type changes its schema. */
#if PG_VERSION_NUM < 170000
#define compat_move_row_type(type, to, moved)                                                      \
	AlterTypeNamespaceInternal(type, to, false, false, moved)
#else
#define compat_move_row_type(type, to, moved)                                                      \
	AlterTypeNamespaceInternal(type, to, false, false, false, moved)
#endif

/* parseTypeString: 16 made missing_ok an error sink. */
#if PG_VERSION_NUM < 160000
#define compat_parse_type(name, type, typmod) (parseTypeString(name, type, typmod, true), true)
#else
#include "nodes/miscnodes.h"

#define compat_parse_type(name, type, typmod)                                                      \
	parseTypeString(name, type, typmod, (Node *) &(ErrorSaveContext){T_ErrorSaveContext})
#endif

/* 16 made the bytes that are written to a temporary file constant. */
#if PG_VERSION_NUM < 160000
#define compat_buffile_write(file, bytes, len) BufFileWrite(file, unconstify(char *, bytes), len)
#else
#define compat_buffile_write(file, bytes, len) BufFileWrite(file, bytes, len)
#endif

/*
 * Shared memory is asked for in _PG_init up to 14, later in a hook.  This defines
 * register_<request>(), which has `request` called in time.
 */
#if PG_VERSION_NUM < 150000
#define compat_shmem_request(request)                                                              \
	static void register_##request(void)                                                           \
	{                                                                                              \
		request();                                                                                 \
	}                                                                                              \
	extern int compat_semicolon
#else
#define compat_shmem_request(request)                                                              \
	static shmem_request_hook_type next_##request;                                                 \
	static void run_##request(void)                                                                \
	{                                                                                              \
		if (next_##request)                                                                        \
			next_##request();                                                                      \
		request();                                                                                 \
	}                                                                                              \
	static void register_##request(void)                                                           \
	{                                                                                              \
		next_##request = shmem_request_hook;                                                       \
		shmem_request_hook = run_##request;                                                        \
	}                                                                                              \
	extern int compat_semicolon
#endif

/* 18 left out whether a portal is run once. */
#if PG_VERSION_NUM < 180000
#define compat_portal_run(portal, dest) PortalRun(portal, FETCH_ALL, true, true, dest, dest, NULL)
#else
#define compat_portal_run(portal, dest) PortalRun(portal, FETCH_ALL, true, dest, dest, NULL)
#endif

/* 17 lets a background worker run as a role that cannot log in. */
#if PG_VERSION_NUM < 170000
#define compat_worker_needs_login true
#define COMPAT_WORKER_BYPASS_LOGIN 0
#else
#define compat_worker_needs_login false
#define COMPAT_WORKER_BYPASS_LOGIN BGWORKER_BYPASS_ROLELOGINCHECK
#endif

/* 17 brought intervals without an end. */
#if PG_VERSION_NUM < 170000
#define compat_interval_is_infinite(interval) false
#else
#define compat_interval_is_infinite(interval) INTERVAL_NOT_FINITE(interval)
#endif

/* 16 gave the maker of ranges an error sink. */
#if PG_VERSION_NUM < 160000
#define compat_range_serialize(cache, lower, upper, empty)                                         \
	range_serialize(cache, lower, upper, empty)
#else
#define compat_range_serialize(cache, lower, upper, empty)                                         \
	range_serialize(cache, lower, upper, empty, NULL)
#endif

/* 17 lets an extension name what it waits for. */
#if PG_VERSION_NUM < 170000
#define compat_wait_event(name) PG_WAIT_EXTENSION
#else
#include "utils/wait_event.h"

#define compat_wait_event(name) WaitEventExtensionNew(name)
#endif

/* 17 can end transactions that take long, those of workers too. */
#if PG_VERSION_NUM < 170000
#define compat_allow_long_transactions() ((void) 0)
#else
#define compat_allow_long_transactions()                                                           \
	SetConfigOption("transaction_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE)
#endif

/* 17 makes values of any type by JSON_VALUE() and its kind. */
#if PG_VERSION_NUM < 170000
#define compat_is_json_query(node) false
#else
#define compat_is_json_query(node) IsA(node, JsonExpr)
#endif

/* 15 has NULLS NOT DISTINCT, and constants that say themselves that they are null. */
#if PG_VERSION_NUM < 150000
#define compat_statement_nulls_equal(stmt) false
#define compat_set_null_constant(constant) ((constant)->val.type = T_Null)
#define compat_partition_qual(rel, parent, spec) get_qual_from_partbound(rel, parent, spec)
#else
#define compat_statement_nulls_equal(stmt) ((stmt)->nulls_not_distinct)
#define compat_set_null_constant(constant) ((constant)->isnull = true)
#define compat_partition_qual(rel, parent, spec) get_qual_from_partbound(parent, spec)
#endif

/* 17 gives a generated column another expression. */
#if PG_VERSION_NUM < 170000
#define compat_computes_values(subtype) false
#else
#define compat_computes_values(subtype) ((subtype) == AT_SetExpression)
#endif

/* 18 has keys over periods. */
#if PG_VERSION_NUM < 180000
#define compat_without_overlaps(constraint) false
#define compat_has_period(constraint) false
#else
#define compat_without_overlaps(constraint) ((constraint)->without_overlaps)
#define compat_has_period(constraint) ((constraint)->fk_with_period)
#endif

/* 15 renamed what takes the types of parameters from the text. */
#if PG_VERSION_NUM < 150000
#define compat_infer_parameters(pstate, types, count)                                              \
	parse_variable_parameters(pstate, types, count)
#define compat_analyze_inferring(raw, sql, types, count)                                           \
	parse_analyze_varparams(raw, sql, types, count)
#else
#define compat_infer_parameters(pstate, types, count)                                              \
	setup_parse_variable_parameters(pstate, types, count)
#define compat_analyze_inferring(raw, sql, types, count)                                           \
	parse_analyze_varparams(raw, sql, types, count, NULL)
#endif

/* All settings, custom ones too: up to 15 the server's own array, later a copy. */
#if PG_VERSION_NUM < 160000
#define compat_settings(count) (*(count) = GetNumConfigOptions(), get_guc_variables())
#define compat_free_settings(settings) ((void) 0)
#else
#define compat_settings(count) get_guc_variables(count)
#define compat_free_settings(settings) pfree(settings)
#endif

#endif							/* DB_ADAPTER_COMPAT_H */
