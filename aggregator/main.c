/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator.h"

int main(int argc, char **argv)
{
	return agg_aggregator_main(argc, argv);
}
