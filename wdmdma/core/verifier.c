// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verifier's codes, settings and reports.
 *
 * A setting names checks for all devices, for one device or for the devices of one driver. A device
 * is checked for all that any setting names for it. The result is in its record, so that a hook
 * need not look for settings. An action belongs to a check, and is the same for all devices.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "core/verifier.h"
#include "lib/bug_check.h"
#include "lib/stack.h"
#include "objects.h"

DEFINE_STATIC_KEY_FALSE(wdmdma_verifier_key);

/* Return true if there is a setting. */
bool wdmdma_verifier_is_on(void)
{
	return static_key_enabled(&wdmdma_verifier_key);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_verifier_is_on);

#define DMA		WDMDMA_DMA_CODE
#define VECTOR		WDMDMA_VECTOR_CODE
#define NO_ADAPTER	"No adapter"
#define MISUSE		"Misuse"
#define TRANSFER	"Transfers, lists, channels"

/* Documentation/diagnosis.rst has the same table, with the codes that are missing here. */
static const struct wdmdma_verifier_code verifier_code[] = {
	{ DMA(0x00), WDMDMA_CHECK_CALLS, "more than the map registers hold", TRANSFER },
	{ DMA(0x03), WDMDMA_CHECK_FREES, "common buffer freed that is none", MISUSE },
	{ DMA(0x04), WDMDMA_CHECK_FREES, "channel freed that is none", TRANSFER },
	{ DMA(0x05), WDMDMA_CHECK_FREES, "map registers freed that are none", TRANSFER },
	{ DMA(0x06), WDMDMA_CHECK_FREES, "list put that is none", TRANSFER },
	{ DMA(0x07), WDMDMA_CHECK_LEFT, "adapter put with common buffers", MISUSE },
	{ DMA(0x08), WDMDMA_CHECK_LEFT, "adapter put with a channel", TRANSFER },
	{ DMA(0x09), WDMDMA_CHECK_LEFT, "adapter put with map registers", TRANSFER },
	{ DMA(0x0A), WDMDMA_CHECK_LEFT, "adapter put with lists", TRANSFER },
	{ DMA(0x0C), WDMDMA_CHECK_CALLS, "more map registers than granted", TRANSFER },
	{ DMA(0x0D), WDMDMA_CHECK_FLUSH, "adapter buffers not flushed", TRANSFER },
	{ DMA(0x0E), WDMDMA_CHECK_CALLS, "buffer not locked", TRANSFER },
	{ DMA(0x0F), WDMDMA_CHECK_GUARD, "memory outside of a buffer written", MISUSE },
	{ DMA(0x10), WDMDMA_CHECK_FLUSH, "map registers freed while mapped", TRANSFER },
	{ DMA(0x11), WDMDMA_CHECK_ADAPTER, "object put too often", MISUSE },
	{ DMA(0x13), WDMDMA_CHECK_LEVEL, "above DISPATCH_LEVEL", MISUSE },
	{ DMA(0x14), WDMDMA_CHECK_LEVEL, "not at PASSIVE_LEVEL", MISUSE },
	{ DMA(0x16), WDMDMA_CHECK_FLUSH, "flush under no map registers", TRANSFER },
	{ DMA(0x18), WDMDMA_CHECK_ADAPTER, "adapter used after its put", MISUSE },
	{ DMA(0x19), WDMDMA_CHECK_ADAPTER, "adapter is NULL", MISUSE },
	{ DMA(0x1B), WDMDMA_CHECK_CALLS, "bytes outside of the MDL", TRANSFER },
	{ DMA(0x1D), WDMDMA_CHECK_CALLS, "memory mapped already", TRANSFER },
	{ DMA(0x1F), WDMDMA_CHECK_FREES, "common buffer named wrongly", MISUSE },
	{ DMA(0x20), WDMDMA_CHECK_FLUSH, "flush of what is not mapped", TRANSFER },
	{ DMA(0x21), WDMDMA_CHECK_CALLS, "transfer of no bytes", TRANSFER },
	{ DMA(0x22), WDMDMA_CHECK_CALLS, "MDL has no system address", MISUSE },
	{ DMA(0x23), WDMDMA_CHECK_FLUSH, "mapping flushed in part", TRANSFER },
	{ DMA(0x24), WDMDMA_CHECK_CALLS, "room for the list too small", TRANSFER },
	{ DMA(0x25), WDMDMA_CHECK_ADAPTER, "unknown description version", NO_ADAPTER },
	{ VECTOR(1), WDMDMA_CHECK_LEVEL, "vector call at the wrong IRQL", MISUSE },
	{ VECTOR(3), WDMDMA_CHECK_CALLS, "vector index out of bounds", MISUSE },
	{ VECTOR(4), WDMDMA_CHECK_FREES, "vector element freed", MISUSE },
	{ VECTOR(5), WDMDMA_CHECK_LEFT, "vector leaked", MISUSE },
};

