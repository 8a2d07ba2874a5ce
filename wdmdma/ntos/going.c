// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory and modules that go while a timer is set, a DPC is queued or a thread runs.
 *
 * The module of a driver is not held while one of its routines is pending. A driver ends timers,
 * threads and work items in its exit function, which the kernel would not call. So the work is done
 * after that function, when the kernel says that the module goes. Timers and DPCs are cancelled
 * then, so that a periodic timer cannot delay the unload. Threads and work items cannot be stopped,
 * so the unload waits for them. Handles of threads are closed.
 */
#include "ntos/ntos.h"

#include <linux/mutex.h>
#include <linux/notifier.h>

#include "compat.h"
#include "ntos/dispatcher.h"
#include "ntos/going.h"
#include "ntos/thread.h"

/* One module at a time has routines that are refused. */
static DEFINE_MUTEX(nt_going_mutex);

/* Memory that a driver may have put objects into gets another use. */
void nt_memory_going(const void *start, SIZE_T size, const char *call)
{
	const struct nt_place place = { .start = (unsigned long)start, .size = size };

	if (likely(!nt_record_may_be_in(&place)))
		return;
	nt_timer_forget(&place, call);
	nt_dpc_forget(&place, call);
	nt_wait_forget(&place, call);
}

/* Cancel timers and DPCs of a module, and wait for the rest. Report how many there are. */
static void nt_module_end(const struct nt_place *place)
{
	const char *name = place->module->name;
	unsigned int timers = nt_timer_forget(place, name);
	unsigned int dpcs = nt_dpc_forget(place, name);
	unsigned int threads = nt_thread_count(place);
	unsigned int handles;
	unsigned int works = nt_work_count(place);

	if (timers || dpcs || threads || works)
		wdmdma_report(name,
			      "the unload cancels %u timers, %u DPCs, waits for %u work items, %u threads",
			      timers, dpcs, works, threads);
	KeFlushQueuedDpcs();
	nt_work_wait(place);
	nt_thread_wait(place);
	handles = nt_thread_forget(place);
	if (handles)
		wdmdma_report(name,
			      "%u threads have ended with an open handle or a reference, which is dropped",
			      handles);
}

/*
 * End all that may call into a module, which has left its exit function. A DPC that runs may queue
 * itself, so routines of the module are refused in the second turn.
 */
void nt_module_going(const struct module *module)
{
	const struct nt_place place = { .module = module };

	/* Most modules have nothing to do with this one. */
	if (nt_dpc_idle() && !nt_record_may_be_in(&place) && !nt_thread_any(&place) &&
	    !nt_work_count(&place))
		return;
	nt_module_end(&place);
	mutex_lock(&nt_going_mutex);
	nt_leaving_set(module);
	nt_module_end(&place);
	nt_module_end(&place);
	nt_leaving_set(NULL);
	mutex_unlock(&nt_going_mutex);
	nt_wait_forget(&place, module->name);
}
EXPORT_SYMBOL_FOR_KUNIT(nt_module_going);

static int nt_module_notify(struct notifier_block *block, unsigned long state, void *module)
{
	if (state == MODULE_STATE_GOING && module != THIS_MODULE)
		nt_module_going(module);
	return NOTIFY_OK;
}

static struct notifier_block nt_module_block = { .notifier_call = nt_module_notify };

int nt_going_init(void)
{
	return register_module_notifier(&nt_module_block);
}

void nt_going_exit(void)
{
	unregister_module_notifier(&nt_module_block);
}
