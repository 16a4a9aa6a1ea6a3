/*
 * completion.c
 *		Completions for bash and zsh, made from the table of commands.
 *
 * Both scripts hold all that the table knows: commands, options, actions, the words that
 * an option may be.  The names of profiles alone are asked of the program, which reads
 * db.toml as every command does.  They must stay harmless at a keystroke: nothing here
 * connects, and nothing that a file holds is evaluated by the shell.
 */
#include "command.h"

/* Does it take a profile's name? */
static bool
takes_profile(const CliOption *option)
{
	return strcmp(option->name, "profile") == 0 || strcmp(option->name, "from") == 0;
}

static void
print_words(const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		printf("%s%s", i > 0 ? " " : "", words[i]);
}

static void
print_commands(const CliCommand *commands, const char *separator)
{
	for (const CliCommand *c = commands; c->name != NULL; c++)
		printf("%s%s", c != commands ? separator : "", c->name);
}

static void
print_actions(const CliAction *actions)
{
	for (const CliAction *a = actions; a->name != NULL; a++)
		printf("%s%s", a != actions ? " " : "", a->name);
}

/* ---------------------------------------------------------------- bash */

static const char bash_begin[] =
	"# bash completion for db-adapter\n"
	"# Those of the lines read that begin with the word, quoted where the shell needs it.\n"
	"_db_adapter_match()\n{\n"
	"\tlocal line\n"
	"\twhile IFS= read -r line\n\tdo\n"
	"\t\t[[ $line == \"$word\"* ]] && COMPREPLY+=(\"$(printf %q \"$line\")\")\n"
	"\tdone\n}\n"
	"_db_adapter()\n{\n"
	"\tlocal word=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal command= action= w i\n"
	"\tlocal -a config=()\n"
	"\tCOMPREPLY=()\n"
	"\t# --option=value comes in three words\n"
	"\tif [[ $word == = ]]\n\tthen\n\t\tword=\n"
	"\telif [[ $prev == = ]]\n\tthen\n\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++))\n\tdo\n\t\tw=${COMP_WORDS[i]}\n"
	"\t\t[[ ${COMP_WORDS[i+1]} == = ]] && ((i++))\n"
	"\t\tcase $w in\n\t\t--config) config=(\"${COMP_WORDS[i+1]}\"); ((i++)) ;;\n\t\t";

static const char bash_middle[] =
	") ((i++)) ;;\n\t\t-* | =) ;;\n"
	"\t\t*)\n\t\t\tif [[ -z $command ]]\n\t\t\tthen\n\t\t\t\tcommand=$w\n"
	"\t\t\telif [[ -z $action ]]\n\t\t\tthen\n\t\t\t\taction=$w\n\t\t\tfi ;;\n"
	"\t\tesac\n\tdone\n"
	"\tcase $command:$prev in\n";

static const char bash_end[] = "\tesac\n}\n"
							   "complete -o filenames -F _db_adapter db-adapter\n";

/* "|--name|-n" of those that take a value, which is no command */
static void
bash_pattern(const CliOption *options)
{
	for (; options->name != NULL; options++)
	{
		if (options->argument == NULL || strcmp(options->name, "config") == 0)
			continue;
		printf("--%s | ", options->name);
		if (options->letter != 0)
			printf("-%c | ", options->letter);
	}
}

/* What may stand after the option; command NULL: of every command. */
static void
bash_value(const CliCommand *command, const CliOption *option)
{
	const char *of = command != NULL ? command->name : "*";

	if (option->argument == NULL)
		return;
	printf("\t%s:--%s", of, option->name);
	if (option->letter != 0)
		printf(" | %s:-%c", of, option->letter);
	fputs(") ", stdout);
	if (option->words != NULL)
	{
		fputs("mapfile -t COMPREPLY < <(compgen -W '", stdout);
		print_words(option->words);
		fputs("' -- \"$word\"); ", stdout);
	}
	else if (takes_profile(option))
		fputs("_db_adapter_match < <(db-adapter --generate profiles \"${config[@]}\" "
			  "2>/dev/null); ",
			  stdout);
	else if (strcmp(option->argument, "FILE") == 0)
		fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); ", stdout);
	fputs("return ;;\n", stdout);
}

/* Long names alone: letters are for those who know them. */
static void
bash_options(const CliOption *options)
{
	for (; options->name != NULL; options++)
		printf(" --%s", options->name);
}

/* The last case: words of a command's operands, by the action where there is one. */
static void
bash_operands(const CliCommand *commands)
{
	for (const CliCommand *c = commands; c->name != NULL; c++)
	{
		if (c->actions != NULL)
		{
			printf("\t%s:) mapfile -t COMPREPLY < <(compgen -W '", c->name);
			print_actions(c->actions);
			fputs("' -- \"$word\") ;;\n", stdout);
			for (const CliAction *a = c->actions; a->name != NULL; a++)
			{
				if (a->words == NULL)
					continue;
				printf("\t%s:%s) mapfile -t COMPREPLY < <(compgen -W '", c->name, a->name);
				print_words(a->words);
				fputs("' -- \"$word\") ;;\n", stdout);
			}
		}
		else if (c->run == cmd_help)
		{
			printf("\t%s:) mapfile -t COMPREPLY < <(compgen -W '", c->name);
			print_commands(commands, " ");
			fputs("' -- \"$word\") ;;\n", stdout);
		}
		else if (c->operand != NULL)
			printf("\t%s:) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n", c->name);
	}
}

