/* SPDX-License-Identifier: Apache-2.0 */
/* sightline-collect-synthetic. */
#include "synthetic.h"

int main(int argc, char **argv)
{
	return col_synthetic_main(argc, argv);
}
