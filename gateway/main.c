/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway.h"

int main(int argc, char **argv)
{
	return gw_gateway_main(argc, argv);
}
