/*
 * open_files.c - the process's limit on open files.
 */
#include "base/open_files.h"

#include <sys/resource.h>

uint64_t weir_open_files_raise(void)
{
    struct rlimit limit = {0, 0}, raised;

    getrlimit(RLIMIT_NOFILE, &limit); /* it cannot fail: the name is right, and the memory ours */
    raised = (struct rlimit){limit.rlim_max, limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit = raised;
    return limit.rlim_cur;
}
