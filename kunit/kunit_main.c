// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test module. Loading the module runs its suites.
 *
 * The parameter plant makes a fault that no suite finds, so that the checks of the guest and of
 * the host can be tried. Each of them must make the run fail, but for memory that is left, which
 * the unload frees.
 */
#define pr_fmt(fmt) "wdmdma_kunit: " fmt

#include <linux/bottom_half.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <wdmdma/mdl.h>

#include "core/verifier.h"

/* A write to a NULL pointer in a thread of its own, as in a case. */
static int plant_oops(void *unused)
{
	WRITE_ONCE(*(int *)NULL, 0);
	return 0;
}

/* Kernel memory whose address is printed, and which is freed again. */
static void plant_address(void)
{
	unsigned long page = __get_free_page(GFP_KERNEL);

	pr_info("the planted page is at %lx\n", page);
	free_page(page);
}

/* A call at the wrong level, which the verifier reports as the setting says. */
static int plant_mistake(const char *setting)
{
	int ret = wdmdma_verifier_set(setting);

	if (ret)
		return ret;
	local_bh_disable();
	MmAllocateNonCachedMemory(PAGE_SIZE);
	local_bh_enable();
	return 0;
}

/* Memory of each kind that no adapter owns. The unload of wdmdma.ko must report and free it. */
static int plant_left(void)
{
	PHYSICAL_ADDRESS zero = { 0 }, high = { .QuadPart = U32_MAX };

	return MmAllocatePagesForMdl(zero, high, zero, PAGE_SIZE) &&
	       MmAllocateContiguousMemory(PAGE_SIZE, high) &&
	       MmAllocateNonCachedMemory(PAGE_SIZE) ? 0 : -ENOMEM;
}

static const struct {
	const char *name;
	size_t lost;		/* bytes of pages */
	const char *setting;	/* of the verifier, for a mistake */
} plants[] = {
	{ "page", .lost = PAGE_SIZE },
	{ "memory", .lost = SZ_4M },
	{ "warn", .setting = "level:warn" },
	{ "panic", .setting = "level:panic" },
};

static int plant_row(unsigned int i)
{
	if (plants[i].setting)
		return plant_mistake(plants[i].setting);
	return alloc_pages(GFP_KERNEL, get_order(plants[i].lost)) ? 0 : -ENOMEM;
}

static int plant_set(const char *value, const struct kernel_param *kp)
{
	unsigned int i;

	if (sysfs_streq(value, "oops"))
		return PTR_ERR_OR_ZERO(kthread_run(plant_oops, NULL, "wdmdma_plant"));
	if (sysfs_streq(value, "address")) {
		plant_address();
		return 0;
	}
	if (sysfs_streq(value, "left"))
		return plant_left();
	for (i = 0; i < ARRAY_SIZE(plants); i++)
		if (sysfs_streq(value, plants[i].name))
			return plant_row(i);
	return -EINVAL;
}

static const struct kernel_param_ops plant_ops = { .set = plant_set };

module_param_cb(plant, &plant_ops, NULL, 0);
MODULE_PARM_DESC(plant, "fault that must be found: oops, address, page, memory, left, warn or panic");
MODULE_DESCRIPTION("KUnit tests of wdmdma");
MODULE_LICENSE("GPL");
