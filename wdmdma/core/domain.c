// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains: sets of devices that reach the same memory at the same logical addresses.
 *
 * An IOMMU translates for a device, not for an adapter. So each device is in one domain,
 * together with all its adapters. A device starts in its home, a domain that all devices
 * of an IOMMU group have in common. A device that leaves another domain goes back to its
 * home.
 *
 * To join a domain, a device is attached to the default IOMMU domain of the leader, a
 * device whose home the domain is. From then on all DMA of the joiner must be done with
 * the leader's struct device (wdmdma_adapter_dma()). The DMA API keeps using the joiner's
 * own default IOMMU domain for the joiner's struct device, and the addresses of that
 * domain mean nothing to the joiner now.
 *
 * Without an IOMMU a logical address is the physical address in every domain. A join then
 * only notes that the device is a member, and how far the members reach.
 *
 * A join must find out what makes it impossible before it changes anything, as far as the
 * kernel can be asked.
 */
#include <linux/dma-map-ops.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "backend/iommu_group.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/buffer.h"
#include "core/core.h"
#include "core/domain.h"
#include "core/events.h"
#include "core/lookup.h"
#include "core/recycle.h"
#include "core/transfer.h"
#include "lib/handle.h"
#include "lib/refusal.h"
#include "objects.h"

DECLARE_RWSEM(wdmdma_domain_lock);

/*
 * Homes that belong to a group. A domain can be freed while wdmdma_domain_lock is held, so
 * the list has a lock of its own. wdmdma_domain_lock must be held as well to add a home.
 */
static LIST_HEAD(domain_homes);
static DEFINE_SPINLOCK(domain_homes_lock);

static atomic_long_t domain_last_key;

static struct wdmdma_domain *to_domain(struct wdmdma_handle *handle)
{
	return container_of(handle, struct wdmdma_domain, handle);
}

static void domain_release(struct kref *ref)
{
	struct wdmdma_domain *domain = to_domain(container_of(ref, struct wdmdma_handle, ref));

	wdmdma_handle_retire(&domain->handle);
	spin_lock(&domain_homes_lock);
	list_del(&domain->node);
	spin_unlock(&domain_homes_lock);
	wdmdma_group_put(domain->group);
	kfree_rcu(domain, rcu);
}

/* Drop a reference. May sleep. */
void wdmdma_domain_put(struct wdmdma_domain *domain)
{
	kref_put(&domain->handle.ref, domain_release);
}

/* Find the home that a group has already and take a reference, or return NULL. */
static struct wdmdma_domain *domain_home_of(const struct iommu_group *group)
{
	struct wdmdma_domain *domain, *found = NULL;

	spin_lock(&domain_homes_lock);
	list_for_each_entry(domain, &domain_homes, node) {
		if (domain->group == group && kref_get_unless_zero(&domain->handle.ref)) {
			found = domain;
			break;
		}
	}
	spin_unlock(&domain_homes_lock);
	return found;
}

/* Make a new home, which takes over the reference to @group, if there is a group. */
static struct wdmdma_domain *domain_new(struct iommu_group *group)
{
	struct wdmdma_domain *domain = kzalloc(sizeof(*domain), WDMDMA_GFP);

	/* The lock is needed so that a group gets only one home. */
	lockdep_assert_held_write(&wdmdma_domain_lock);
	if (!domain)
		return NULL;
	domain->group = group;
	mutex_init(&domain->low.search);
	spin_lock_init(&domain->low.lock);
	INIT_LIST_HEAD(&domain->node);
	INIT_LIST_HEAD(&domain->devices);
	if (group) {
		spin_lock(&domain_homes_lock);
		list_add(&domain->node, &domain_homes);
		spin_unlock(&domain_homes_lock);
	}
	/* Windows' handles are multiples of 4, so this handle must be one, too. */
	wdmdma_handle_publish(&domain->handle, WDMDMA_HANDLE_DOMAIN,
			      (void *)(4 * atomic_long_inc_return(&domain_last_key)));
	return domain;
}

/* Return the number of members that have their home in another domain. */
static unsigned int domain_joiners(const struct wdmdma_domain *domain)
{
	const struct wdmdma_device *device;
	unsigned int joiners = 0;

	lockdep_assert_held(&wdmdma_domain_lock);
	list_for_each_entry(device, &domain->devices, member)
		joiners += device->home != domain;
	return joiners;
}