static atomic_long_t verifier_count[ARRAY_SIZE(verifier_code)];

static const char *const verifier_check[WDMDMA_VERIFIER_WORDS] = {
	[WDMDMA_CHECK_ADAPTER] = "adapter",
	[WDMDMA_CHECK_CALLS] = "calls",
	[WDMDMA_CHECK_FLUSH] = "flush",
	[WDMDMA_CHECK_FREES] = "frees",
	[WDMDMA_CHECK_GUARD] = "guard",
	[WDMDMA_CHECK_LEFT] = "left",
	[WDMDMA_CHECK_LEVEL] = "level",
	[WDMDMA_STRESS_BOUNCE] = "bounce",
	[WDMDMA_STRESS_FAIL] = "fail",
	[WDMDMA_STRESS_REGISTERS] = "registers",
};

static const char *const verifier_action_name[WDMDMA_VERIFIER_ACTIONS] = {
	[WDMDMA_VERIFIER_LOG] = "log",
	[WDMDMA_VERIFIER_WARN] = "warn",
	[WDMDMA_VERIFIER_PANIC] = "panic",
};

/* The action of each check. */
static u8 verifier_action[WDMDMA_CHECKS];

/* Most map registers of an adapter, for WDMDMA_STRESS_REGISTERS. */
static u32 verifier_registers;

enum verifier_kind {
	VERIFIER_ALL,
	VERIFIER_DEVICE,
	VERIFIER_DRIVER,
};

static const char *const verifier_kind[] = {
	[VERIFIER_ALL] = "all",
	[VERIFIER_DEVICE] = "device",
	[VERIFIER_DRIVER] = "driver",
};

#define VERIFIER_NAME	64

/* A setting: the checks for one device, for one driver or for all. */
struct verifier_target {
	struct list_head node;
	enum verifier_kind kind;
	char name[VERIFIER_NAME];
	u32 checks;
};

static LIST_HEAD(verifier_targets);
/* Protects verifier_targets and changes of verifier_action and verifier_for_all. */
static DEFINE_MUTEX(verifier_lock);
/* The checks for all devices, for calls that name no device. */
static u32 verifier_for_all;

/* Log the report, and do as the action of the check says. */
static void verifier_tell(const struct wdmdma_device *device, const char *call,
			  const struct wdmdma_verifier_code *code)
{
	static DEFINE_RATELIMIT_STATE(rate, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
	enum wdmdma_verifier_action action = READ_ONCE(verifier_action[code->check]);
	struct wdmdma_stack stack;

	if (action != WDMDMA_VERIFIER_PANIC && !__ratelimit(&rate))
		return;
	wdmdma_stack_save(&stack);
	pr_warn("verifier: %s: %s: bug check %#x, code %#04x (%s), called by %s; see messages, section %s\n",
		device ? dev_name(device->dev) : "-", call, code->bug >> 8, code->bug & 0xff,
		code->words, WDMDMA_FUNCTION(wdmdma_stack_caller(&stack)), code->section);
	wdmdma_stack_print(&stack);
	WARN(action == WDMDMA_VERIFIER_WARN, "%s: %s\n", call, code->words);
	if (action == WDMDMA_VERIFIER_PANIC)
		panic("%s: %s: %s\n", KBUILD_MODNAME, call, code->words);
}

void wdmdma_verifier_report_bug(const struct wdmdma_device *device, const char *call, u32 bug)
{
	u32 checks = device ? READ_ONCE(device->verify) : READ_ONCE(verifier_for_all);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(verifier_code) && verifier_code[i].bug != bug;)
		i++;
	if (WARN_ON_ONCE(i == ARRAY_SIZE(verifier_code)) || !(checks & BIT(verifier_code[i].check)))
		return;
	atomic_long_inc(&verifier_count[i]);
	verifier_tell(device, call, &verifier_code[i]);
}

