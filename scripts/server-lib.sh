#!/bin/bash
# server-lib.sh: what private-server and dev share; read by them, not run.
#
# A server of the tree's own stands in one folder, $top:
#
#   pg/      the chosen server, moved: PostgreSQL finds its files relative to its
#            own program, so a copy of the programs beside links to the rest is a
#            whole installation, and `make install` into it leaves the system alone
#   src/     the working tree, so that a command may build and write there
#   shared/  ../shared/data, if there is one: sample databases for the tests
#   data/    the cluster; it listens on a socket in this folder only, so no port
#            can be taken and nobody else can connect
#
# Root hands all this to the user nobody, for whom PostgreSQL agrees to run.  Who reads
# this has set system_pg_config, and sets top.
# shellcheck disable=SC2034,SC2154

# What the caller's shell or make had in mind for another server is not for this one.
server_environment()
{
	local bindir

	bindir=$("$system_pg_config" --bindir)
	unset "${!PG@}" MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
	export LC_ALL=C.UTF-8
	# pg_ctl waits a minute only, which a busy machine may need to start a server
	export PGCTLTIMEOUT=600
	export HOME=$top PGHOST=$top PGUSER=postgres PGDATABASE=postgres
	export PG_CONFIG=$top/pg$bindir/pg_config
	export PATH=$top/pg$bindir:$PATH
}

as_user=()
if [ "$(id -u)" -eq 0 ]; then
	as_user=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups --)
fi

# Ends every server in the folder, those of an interrupted test too, and waits.
stop_servers()
{
	local file pid

	find "$1" -name postmaster.pid 2>/dev/null | while IFS= read -r file; do
		pid=$(head -n 1 "$file")
		kill -QUIT "$pid" 2>/dev/null || continue
		for _ in {1..600}; do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
	done
}
export -f stop_servers

# link_tree DIRECTORY: the same directory under pg/, if there is one, its files as links.
link_tree()
{
	[ -d "$1" ] || return 0
	mkdir -p "$top/pg$1"
	cp -asf "$1/." "$top/pg$1/"
}

make_installation()
{
	local pg_config=$system_pg_config bindir libdir

	bindir=$("$pg_config" --bindir)
	libdir=$("$pg_config" --libdir)
	mkdir -p "$top/pg$bindir"
	cp -L "$bindir"/* "$top/pg$bindir/"
	# a private server within a private server has the true one already
	[ -e "$top/pg$bindir/initdb.real" ] || mv "$top/pg$bindir/initdb" "$top/pg$bindir/initdb.real"
	cp -f scripts/initdb-copy "$top/pg$bindir/initdb"
	# Debian's pg_config of 14 speaks for the place it was built for.
	if [ "$("$top/pg$bindir/pg_config" --bindir)" != "$top/pg$bindir" ]; then
		printf '#!/bin/sh\n%s "$@" | sed "s,^/,%s/pg/,"\n' "$pg_config" "$top" >"$top/pg$bindir/pg_config"
	fi
	link_tree "$("$pg_config" --sharedir)"
	link_tree "$("$pg_config" --pkglibdir)"
	link_tree "$("$pg_config" --includedir)"
	link_tree "$("$pg_config" --includedir-server)"
	case $libdir in
		/lib | /lib/* | /usr/lib | /usr/lib/*) ;;	# the linker looks there anyway
		*) link_tree "$libdir" ;;
	esac
	find "$top/pg" ! -type d -name 'db_adapter*' -delete
}

# pack_tree: the working tree as an archive, without what is built, or with the objects
# of a tree that has them of this very machine (WITH_OBJECTS=1).
pack_tree()
{
	local built=(--exclude='*.o' --exclude='*.d' --exclude='*.so' --exclude='*.bc' --exclude='*.a'
		--exclude=./client/build)

	[ "${WITH_OBJECTS:-}" != 1 ] || built=(--exclude='./client/build/test*' --exclude=./client/build/smoke)
	tar -cf - --exclude-vcs "${built[@]}" --exclude='./client/build-*' --exclude=./build \
		--exclude=./tmp_check --exclude=./tmp_check_iso --exclude=./results --exclude=./output_iso \
		--exclude=./log --exclude=./regression.diffs --exclude=./regression.out \
		--exclude=./test/fuzz/server/build .
}

# copy_samples: what the tests find as ../shared/data.
copy_samples()
{
	if [ -r ../shared/data ]; then
		rm -rf "$top/shared"
		mkdir -p "$top/shared"
		cp -r ../shared/data "$top/shared/"
		chmod -R u+w "$top/shared"
	fi
}

# start_server: as the user who may; makes the cluster if there is none.
start_server()
{
	if [ ! -d "$top/data" ]; then
		initdb -D "$top/data.new" -U postgres -A trust -E UTF8 --no-sync --locale=C.UTF-8 \
			>"$top/initdb.log" 2>&1 || {
			cat "$top/initdb.log" >&2
			return 1
		}
		cat >>"$top/data.new/postgresql.conf" <<-CONF
			listen_addresses = ''
			unix_socket_directories = '$top'
			fsync = off
			max_prepared_transactions = 10
			${SERVER_CONF:-}
		CONF
		mv "$top/data.new" "$top/data"
	fi
	pg_ctl -D "$top/data" -l "$top/server.log" -w -s -t 600 start || {
		cat "$top/server.log" >&2
		return 1
	}
}
export -f start_server