/* Return true if the IOMMU has the device in the domain of its home. */
bool wdmdma_domain_is_own(struct wdmdma_device *device)
{
	return wdmdma_group_domain(device) == device->home->own;
}

/*
 * Take a device into its home. Return -EBUSY if the IOMMU has the device in another domain.
 * The kernel keeps the group's default domain as long as a driver is bound to a device of
 * the group, and may have replaced the domain before.
 */
static int domain_admit(struct wdmdma_domain *home, struct wdmdma_device *device)
{
	lockdep_assert_held_write(&wdmdma_domain_lock);
	device->home = home;
	if (!home->bound && !home->astray)
		home->own = wdmdma_group_domain(device);
	if (!wdmdma_domain_is_own(device))
		return -EBUSY;
	if (home->astray) {
		wdmdma_domain_put(home);
		module_put(THIS_MODULE);
	}
	home->astray = false;
	home->bound++;
	device->domain = home;
	device->dma = device;
	list_add_tail(&device->member, &home->devices);
	return 0;
}

/*
 * Put a new device into its home. Return 0, -ENOMEM, or -EBUSY if the IOMMU has the device's
 * group in another domain, where the addresses of the DMA API mean nothing. May sleep.
 */
int wdmdma_domain_enter_home(struct wdmdma_device *device)
{
	struct iommu_group *group = wdmdma_group_get(device);
	struct wdmdma_domain *home;
	int ret = -ENOMEM;

	down_write(&wdmdma_domain_lock);
	home = domain_home_of(group);
	if (!home) {
		home = domain_new(group);
		if (home)
			group = NULL;
	}
	if (home)
		ret = domain_admit(home, device);
	up_write(&wdmdma_domain_lock);
	if (home && ret)
		wdmdma_domain_put(home);
	wdmdma_group_put(group);
	return ret;
}

/*
 * Take a device whose driver is unbound out of its home. Return the number of joiners that
 * stay in the home.
 */
unsigned int wdmdma_domain_leave_home(struct wdmdma_device *device)
{
	lockdep_assert_held_write(&wdmdma_domain_lock);
	list_del_init(&device->member);
	device->home->bound--;
	return domain_joiners(device->home);
}

/*
 * Mark a device as astray, because the IOMMU has not taken the device back into its own
 * domain. Which domain the device is in instead is not known, so the device must get no
 * memory and no transfer any more. The home remembers the fault beyond the device's record, and so
 * keeps the module loaded until the device is found at home.
 */
void wdmdma_domain_stray(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;

	lockdep_assert_held_write(&wdmdma_domain_lock);
	lockdep_assert_held_write(&device->sem);
	WRITE_ONCE(device->astray, true);
	WRITE_ONCE(device->dead, true);
	list_for_each_entry(adapter, &device->adapters, node)
		wdmdma_sg_list_close(adapter);
	if (!device->home->astray) {
		kref_get(&device->home->handle.ref);
		__module_get(THIS_MODULE);
	}
	device->home->astray = true;
	dev_err(device->dev,
		"the IOMMU has not taken the device back into its own domain: it gets no memory and no transfers until its driver is bound anew\n");
}

/*
 * Put a device back into its home, if it has joined a domain. It must have no buffers. At unbind
 * its own IOMMU domain may have been replaced.
 */
void wdmdma_domain_go_home(struct wdmdma_device *device)
{
	struct wdmdma_domain *left = device->domain;

	lockdep_assert_held_write(&wdmdma_domain_lock);
	lockdep_assert_held_write(&device->sem);
	if (left == device->home)
		return;
	if (device->dma != device && !wdmdma_group_detach(device)) {
		if (device->dead && wdmdma_group_has_moved(device, left->own))
			device->home->own = wdmdma_group_domain(device);
		else
			wdmdma_domain_stray(device);
	}
	device->dma = device;
	device->domain = device->home;
	list_move_tail(&device->member, &device->home->devices);
	wdmdma_trace_leave(device);
	wdmdma_domain_put(left);
}

/* Find the domain with this handle, dead or alive, and take a reference, or return NULL. */
static struct wdmdma_domain *domain_find(const void *key)
{
	struct wdmdma_handle *handle = wdmdma_handle_find(WDMDMA_HANDLE_DOMAIN, key);

