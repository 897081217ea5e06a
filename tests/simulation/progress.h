/**
 * @file progress.h
 * @brief What changes one step at a time: the states that it may be in while an answer is awaited, or was lost.
 *
 * States have numbers, in the order in which they were asked for. A ledger keeps them, and holds what it sees against
 * those between `settled` and `asked`: nothing older comes back, and nothing is there that nobody asked for.
 */
#ifndef WEIR_TEST_PROGRESS_H
#define WEIR_TEST_PROGRESS_H

struct progress {
    int settled; /* the oldest that it can be in: acknowledged, or seen */
    int asked;   /* the newest */
};

/* State `at` was acknowledged or seen: there is no way back from it. */
static inline void progress_settle(struct progress *progress, int at)
{
    if (at > progress->settled)
        progress->settled = at;
}

#endif
