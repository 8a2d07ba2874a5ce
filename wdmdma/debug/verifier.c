// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changing and showing the verifier's settings, by the module parameter "verify" and by files in
 * debugfs. A change takes effect for the devices that exist and for those that come.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/guard.h"
#include "core/history.h"
#include "core/recycle.h"
#include "core/verifier.h"
#include "core/view.h"
#include "debug/debug_print.h"
#include "debug/verifier.h"
#include "lib/bug_check.h"
#include "objects.h"

#define DEBUG_TARGETS	"target name checks\n"
#define DEBUG_CODES	"bug_check code check action count words\n"

/* Held for a whole change, so that changes at the same time do not mix. */
static DEFINE_MUTEX(debug_verify_lock);

/* Note the checks of the device. A verified device recycles no buffers. */
static void verifier_apply(struct wdmdma_device *device, void *unused)
{
	struct wdmdma_adapter *adapter;
	bool was;

	down_write(&device->sem);
	was = device->verify;
	wdmdma_verifier_apply(device);
	list_for_each_entry(adapter, &device->adapters, node) {
		if (device->verify && !was)
			wdmdma_recycle_close(adapter);
		else if (was && !device->verify)
			wdmdma_recycle_open(adapter);
	}
	up_write(&device->sem);
}

static void verifier_check_buffer(const struct wdmdma_buffer *buffer, void *arg)
{
	if (!READ_ONCE(buffer->freeing))
		wdmdma_guard_check(arg, buffer, "check");
}

/*
 * Look at the guard bands of all live buffers. The sem is held for writing, so that no buffer goes
 * meanwhile. Buffers with bands are not recycled. Return 0 or -ENOMEM.
 */
static int verifier_check_all(void)
{
	struct wdmdma_view *view = wdmdma_view_open();
	unsigned int i;
	int ret = 0;

	if (!view)
		return -ENOMEM;
	for (i = 0; i < view->nr && !ret; i++) {
		down_write(&view->adapter[i]->device->sem);
		ret = wdmdma_view_buffers(view->adapter[i], verifier_check_buffer,
					  view->adapter[i]);
		up_write(&view->adapter[i]->device->sem);
	}
	wdmdma_view_close(view);
	return ret;
}

/*
 * Obey one line, which is "check" or as wdmdma_verifier_set() describes it. Return 0, -EINVAL or
 * -ENOMEM. After an error nothing has changed.
 */
int wdmdma_debug_verify(const char *line)
{
	int ret;

	if (sysfs_streq(line, "check"))
		return verifier_check_all();
	mutex_lock(&debug_verify_lock);
	ret = wdmdma_verifier_set(line);
	if (!ret)
		wdmdma_view_devices(verifier_apply, NULL);
	if (!wdmdma_verifier_is_on())
		wdmdma_history_clear();
	mutex_unlock(&debug_verify_lock);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_debug_verify);

static int verify_param_set(const char *value, const struct kernel_param *param)
{
	return wdmdma_debug_verify(value);
}

static void verifier_checks(char *to, size_t size, u32 checks)
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < WDMDMA_VERIFIER_WORDS; i++) {
		if (!(checks & BIT(i)))
			continue;
		len += scnprintf(to + len, size - len, "%s%s", len ? "," : "",
				 wdmdma_verifier_check_name(i));
		if (i < WDMDMA_CHECKS)
			len += scnprintf(to + len, size - len, ":%s",
					 wdmdma_verifier_action_name(i));
		else if (i == WDMDMA_STRESS_REGISTERS)
			len += scnprintf(to + len, size - len, "=%u", wdmdma_verifier_registers());
	}
}

static void verify_param_show(const char *kind, const char *name, u32 checks, void *arg)
{
	if (!*name)
		verifier_checks(arg, PAGE_SIZE - 1, checks);
}

static int verify_param_get(char *value, const struct kernel_param *param)
{
	strscpy(value, "none", PAGE_SIZE);
	wdmdma_verifier_targets(verify_param_show, value);
	return strlen(strcat(value, "\n"));
}

/*
 * Free the settings. The kernel does so when the module goes, and when it cannot be loaded, for
 * example because a later parameter is wrong.
 */
static void verify_param_free(void *unused)
{
	wdmdma_verifier_exit();
}

static const struct kernel_param_ops verify_ops = {
	.set = verify_param_set,
	.get = verify_param_get,
	.free = verify_param_free,
};

module_param_cb(verify, &verify_ops, NULL, 0644);
MODULE_PARM_DESC(verify,
		 "checks of Driver Verifier for all devices: none (default), all, or names of checks");

static void verifier_show_target(const char *kind, const char *name, u32 checks, void *arg)
{
	char text[128] = "-";

	verifier_checks(text, sizeof(text), checks);
	seq_printf(arg, "%s %s %s\n", kind, *name ? name : "-", text);
}

int wdmdma_debug_show_verifier(struct seq_file *m, void *unused)
{
	seq_puts(m, DEBUG_TARGETS);
	wdmdma_verifier_targets(verifier_show_target, m);
	return 0;
}

int wdmdma_debug_show_codes(struct seq_file *m, void *unused)
{
	const struct wdmdma_verifier_code *code;
	unsigned long count;
	unsigned int i;

	seq_puts(m, DEBUG_CODES);
	for (i = 0; (code = wdmdma_verifier_code(i, &count)); i++)
		seq_printf(m, "%#x %#04x %s %s %lu %s\n", code->bug >> 8, code->bug & 0xff,
			   wdmdma_verifier_check_name(code->check),
			   wdmdma_verifier_action_name(code->check), count, code->words);
	return 0;
}