	return handle ? to_domain(handle) : NULL;
}

/* Return true if an adapter is in the domain. */
static bool domain_is_live(struct wdmdma_domain *domain)
{
	struct wdmdma_device *device;
	bool live = false;

	lockdep_assert_held(&wdmdma_domain_lock);
	list_for_each_entry(device, &domain->devices, member) {
		down_read(&device->sem);
		live |= !list_empty(&device->adapters);
		up_read(&device->sem);
	}
	return live;
}

/* Return the highest logical address that all adapters of a device reach. */
static u64 domain_reach_of(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;
	u64 reach = U64_MAX;

	lockdep_assert_held(&device->sem);
	list_for_each_entry(adapter, &device->adapters, node)
		reach = min(reach, adapter->reach.last);
	return reach;
}

/* Return the highest logical address that all members reach. */
static u64 domain_ceiling(struct wdmdma_domain *domain)
{
	struct wdmdma_device *device;
	u64 ceiling = U64_MAX;

	lockdep_assert_held(&wdmdma_domain_lock);
	list_for_each_entry(device, &domain->devices, member) {
		down_read(&device->sem);
		ceiling = min(ceiling, domain_reach_of(device));
		up_read(&device->sem);
	}
	return ceiling;
}

/* Return the highest logical address of all members' domain buffers, or 0 if there are none. */
static u64 domain_highest(struct wdmdma_domain *domain)
{
	struct wdmdma_adapter *adapter;
	struct wdmdma_device *device;
	u64 highest = 0;

	/* The lock is needed so that no domain buffer is added. */
	lockdep_assert_held_write(&wdmdma_domain_lock);
	list_for_each_entry(device, &domain->devices, member) {
		/* For writing, so that the records stay while they are walked. */
		down_write(&device->sem);
		list_for_each_entry(adapter, &device->adapters, node)
			highest = max(highest, wdmdma_lookup_highest_shared(&adapter->buffers));
		up_write(&device->sem);
	}
	return highest;
}

/*
 * Return true if an adapter of the device has buffers. Free recycled buffers first, and
 * recycle no buffer until domain_settle().
 */
static bool domain_has_buffers(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;

	lockdep_assert_held_write(&device->sem);
	if (device->backend->forget)
		device->backend->forget(device);
	list_for_each_entry(adapter, &device->adapters, node) {
		wdmdma_buffer_free_deferred(adapter);
		wdmdma_recycle_close(adapter);
		if (!list_empty(&adapter->buffers.records))
			return true;
	}
	return false;
}

/*
 * Let no transfer start until domain_settle(). Return false if the device has transfers. The first
 * wait is for calls that had begun to start a transfer, and the second for calls that had begun to
 * end a transfer, see core/transfers.c.
 */
static bool domain_hold_transfers(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;

	lockdep_assert_held_write(&device->sem);
	list_for_each_entry(adapter, &device->adapters, node)
		if (!wdmdma_transfers_hold(adapter))
			return false;
	synchronize_rcu();
	list_for_each_entry(adapter, &device->adapters, node)
		if (!wdmdma_transfers_are_idle(adapter))
			return false;
	synchronize_rcu();
	return true;
}

/*
 * End a change of domain, done or refused. The device's adapters may start transfers again,
 * and may recycle buffers if the device is at home.
 */
static void domain_settle(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;

	lockdep_assert_held_write(&device->sem);
	list_for_each_entry(adapter, &device->adapters, node) {
		wdmdma_transfers_release(adapter);
		wdmdma_recycle_open(adapter);
	}
}

/* Return 0 if both devices can reach the same memory at the same logical addresses. */
static int domain_check_pair(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			     struct wdmdma_refusal *refusal)
{
	bool translated = joiner->home->group;

	if (joiner->backend != leader->backend)
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "the two devices get their memory in different ways");
	if (!joiner->backend->shares)
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "a device that has addresses of its own choice shares no domain");
	if (dev_is_dma_coherent(joiner->dev) != dev_is_dma_coherent(leader->dev))
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "one of the two devices is cache coherent, the other is not");
	if (!translated && (joiner->dev->dma_range_map || leader->dev->dma_range_map))
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "one of the two devices sees memory at an offset");
	return wdmdma_group_check_trust(joiner, leader, refusal) ?:
	       (translated ? wdmdma_group_check_join(joiner, leader, refusal) : 0);
}

