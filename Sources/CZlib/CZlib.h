// The system's zlib (Debian: zlib1g-dev), for the package trait Compression.
#include <zlib.h>
