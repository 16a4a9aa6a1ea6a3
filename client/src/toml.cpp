/*
 * toml.cpp
 *		TOML text read by tomlplusplus, handed to a C function key by key.
 *
 * The header-only mode needs no library at run time.  Every exception ends in
 * toml_read; a message of the parser's is cut where it quotes the text, because
 * that may be a password.
 */
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0

#include <charconv>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include <toml++/toml.h>

#include "toml.h"

namespace
{

#define QUOTED_MAX 4			/* bytes of the text that a message may quote */

/* thrown where the parser has no objection but C has */
struct Unfit
{
	const char *problem;
	toml::source_position where;
};

class Walker
{
public:
	Walker(TomlVisitFn visit, void *arg):visit(visit), arg(arg)
	{
	}

	/* false: stopped */
	bool
	table(const toml::table &table)
	{
		for (auto &&[key, node] : table)
		{
			if (std::strlen(key.str().data()) != key.str().size())
				throw Unfit{"a key holds a NUL character", key.source().begin};
			if (item.depth == TOML_MAX_DEPTH)
				continue;
			item.path[item.depth++] = key.str().data();
			item.element = false;
			if (!value(node, key.source().begin))
				return false;
			item.depth--;
		}
		return true;
	}

private:
	TomlVisitFn visit;
	void	   *arg;
	TomlItem	item {};

	bool
	array(const toml::array &array)
	{
		size_t		index = 0;

		for (auto &&node : array)
		{
			item.element = true;
			item.index = index++;
			if (!value(node, node.source().begin))
				return false;
		}
		return true;
	}

	bool
	value(const toml::node &node, toml::source_position where)
	{
		bool		element = item.element;
		std::string text;
		TomlAnswer	answer;

		item.type = describe(node, text);
		if (std::strlen(text.c_str()) != text.size())
			throw Unfit{"a string holds a NUL character", where};
		item.text = text.c_str();
		item.line = where.line;
		item.column = where.column;
		answer = visit(arg, &item);
		if (answer == TOML_STOP)
			return false;
		if (answer == TOML_SKIP || element)
			return true;
		if (const toml::table *inner = node.as_table())
			return table(*inner);
		if (const toml::array *inner = node.as_array())
			return array(*inner);
		return true;
	}

	static TomlType
	describe(const toml::node &node, std::string &text)
	{
		char		digits[512];

		if (node.is_table())
			return TOML_TABLE;
		if (node.is_array())
			return TOML_ARRAY;
		if (const auto *string = node.as_string())
		{
			text = string->get();
			return TOML_STRING;
		}
		if (const auto *integer = node.as_integer())
		{
			text = std::to_string(integer->get());
			return TOML_INTEGER;
		}
		if (const auto *number = node.as_floating_point())
		{
			auto		end = std::to_chars(digits, digits + sizeof(digits), number->get()).ptr;

			text.assign(digits, end);
			return TOML_FLOAT;
		}
		if (const auto *boolean = node.as_boolean())
		{
			text = boolean->get() ? "true" : "false";
			return TOML_BOOLEAN;
		}
		return TOML_DATE;
	}
};

/* What the parser says, without what it read. */
void
describe_problem(TomlProblem *problem, std::string_view text)
{
	size_t		quote = text.find("saw '");
	size_t		end = text.rfind('\'');

	if (text.find("representable") != text.npos)
		text = "number out of range";
	else if (quote != text.npos && end > quote + 5 + QUOTED_MAX)
	{
		text = text.substr(0, quote);
		while (!text.empty() && (text.back() == ' ' || text.back() == ','))
			text.remove_suffix(1);
	}
	std::snprintf(problem->text, sizeof(problem->text), "%.*s", (int) text.size(), text.data());
}

}								/* namespace */

extern "C" TomlStatus
toml_read(const char *text, size_t len, TomlVisitFn visit, void *arg, TomlProblem *problem)
{
	try
	{
		toml::table root = toml::parse(std::string_view(text, len));

		return Walker(visit, arg).table(root) ? TOML_OK : TOML_STOPPED;
	}
	catch (const toml::parse_error &error)
	{
		problem->line = error.source().begin.line;
		problem->column = error.source().begin.column;
		describe_problem(problem, error.description());
	}
	catch (const Unfit &unfit)
	{
		problem->line = unfit.where.line;
		problem->column = unfit.where.column;
		describe_problem(problem, unfit.problem);
	}
	catch (const std::bad_alloc &)
	{
		return TOML_NO_MEMORY;
	}
	catch (...)
	{
		problem->line = problem->column = 0;
		describe_problem(problem, "the text cannot be read");
	}
	return TOML_MALFORMED;
}
