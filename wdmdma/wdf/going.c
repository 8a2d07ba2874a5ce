// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that a driver has left. They are given back when the driver's module goes, after its exit
 * function. From then on no function of the driver is called, because its data may be gone. So
 * there are no callbacks, and requests that are outstanding are not completed.
 */
#include "wdf/going.h"

#include <linux/notifier.h>
#include <linux/string.h>

#include "compat.h"
#include "wdf/device.h"

/* More than there are types of objects. */
#define WDF_MOST_CLASSES	16

/**
 * struct wdf_left - what a driver has left
 * @classes: number of types
 * @class: the types
 * @count: objects of each type
 * @all: objects of all types
 */
struct wdf_left {
	unsigned int classes;
	const struct wdf_class *class[WDF_MOST_CLASSES];
	unsigned int count[WDF_MOST_CLASSES];
	unsigned int all;
};

/* Return true if an object is below a driver object of this module. NULL is any module. */
static bool wdf_is_of(const struct wdf_object *object, const struct module *module)
{
	while (object->parent)
		object = object->parent;
	if (object->class != &wdf_driver_class)
		return false;
	return !module || container_of(object, struct wdf_driver, object)->owner == module;
}

static void wdf_left_add(struct wdf_left *left, const struct wdf_object *object)
{
	unsigned int n;

	for (n = 0; n < left->classes && left->class[n] != object->class; n++)
		;
	if (WARN_ON_ONCE(n == WDF_MOST_CLASSES))
		return;
	left->class[n] = object->class;
	left->count[n]++;
	left->classes = max(left->classes, n + 1);
	left->all++;
}

/* Silence the objects of a module, and count them. */
static void wdf_silence(const struct module *module, struct wdf_left *left)
{
	struct wdf_object *object;
	u32 id = 0;

	while ((object = wdf_object_next(&id))) {
		if (wdf_is_of(object, module)) {
			WRITE_ONCE(object->silent, true);
			wdf_left_add(left, object);
		}
		wdf_put(object);
	}
}

static void wdf_delete_drivers(const struct module *module)
{
	struct wdf_object *object;
	u32 id = 0;

	while ((object = wdf_object_next(&id))) {
		if (object->class == &wdf_driver_class && wdf_is_of(object, module))
			wdf_object_delete_and_wait(object);
		wdf_put(object);
	}
}

/* Drop the references of the driver, and those of the locks that it holds. */
static void wdf_drop_references(const struct module *module)
{
	struct wdf_object *object;
	int references;
	u32 id = 0;

	while ((object = wdf_object_next(&id))) {
		references = 1;
		if (wdf_is_of(object, module)) {
			references += atomic_xchg(&object->driver_refs, 0);
			if (object->class->is_held && object->class->is_held(object))
				references++;
		}
		while (references--)
			wdf_put(object);
	}
}

static void wdf_left_report(const struct wdf_left *left, const char *name)
{
	char list[256] = "";
	unsigned int n;
	size_t used = 0;

	for (n = 0; n < left->classes; n++)
		used += scnprintf(list + used, sizeof(list) - used, "%s%u %s", n ? ", " : "",
				  left->count[n], left->class[n]->name);
	pr_warn("%s: %u objects were never deleted, or have references: %s\n", name, left->all,
		list);
}

/* Give back the objects that a module has left, or with NULL all objects, and report them. */
void wdf_forget_objects(const struct module *module, const char *name)
{
	struct wdf_left left = {};

	if (!wdf_object_count())
		return;
	wdf_silence(module, &left);
	wdf_object_flush();
	if (!left.all)
		return;
	wdf_left_report(&left, name);
	wdf_delete_drivers(module);
	wdf_drop_references(module);
}
EXPORT_SYMBOL_FOR_KUNIT(wdf_forget_objects);

static int wdf_module_notify(struct notifier_block *block, unsigned long state, void *data)
{
	const struct module *module = data;

	if (state == MODULE_STATE_GOING && module != THIS_MODULE)
		wdf_forget_objects(module, module->name);
	return NOTIFY_OK;
}

static struct notifier_block wdf_module_block = { .notifier_call = wdf_module_notify };

int wdf_going_init(void)
{
	return register_module_notifier(&wdf_module_block);
}

/* No driver is linked with the module any more. */
void wdf_going_exit(void)
{
	unregister_module_notifier(&wdf_module_block);
	wdf_forget_objects(NULL, "wdmdma_wdf");
}
