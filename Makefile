# Build, install and test db_adapter: PGXS for the extension, client/ for the
# library and the command.  PG_CONFIG= chooses the server.

# These bring a server of their own (see scripts/) and must work where none is yet.
OWN_SERVER = deps check check-majors demo bench fuzz
ifneq ($(filter $(OWN_SERVER) format,$(MAKECMDGOALS)),)

.PHONY: $(OWN_SERVER) format
deps:
	@scripts/deps
check: ; @scripts/deps --quiet && scripts/private-server scripts/check
check-majors: ; @scripts/check-majors $(MAJORS)
demo: ; @scripts/deps --quiet && scripts/private-server demo/run
bench: ; @scripts/deps --quiet && bench/all
fuzz: ; @$(MAKE) -s -C client fuzz && $(MAKE) -s -C test/fuzz/server fuzz PG_CONFIG=$$(scripts/pg-config)
format: ; @scripts/format

else

EXTENSION    = db_adapter
EXTVERSION   = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)
MODULE_big   = $(EXTENSION)
OBJS         = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c)))
PG_CPPFLAGS  = -Isrc
PG_CFLAGS    = -MMD -MP -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
# Our names win over the server's own symbols of the same name.
SHLIB_LINK   = -Wl,-Bsymbolic
# Released scripts are kept as they were; the newest is the copy of sql/db_adapter.sql.
DATA         = $(filter-out $(DATA_built),$(wildcard sql/$(EXTENSION)--*.sql))
DATA_built   = sql/$(EXTENSION)--$(EXTVERSION).sql

# Answers live in ./expected because pg_regress looks there first on every
# supported major (14-15: --outputdir, 16+: --expecteddir; both default to ".").
REGRESS        = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS   = --inputdir=test --load-extension=$(EXTENSION)
ISOLATION      = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)
TAP_TESTS      = 1
PROVE_TESTS    = test/tap/*.pl

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PostgreSQL 14 lacks PostgreSQL::Test::Cluster; ours wraps PostgresNode.  The tests
# wait more than they compute.
PROVE_FLAGS += -I test/perl -j3

sql/$(EXTENSION)--$(EXTVERSION).sql: sql/$(EXTENSION).sql $(EXTENSION).control
	cp $< $@

# What each object includes, as the compiler saw it.
EXTRA_CLEAN = $(OBJS:.o=.d)
-include $(wildcard $(OBJS:.o=.d))
$(OBJS:.o=.bc): $(wildcard src/*/*.h src/*/*/*.h)

# The other half, unless it is not wanted.
ifneq ($(WITH_CLIENT),no)
ifneq ($(wildcard client/Makefile),)
.PHONY: client install-client clean-client
all: client
install: install-client
clean: clean-client
client:
	$(MAKE) -C client all
install-client:
	$(MAKE) -C client install
clean-client:
	$(MAKE) -C client clean
endif
endif

endif