static bool verifier_names(const struct verifier_target *target, const struct wdmdma_device *device)
{
	return target->kind == VERIFIER_ALL ||
	       !strcmp(target->name, target->kind == VERIFIER_DEVICE ? dev_name(device->dev) :
								       device->driver);
}

/*
 * Note the checks of all settings that name the device. A device must be found by its handle
 * before this call, so that a setting that changes at the same time finds the device, too.
 */
void wdmdma_verifier_apply(struct wdmdma_device *device)
{
	struct verifier_target *target;
	u32 checks = 0;

	mutex_lock(&verifier_lock);
	list_for_each_entry(target, &verifier_targets, node)
		if (verifier_names(target, device))
			checks |= target->checks;
	WRITE_ONCE(device->verify, checks);
	mutex_unlock(&verifier_lock);
}

/**
 * struct verifier_setting - the words of a setting
 * @checks: bits of enum wdmdma_check
 * @action: the action of each check, whether the setting names the check or not
 * @registers: most map registers of an adapter
 */
struct verifier_setting {
	u32 checks;
	u8 action[WDMDMA_CHECKS];
	u32 registers;
};

/* Read a word that makes life harder. Return 0, or -EINVAL with a line in the log. */
static int verifier_read_stress(char *word, struct verifier_setting *setting)
{
	char *name = strsep(&word, "=");
	int stress = sysfs_match_string(verifier_check, name);
	bool has_value = word, wants_value = stress == WDMDMA_STRESS_REGISTERS;

	if (stress < WDMDMA_CHECKS || has_value != wants_value) {
		pr_err("verify: %s is not known\n", name);
		return -EINVAL;
	}
	if (stress == WDMDMA_STRESS_FAIL && !IS_ENABLED(CONFIG_FAULT_INJECTION)) {
		pr_err("verify: the kernel cannot make calls fail (CONFIG_FAULT_INJECTION)\n");
		return -EINVAL;
	}
	if (word && (kstrtou32(word, 0, &setting->registers) || setting->registers < 2)) {
		pr_err("verify: registers=%s: must be a number from 2 on\n", word);
		return -EINVAL;
	}
	setting->checks |= BIT(stress);
	return 0;
}

/*
 * Read a word, which is a check or "all", perhaps with ":" and an action, or one that makes life
 * harder. Return 0, or -EINVAL with a line in the log.
 */
static int verifier_read_word(char *word, struct verifier_setting *setting)
{
	size_t len = strcspn(word, ":");
	char *act_name = word[len] ? word + len + 1 : "log";
	int act = sysfs_match_string(verifier_action_name, act_name);
	unsigned int i, named = 0;

	for (i = 0; i < WDMDMA_CHECKS; i++)
		if ((len == 3 && !strncmp(word, "all", 3)) ||
		    (strlen(verifier_check[i]) == len && !strncmp(word, verifier_check[i], len)))
			named |= BIT(i);
	if (!named)
		return verifier_read_stress(word, setting);
	if (act < 0) {
		pr_err("verify: %s is not known\n", act_name);
		return -EINVAL;
	}
	setting->checks |= named;
	for (i = 0; i < WDMDMA_CHECKS; i++)
		if (named & BIT(i))
			setting->action[i] = act;
	return 0;
}

/* Read "none", or words that are separated by commas. Return 0 or -EINVAL. */
static int verifier_read_words(char *words, struct verifier_setting *setting)
{
	char *word;
	int ret = 0;

	if (!strcmp(words, "none"))
		return 0;
	while (!ret && (word = strsep(&words, ",")))
		ret = verifier_read_word(word, setting);
	return ret;
}

static struct verifier_target *verifier_find(enum verifier_kind kind, const char *name)
{
	struct verifier_target *target;

	lockdep_assert_held(&verifier_lock);
	list_for_each_entry(target, &verifier_targets, node)
		if (target->kind == kind && !strcmp(target->name, name))
			return target;
	return NULL;
}

