/* SPDX-License-Identifier: Apache-2.0 */
#include "exec.h"

int main(int argc, char **argv)
{
	return col_exec_main(argc, argv);
}