/* Return 0 if the joiner may leave its home. No transfer then starts until domain_settle(). */
static int domain_check_joiner(struct wdmdma_device *joiner, u64 highest,
			       struct wdmdma_refusal *refusal)
{
	lockdep_assert_held_write(&wdmdma_domain_lock);
	lockdep_assert_held_write(&joiner->sem);
	if (joiner->domain != joiner->home)
		return wdmdma_deny(refusal, -EBUSY,
				   "the device is in another domain already: leave that first");
	if (domain_joiners(joiner->home))
		return wdmdma_deny(refusal, -EBUSY,
				   "other devices have joined the device's own domain");
	if (domain_has_buffers(joiner) || !domain_hold_transfers(joiner))
		return wdmdma_deny(refusal, -EBUSY,
				   "the device has buffers or transfers, whose addresses would be void");
	if (highest > domain_reach_of(joiner))
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "a buffer of the domain is beyond the adapter's reach");
	return 0;
}

/*
 * Let the IOMMU change the joiner's domain. On failure the joiner must be back in its own
 * domain, or is marked as astray.
 */
static int domain_attach(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			 struct wdmdma_refusal *refusal)
{
	bool was_own = wdmdma_domain_is_own(joiner);
	int ret = wdmdma_group_attach(joiner, leader, refusal);

	if (ret && was_own && !wdmdma_domain_is_own(joiner))
		wdmdma_domain_stray(joiner);
	return ret;
}

/*
 * Move @joiner into @domain, which may be NULL. Return 0, or a negative errno with the reason in
 * @refusal.
 */
static int domain_join(struct wdmdma_device *joiner, struct wdmdma_domain *domain,
		       struct wdmdma_refusal *refusal)
{
	struct wdmdma_device *leader;
	u64 highest;
	int ret;

	lockdep_assert_held_write(&wdmdma_domain_lock);
	if (joiner->dead)
		return wdmdma_deny(refusal, -ESHUTDOWN, wdmdma_dead_reason(joiner));
	if (!domain || !domain_is_live(domain))
		return wdmdma_deny(refusal, -EBADF,
				   "DomainHandle is no domain that an adapter is in");
	if (joiner->domain == domain)
		return 0;
	leader = list_first_entry(&domain->devices, struct wdmdma_device, member)->dma;
	highest = domain_highest(domain);

	down_write(&joiner->sem);
	ret = domain_check_joiner(joiner, highest, refusal) ?:
	      domain_check_pair(joiner, leader, refusal);
	if (!ret && joiner->home->group)
		ret = domain_attach(joiner, leader, refusal);
	if (!ret) {
		if (joiner->home->group)
			joiner->dma = leader;
		/* Without an IOMMU nothing keeps the leader bound. So hold the domain. */
		kref_get(&domain->handle.ref);
		joiner->domain = domain;
		list_move_tail(&joiner->member, &domain->devices);
		wdmdma_trace_join(joiner);
	}
	domain_settle(joiner);
	up_write(&joiner->sem);
	return ret;
}

/**
 * wdmdma_domain_join() - put an adapter's device into another domain
 * @adapter: the adapter; all adapters of its device go with it
 * @call: the Windows call, for messages
 * @key: handle of the domain
 *
 * Context: may sleep.
 * Return: 0 on success, or if the device is in that domain already. -EBADF if there is no
 * such domain, -EBUSY if the device cannot join now, -EOPNOTSUPP if it never can, -ESHUTDOWN
 * after unbind, or -ENOMEM. A failure has been logged, and has changed nothing.
 */
int wdmdma_domain_join(struct wdmdma_adapter *adapter, const char *call, const void *key)
{
	struct wdmdma_domain *domain = domain_find(key);
	struct wdmdma_refusal refusal = { "out of memory" };
	int ret;

	down_write(&wdmdma_domain_lock);
	ret = domain_join(adapter->device, domain, &refusal);
	up_write(&wdmdma_domain_lock);
	if (ret)
		wdmdma_refuse_for(adapter->device, call, refusal.reason, "%s", refusal.reason);
	if (domain)
		wdmdma_domain_put(domain);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_domain_join);

