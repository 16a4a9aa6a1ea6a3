/*
 * params.c
 *		A statement's parameters: JSON until the types are known, then text.
 *
 * A JSON value cannot become text before its parameter's type is known: [1, 2] is an
 * array for one type and a document for another.  So it stays a tree until the server
 * has described the statement.
 */
#include "core/params.h"

#include <string.h>

#include "base/mem.h"

struct ParamSet
{
	Arena		arena;
	const JsonValue **values;
	size_t		count;
	char	   *text;			/* every parameter's, each with its NUL */
};

ParamSet *
params_new(SqlStatement *st)
{
	ParamSet   *params = mem_zalloc(sizeof(ParamSet));

	if (params == NULL)
		return NULL;
	params->arena = st->arena;
	params->values = st->params.items;
	params->count = st->params.count;
	st->arena = (Arena){NULL};
	memset(&st->params, 0, sizeof(st->params));
	return params;
}

void
params_free(ParamSet *params)
{
	if (params == NULL)
		return;
	mem_free(params->text);
	mem_free(params->values);
	arena_free(&params->arena);
	mem_free(params);
}

size_t
params_count(const ParamSet *params)
{
	return params != NULL ? params->count : 0;
}

bool
params_in_doubt(const Request *request, bool vouched)
{
	const ParamSet *params = request->sql.params;
	const Stmt *stmt = request->sql.stmt;

	for (size_t i = 0; i < params_count(params) && i < (size_t) stmt->nparams; i++)
	{
		const JsonValue *value = params->values[i];

		if (sql_param_depends(value) &&
			(!vouched || (value->type != JSON_TYPE_STRING &&
						  types_composite(request->core->types, stmt->params[i]))))
			return true;
	}
	return false;
}

/* Every parameter's text in one piece; offsets[i] is -1 for NULL. */
static bool
params_write(ParamSet *params, const Stmt *stmt, const Types *types, ptrdiff_t *offsets)
{
	Buf			text = BUF_INIT;

	for (size_t i = 0; i < params->count; i++)
	{
		SqlParamType type = sql_param_type(types, stmt->described ? stmt->params[i] : 0);

		offsets[i] = (ptrdiff_t) text.len;
		if (sql_param_write(&text, params->values[i], &type))
			buf_append(&text, "", 1);
		else
			offsets[i] = -1;
	}
	if (!buf_ok(&text))
	{
		buf_free(&text);
		return false;
	}
	mem_free(params->text);
	params->text = text.data;
	return true;
}

bool
params_bind(Request *request, dba_error **err)
{
	ParamSet   *params = request->sql.params;
	const Stmt *stmt = request->sql.stmt;
	const char **values;
	ptrdiff_t	few[32];
	ptrdiff_t  *offsets = few;
	bool		ok;

	if (stmt->described && (size_t) stmt->nparams != params->count)
		return error_set(err, DBA_INVALID, "the statement has %d parameters, %zu were given",
						 stmt->nparams, params->count);
	if (params->count == 0)
		return true;
	for (size_t i = 0; i < params->count; i++)
	{
		SqlParamType type =
			sql_param_type(request->core->types, stmt->described ? stmt->params[i] : 0);

		if (params->values[i]->odd && !sql_param_check(params->values[i], &type, err))
			return false;
	}
	values = arena_alloc(&params->arena, params->count * sizeof(char *));
	if (params->count > 32)
		offsets = mem_alloc(params->count * sizeof(ptrdiff_t));
	ok = values != NULL && offsets != NULL &&
		 params_write(params, stmt, request->core->types, offsets);
	for (size_t i = 0; ok && i < params->count; i++)
		values[i] = offsets[i] < 0 ? NULL : params->text + offsets[i];
	if (offsets != few)
		mem_free(offsets);
	if (!ok)
		return error_set_no_memory(err);
	request->sql.binding.values = values;
	request->sql.binding.count = (int) params->count;
	return true;
}
