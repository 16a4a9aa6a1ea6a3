# PostgreSQL::Test::Cluster for releases of 14 that have only PostgresNode.
#
# Found after the server's own modules, so newer servers never load it.
package PostgreSQL::Test::Cluster;

use strict;
use warnings;
use parent -norequire, 'PostgresNode';
use PostgresNode ();

sub new
{
	my ($class, $name, @options) = @_;

	return bless PostgresNode->get_new_node($name, @options), $class;
}

1;
