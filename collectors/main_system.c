/* SPDX-License-Identifier: Apache-2.0 */
/* sightline-collect-system. */
#include "system.h"

int main(int argc, char **argv)
{
	return col_system_main(argc, argv);
}
