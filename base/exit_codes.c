/*
 * exit_codes.c - statuses as exit codes of a process.
 */
#include "weir/exit_codes.h"

enum weir_exit_code weir_exit_code(enum weir_status status)
{
    switch (status) {
    case WEIR_OK:
        return WEIR_EXIT_OK;
    case WEIR_E_INVAL:
        return WEIR_EXIT_USAGE;
    case WEIR_E_REFUSED:
    case WEIR_E_CLOSED:
    case WEIR_E_TIMEOUT:
    case WEIR_E_AUTH:
    case WEIR_E_DENIED:
        return WEIR_EXIT_UNREACHABLE;
    case WEIR_E_NOT_FOUND:
        return WEIR_EXIT_NOT_FOUND;
    case WEIR_E_EXISTS:
    case WEIR_E_BUSY:
        return WEIR_EXIT_EXISTS;
    case WEIR_E_DAMAGED:
        return WEIR_EXIT_DAMAGED;
    case WEIR_E_FULL:
        return WEIR_EXIT_FULL;
    case WEIR_E_CANCELLED:
        return WEIR_EXIT_INTERRUPTED;
    default:
        return WEIR_EXIT_FAILED;
    }
}