/* Replace the checks of one target. Return 0 or -ENOMEM. */
static int verifier_store(enum verifier_kind kind, const char *name, u32 checks)
{
	struct verifier_target *target = verifier_find(kind, name);
	bool was = !list_empty(&verifier_targets);

	lockdep_assert_held(&verifier_lock);
	if (!target && checks) {
		target = kzalloc(sizeof(*target), WDMDMA_GFP);
		if (!target)
			return -ENOMEM;
		target->kind = kind;
		strscpy(target->name, name, sizeof(target->name));
		list_add_tail(&target->node, &verifier_targets);
	}
	if (target)
		target->checks = checks;
	if (kind == VERIFIER_ALL)
		WRITE_ONCE(verifier_for_all, checks);
	if (target && !checks) {
		list_del(&target->node);
		kfree(target);
	}
	if (!was && !list_empty(&verifier_targets))
		static_branch_enable(&wdmdma_verifier_key);
	else if (was && list_empty(&verifier_targets))
		static_branch_disable(&wdmdma_verifier_key);
	return 0;
}

/* Read the target at the start of a setting, which is that for all devices if none is named. */
static enum verifier_kind verifier_read_target(char **line, const char **name)
{
	enum verifier_kind kind = VERIFIER_ALL;

	*name = "";
	if (!strncmp(*line, "device ", 7))
		kind = VERIFIER_DEVICE;
	else if (!strncmp(*line, "driver ", 7))
		kind = VERIFIER_DRIVER;
	else
		return kind;
	*line = skip_spaces(*line + 7);
	*name = strsep(line, " ");
	return kind;
}

/**
 * wdmdma_verifier_set() - change a setting
 * @line: "WORDS", "device NAME WORDS" or "driver NAME WORDS". WORDS is "none", or a list with
 *        commas. A word is the name of a check, or "all", and may have ":log", ":warn" or
 *        ":panic" behind it. "bounce", "fail" and "registers=N" make life harder
 *
 * The records of devices do not change. wdmdma_verifier_apply() changes them.
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, or -EINVAL with a line in the log.
 */
int wdmdma_verifier_set(const char *line)
{
	char *copy = kstrdup(line, WDMDMA_GFP), *words;
	struct verifier_setting setting = {};
	enum verifier_kind kind;
	const char *name;
	int ret;

	if (!copy)
		return -ENOMEM;
	words = strim(copy);
	kind = verifier_read_target(&words, &name);
	mutex_lock(&verifier_lock);
	memcpy(setting.action, verifier_action, sizeof(verifier_action));
	setting.registers = verifier_registers;
	if (words && *words && strlen(name) < VERIFIER_NAME) {
		ret = verifier_read_words(skip_spaces(words), &setting);
	} else {
		pr_err("verify: the name or the checks are missing\n");
		ret = -EINVAL;
	}
	ret = ret ?: verifier_store(kind, name, setting.checks);
	if (!ret) {
		memcpy(verifier_action, setting.action, sizeof(verifier_action));
		WRITE_ONCE(verifier_registers, setting.registers);
	}
	mutex_unlock(&verifier_lock);
	kfree(copy);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_verifier_set);

/* Return the most map registers that an adapter gets, if that is a setting of its device. */
u32 wdmdma_verifier_registers(void)
{
	return READ_ONCE(verifier_registers);
}

const char *wdmdma_verifier_check_name(unsigned int check)
{
	return verifier_check[check];
}

const char *wdmdma_verifier_action_name(unsigned int check)
{
	return verifier_action_name[READ_ONCE(verifier_action[check])];
}

/* Return a code and how often it was reported, or NULL behind the last one. */
const struct wdmdma_verifier_code *wdmdma_verifier_code(unsigned int i, unsigned long *count)
{
	if (i >= ARRAY_SIZE(verifier_code))
		return NULL;
	*count = atomic_long_read(&verifier_count[i]);
	return &verifier_code[i];
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_verifier_code);

/* Show the settings. */
void wdmdma_verifier_targets(void (*show)(const char *kind, const char *name, u32 checks,
					  void *arg), void *arg)
{
	struct verifier_target *target;

	mutex_lock(&verifier_lock);
	list_for_each_entry(target, &verifier_targets, node)
		show(verifier_kind[target->kind], target->name, target->checks, arg);
	mutex_unlock(&verifier_lock);
}

/* Free the settings, after the module has ended. */
void wdmdma_verifier_exit(void)
{
	struct verifier_target *target, *next;

	list_for_each_entry_safe(target, next, &verifier_targets, node)
		kfree(target);
}