/**
 * wdmdma_domain_leave() - put an adapter's device back into its home
 * @adapter: the adapter; all adapters of its device go with it
 * @call: the Windows call, for messages
 *
 * Context: may sleep.
 * Return: 0 on success. -EBUSY if the device has not joined a domain, or has buffers,
 * transfers or MSI vectors. -ESHUTDOWN after unbind, or if the IOMMU does not take the
 * device back, which leaves the device dead. -ENOMEM. A failure has been logged. It has
 * changed nothing, unless the device is dead now.
 */
int wdmdma_domain_leave(struct wdmdma_adapter *adapter, const char *call)
{
	struct wdmdma_device *device = adapter->device;
	struct wdmdma_refusal refusal = { "out of memory" };
	int ret;

	down_write(&wdmdma_domain_lock);
	down_write(&device->sem);
	if (device->dead)
		ret = wdmdma_deny(&refusal, -ESHUTDOWN, wdmdma_dead_reason(device));
	else if (device->domain == device->home)
		ret = wdmdma_deny(&refusal, -EBUSY, "the adapter has not joined a domain");
	else if (domain_has_buffers(device) || !domain_hold_transfers(device))
		ret = wdmdma_deny(&refusal, -EBUSY,
				  "the device has buffers or transfers: free them first");
	else
		ret = wdmdma_group_check_msi(device, &refusal);
	if (!ret)
		wdmdma_domain_go_home(device);
	if (!ret && device->astray)
		ret = wdmdma_deny(&refusal, -ESHUTDOWN, wdmdma_dead_reason(device));
	domain_settle(device);
	up_write(&device->sem);
	up_write(&wdmdma_domain_lock);
	if (ret)
		wdmdma_refuse_for(device, call, refusal.reason, "%s", refusal.reason);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_domain_leave);

/* Return the handle of the adapter's domain, or NULL after unbind. May sleep. */
const void *wdmdma_domain_of(struct wdmdma_adapter *adapter)
{
	struct wdmdma_device *device = adapter->device;
	const void *key;

	down_read(&device->sem);
	key = device->dead ? NULL : device->domain->handle.key;
	up_read(&device->sem);
	return key;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_domain_of);

/* Clip a request to the addresses that all members reach. */
static int domain_clip(struct wdmdma_device *device, struct wdmdma_domain *domain,
		       struct wdmdma_request *request)
{
	lockdep_assert_held(&wdmdma_domain_lock);
	if (device->dead)
		return wdmdma_deny(&request->refusal, -ESHUTDOWN, wdmdma_dead_reason(device));
	if (!domain || !domain_is_live(domain))
		return wdmdma_deny(&request->refusal, -EBADF,
				   "DomainHandle is no domain that an adapter is in");
	if (device->domain != domain)
		return wdmdma_deny(&request->refusal, -EINVAL, "the adapter is not in that domain");
	request->window.last = min(request->window.last, domain_ceiling(domain));
	return 0;
}

/**
 * wdmdma_domain_alloc() - allocate a common buffer for all of a domain
 * @adapter: the adapter that will own the buffer
 * @key: handle of the domain, which the adapter must be in
 * @request: the request, whose @window is clipped to what all members reach
 * @cpu: receives the CPU address
 * @dma: receives the logical address, which is the same for every member
 *
 * Context: may sleep.
 * Return: 0 on success. -EBADF if there is no such domain, -EINVAL if the adapter is not in
 * that domain, or an errno of wdmdma_buffer_alloc(). A failure has been logged.
 */
int wdmdma_domain_alloc(struct wdmdma_adapter *adapter, const void *key,
			struct wdmdma_request *request, void **cpu, dma_addr_t *dma)
{
	struct wdmdma_domain *domain = domain_find(key);
	int ret;

	request->shared = true;
	/* Meanwhile no device may join that does not reach the new buffer. */
	down_read(&wdmdma_domain_lock);
	ret = domain_clip(adapter->device, domain, request);
	if (ret)
		wdmdma_refuse_for(adapter->device, request->call, request->refusal.reason, "%s",
				  request->refusal.reason);
	else
		ret = wdmdma_buffer_alloc(adapter, request, cpu, dma);
	up_read(&wdmdma_domain_lock);
	if (domain)
		wdmdma_domain_put(domain);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_domain_alloc);
