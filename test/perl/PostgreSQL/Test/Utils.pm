# PostgreSQL::Test::Utils for releases of 14 that have only TestLib.
package PostgreSQL::Test::Utils;

use strict;
use warnings;
use TestLib ();
use Exporter 'import';

our @EXPORT = @TestLib::EXPORT;
TestLib->import(@TestLib::EXPORT);

1;
