/* The buffer and its cursors are public, since types and schemas write through them. */
#include "weir/buf.h"
