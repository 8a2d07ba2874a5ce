// SPDX-License-Identifier: GPL-2.0-only
/* The wiring of wdmdma_wdf.ko, and nothing else. */
#include "wdf/object.h"

#include <linux/module.h>
#include <linux/stringify.h>

#include <wdmdma/version.h>

#include "wdf/buffer.h"
#include "wdf/going.h"
#include "wdf/transaction.h"

static int __init wdf_init(void)
{
	int ret;

	wdf_context_init();
	ret = wdf_objects_init();
	if (ret)
		return ret;
	ret = wdf_buffer_init();
	if (ret)
		goto exit_objects;
	ret = wdf_transaction_init();
	if (ret)
		goto exit_buffer;
	ret = wdf_going_init();
	if (!ret) {
		wdf_watch_init();
		return 0;
	}
	wdf_transaction_exit();
exit_buffer:
	wdf_buffer_exit();
exit_objects:
	wdf_objects_exit();
	return ret;
}

/* No driver is linked with the module any more. */
static void __exit wdf_exit(void)
{
	wdf_going_exit();
	wdf_watch_exit();
	wdf_objects_exit();
	wdf_transaction_exit();
	wdf_buffer_exit();
}

module_init(wdf_init);
module_exit(wdf_exit);

MODULE_DESCRIPTION("The DMA part of KMDF for ported drivers");
MODULE_AUTHOR("The wdmdma maintainers");
MODULE_VERSION(__stringify(WDMDMA_VERSION_MAJOR) "." __stringify(WDMDMA_VERSION_MINOR) "."
	       __stringify(WDMDMA_VERSION_PATCH));
MODULE_LICENSE("GPL");
