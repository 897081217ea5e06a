#include "weir/endian.h"
