// SPDX-License-Identifier: GPL-2.0-only
/* Which node to take memory from, if not from the first choice. */
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/topology.h>

#include "host.h"

static bool is_farther(int home, int a, int b)
{
	int far_a = node_distance(home, a), far_b = node_distance(home, b);

	return far_a != far_b ? far_a > far_b : a > b;
}

/*
 * The node with memory that comes after @nid, as seen from @home: nearest first.
 * NUMA_NO_NODE comes before all and after the last one.
 */
int tdx_next_nearest_node(int home, int nid)
{
	int best = NUMA_NO_NODE, other;

	for_each_node_state(other, N_MEMORY) {
		if (nid != NUMA_NO_NODE && !is_farther(home, other, nid))
			continue;
		if (best == NUMA_NO_NODE || is_farther(home, best, other))
			best = other;
	}
	return best;
}
