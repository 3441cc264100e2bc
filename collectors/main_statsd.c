/* SPDX-License-Identifier: Apache-2.0 */
#include "statsd.h"

int main(int argc, char **argv)
{
	return col_statsd_main(argc, argv);
}
