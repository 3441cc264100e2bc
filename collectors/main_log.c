/* SPDX-License-Identifier: Apache-2.0 */
#include "logs.h"

int main(int argc, char **argv)
{
	return col_logs_main(argc, argv);
}
