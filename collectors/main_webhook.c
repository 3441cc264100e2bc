/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook.h"

int main(int argc, char **argv)
{
	return col_webhook_main(argc, argv);
}
