/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape.h"

int main(int argc, char **argv)
{
	return col_scrape_main(argc, argv);
}