/* In three steps: where are we (command, action, option before the word), what may the
 * option be, and else what may come next. */
void
completion_bash(const CliCommand *commands)
{
	fputs(bash_begin, stdout);
	bash_pattern(options_global);
	for (const CliCommand *c = commands; c->name != NULL; c++)
		bash_pattern(c->options);
	fputs("--", stdout);
	fputs(bash_middle, stdout);
	for (const CliOption *o = options_global; o->name != NULL; o++)
		bash_value(NULL, o);
	for (const CliCommand *c = commands; c->name != NULL; c++)
	{
		for (const CliOption *o = c->options; o->name != NULL; o++)
			bash_value(c, o);
	}
	fputs("\tesac\n\tif [[ $word == -* ]]\n\tthen\n\t\tcase $command in\n", stdout);
	for (const CliCommand *c = commands; c->name != NULL; c++)
	{
		printf("\t\t%s) w='", c->name);
		bash_options(c->options);
		fputs("' ;;\n", stdout);
	}
	fputs("\t\t*) w= ;;\n\t\tesac\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$w", stdout);
	bash_options(options_global);
	fputs("\" -- \"$word\")\n\t\treturn\n\tfi\n\tcase $command:$action in\n"
		  "\t:) mapfile -t COMPREPLY < <(compgen -W '",
		  stdout);
	print_commands(commands, " ");
	fputs("' -- \"$word\") ;;\n", stdout);
	bash_operands(commands);
	fputs(bash_end, stdout);
}

/* ---------------------------------------------------------------- zsh */

/* zsh takes no bracket or colon unquoted in an explanation. */
static void
zsh_text(const char *text)
{
	for (; *text != '\0'; text++)
	{
		if (strchr("[]:\\", *text) != NULL)
			putchar('\\');
		if (*text == '\'')
			fputs("'\\'", stdout);
		putchar(*text);
	}
}

/* With their help and their words, which zsh shows. */
static void
zsh_options(const CliOption *options)
{
	for (; options->name != NULL; options++)
	{
		printf(" \\\n\t\t\t'--%s%s[", options->name, options->argument != NULL ? "=" : "");
		zsh_text(options->help);
		putchar(']');
		if (options->argument != NULL)
			printf(":%s:", options->argument);
		if (options->words != NULL)
		{
			putchar('(');
			print_words(options->words);
			putchar(')');
		}
		else if (takes_profile(options))
			fputs("_db_adapter_profiles", stdout);
		else if (options->argument != NULL && strcmp(options->argument, "FILE") == 0)
			fputs("_files", stdout);
		putchar('\'');
	}
}

/* The operands of a command, as arguments of _arguments. */
static void
zsh_operands(const CliCommand *commands, const CliCommand *command)
{
	if (command->actions != NULL)
	{
		fputs(" \\\n\t\t\t'1:action:(", stdout);
		print_actions(command->actions);
		fputs(")'", stdout);
		for (const CliAction *a = command->actions; a->name != NULL; a++)
		{
			if (a->words == NULL)
				continue;
			printf(" \\\n\t\t\t'2:%s:(", a->operands);
			print_words(a->words);
			fputs(")'", stdout);
		}
	}
	else if (command->run == cmd_help)
	{
		fputs(" \\\n\t\t\t'1:command:(", stdout);
		print_commands(commands, " ");
		fputs(")'", stdout);
	}
	else if (command->operand != NULL)
		fputs(" \\\n\t\t\t'1:file:_files'", stdout);
}

/* _arguments does the work; options of the program are offered behind a command too, where
 * the parser takes them as well. */
void
completion_zsh(const CliCommand *commands)
{
	fputs("#compdef db-adapter\n"
		  "_db_adapter_profiles()\n{\n\tlocal -a names\n"
		  "\tnames=(\"${(@f)$(db-adapter --generate profiles ${opt_args[--config]} "
		  "2>/dev/null)}\")\n"
		  "\tcompadd -a names\n}\n"
		  "_db_adapter()\n{\n\tlocal -a commands\n\tlocal state\n\ttypeset -A opt_args\n"
		  "\tcommands=(\n",
		  stdout);
	for (const CliCommand *c = commands; c->name != NULL; c++)
	{
		printf("\t\t'%s:", c->name);
		zsh_text(c->summary);
		fputs("'\n", stdout);
	}
	fputs("\t)\n\t_arguments -C", stdout);
	zsh_options(options_global);
	fputs(" \\\n\t\t\t'1:command:->command' '*::argument:->argument'\n\tcase $state in\n"
		  "\tcommand) _describe command commands ;;\n\targument)\n\t\tcase $words[1] in\n",
		  stdout);
	for (const CliCommand *c = commands; c->name != NULL; c++)
	{
		printf("\t\t%s) _arguments", c->name);
		zsh_options(options_global);
		zsh_options(c->options);
		zsh_operands(commands, c);
		fputs(" ;;\n", stdout);
	}
	fputs("\t\tesac ;;\n\tesac\n}\n_db_adapter \"$@\"\n", stdout);
}
